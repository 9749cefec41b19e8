"""Whether the library that runs a compiled model is here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.compilers.edgetpu.runtime import SONAME, runtime_of
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

#: Packages that are installed to run models, not to make them.
_RUNNERS = ("pycoral", "tflite-runtime")


@probe("TCH009", topic="edgetpu")
def check(facts: Facts) -> Iterator[Finding]:
    """The Edge TPU's run-time library is missing.

    A compiled model runs through `load_delegate('libedgetpu.so.1')`; without that library it ends with "Failed to load
    delegate from libedgetpu.so.1". No wheel brings it: it is a package of the system (`libedgetpu1-std`), which Coral's
    repository, now unmaintained, and the releases of feranick/libedgetpu on GitHub have.

    It is an error where an Edge TPU is attached, a warning where a package that only runs models is installed, and
    merely noted on a machine that only compiles.
    """
    runtime = runtime_of(facts)
    if runtime.library is not None:
        return
    devices = runtime.devices.attached
    runners = [f"{name} {runtime.interpreters[name]}" for name in _RUNNERS if name in runtime.interpreters]
    if devices:
        severity, why = Severity.ERROR, f"An Edge TPU is attached ({devices[0].identity})"
    elif runners:
        severity, why = Severity.WARNING, f"{' and '.join(runners)} is installed to run models"
    else:
        severity, why = Severity.INFO, "Models can be compiled for an Edge TPU here, but not run on one"
    tried = [each.path for each in runtime.considered] or ["no folder"]
    foreign = [f"{each.path} {each.problem}" for each in runtime.considered if each.problem.startswith("is for ")]
    finds = f"finds only {foreign[0]}" if foreign else f"finds no {SONAME}"
    yield Finding(
        severity=severity,
        subject=SONAME,
        message=f"{why}: the loader {finds}, so load_delegate('{SONAME}') fails.",
        evidence=(Evidence(source="the loader's search", excerpt=f"not at {', '.join(tried[:6])}"),),
        fix=_fix(facts),
    )


def _fix(facts: Facts) -> Fix:
    architecture = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "armhf"}.get(facts.python.machine, "")
    package = f"libedgetpu1-std_..._{architecture}.deb" if architecture else "its source"
    return Fix(
        text=f"On the machine that has the Edge TPU, download {package} of the release that fits the interpreter's "
        "TensorFlow, install it with 'apt install ./FILE.deb' (it brings libusb and the udev rule), and plug the "
        "device in again.",
        link="https://github.com/feranick/libedgetpu/releases",
    )

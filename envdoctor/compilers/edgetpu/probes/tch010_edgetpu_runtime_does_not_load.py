"""Whether the library that runs a compiled model finds what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.compilers.edgetpu.runtime import SONAME, runtime_of
from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe
from envdoctor.support.system_packages import package_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("TCH010", topic="edgetpu")
def check(facts: Facts) -> Iterator[Finding]:
    """The Edge TPU's run-time library does not load.

    libedgetpu.so.1 is there, but the loader refuses it: a library that it needs is missing (libusb-1.0.so.0 on a
    minimal system), it was built for a newer glibc, or it is another library of that name. load_delegate then fails
    with the loader's words, or with "Failed to load delegate" and nothing else.
    """
    library = runtime_of(facts).library
    if library is None:
        raise DoesNotApply(f"there is no {SONAME}")
    if library.problem:
        yield _finding(library.path, library.problem, "Install the package again, of this machine's architecture.")
    for name in library.missing:
        package = package_of(name, facts.host.distribution)
        fix = f"Install {package.name}." if package else f"Install what brings {name}."
        command = package.command if package else ()
        yield _finding(library.path, f"needs {name}, which the loader does not find", fix, command)
    for version in library.versions:
        yield _finding(
            library.path,
            f"needs {version.version} of {version.library}, and {version.found} has {version.offered}",
            "Install a libedgetpu that was built on an older system, or build it here.",
        )
    again = "Install libedgetpu again, whole; or build it here, with the TensorFlow of its release."
    if library.undefined and not library.versions:
        words = f"needs the symbol {', '.join(library.undefined)}, which nothing that is loaded with it defines"
        yield _finding(library.path, words, again)
    if library.no_delegate:
        yield _finding(library.path, f"is no delegate: it does not define {', '.join(library.no_delegate)}", again)


def _finding(path: str, problem: str, fix: str, command: tuple[str, ...] = ()) -> Finding:
    return Finding(
        severity=Severity.ERROR,
        subject=SONAME,
        message=f"{SONAME} does not load: it {problem}." if problem.startswith("needs") else f"{SONAME}: {problem}.",
        evidence=(Evidence(source=path, excerpt=problem),),
        fix=Fix(
            text=fix, commands=(command,) if command else (), link="https://github.com/feranick/libedgetpu/releases"
        ),
    )

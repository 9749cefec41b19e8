"""Whether what Keras 3 computes with is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.packages.installers import installer_for
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

_KERAS = ("keras", "keras-nightly")
_BACKENDS = ("tensorflow", "torch", "jax", "openvino")
_OF_NUMPY = ("numpy",)  # which keras requires


@probe("PKG033")
def check(facts: Facts) -> Iterator[Finding]:
    """Keras 3 is installed without the backend that it is told to use.

    Keras 3 computes with TensorFlow, PyTorch, JAX or OpenVINO, and requires none of them. It takes the one that the
    variable KERAS_BACKEND or the file ~/.keras/keras.json names, else TensorFlow: without that one `import keras` ends
    with "No module named 'tensorflow'", and for a name that it does not know with a ValueError. Set KERAS_BACKEND to
    the one that you have, or install the one that it wants.
    """
    keras = next((found for found in map(facts.packages.find, _KERAS) if found is not None), None)
    if keras is None or not keras.version.split(".")[0].isdecimal() or int(keras.version.split(".")[0]) < 3:  # noqa: PLR2004
        return
    wanted = facts.startup.keras_backend
    is_known = wanted in _BACKENDS
    if wanted in _OF_NUMPY or (is_known and _is_there(facts, wanted)):
        return
    present = [name for name in _BACKENDS if _is_there(facts, name)]
    installer = installer_for(facts.python, facts.packages, keras)
    missing = wanted if is_known else _BACKENDS[0]
    others = " or ".join(each for each in _BACKENDS[:3] if each != missing)
    if present:
        fix = Fix(text=f"Set the environment variable KERAS_BACKEND={present[0]}, which is installed.")
    else:
        fix = Fix(
            text=f"Install {missing}, or {others}, and set KERAS_BACKEND to it.",
            commands=() if installer is None else installer.install(missing, ""),
        )
    yield Finding(
        severity=Severity.ERROR,
        subject="keras",
        message=f"`import keras` fails: {keras.title} {_problem(wanted, is_known=is_known)}.",
        evidence=(
            Evidence(source=facts.startup.keras_backend_source, excerpt=f"backend {wanted}"),
            Evidence(source=keras.metadata, excerpt=f"{keras.title}; no {wanted} beside it"),
        ),
        fix=fix,
    )


def _problem(wanted: str, *, is_known: bool) -> str:
    return f"computes with {wanted}, which is not installed" if is_known else f"has no backend {wanted!r}"


def _is_there(facts: Facts, backend: str) -> bool:
    groups: list[list[str]] = load_table("interchangeable")["groups"]
    names = next((group for group in groups if backend in group), [backend])
    return any(facts.packages.find(name) is not None for name in names)

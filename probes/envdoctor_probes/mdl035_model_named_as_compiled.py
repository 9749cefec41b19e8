"""MDL035: a .tflite model that is called as a file of another format."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from envdoctor.core.file_identity import suffix_of_compiled, suffix_of_model
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts import Facts


@probe("MDL035", topic="model")
def check(facts: Facts) -> Iterable[Finding]:
    """A .tflite model is called as a file of another format.

    A script that stands in for a compiler copies its input under the name that is expected, and ends with success.
    The file is whole, and no chip will run it under that name. Other programs, too, choose their loader by the name.

    Compile the model with the compiler of that format, or give it the suffix .tflite.
    """
    path = PurePath(facts.model.name)
    compiled = suffix_of_compiled(path)
    suffix = compiled or suffix_of_model(path)
    if not suffix:
        return
    nothing = ": nothing was compiled into that format" if compiled else ""
    other = "Compile it with the compiler of" if compiled else "Look for the model that was meant among"
    yield Finding(
        severity=Severity.ERROR if compiled else Severity.WARNING,
        subject=path.name,
        message=f"its name ends in {suffix}, and it is a .tflite model{nothing}",
        evidence=(Evidence(source=str(path), excerpt=f"content: TFL3, name: {suffix}"),),
        fix=Fix(text=f"{other} {suffix} files, or call it {path.stem}.tflite."),
    )

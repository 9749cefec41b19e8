"""MDL032: a compiled file for another chip than the goal's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import FactUnavailable
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.compiled import compiled_of
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts import Facts


@probe("MDL032", topic="compiled-file")
def check(facts: Facts) -> Iterable[Finding]:
    """The file was compiled for something else than the goal.

    A compiled file holds one chip's machine code. No runtime translates it: another chip's refuses the file, or
    computes nonsense.

    Compile the model from before for this goal.
    """
    file = compiled_of(facts)
    if file.fits is None:
        raise FactUnavailable("compiled", f"{file.path.name} does not tell which chip it is for")
    if file.fits:
        return
    chip = f", for {file.identity.chip}" if file.identity.chip else ""
    yield Finding(
        severity=Severity.ERROR,
        subject=file.path.name,
        message=f"it is {file.identity.what}{chip}: not for {file.wanted}",
        evidence=(Evidence(source=str(file.path), excerpt=f"{file.identity.format} {file.identity.chip}".strip()),),
        fix=Fix(text=f"Compile the model that it was made from for {file.wanted}."),
    )

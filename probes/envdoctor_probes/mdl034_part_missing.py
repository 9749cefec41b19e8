"""MDL034: a compiled file that needs another one beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.compiled import compiled_of
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts import Facts


@probe("MDL034", topic="compiled-file")
def check(facts: Facts) -> Iterable[Finding]:
    """A file that the compiled file needs is not beside it.

    Some compilers write a small description and a large binary. The description alone looks like the model and loads
    nowhere.

    Bring the other file to the same folder, under the name that it was written with.
    """
    file = compiled_of(facts)
    if not file.identity.missing:
        return
    names = ", ".join(file.identity.missing)
    yield Finding(
        severity=Severity.ERROR,
        subject=file.path.name,
        message=f"it needs {names}, which is not beside it",
        evidence=(Evidence(source=str(file.path), excerpt=f"names {names}"),),
        fix=Fix(text=f"Put {names} into {file.path.parent}."),
    )

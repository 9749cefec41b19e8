"""MDL031: a file whose name says another format than its content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.file_identity import named_otherwise
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.compiled import compiled_of
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts import Facts


@probe("MDL031", topic="compiled-file")
def check(facts: Facts) -> Iterable[Finding]:
    """The file's name says another format than its content.

    Programs choose their loader by the suffix. A file with another format's suffix is refused with words that mislead,
    or is handed to the wrong runtime.

    Give it the suffix of its own format, or look where the file that was meant has gone.
    """
    file = compiled_of(facts)
    suffix = named_otherwise(file.path, file.identity)
    if not suffix:
        return
    own = file.identity.suffixes[0] if file.identity.suffixes else ""
    yield Finding(
        severity=Severity.WARNING,
        subject=file.path.name,
        message=f"its name ends in {suffix}, and it is {file.identity.what}",
        evidence=(Evidence(source=str(file.path), excerpt=f"content: {file.identity.format}, name: {suffix}"),),
        fix=Fix(text=f"Call it {file.path.stem}{own}, or look for the {suffix} file that was meant."),
    )

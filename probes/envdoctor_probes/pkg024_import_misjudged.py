"""Whether imports that envdoctor says fail really do, where the user asks to try."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.importing.proof import evidence_of
from envdoctor.probing import probe
from envdoctor.support.text import quote_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("PKG024", topic="prove", timeout=3600.0)
def check(facts: Facts) -> Iterator[Finding]:
    """An import works of which envdoctor says that it fails.

    With `--prove`, each package is really imported. Where that works although another finding says that it fails,
    envdoctor misread the package: that finding is wrong. Please report it.
    """
    worked = {each.entrance.module: each for each in facts.proven.attempts if not each.words}
    for failed in facts.importing.failed:
        for distribution, entrance in failed.entrances:
            attempt = worked.get(entrance.module)
            if attempt is not None:
                yield Finding(
                    severity=Severity.WARNING,
                    subject=distribution.name,
                    message=f"{entrance.use} of {distribution.title} works, and envdoctor says that it fails.",
                    evidence=(
                        Evidence(source=quote_command(attempt.command), excerpt="ended without an exception"),
                        *evidence_of(failed)[:2],
                    ),
                    fix=Fix(text="Report this to the authors of envdoctor, with both answers."),
                )

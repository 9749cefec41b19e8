"""Whether the installed packages really can be imported, where the user asks to try."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.packages.installers import matrix_command
from envdoctor.probing import probe
from envdoctor.support.text import quote_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts
    from envdoctor.facts.proven import Attempt

_LONG = 3600.0
_SHOWN = 4
_AGAIN = Fix(text="Try again where there is more room: processes (ulimit -u), memory, time.")


@probe("PKG023", topic="prove", timeout=_LONG)
def check(facts: Facts) -> Iterator[Finding]:
    """An installed package was imported, and that failed.

    With `--prove`, each package is really imported, in a process of its own, without a network, by the environment's
    own Python. What it raises is told here, unless another finding tells the cause already. What envdoctor reads in the
    packages' texts proves only a part of all failures; if this one should have been foreseen, please report it.
    """
    foreseen = {each.module for failed in facts.importing.failed for _, each in failed.entrances}
    groups: dict[str, list[Attempt]] = {}
    for attempt in facts.proven.attempts:
        if attempt.words and attempt.entrance.module not in foreseen:
            groups.setdefault(attempt.words, []).append(attempt)
    for words, attempts in groups.items():
        first = min(attempts, key=lambda each: -each.entrance.severity)
        others = [each.entrance.use for each in attempts if each is not first]
        more = f" (so do {', '.join(others[:_SHOWN])})" if others else ""
        what = first.unknown or "fails"
        name = first.distribution.name
        yield Finding(
            severity=Severity.WARNING if first.unknown else first.entrance.severity,
            subject=name,
            message=f"{_capital(first.entrance.use)} of {first.distribution.title} {what}{more}: {words.rstrip('.')}.",
            evidence=(Evidence(source=quote_command(first.command), excerpt=words),),
            fix=_AGAIN
            if first.unknown
            else Fix(
                text=f"Install what the message names, or a {name} that suits the others.",
                commands=matrix_command(name),
            ),
        )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

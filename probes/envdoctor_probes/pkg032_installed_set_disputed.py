"""Whether pip sees the same distributions installed as envdoctor does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

_MOST = 10


@probe("PKG032", topic="witness", timeout=180)
def check(facts: Facts) -> Iterator[Finding]:
    """Pip and envdoctor disagree about what is installed.

    With `--witness`, the pip that came with envdoctor lists every folder that the examined Python searches, in
    envdoctor's own interpreter (pip-api, `pip list --path`). Where it sees another version than envdoctor, or only one
    of the two sees a distribution at all, one of them is wrong, and what other checks say of it is not to be trusted
    until it is known which. Please report it.
    """
    disputes = facts.pip_list.disputes
    for one in disputes[:_MOST]:
        yield Finding(
            severity=Severity.WARNING,
            subject=one.name,
            message=f"envdoctor sees {one.name} {_told(one.ours)} in {one.folder}, and pip sees {_told(one.theirs)}.",
            evidence=(
                Evidence(source=f"pip list --path {one.folder}", excerpt=f"{one.name} {one.theirs or 'is not listed'}"),
                Evidence(source=one.folder, excerpt=f"envdoctor: {one.ours or 'nothing of that name'}"),
            ),
            fix=Fix(text="Report this to the authors of envdoctor, with both answers."),
        )
    if len(disputes) > _MOST:
        rest = plural(len(disputes) - _MOST, "more distribution")
        yield Finding(
            severity=Severity.WARNING,
            subject="pip",
            message=f"envdoctor and pip disagree about {rest}.",
            evidence=(Evidence(source="pip list", excerpt=", ".join(one.name for one in disputes[_MOST:])),),
        )


def _told(version: str) -> str:
    return version or "nothing"

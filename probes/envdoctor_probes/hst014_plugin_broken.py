"""Whether what other distributions add to envdoctor can be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("HST014")
def check(facts: Facts) -> Iterator[Finding]:
    """A plug-in of envdoctor can't be used.

    A distribution may add probes, actions, compilers, report formats and toolchains to envdoctor. One that does not
    import, replaces functions that others use, brings nothing, or takes a code or a name that is in use is left out, so
    that its questions are not asked. What an import changes in the current folder and the variables is put back.
    Upgrade the distribution, remove it, or tell its authors; docs/plugins.md says what a plug-in must be like.
    """
    if not facts.plugins.entries and not facts.plugins.problems:
        raise DoesNotApply("no plug-in is installed")
    for problem in facts.plugins.problems:
        entry = problem.entry
        what = f"{entry.module} (entry point envdoctor.{entry.group})" if entry.module else "what it brings"
        yield Finding(
            severity=Severity.WARNING,
            subject=entry.distribution,
            message=f"The plug-in {entry.distribution} does not work as it should: {what} {problem.text}.",
            evidence=(Evidence(source=entry.file, excerpt=f"{entry.module or '[envdoctor.'}"),),
            fix=Fix(text=f"Upgrade or remove {entry.distribution.rpartition('-')[0] or entry.distribution}."),
        )

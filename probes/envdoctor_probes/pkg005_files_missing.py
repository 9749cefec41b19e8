"""Whether installed files are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import FactUnavailable
from envdoctor.core.finding import Evidence, Finding, Severity
from envdoctor.facts.packages.installers import installer_for
from envdoctor.facts.records.kinds import FileKind, kind_of
from envdoctor.probing import probe
from envdoctor.support.text import few, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

_SHOWN = 3
_SEVERITIES = {
    FileKind.NATIVE: Severity.ERROR,
    FileKind.CODE: Severity.ERROR,
    FileKind.DATA: Severity.WARNING,
    FileKind.SPARE: Severity.INFO,
}


@probe("PKG005")
def check(facts: Facts) -> Iterator[Finding]:
    """Files of an installed distribution are missing.

    RECORD lists every file that was installed. Modules and libraries go missing when another distribution with the same
    files is uninstalled, when an installation runs out of room, or by a clean-up that went too far; the import then
    fails in the middle of something else. Install the same version again. Scripts, tests, headers and documentation
    that are gone (as in slimmed images) are told as information; compiled files may come and go.
    """
    for record in facts.records.records:
        if record.missing:
            ranked = sorted(record.missing, key=lambda path: -_SEVERITIES[kind_of(path)])
            severity = _SEVERITIES[kind_of(ranked[0])]
            distribution = record.distribution
            installer = installer_for(facts.python, facts.packages, distribution)
            yield Finding(
                severity=severity,
                subject=distribution.name,
                message=f"{distribution.title} lacks {plural(len(ranked), 'file')}: {few(ranked, _SHOWN)}.",
                evidence=tuple(
                    Evidence(source=f"{distribution.metadata}/RECORD", excerpt=f"lists {path}; there is no such file")
                    for path in ranked[:_SHOWN]
                ),
                fix=None
                if installer is None or severity is Severity.INFO
                else installer.again(distribution, "Install the same version again.", safe=not record.changed),
            )
    unseen = [path for record in facts.records.records for path in record.unseen]
    if unseen and not any(record.missing for record in facts.records.records):
        raise FactUnavailable("records", f"{plural(len(unseen), 'file')} could not be looked at, such as {unseen[0]}")

"""Whether what installers keep about the distributions can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts
    from envdoctor.facts.records import Record


_NAMED = 5
_WRITE_RECORDS = frozenset({"pip", "uv"})


@probe("PKG011")
def check(facts: Facts) -> Iterator[Finding]:
    """What an installer keeps about a distribution can't be read.

    A `.dist-info` folder without METADATA is what an interrupted installation or removal leaves: installers see half a
    distribution, can't remove it, and don't install it anew. Without RECORD they don't know its files. Distributions of
    the operating system come without RECORD; that is as it should be. Delete the folder and install again. Modules in
    a distribution's folders that no RECORD lists are told as information, unless they are most of it.
    """
    for one in facts.packages.distributions:
        problem = one.problem
        if not problem and not one.has_record and one.installer in _WRITE_RECORDS:
            problem = f"has no RECORD, which {one.installer} always writes"
        if problem and not one.system:
            yield Finding(
                severity=Severity.WARNING,
                subject=one.name,
                message=f"The metadata folder of {one.title} {problem}.",
                evidence=(Evidence(source=one.metadata, excerpt=problem),),
                fix=Fix(text=f"Delete {one.metadata}, and install that project again if it is needed."),
            )
    for record in facts.records.records:
        yield from _told_by(record)
    for path, reason in facts.packages.unreadable:
        yield Finding(
            severity=Severity.WARNING,
            subject=path,
            message=f"Python reads {path} whenever it starts, and may wait for it for ever: it is {reason}.",
            evidence=(Evidence(source=path, excerpt=reason),),
            fix=Fix(text="Delete it."),
        )
    for folder, reason in facts.packages.blind:
        yield Finding(
            severity=Severity.WARNING,
            subject=folder,
            message=f"The folder {folder} is searched for packages and can't be listed: {reason}.",
            evidence=(Evidence(source=folder, excerpt=reason),),
        )


def _told_by(record: Record) -> Iterator[Finding]:
    """That a RECORD can't be relied on; else, as information, the modules that nothing lists."""
    distribution = record.distribution
    source = f"{distribution.metadata}/RECORD"
    if record.problem:
        yield Finding(
            severity=Severity.WARNING,
            subject=distribution.name,
            message=f"The RECORD of {distribution.title} {record.problem}.",
            evidence=(Evidence(source=source, excerpt=record.problem),),
            fix=Fix(text=f"Delete {distribution.metadata} and install {distribution.name} again."),
        )
    elif record.unlisted:
        count = plural(len(record.unlisted), "module")
        some = ", ".join(record.unlisted[:_NAMED]) + (", ..." if record.unlisted[_NAMED:] else "")
        yield Finding(
            severity=Severity.INFO,
            subject=distribution.name,
            message=f"Beside the files of {distribution.title} there is code that no RECORD lists ({count}).",
            evidence=(Evidence(source=source, excerpt=f"not in it: {some}"),),
        )

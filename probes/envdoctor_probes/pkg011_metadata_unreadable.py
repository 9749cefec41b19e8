"""Whether what installers keep about the distributions can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


_WRITE_RECORDS = frozenset({"pip", "uv"})


@probe("PKG011")
def check(facts: Facts) -> Iterator[Finding]:
    """What an installer keeps about a distribution can't be read.

    A `.dist-info` folder without METADATA is what an interrupted installation or removal leaves: installers see half a
    distribution, can't remove it, and don't install it anew. Without RECORD they don't know its files. Distributions of
    the operating system come without RECORD; that is as it should be. Delete the folder and install again.
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
        if record.problem:
            yield Finding(
                severity=Severity.WARNING,
                subject=record.distribution.name,
                message=f"The RECORD of {record.distribution.title} {record.problem}.",
                evidence=(Evidence(source=f"{record.distribution.metadata}/RECORD", excerpt=record.problem),),
                fix=Fix(text=f"Delete {record.distribution.metadata} and install {record.distribution.name} again."),
            )
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

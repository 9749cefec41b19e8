"""Whether what installers keep about the distributions can be read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.packages.installers import installer_for
from envdoctor.facts.packages.listing import BAD_METADATA
from envdoctor.probing import probe
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution
    from envdoctor.facts.records import Record


_NAMED = 5
_WRITE_RECORDS = frozenset({"pip", "uv"})


@probe("PKG011")
def check(facts: Facts) -> Iterator[Finding]:
    """What an installer keeps about a distribution can't be read.

    A `.dist-info` folder without METADATA is what an interrupted installation or removal leaves: installers see half a
    distribution, can't remove it, and don't install it anew: delete the folder and install again. Without RECORD they
    don't know its files, and pip does not remove it; that, and a METADATA that can't be read, is mended by installing
    the same version over what is there (`pip install --ignore-installed`). Distributions of the operating system come
    without RECORD; that is as it should be. Modules in a distribution's folders that no RECORD lists are told as
    information, unless they are most of it.
    """
    for one in facts.packages.distributions:
        if one.system:
            continue
        if one.problem:
            yield _of_folder(one, one.problem, _mend_metadata(facts, one))
        elif not one.has_record and one.installer in _WRITE_RECORDS:
            installer = installer_for(facts.python, facts.packages, one)
            text = "Install the same version over what is there: without RECORD it can't be removed first."
            fix = installer.again(one, text) if installer is not None else None
            yield _of_folder(one, f"has no RECORD, which {one.installer} always writes", fix)
    for record in facts.records.records:
        yield from _told_by(record, facts)
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


def _mend_metadata(facts: Facts, one: Distribution) -> Fix:
    """A METADATA that is damaged is written anew; one that is not there is what a removal left."""
    if one.problem.startswith(BAD_METADATA) and (fix := _write_over(facts, one)):
        return fix
    return Fix(text=f"Delete {one.metadata}, and install that project again if it is needed.")


def _mend_record(facts: Facts, one: Distribution) -> Fix:
    return _write_over(facts, one) or Fix(text=f"Delete {one.metadata} and install {one.name} again.")


def _write_over(facts: Facts, one: Distribution) -> Fix | None:
    """The same version over what is there; of two registrations of a name it is not known which one is to stay."""
    installer = installer_for(facts.python, facts.packages, one)
    if installer is None or sum(other.key == one.key for other in facts.packages.distributions) > 1:
        return None
    return installer.again(replace(one, has_record=False), "Install the same version over what is there.")


def _of_folder(one: Distribution, problem: str, fix: Fix | None) -> Finding:
    return Finding(
        severity=Severity.WARNING,
        subject=one.name,
        message=f"The metadata folder of {one.title} {problem}.",
        evidence=(Evidence(source=one.metadata, excerpt=problem),),
        fix=fix,
    )


def _told_by(record: Record, facts: Facts) -> Iterator[Finding]:
    """That a RECORD can't be relied on; else, as information, the modules that nothing lists."""
    distribution = record.distribution
    source = f"{distribution.metadata}/RECORD"
    if record.problem:
        yield Finding(
            severity=Severity.WARNING,
            subject=distribution.name,
            message=f"The RECORD of {distribution.title} {record.problem}.",
            evidence=(Evidence(source=source, excerpt=record.problem),),
            fix=_mend_record(facts, distribution),
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

"""What the RECORD of each installed distribution promises, held against the files that are there."""

from __future__ import annotations

import dataclasses
from dataclasses import field
from typing import TYPE_CHECKING

from envdoctor.core.frozen import frozen
from envdoctor.support.bugs import describe_bug

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envdoctor.environments.fingerprint import State
    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution
    from envdoctor.facts.records.hashes import Budget


_CODE = (".py", ".so", ".pyd")


@frozen
class ChangedFile:
    """A file that is not what its RECORD says.

    Attributes:
        path: as the RECORD writes it, relative to the distribution's root.
        recorded: bytes, as the RECORD says.
        found: bytes on disk; the same number where only the content differs.
    """

    path: str
    recorded: int
    found: int


@frozen
class Record:
    """The RECORD of one distribution and what became of its files.

    Attributes:
        paths: every path in it, as written.
        missing: paths of files that are not there; compiled .pyc files are not looked for.
        changed: files of another size, or changed after the installation. Files that several distributions claim are
            in `Records.overlaps` instead.
        unseen: paths that could not be looked at, for want of permission.
        unlisted: code in the distribution's folders that no RECORD lists, and that is as old as this one.
        behind: those of `unlisted` that belong behind the last row of a RECORD that is sorted.
        problem: why the RECORD can't be relied on; empty if it can.
    """

    distribution: Distribution
    paths: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    changed: tuple[ChangedFile, ...] = ()
    unseen: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    problem: str = ""


@frozen
class Overlap:
    """Files that two distributions claim with different content; the last one installed, or a mixture, is on disk.

    Attributes:
        shared: the number of paths in both RECORDs.
        paths: those of them whose content differs between the two, as they are compared.
        not_first, not_second: how many of `paths` are on disk and not what that distribution's RECORD says.
        namespaces: those of `paths` that make a namespace package, which both distributions have parts of.
        unjudged: how many of `paths` were not held against the hashes, since there were too many bytes to read.
    """

    first: Distribution
    second: Distribution
    shared: int
    paths: tuple[str, ...]
    not_first: int
    not_second: int
    namespaces: tuple[str, ...] = ()
    unjudged: int = 0


@frozen
class ImportClash:
    """One import name that several distributions provide from different files; the first is what is imported.

    Attributes:
        claims: (distribution, path of the module or of the package's __init__.py), in the order of the search path.
    """

    name: str
    claims: tuple[tuple[Distribution, str], ...]


@frozen
class Records:
    """All RECORDs, and where they contradict each other.

    Attributes:
        seen: the state of each file that was looked at, as `environments.fingerprint` has it, by its path.
    """

    records: tuple[Record, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    clashes: tuple[ImportClash, ...] = ()
    seen: Mapping[str, State] = field(default_factory=dict, repr=False)


def derive(facts: Facts) -> Records:
    """Read every RECORD and look at every file it names.

    Distributions of the operating system are read and not verified: its packages leave out and move files.

    Raises:
        FactUnavailable: the distributions could not be listed.
    """
    from envdoctor.facts.records.clashes import find_clashes
    from envdoctor.facts.records.hashes import Budget
    from envdoctor.facts.records.overlaps import contested_paths, find_overlaps

    budget = Budget()
    seen: dict[str, State] = {}
    records = [_read(one, budget, seen) for one in facts.packages.distributions if one.has_record]
    records = [_judged(one, records) if one.unlisted else one for one in records]
    overlaps = find_overlaps(records)
    contested = contested_paths(overlaps)
    return Records(
        records=tuple(_without(record, contested.get(record.distribution.root)) for record in records),
        overlaps=overlaps,
        clashes=find_clashes(records, facts.python.extension_suffixes),
        seen=seen,
    )


def _read(distribution: Distribution, budget: Budget, seen: dict[str, State]) -> Record:
    """The RECORD; what looking at it fails on is that distribution's problem and no other's."""
    from envdoctor.facts.records.reading import read_record

    try:
        return read_record(distribution, budget, seen)
    except Exception as error:  # noqa: BLE001  (whatever others wrote into a file: all other RECORDs are read)
        return Record(distribution=distribution, problem=f"could not be looked at: {describe_bug(error)}")


def _judged(record: Record, records: Sequence[Record]) -> Record:
    """The record with what no other RECORD lists either; with a problem if that is behind its end, or most of the code.

    A few files more can be what an older version made: that is said, and is no proof of damage.
    """
    root = record.distribution.root
    others = {path for one in records if one is not record and one.distribution.root == root for path in one.paths}
    lost = tuple(path for path in record.unlisted if path not in others)
    problem = ""
    if behind := [path for path in record.behind if path not in others]:
        problem = f"ends before {behind[0]}, which is there and which no other RECORD lists: it is cut short"
    elif len(lost) >= sum(path.endswith(_CODE) for path in record.paths) > 0:
        problem = f"does not list {lost[0]} and more of the code in its folders: it is cut short"
    return dataclasses.replace(record, unlisted=lost, problem=problem)


def _without(record: Record, contested: set[str] | None) -> Record:
    """The record without the changed files that an overlap explains."""
    if not contested or not record.changed:
        return record
    from envdoctor.facts.records.reading import comparable

    left = tuple(one for one in record.changed if comparable(one.path) not in contested)
    return dataclasses.replace(record, changed=left)

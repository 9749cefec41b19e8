"""What the RECORD of each installed distribution promises, held against the files that are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The RECORD of one distribution and what became of its files.

    Attributes:
        paths: every path in it, as written.
        missing: paths of files that are not there; compiled .pyc files are not looked for.
        changed: files of another size, or changed after the installation. Files that several distributions claim are
            in `Records.overlaps` instead.
        unseen: paths that could not be looked at, for want of permission.
        problem: why the RECORD can't be used; empty if it can.
    """

    distribution: Distribution
    paths: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    changed: tuple[ChangedFile, ...] = ()
    unseen: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Files that two distributions claim with different content; the last one installed, or a mixture, is on disk.

    Attributes:
        shared: the number of paths in both RECORDs.
        paths: those of them whose content differs between the two, as they are compared.
        not_first, not_second: how many of `paths` are on disk and not what that distribution's RECORD says.
        unjudged: how many of `paths` were not held against the hashes, since there were too many bytes to read.
    """

    first: Distribution
    second: Distribution
    shared: int
    paths: tuple[str, ...]
    not_first: int
    not_second: int
    unjudged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportClash:
    """One import name that several distributions provide from different files; the first is what is imported.

    Attributes:
        claims: (distribution, path of the module or of the package's __init__.py), in the order of the search path.
    """

    name: str
    claims: tuple[tuple[Distribution, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """All RECORDs, and where they contradict each other."""

    records: tuple[Record, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    clashes: tuple[ImportClash, ...] = ()


def derive(facts: Facts) -> Records:
    """Read every RECORD and look at every file it names.

    Distributions of the operating system are read and not verified: its packages leave out and move files.

    Raises:
        FactUnavailable: the distributions could not be listed.
    """
    from envdoctor.facts.records.clashes import find_clashes
    from envdoctor.facts.records.hashes import Budget
    from envdoctor.facts.records.overlaps import contested_paths, find_overlaps
    from envdoctor.facts.records.reading import read_record

    budget = Budget()
    records = [read_record(one, budget) for one in facts.packages.distributions if one.has_record]
    overlaps = find_overlaps(records)
    contested = contested_paths(overlaps)
    return Records(
        records=tuple(_without(record, contested.get(record.distribution.metadata)) for record in records),
        overlaps=overlaps,
        clashes=find_clashes(records, facts.python.extension_suffixes),
    )


def _without(record: Record, contested: set[str] | None) -> Record:
    """The record without the changed files that an overlap explains."""
    if not contested or not record.changed:
        return record
    import dataclasses

    from envdoctor.facts.records.reading import comparable

    left = tuple(one for one in record.changed if comparable(one.path) not in contested)
    return dataclasses.replace(record, changed=left)

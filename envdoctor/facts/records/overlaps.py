"""Finds the files that two distributions claim, and tells whose they are now."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envdoctor.facts.records import Overlap
from envdoctor.facts.records.clashes import is_namespace
from envdoctor.facts.records.hashes import Budget, differs
from envdoctor.facts.records.reading import comparable, read_rows
from envdoctor.support.requirement import is_of_extra, required_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.facts.packages import Distribution
    from envdoctor.facts.records import Record

#: Bytes of contested files to hash, where their size does not tell whose they are.
_HASHED = 64 << 20

#: Bytes of an `__init__.py` that makes a namespace: one statement, and maybe a licence before it.
_NAMESPACE_SIZES = range(50, 2048)

#: Hash and size of one file, as a RECORD has them.
_Entry = tuple[str, "int | None"]


def find_overlaps(records: Sequence[Record]) -> tuple[Overlap, ...]:
    """Every pair of distributions that claim the same files in one folder with different content.

    A path that both claim with the same hash is no overlap: namespace packages ship the same `__init__.py`.
    """
    budget = Budget(_HASHED)
    found = [
        _overlap(records[first], records[second], paths, budget)
        for (first, second), paths in sorted(_shared_paths(records).items())
    ]
    return tuple(one for one in found if one.paths)


def contested_paths(overlaps: Sequence[Overlap]) -> dict[str, set[str]]:
    """For each folder that distributions are installed in the paths that several claim, with different content."""
    found: dict[str, set[str]] = {}
    for one in overlaps:
        found.setdefault(one.first.root, set()).update(one.paths)
    return found


def _shared_paths(records: Sequence[Record]) -> dict[tuple[int, int], set[str]]:
    """For each pair of positions in the list of records, the paths that stand in both, in the form that is compared."""
    owners: dict[str, dict[str, int]] = {}  # of each folder, the paths and who claims them first
    pairs: dict[tuple[int, int], set[str]] = {}
    for position, record in enumerate(records):
        if record.distribution.system:
            continue
        claimed = owners.setdefault(record.distribution.root, {})
        mine = dict.fromkeys(record.paths if os.name != "nt" else map(comparable, record.paths), position)
        taken = {path: claimed[path] for path in claimed.keys() & mine.keys()}
        for path, first in taken.items():
            pairs.setdefault((first, position), set()).add(path)
        claimed.update(mine)
        claimed.update(taken)
    return pairs


def _overlap(first: Record, second: Record, paths: set[str], budget: Budget) -> Overlap:
    theirs = read_rows(first.distribution, paths)
    ours = read_rows(second.distribution, paths)
    contested = sorted(path for path in paths if _contradict(theirs.get(path), ours.get(path)))
    counts = [0, 0]
    unjudged = 0
    for path in contested:
        answers = _compare(f"{first.distribution.root}/{path}", (theirs[path], ours[path]), budget)
        unjudged += None in answers
        for index, answer in enumerate(answers):
            counts[index] += bool(answer)
    return Overlap(
        first=first.distribution,
        second=second.distribution,
        shared=len(paths),
        paths=tuple(contested),
        not_first=counts[0],
        not_second=counts[1],
        namespaces=tuple(path for path in contested if _is_shared_namespace(path, (first, second), theirs, ours)),
        unjudged=unjudged,
    )


def _is_shared_namespace(
    path: str, pair: tuple[Record, Record], theirs: dict[str, _Entry], ours: dict[str, _Entry]
) -> bool:
    """Whether a file makes a namespace in both distributions, in other words: only the last one installed is there.

    That one says so; the other must be as short, and neither may have modules of its own beside it, unless one requires
    the other: it was written as a part of the other's namespace.
    """
    if not is_namespace(f"{pair[0].distribution.root}/{path}"):
        return False
    first, second = (record.distribution for record in pair)
    belongs = _requires(first, second) or _requires(second, first)
    folder = path.rpartition("/")[0] + "/"
    beside = [each for record in pair for each in record.paths if each.startswith(folder) and each.endswith(".py")]
    alone = all(each == path or "/" in each[len(folder) :] for each in beside)
    return (alone or belongs) and all((entry[path][1] or 0) in _NAMESPACE_SIZES for entry in (theirs, ours))


def _requires(one: Distribution, other: Distribution) -> bool:
    return any(required_name(line) == other.key for line in one.requires if not is_of_extra(line))


def _contradict(theirs: _Entry | None, ours: _Entry | None) -> bool:
    return bool(theirs and ours and theirs[0] and ours[0] and theirs[0] != ours[0])


def _compare(file: str, entries: tuple[_Entry, _Entry], budget: Budget) -> list[bool | None]:
    """Whether a file differs from each of two entries: by its size if that can tell, else by its hash."""
    try:
        size = os.stat(file).st_size
    except OSError:
        return [None, None]
    by_size = [recorded is not None and recorded != size for _, recorded in entries]
    if by_size[0] != by_size[1]:
        return [*by_size]
    return [True, True] if all(by_size) else [differs(file, digest, budget) for digest, _ in entries]

"""Finds the files that two distributions claim, and tells whose they are now."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envdoctor.facts.records import Overlap
from envdoctor.facts.records.hashes import Budget, differs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.facts.records import Record, Row

#: Bytes of contested files to hash, where their size does not tell whose they are.
_HASHED = 64 << 20

#: For each pair of positions in the list of records: for each contested path, the row of either.
_Pairs = dict[tuple[int, int], list[tuple["Row", "Row"]]]


def find_overlaps(records: Sequence[Record]) -> tuple[Overlap, ...]:
    """Every pair of distributions that claim the same files in one folder with different content.

    A path that both claim with the same hash is no overlap: namespace packages ship the same `__init__.py`.
    """
    budget = Budget(_HASHED)
    found = [
        _overlap(records[first], records[second], rows, budget)
        for (first, second), rows in sorted(_shared_paths(records).items())
    ]
    return tuple(one for one in found if one.paths)


def contested_paths(overlaps: Sequence[Overlap]) -> dict[str, set[str]]:
    """For each distribution's metadata folder the paths that others claim too, with other content."""
    found: dict[str, set[str]] = {}
    for one in overlaps:
        for distribution in (one.first, one.second):
            found.setdefault(distribution.metadata, set()).update(one.paths)
    return found


def _shared_paths(records: Sequence[Record]) -> _Pairs:
    owners: dict[str, dict[str, tuple[int, Row]]] = {}  # a folder's paths: who claims each first, and its row
    pairs: _Pairs = {}
    ignores_case = os.name == "nt"
    for position, record in enumerate(records):
        if record.distribution.system:
            continue
        claimed = owners.setdefault(record.distribution.root, {})
        for row in record.rows:
            path = row[0].lower().replace("\\", "/") if ignores_case else row[0]
            mine = (position, row)
            first, other = claimed.setdefault(path, mine)
            if first != position:
                pairs.setdefault((first, position), []).append((other, row))
    return pairs


def _overlap(first: Record, second: Record, rows: list[tuple[Row, Row]], budget: Budget) -> Overlap:
    contested = [pair for pair in rows if pair[0][1] and pair[1][1] and pair[0][1] != pair[1][1]]
    counts = [0, 0]
    unjudged = 0
    for pair in contested:
        answers = _compare(f"{first.distribution.root}/{pair[0][0]}", pair, budget)
        unjudged += None in answers
        for index, answer in enumerate(answers):
            counts[index] += bool(answer)
    return Overlap(
        first=first.distribution,
        second=second.distribution,
        shared=len(rows),
        paths=tuple(pair[0][0] for pair in contested),
        not_first=counts[0],
        not_second=counts[1],
        unjudged=unjudged,
    )


def _compare(file: str, rows: tuple[Row, Row], budget: Budget) -> list[bool | None]:
    """Whether a file differs from each of two rows: by its size if that can tell, else by its hash."""
    try:
        size = os.stat(file).st_size
    except OSError:
        return [None, None]
    by_size = [bool(row[2]) and int(row[2]) != size for row in rows]
    if by_size == [True, False]:
        return [True, False]
    if by_size == [False, True]:
        return [False, True]
    return [True, True] if all(by_size) else [differs(file, row[1], budget) for row in rows]

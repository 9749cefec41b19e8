"""A graph as a strip: operators in execution order, cut into cells, each coloured by where its operators run."""

from __future__ import annotations

import enum
import itertools
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.core.model_report import OperatorReport

#: Different operators that are named together.
_NAMES = 5


class Cell(enum.Enum):
    """What the operators of one cell have in common."""

    MAPPED = "MAPPED"
    CPU = "CPU"
    UNKNOWN = "UNKNOWN"
    MIXED = "MIXED"


def strip(ops: Sequence[OperatorReport], cells: int) -> list[Cell]:
    """At most `cells` cells; every operator is in one, and neighbours share one where there are too many."""
    if not ops:
        return []
    count = min(cells, len(ops))
    bounds = [index * len(ops) // count for index in range(count + 1)]
    return [_cell(ops[start:end]) for start, end in itertools.pairwise(bounds)]


def _cell(ops: Sequence[OperatorReport]) -> Cell:
    found = {op.placement for op in ops}
    return Cell(found.pop()) if len(found) == 1 else Cell.MIXED


def by_cause(ops: Sequence[OperatorReport]) -> list[tuple[str, str, list[int]]]:
    """Operators that are themselves the reason to stay on the CPU: names, reason and indexes, alike ones together.

    Alike is what has the same name and cause, and what has the same reason. The most come first. The reason is the
    first one's.
    """
    named: dict[tuple[str, str, str], list[OperatorReport]] = {}
    for op in ops:
        if op.placement in {"CPU", "UNKNOWN"} and op.blocked_by is None:
            named.setdefault((op.op, op.placement, op.cause or op.reason), []).append(op)
    grouped: dict[tuple[str, ...], list[OperatorReport]] = {}
    for key, alike in named.items():
        together = {op.reason for op in alike}
        grouped.setdefault((key[1], *together) if len(together) == 1 else key, []).extend(alike)
    rows = [(_names(alike), alike[0].reason, sorted(op.index for op in alike)) for alike in grouped.values()]
    return sorted(rows, key=lambda row: -len(row[2]))


def _names(ops: Sequence[OperatorReport]) -> str:
    """How many of which name, the most frequent first."""
    names = Counter(op.op for op in ops).most_common()
    listed = ", ".join(f"{count} {name}" for name, count in names[:_NAMES])
    return listed + (", ..." if len(names) > _NAMES else "")


def waiting(ops: Sequence[OperatorReport]) -> Counter[str]:
    """Operators that could run on the accelerator but wait for others, counted by name."""
    return Counter(op.op for op in ops if op.placement in {"CPU", "UNKNOWN"} and op.blocked_by is not None)


def share(part: float) -> str:
    """A share in percent; neither nothing nor all unless it is."""
    if part in {0.0, 1.0}:
        return f"{part:.0%}"
    return f"{min(max(part, 0.001), 0.999):.1%}"

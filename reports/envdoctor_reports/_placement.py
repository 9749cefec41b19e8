"""A graph as a strip: operators in execution order, cut into cells, each coloured by where its operators run."""

from __future__ import annotations

import enum
import itertools
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.core.model_report import OperatorReport


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
    """Operators that are themselves the reason to stay on the CPU: name, reason and indexes, alike ones together.

    The reason is the first one's.
    """
    grouped: dict[tuple[str, str, str], tuple[str, list[int]]] = {}
    for op in ops:
        if op.placement in {"CPU", "UNKNOWN"} and op.blocked_by is None:
            grouped.setdefault((op.op, op.placement, op.cause), (op.reason, []))[1].append(op.index)
    return [(key[0], reason, indexes) for key, (reason, indexes) in grouped.items()]


def waiting(ops: Sequence[OperatorReport]) -> Counter[str]:
    """Operators that could run on the accelerator but wait for others, counted by name."""
    return Counter(op.op for op in ops if op.placement in {"CPU", "UNKNOWN"} and op.blocked_by is not None)


def share(part: float) -> str:
    """A share in percent; neither nothing nor all unless it is."""
    if part in {0.0, 1.0}:
        return f"{part:.0%}"
    return f"{min(max(part, 0.001), 0.999):.1%}"

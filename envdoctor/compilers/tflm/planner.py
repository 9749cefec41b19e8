"""Where TensorFlow Lite Micro's GreedyMemoryPlanner puts buffers: the largest first, each into the first gap. Pure.

The rule is that of tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffer:
    """Bytes that are needed from one step of an inference to another, both included."""

    size: int
    first: int
    last: int


def planned_size(buffers: Sequence[Buffer]) -> int:
    """How many bytes hold all buffers.

    The planner fills its list from the end and sorts it in a stable way, so that of equal sizes the last comes first.
    """
    placed: list[tuple[int, int, Buffer]] = []
    highest = 0
    by_size = list(reversed(buffers))
    by_size.sort(key=lambda one: -one.size)
    for number, buffer in enumerate(by_size):
        offset = 0
        for start, _, other in placed:
            if other.first > buffer.last or buffer.first > other.last:
                continue
            if start - offset >= buffer.size:
                break
            offset = max(offset, start + other.size)
        bisect.insort(placed, (offset, number, buffer), key=lambda one: one[:2])
        highest = max(highest, offset + buffer.size)
    return highest

"""How TensorFlow Lite cuts a graph into what a delegate takes and what it doesn't.

Source: PartitionGraphIntoIndependentNodeSubsets in tensorflow/lite/graph_info.cc. A group takes every operator of its
sort whose inputs are ready, whatever stands between them in execution order; the first ready operator decides the
sort of the next group.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.tflite.model import Subgraph


def delegate_groups(subgraph: Subgraph, supported: Sequence[bool]) -> list[list[int]]:
    """The groups of operators that go to the delegate, in the order in which they run.

    Args:
        subgraph: whose operators are cut apart.
        supported: for each operator, whether the delegate takes it.

    Returns:
        Operator indexes, sorted within each group. Operators that wait for each other in a circle are in none.
    """
    pending, readers = _dependencies(subgraph)
    ready: dict[bool, list[int]] = {True: [], False: []}
    for index, count in enumerate(pending):
        if not count:
            heapq.heappush(ready[supported[index]], index)
    groups: list[list[int]] = []
    while ready[True] or ready[False]:
        sort = min((heap[0], kind) for kind, heap in ready.items() if heap)[1]
        group: list[int] = []
        while ready[sort]:
            index = heapq.heappop(ready[sort])
            group.append(index)
            for reader in readers[index]:
                pending[reader] -= 1
                if not pending[reader]:
                    heapq.heappush(ready[supported[reader]], reader)
        if sort:
            groups.append(sorted(group))
    return groups


def _dependencies(subgraph: Subgraph) -> tuple[list[int], dict[int, list[int]]]:
    """How many operators each operator waits for, and for each operator those that wait for it."""
    producers = {tensor: operator.index for tensor, operator in subgraph.producers().items()}
    pending = [0] * len(subgraph.operators)
    readers: dict[int, list[int]] = defaultdict(list)
    for operator in subgraph.operators:
        awaited = {producers[tensor] for tensor in operator.inputs if tensor in producers}
        pending[operator.index] = len(awaited)
        for producer in awaited:
            readers[producer].append(operator.index)
    return pending, readers

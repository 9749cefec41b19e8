"""Whether what a sparse tensor says of its values fits together: LiteRT reads what it says without a look.

Source: SparsityParameters in tensorflow/compiler/mlir/lite/schema/schema.fbs, FormatConverter in tflite/kernels.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.tflite.flatbuffer import Table

_COMPRESSED = 1
_VECTORS = {1: "i", 2: "H", 3: "B"}


def stored_values(told: Table, shape: tuple[int, ...]) -> int:
    """How many values a sparse tensor of a shape has.

    Raises:
        Unreadable: its dimensions do not fit the shape, or their values lie outside them.
    """
    order, blocks = told.numbers(0, "i") or (), told.numbers(1, "i") or ()
    dimensions = list(told.tables(2))
    rank = len(shape)
    if sorted(order) != list(range(rank + len(blocks))) or len(dimensions) != len(order):
        raise Unreadable(
            f"a sparse tensor of the shape {list(shape)} has {len(dimensions)} dimensions, in {list(order)}"
        )
    if len(set(blocks)) < len(blocks) or not all(0 <= block < rank for block in blocks):
        raise Unreadable(f"the blocks of a sparse tensor are of its dimensions {list(blocks)}")
    by_place = dict(zip(order, dimensions, strict=True))
    sizes = {rank + number: by_place[rank + number].integer(1) for number in range(len(blocks))}
    for index, size in enumerate(shape):
        block = sizes[rank + blocks.index(index)] if index in blocks else 1
        if block < 1 or size % block:
            raise Unreadable(f"a sparse tensor has blocks of {block} in {size}")
        sizes[index] = size // block
    count = 1
    for place, dimension in zip(order, dimensions, strict=True):
        count = _counted(dimension, sizes[place], count)
    return count


def _counted(dimension: Table, size: int, outer: int) -> int:
    """How many values there are once a dimension is gone through, for so many before it."""
    if dimension.integer(0, "b") != _COMPRESSED:
        if dimension.integer(1) != size:
            raise Unreadable(f"a sparse tensor has a dimension of {dimension.integer(1)}, where its shape has {size}")
        return math.prod((outer, size))
    segments, indices = _vector(dimension, 2), _vector(dimension, 4)
    rising = all(one <= other for one, other in itertools.pairwise(segments))
    if len(segments) != outer + 1 or segments[0] or not rising or segments[-1] != len(indices):
        raise Unreadable(f"a sparse tensor has {len(segments)} segments of {len(indices)} places, for {outer}")
    if len(indices) and not 0 <= min(indices) <= max(indices) < size:
        raise Unreadable(f"a sparse tensor has values outside its dimension of {size}")
    return len(indices)


def _vector(dimension: Table, kind: int) -> Sequence[float]:
    values, code = dimension.table(kind + 1), _VECTORS.get(dimension.integer(kind, "B"))
    if values is None or code is None:
        raise Unreadable("a sparse tensor does not say where its values are")
    return values.array(0, code)

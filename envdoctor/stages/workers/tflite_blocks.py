"""Float operators that only move numbers about, written as RESHAPE and TRANSPOSE, which every quantizer has.

Blocks of channels or of a batch become pixels, or pixels a batch: a RESHAPE that gives each part of a place an axis, a
TRANSPOSE, and a RESHAPE that joins axes again. A convolution of dilated series stands between two such moves.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .tflite_graph import Graph, schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .untyped import Array, SchemaObject

_IMAGE_AXES = 4


def depth_to_space(graph: Graph, operator: SchemaObject) -> list[SchemaObject] | None:
    """Blocks of channels become pixels: the channels hold (row, column in the block, channel), the slowest first."""
    source, target = int(operator.inputs[0]), int(operator.outputs[0])
    shape = graph.shape(source)
    if len(shape) != _IMAGE_AXES or shape[0] != 1:
        return None
    block = int(operator.builtinOptions.blockSize)
    return _rearranged(graph, (source, target), [shape[1], shape[2], block, shape[3] // block], [0, 2, 1, 3])


def expand_dims(graph: Graph, operator: SchemaObject) -> list[SchemaObject] | None:
    """EXPAND_DIMS is a RESHAPE, where the shape is known."""
    source, target = int(operator.inputs[0]), int(operator.outputs[0])
    known = math.prod(graph.shape(target)) == math.prod(graph.shape(source)) > 0
    return [graph.new_reshape(source, target)] if known else None


def space_to_batch(graph: Graph, operator: SchemaObject) -> list[SchemaObject] | None:
    """Of a single image or series: PAD, and each place within a block makes one of a batch."""
    source, block, amounts = _block(graph, operator)
    if block is None or amounts is None or graph.shape(source)[0] != 1:
        return None
    made, count = [], len(block)
    if amounts.any():
        padding = _around(amounts, len(graph.shape(source)))
        padded = graph.add_tensor_like(source, "padded")
        graph.set_shape(padded, [size + sum(each) for size, each in zip(graph.shape(source), padding, strict=True)])
        inputs = [source, graph.add_constant("padding", _integers(padding))]
        made.append(graph.new_operator("PAD", inputs, [padded], schema().PadOptionsT()))
        source = padded
    shape = graph.shape(source)
    split = [size for whole, part in zip(shape[1:], block, strict=False) for size in (whole // part, part)]
    order = [*range(1, 2 * count, 2), *range(0, 2 * count, 2), 2 * count]
    ends = source, int(operator.outputs[0])
    return [*made, *_rearranged(graph, ends, [*split, math.prod(shape[1 + count :])], order)]


def batch_to_space(graph: Graph, operator: SchemaObject) -> list[SchemaObject] | None:
    """To a single image or series: the batch holds the places within a block; SLICE cuts off the edges."""
    source, block, amounts = _block(graph, operator)
    if block is None or amounts is None or graph.shape(source)[0] != math.prod(block):
        return None
    shape, target, count = graph.shape(source), int(operator.outputs[0]), len(block)
    whole = [1, *(size * part for size, part in zip(shape[1:], block, strict=False)), *shape[1 + count :]]
    joined = target
    if amounts.any():
        joined = graph.add_tensor_like(target, "joined")
        graph.set_shape(joined, whole)
    order = [place for axis in range(count) for place in (count + axis, axis)] + [2 * count]
    split = [*block, *shape[1 : 1 + count], math.prod(shape[1 + count :])]
    made = _rearranged(graph, (source, joined), split, order)
    if joined == target:
        return made
    begin = _integers([before for before, _ in _around(amounts, len(shape))])
    inputs = [joined, graph.add_constant("begin", begin), graph.add_constant("size", _integers(graph.shape(target)))]
    return [*made, graph.new_operator("SLICE", inputs, [target], schema().SliceOptionsT())]


def _block(graph: Graph, operator: SchemaObject) -> tuple[int, list[int] | None, Array | None]:
    """What is moved, the block's sizes, and what is padded or cut off at each axis; None for what is computed."""
    source, block, amounts = (int(index) for index in operator.inputs)
    if not (graph.is_constant(block) and graph.is_constant(amounts)):
        return source, None, None
    return source, [int(size) for size in graph.constant(block).reshape(-1)], graph.constant(amounts)


def _around(amounts: Array, rank: int) -> list[tuple[int, int]]:
    """Amounts before and after for every axis, given those of the axes behind the batch."""
    given = [(int(before), int(after)) for before, after in amounts.reshape(-1, 2)]
    return [(0, 0), *given, *[(0, 0)] * (rank - 1 - len(given))]


def _rearranged(graph: Graph, ends: tuple[int, int], split: list[int], order: list[int]) -> list[SchemaObject]:
    """RESHAPE of the first tensor to the sizes `split`, TRANSPOSE to `order`, and RESHAPE to the second."""
    source, target = ends
    parts, turned = (graph.add_tensor_like(target, name) for name in ("blocks", "rows"))
    graph.set_shape(parts, split)
    graph.set_shape(turned, [split[axis] for axis in order])
    inputs = [parts, graph.add_constant("order", _integers(order))]
    transpose = graph.new_operator("TRANSPOSE", inputs, [turned], schema().TransposeOptionsT())
    return [graph.new_reshape(source, parts), transpose, graph.new_reshape(turned, target)]


def _integers(values: Sequence[object]) -> Array:
    import numpy as np

    return np.array(values, np.int32)

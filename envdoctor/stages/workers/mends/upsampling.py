"""Pixels that are repeated by RESHAPE and TILE, as Keras 3's UpSampling2D does, by RESIZE_NEAREST_NEIGHBOR instead.

Keras 3 repeats rows and columns one after the other, five axes at a time: RESHAPE, TILE, RESHAPE, TILE, RESHAPE; and
the steps of UpSampling1D likewise. With an open batch, EXPAND_DIMS stands in the place of the first RESHAPE. Whether a
chain does that is not told from its look: it is followed with the numbers of the elements.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..tflite_graph import schema
from .mend import Mend, Shapes, count, maker, takers

if TYPE_CHECKING:
    from ..tflite_graph import Graph
    from ..untyped import Array, SchemaObject

_IMAGE_AXES, _SERIES_AXES = 4, 3
_LINKS = frozenset({"RESHAPE", "EXPAND_DIMS", "SQUEEZE", "TILE"})
#: Numbers that are followed through a chain, at most.
_MOST_ELEMENTS = 1 << 24
#: The form with pixels' centres, which TensorFlow 2 writes, is version 3; for whole factors both give the same.
_VERSION = 3


def apply(graph: Graph, shapes: Shapes) -> list[str]:
    """Replace each chain."""
    del shapes
    replaced = 0
    for tile in [each for each in graph.main.operators if graph.operator_name(each) == "TILE"]:
        if tile in graph.main.operators:
            chain = _repeating(graph, _chain(graph, tile))
            if chain:
                _replace(graph, chain)
                replaced += 1
    return [f"wrote {count(replaced, 'chain')} of TILE as RESIZE_NEAREST_NEIGHBOR"] if replaced else []


def _chain(graph: Graph, tile: SchemaObject) -> list[SchemaObject]:
    """What moves no number, and TILE, around a TILE, each the only taker of the one before."""
    chain = [tile]
    while (before := maker(graph, int(chain[0].inputs[0]))) is not None and _is_link(graph, before):
        chain.insert(0, before)
    while _is_inner(graph, chain[-1]):
        after = takers(graph, int(chain[-1].outputs[0]))[0]
        if not _is_shaped(graph, after):
            break
        chain.append(after)
    return chain


def _is_link(graph: Graph, operator: SchemaObject) -> bool:
    return _is_shaped(graph, operator) and _is_inner(graph, operator)


def _is_shaped(graph: Graph, operator: SchemaObject) -> bool:
    if graph.operator_name(operator) not in _LINKS:
        return False
    fixed = len(operator.inputs) < 2 or graph.is_constant(int(operator.inputs[1]))  # noqa: PLR2004  (a RESHAPE's options)
    return fixed and min(graph.shape(int(operator.outputs[0])), default=0) > 0


def _is_inner(graph: Graph, operator: SchemaObject) -> bool:
    outcome = int(operator.outputs[0])
    return len(takers(graph, outcome)) == 1 and outcome not in [int(index) for index in graph.main.outputs]


def _repeating(graph: Graph, chain: list[SchemaObject]) -> list[SchemaObject]:
    """The longest part of a chain that repeats rows and columns of an image; empty if none does."""
    for length in range(len(chain), 0, -1):
        for start in range(len(chain) - length + 1):
            part = chain[start : start + length]
            has_tile = any(graph.operator_name(operator) == "TILE" for operator in part)
            if has_tile and _repeats(graph, part):
                return part
    return []


def _repeats(graph: Graph, part: list[SchemaObject]) -> bool:
    import numpy as np

    before, after = (_as_image(shape) for shape in _ends(graph, part))
    if before is None or after is None or min(before) < 1 or math.prod(after) > _MOST_ELEMENTS:
        return False
    if (before[0], before[3]) != (after[0], after[3]) or after[1] % before[1] or after[2] % before[2]:
        return False
    numbers = np.arange(math.prod(before)).reshape(before)
    expected = numbers.repeat(after[1] // before[1], axis=1).repeat(after[2] // before[2], axis=2)
    numbers = numbers.reshape(graph.shape(int(part[0].inputs[0])))
    for operator in part:
        numbers = _followed(graph, operator, numbers)
    return bool(np.array_equal(numbers.reshape(after), expected))


def _ends(graph: Graph, part: list[SchemaObject]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return graph.shape(int(part[0].inputs[0])), graph.shape(int(part[-1].outputs[0]))


def _as_image(shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """A shape with a batch, rows, columns and channels; a series has columns of one. None for others."""
    if len(shape) == _SERIES_AXES:
        return (shape[0], shape[1], 1, shape[2])
    return shape if len(shape) == _IMAGE_AXES else None


def _followed(graph: Graph, operator: SchemaObject, numbers: Array) -> Array:
    import numpy as np

    if graph.operator_name(operator) == "TILE":
        return np.tile(numbers, graph.constant(int(operator.inputs[1])).reshape(-1))
    return numbers.reshape(graph.shape(int(operator.outputs[0])))


def _replace(graph: Graph, part: list[SchemaObject]) -> None:
    import numpy as np

    source, outcome = int(part[0].inputs[0]), int(part[-1].outputs[0])
    image, resized = _image(graph, source), _image(graph, outcome)
    sizes = graph.add_constant("size", np.array(graph.shape(resized)[1:3], np.int32))
    options = schema().ResizeNearestNeighborOptionsT()
    options.alignCorners, options.halfPixelCenters = False, True
    resize = graph.new_operator("RESIZE_NEAREST_NEIGHBOR", [image, sizes], [resized], options)
    resize.opcodeIndex = graph.operator_code("RESIZE_NEAREST_NEIGHBOR", _VERSION)
    made = [graph.new_reshape(source, image)] if image != source else []
    made += [resize, *([graph.new_reshape(resized, outcome)] if resized != outcome else [])]
    place = graph.main.operators.index(part[-1])
    graph.main.operators[place : place + 1] = made
    for operator in part[:-1]:
        graph.main.operators.remove(operator)


def _image(graph: Graph, index: int) -> int:
    """A tensor itself, or for a series one with columns of one."""
    if len(graph.shape(index)) == _IMAGE_AXES:
        return index
    image = graph.add_tensor_like(index, "image")
    graph.set_shape(image, _as_image(graph.shape(index)) or ())
    return image


MEND = Mend(name="upsampling", title="write an upsampling by TILE as RESIZE_NEAREST_NEIGHBOR", apply=apply)

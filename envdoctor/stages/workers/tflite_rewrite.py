"""Float operators that the LiteRT quantizer leaves as they are, written as others that it quantizes.

Each gives the very numbers that the operator gives, but for rounding; the caller proves it of the whole file. Without
this a LayerNormalization (NEG), a leaky activation or an upsampling would leave a float island.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from .tflite_graph import Graph, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .untyped import Array, SchemaObject

    #: Gives the operators to put in the place of one; None to leave it.
    Rewrite = Callable[[Graph, SchemaObject], "list[SchemaObject] | None"]

_IMAGE_AXES = 4


def rewrite(graph: Graph) -> Mapping[str, int]:
    """Replace what can be replaced in the main subgraph; returns how many of each operator were."""
    replaced: Counter[str] = Counter()
    operators = []
    for operator in graph.main.operators:
        name = graph.operator_name(operator)
        make = _REWRITES.get(name)
        is_float = len(operator.inputs) > 0 and graph.dtype(int(operator.inputs[0])) == "FLOAT32"
        instead = make(graph, operator) if make is not None and is_float else None
        replaced[name] += instead is not None
        operators += [operator] if instead is None else instead
    graph.main.operators = operators
    return {name: count for name, count in replaced.items() if count}


def _negate(graph: Graph, operator: SchemaObject) -> list[SchemaObject]:
    """-x = x * -1."""
    return [_multiply(graph, _input(operator), _constant(graph, [-1.0]), _output(operator))]


def _square(graph: Graph, operator: SchemaObject) -> list[SchemaObject]:
    """The square of x = x * x."""
    return [_multiply(graph, _input(operator), _input(operator), _output(operator))]


def _leaky(graph: Graph, operator: SchemaObject) -> list[SchemaObject] | None:
    """LEAKY_RELU(x) = MAXIMUM(x, alpha * x), if alpha is not above 1."""
    alpha = float(operator.builtinOptions.alpha) if operator.builtinOptions is not None else 0.0
    return None if alpha > 1 else _maximum(graph, operator, _constant(graph, [alpha]))


def _parametric(graph: Graph, operator: SchemaObject) -> list[SchemaObject] | None:
    """PRELU(x) = MAXIMUM(x, alpha * x) if no alpha is above 1, else RELU(x) + alpha * (x - RELU(x))."""
    alpha = int(operator.inputs[1])
    if not graph.is_constant(alpha):
        return None
    if (graph.constant(alpha) <= 1).all():
        return _maximum(graph, operator, alpha)
    above, below, scaled = (graph.add_tensor_like(_output(operator), name) for name in ("above", "below", "scaled"))
    return [
        graph.new_operator("RELU", [_input(operator)], [above], None),
        graph.new_operator("SUB", [_input(operator), above], [below], schema().SubOptionsT()),
        _multiply(graph, below, alpha, scaled),
        graph.new_operator("ADD", [above, scaled], [_output(operator)], schema().AddOptionsT()),
    ]


def _maximum(graph: Graph, operator: SchemaObject, slope: int) -> list[SchemaObject]:
    scaled = graph.add_tensor_like(_output(operator), "scaled")
    options = schema().MaximumMinimumOptionsT()
    larger = graph.new_operator("MAXIMUM", [_input(operator), scaled], [_output(operator)], options)
    return [_multiply(graph, _input(operator), slope, scaled), larger]


def _depth_to_space(graph: Graph, operator: SchemaObject) -> list[SchemaObject] | None:
    """Blocks of channels become pixels: RESHAPE, TRANSPOSE, RESHAPE, with four axes for a batch of one.

    The channels hold (row in the block, column in the block, channel), the slowest first.
    """
    shape = graph.shape(_input(operator))
    if len(shape) != _IMAGE_AXES or shape[0] != 1:
        return None
    block = int(operator.builtinOptions.blockSize)
    rows = [shape[1], shape[2], block, shape[3] // block]
    split, turned = (graph.add_tensor_like(_output(operator), name) for name in ("blocks", "rows"))
    graph.set_shape(split, rows)
    graph.set_shape(turned, [rows[0], rows[2], rows[1], rows[3]])
    order = graph.add_constant("order", _integers([0, 2, 1, 3]))
    transpose = graph.new_operator("TRANSPOSE", [split, order], [turned], schema().TransposeOptionsT())
    return [graph.new_reshape(_input(operator), split), transpose, graph.new_reshape(turned, _output(operator))]


def _tile(graph: Graph, operator: SchemaObject) -> list[SchemaObject] | None:
    """Copies side by side: a CONCATENATION for each axis that is repeated."""
    multiples = int(operator.inputs[1])
    if not graph.is_constant(multiples):
        return None
    repeated = [(axis, int(count)) for axis, count in enumerate(graph.constant(multiples)) if count != 1]
    if not repeated or min(count for _, count in repeated) < 1:
        return None
    made, current, shape = [], _input(operator), list(graph.shape(_input(operator)))
    for number, (axis, count) in enumerate(repeated, start=1):
        shape[axis] *= count
        last = number == len(repeated)
        target = _output(operator) if last else graph.add_tensor_like(_output(operator), f"tiled_{axis}")
        graph.set_shape(target, shape)
        options = schema().ConcatenationOptionsT()
        options.axis = axis
        made.append(graph.new_operator("CONCATENATION", [current] * count, [target], options))
        current = target
    return made


def _largest(graph: Graph, operator: SchemaObject) -> list[SchemaObject] | None:
    """REDUCE_MAX over the rows and columns of an image: MAX_POOL_2D of all of it, and RESHAPE."""
    shape, axes = graph.shape(_input(operator)), int(operator.inputs[1])
    if len(shape) != _IMAGE_AXES or not graph.is_constant(axes):
        return None
    if sorted(int(axis) % _IMAGE_AXES for axis in graph.constant(axes).reshape(-1)) != [1, 2]:
        return None
    pooled = graph.add_tensor_like(_output(operator), "pooled")
    graph.set_shape(pooled, [shape[0], 1, 1, shape[3]])
    options = schema().Pool2DOptionsT()
    options.padding = schema().Padding.VALID
    options.strideW = options.strideH = 1
    options.filterHeight, options.filterWidth = shape[1], shape[2]
    pool = graph.new_operator("MAX_POOL_2D", [_input(operator)], [pooled], options)
    return [pool, graph.new_reshape(pooled, _output(operator))]


def _multiply(graph: Graph, left: int, right: int, target: int) -> SchemaObject:
    return graph.new_operator("MUL", [left, right], [target], schema().MulOptionsT())


def _input(operator: SchemaObject) -> int:
    return int(operator.inputs[0])


def _output(operator: SchemaObject) -> int:
    return int(operator.outputs[0])


def _constant(graph: Graph, values: list[float]) -> int:
    import numpy as np

    return graph.add_constant("factor", np.array(values, np.float32))


def _integers(values: list[int] | tuple[int, ...]) -> Array:
    import numpy as np

    return np.array(values, np.int32)


_REWRITES: Mapping[str, Rewrite] = {
    "NEG": _negate,
    "SQUARE": _square,
    "LEAKY_RELU": _leaky,
    "PRELU": _parametric,
    "DEPTH_TO_SPACE": _depth_to_space,
    "TILE": _tile,
    "REDUCE_MAX": _largest,
}

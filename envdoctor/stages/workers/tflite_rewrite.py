"""Float operators that the LiteRT quantizer leaves as they are, written as others that it quantizes.

Each gives the very numbers that the operator gives, but for rounding; the caller proves it of the whole file. Without
this a LayerNormalization (NEG), a leaky activation or an upsampling would leave a float island, and a SPLIT, as between
the gates of an LSTM, would end the quantizer ("Tensor data is null").
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from . import tflite_blocks
from .tflite_graph import Graph, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .untyped import Array, SchemaObject

    #: Gives the operators to put in the place of one; None to leave it.
    Rewrite = Callable[[Graph, SchemaObject], "list[SchemaObject] | None"]

_IMAGE_AXES, _SERIES_AXES = 4, 3
#: Operators whose inputs and output share one scale.
_ONE_SCALE = frozenset({"MAXIMUM", "SELECT_V2", "PADV2"})


def rewrite(graph: Graph, *, wide: bool = False) -> Mapping[str, int]:
    """Replace what can be replaced in the main subgraph; returns how many of each operator were.

    Args:
        graph: the model.
        wide: True if activations are to be int16, for which the quantizer has fewer operators.
    """
    replaced: Counter[str] = Counter()
    rewrites = {**_REWRITES, **_WIDE_REWRITES} if wide else _REWRITES
    operators = []
    for operator in graph.main.operators:
        name = graph.operator_name(operator)
        make = rewrites.get(name)
        is_float = len(operator.outputs) > 0 and graph.dtype(_output(operator)) == "FLOAT32"
        instead = make(graph, operator) if make is not None and is_float else None
        replaced[name] += instead is not None
        operators += [operator] if instead is None else instead
    graph.main.operators = operators
    _give_constants_the_rank_of_outputs(graph)
    return {name: count for name, count in replaced.items() if count}


def _give_constants_the_rank_of_outputs(graph: Graph) -> None:
    """The quantizer fails at constants that get the output's scale and have fewer axes ("Ranks of scales")."""
    for operator in graph.main.operators:
        if graph.operator_name(operator) not in _ONE_SCALE:
            continue
        rank = len(graph.shape(_output(operator)))
        operator.inputs = [_of_rank(graph, int(index), rank) for index in operator.inputs]


def _of_rank(graph: Graph, index: int, rank: int) -> int:
    """A constant with so many axes, a single number without any; what is no constant, as it is."""
    if not graph.is_constant(index) or graph.dtype(index) != "FLOAT32" or not 0 < len(graph.shape(index)) < rank:
        return index
    value = graph.constant(index)
    shape = () if value.size == 1 else (1,) * (rank - value.ndim) + value.shape
    return graph.add_constant("of_rank", value.reshape(shape))


def _negate(graph: Graph, operator: SchemaObject) -> list[SchemaObject]:
    """-x = x * -1."""
    return [_multiply(graph, _input(operator), _constant(graph, [-1.0]), _output(operator))]


def _square(graph: Graph, operator: SchemaObject) -> list[SchemaObject]:
    """The square of x = x * x."""
    return [_multiply(graph, _input(operator), _input(operator), _output(operator))]


def _squared_difference(graph: Graph, operator: SchemaObject) -> list[SchemaObject]:
    """(x - y)² = (x - y) * (x - y)."""
    difference = graph.add_tensor_like(_output(operator), "difference")
    inputs = [int(index) for index in operator.inputs]
    made = graph.new_operator("SUB", inputs, [difference], schema().SubOptionsT())
    return [made, _multiply(graph, difference, difference, _output(operator))]


def _hard_swish(graph: Graph, operator: SchemaObject) -> list[SchemaObject]:
    """HARD_SWISH(x) = x * (RELU6(x + 3) * 1/6)."""
    opened, gate = (graph.add_tensor_like(_output(operator), name) for name in ("opened", "gate"))
    options = schema().AddOptionsT()
    options.fusedActivationFunction = schema().ActivationFunctionType.RELU6
    return [
        graph.new_operator("ADD", [_input(operator), _constant(graph, [3.0])], [opened], options),
        _multiply(graph, opened, _constant(graph, [1 / 6]), gate),
        _multiply(graph, _input(operator), gate, _output(operator)),
    ]


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


def _bounded(graph: Graph, operator: SchemaObject) -> list[SchemaObject]:
    """RELU6 and RELU_N1_TO_1 on their own become those of a product: x * 1."""
    product = _multiply(graph, _input(operator), _constant(graph, [1.0]), _output(operator))
    kinds = schema().ActivationFunctionType
    product.builtinOptions.fusedActivationFunction = getattr(kinds, graph.operator_name(operator))
    return [product]


def _bounded_by_one(graph: Graph, operator: SchemaObject) -> list[SchemaObject]:
    """RELU_0_TO_1(x) = RELU6(6 * x) * 1/6."""
    six_times = graph.add_tensor_like(_output(operator), "six_times")
    product = _multiply(graph, _input(operator), _constant(graph, [6.0]), six_times)
    product.builtinOptions.fusedActivationFunction = schema().ActivationFunctionType.RELU6
    return [product, _multiply(graph, six_times, _constant(graph, [1 / 6]), _output(operator))]


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
    """REDUCE_MAX over the rows and columns of an image, or over a series: MAX_POOL_2D of all of it, and RESHAPE."""
    source, axes = _input(operator), int(operator.inputs[1])
    shape = graph.shape(source)
    if len(shape) not in {_SERIES_AXES, _IMAGE_AXES} or not graph.is_constant(axes):
        return None
    if sorted(int(axis) % len(shape) for axis in graph.constant(axes).reshape(-1)) != list(range(1, len(shape) - 1)):
        return None
    made = []
    if len(shape) == _SERIES_AXES:
        shape, series = (shape[0], shape[1], 1, shape[2]), source
        source = graph.add_tensor_like(source, "image")
        graph.set_shape(source, shape)
        made.append(graph.new_reshape(series, source))
    pooled = graph.add_tensor_like(_output(operator), "pooled")
    graph.set_shape(pooled, [shape[0], 1, 1, shape[3]])
    options = schema().Pool2DOptionsT()
    options.padding = schema().Padding.VALID
    options.strideW = options.strideH = 1
    options.filterHeight, options.filterWidth = shape[1], shape[2]
    made.append(graph.new_operator("MAX_POOL_2D", [source], [pooled], options))
    return [*made, graph.new_reshape(pooled, _output(operator))]


def _magnitude(graph: Graph, operator: SchemaObject) -> list[SchemaObject]:
    """ABS(x) = MAXIMUM(x, -x)."""
    return _maximum(graph, operator, _constant(graph, [-1.0]))


def _smaller(graph: Graph, operator: SchemaObject) -> list[SchemaObject]:
    """MINIMUM(x, y) = -MAXIMUM(-x, -y)."""
    made, negated, minus = [], [], _constant(graph, [-1.0])
    for index in (int(each) for each in operator.inputs):
        if graph.is_constant(index):
            negated.append(graph.add_constant("negated", -graph.constant(index)))
        else:
            negated.append(graph.add_tensor_like(index, "negated"))
            made.append(_multiply(graph, index, minus, negated[-1]))
    larger = graph.add_tensor_like(_output(operator), "larger")
    options = schema().MaximumMinimumOptionsT()
    made.append(graph.new_operator("MAXIMUM", negated, [larger], options))
    return [*made, _multiply(graph, larger, minus, _output(operator))]


def _split(graph: Graph, operator: SchemaObject) -> list[SchemaObject] | None:
    """SPLIT and SPLIT_V: a SLICE for each part."""
    first_is_axis = graph.operator_name(operator) == "SPLIT"
    source, axis = (int(operator.inputs[place]) for place in ((1, 0) if first_is_axis else (0, 2)))
    if not graph.is_constant(axis):
        return None
    place = int(graph.constant(axis).reshape(-1)[0]) % len(graph.shape(source))
    return _slices(graph, source, place, [(int(index), int(index)) for index in operator.outputs])


def _unpack(graph: Graph, operator: SchemaObject) -> list[SchemaObject]:
    """UNPACK: a SLICE of one for each part, and a RESHAPE that drops the axis."""
    source = _input(operator)
    place = int(operator.builtinOptions.axis) % len(graph.shape(source))
    thin = [size if axis != place else 1 for axis, size in enumerate(graph.shape(source))]
    parts = [graph.add_tensor_like(source, "part") for _ in operator.outputs]
    for part in parts:
        graph.set_shape(part, thin)
    outputs = [int(index) for index in operator.outputs]
    made = _slices(graph, source, place, list(zip(parts, outputs, strict=True)))
    used = {int(one.outputs[0]) for one in made}
    pairs = zip(parts, outputs, strict=True)
    return [*made, *(graph.new_reshape(part, index) for part, index in pairs if part in used)]


def _slices(graph: Graph, source: int, axis: int, parts: list[tuple[int, int]]) -> list[SchemaObject]:
    """A SLICE along an axis for the first of each pair, one behind the other, if something takes the second.

    A tensor that nothing takes has no numbers, and the quantizer stumbles over it.
    """
    taken = {int(index) for operator in graph.main.operators for index in operator.inputs}
    taken |= {int(index) for index in graph.main.outputs}
    made, start = [], 0
    for part, outcome in parts:
        shape = graph.shape(part)
        begin = [start if place == axis else 0 for place in range(len(shape))]
        start += shape[axis]
        if outcome in taken:
            where, size = graph.add_constant("begin", _integers(begin)), graph.add_constant("size", _integers(shape))
            made.append(graph.new_operator("SLICE", [source, where, size], [part], schema().SliceOptionsT()))
    return made


def _look_up(graph: Graph, operator: SchemaObject) -> list[SchemaObject]:
    """EMBEDDING_LOOKUP(numbers, table): a GATHER of the table's rows."""
    numbers, table = (int(index) for index in operator.inputs)
    return [graph.new_operator("GATHER", [table, numbers], [_output(operator)], schema().GatherOptionsT())]


def _reverse(graph: Graph, operator: SchemaObject) -> list[SchemaObject] | None:
    """REVERSE_V2 along one axis: a GATHER with the places in the other order."""
    axes = int(operator.inputs[1])
    if not graph.is_constant(axes) or graph.constant(axes).size != 1:
        return None
    shape, options = graph.shape(_input(operator)), schema().GatherOptionsT()
    options.axis = int(graph.constant(axes).reshape(-1)[0]) % len(shape)
    places = graph.add_constant("places", _integers(list(range(shape[options.axis]))[::-1]))
    return [graph.new_operator("GATHER", [_input(operator), places], [_output(operator)], options)]


def _mask(graph: Graph, operator: SchemaObject) -> list[SchemaObject] | None:
    """CAST of truth values: SELECT_V2(x, 1, 0)."""
    if graph.dtype(_input(operator)) != "BOOL":
        return None
    inputs = [_input(operator), _constant(graph, [1.0]), _constant(graph, [0.0])]
    return [graph.new_operator("SELECT_V2", inputs, [_output(operator)], schema().SelectV2OptionsT())]


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
    "RELU6": _bounded,
    "RELU_N1_TO_1": _bounded,
    "RELU_0_TO_1": _bounded_by_one,
    "DEPTH_TO_SPACE": tflite_blocks.depth_to_space,
    "EXPAND_DIMS": tflite_blocks.expand_dims,
    "SPACE_TO_BATCH_ND": tflite_blocks.space_to_batch,
    "BATCH_TO_SPACE_ND": tflite_blocks.batch_to_space,
    "TILE": _tile,
    "REDUCE_MAX": _largest,
    "ABS": _magnitude,
    "MINIMUM": _smaller,
    "SPLIT": _split,
    "SPLIT_V": _split,
    "UNPACK": _unpack,
    "EMBEDDING_LOOKUP": _look_up,
    "REVERSE_V2": _reverse,
    "CAST": _mask,
}
#: Those beyond these for activations of int16.
_WIDE_REWRITES: Mapping[str, Rewrite] = {"HARD_SWISH": _hard_swish, "SQUARED_DIFFERENCE": _squared_difference}

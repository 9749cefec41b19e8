"""Float operators between a DEQUANTIZE and a QUANTIZE become those of int8 that LiteRT's kernels have.

Quantizers leave an operator in floats that they have no rule for, though its kernel takes int8 (by a table of 256
values, or as a comparison): ELU, EXP, LOG. The scales are there, at the operators on both sides. What is left
in floats after that stands in data/stays-float.toml; which types kernels take, in compilers/litert/tflite-kernels.toml.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ..tflite_graph import schema
from .mend import Mend, Shapes, maker, takers

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..tflite_graph import Graph
    from ..untyped import Array, SchemaObject

#: Operators of one input, with the version in which they take int8.
_ALONE = {"ELU": 1, "EXP": 2, "LOG": 2, "GELU": 2, "ABS": 2}
#: Operators that are a product in int8: NEG has no kernel that looks at its scales.
_PRODUCTS = frozenset({"SQUARE", "NEG"})
_COMPARING = frozenset({"GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "EQUAL", "NOT_EQUAL"})
#: Operators whose result has the scale of their input.
_CHOOSING = frozenset({"REDUCE_MAX", "REDUCE_MIN", "TOPK_V2"})
#: Operators whose kernel takes one scale and zero point alone for its result.
_FIXED = {"LOG_SOFTMAX": (1 / 16, 127), "L2_NORMALIZATION": (1 / 128, 0)}
#: Operators that give the place of a number, which is where it was in floats.
_PLACING = frozenset({"ARG_MAX", "ARG_MIN"})
_SECOND, _LARGEST = 2, 127


def apply(graph: Graph, shapes: Shapes) -> list[str]:
    """Write what can be; tells what was, in words for a person."""
    del shapes
    written: Counter[str] = Counter()
    for operator in list(graph.main.operators):
        name = graph.operator_name(operator)
        change = _change(name)
        if change is not None and change(graph, operator):
            written[name] += 1
    if not written:
        return []
    used = {int(index) for operator in graph.main.operators for index in operator.inputs}
    used |= {int(index) for index in graph.main.outputs}
    graph.main.operators = [
        each
        for each in graph.main.operators
        if graph.operator_name(each) != "DEQUANTIZE" or int(each.outputs[0]) in used
    ]
    return [f"wrote {', '.join(f'{count} {name}' for name, count in sorted(written.items()))} on int8"]


def _change(name: str) -> Callable[[Graph, SchemaObject], bool] | None:
    if name == "TOPK_V2":
        return _best
    if name in {*_ALONE, *_CHOOSING, *_PRODUCTS, *_FIXED}:
        return _between
    if name in {"CAST", *_PLACING}:
        return _mask if name == "CAST" else _place
    return _comparison if name in _COMPARING else None


def _between(graph: Graph, operator: SchemaObject) -> bool:
    """Take the int8 tensors of both sides, in place of the floats between; False if there are none."""
    import numpy as np

    stored, given = _stored(graph, int(operator.inputs[0])), int(operator.outputs[0])
    after = takers(graph, given)
    if stored is None or len(after) != 1 or graph.operator_name(after[0]) != "QUANTIZE":
        return False
    target = int(after[0].outputs[0])
    if graph.dtype(target) != "INT8" or given in [int(index) for index in graph.main.outputs]:
        return False
    name = graph.operator_name(operator)
    operator.inputs = [stored, *(int(index) for index in operator.inputs[1:])]
    operator.opcodeIndex = graph.operator_code(name, _ALONE.get(name, _SECOND))
    if name in _PRODUCTS:
        other = stored if name == "SQUARE" else _as_int8(graph, np.array([-1.0], "float32"), 1 / _LARGEST)
        product = graph.new_operator("MUL", [stored, other], [target], schema().MulOptionsT())
        graph.main.operators[graph.main.operators.index(operator)] = product
        graph.main.operators.remove(after[0])
        return True
    if name in _CHOOSING or name in _FIXED:  # the QUANTIZE stays, from int8 to int8
        kept = graph.main.tensors[stored].quantization
        graph.main.tensors[given].type = schema().TensorType.INT8
        graph.main.tensors[given].quantization = _quantization(*_FIXED[name]) if name in _FIXED else kept
        after[0].opcodeIndex = graph.operator_code("QUANTIZE", _SECOND)
        return True
    operator.outputs = [target]
    graph.main.operators.remove(after[0])
    return True


def _best(graph: Graph, operator: SchemaObject) -> bool:
    """Choose among int8: where the best are alone is asked, or where they are what the model gives, too."""
    stored, given = _stored(graph, int(operator.inputs[0])), int(operator.outputs[0])
    if stored is None or takers(graph, given):
        return _between(graph, operator)
    if given in [int(index) for index in graph.main.outputs]:
        best = graph.add_tensor_like(given, "best")
        operator.outputs = [best, int(operator.outputs[1])]
        opened = graph.new_operator("DEQUANTIZE", [best], [given], None)
        graph.main.operators.insert(graph.main.operators.index(operator) + 1, opened)
        given = best
    graph.main.tensors[given].type = schema().TensorType.INT8
    graph.main.tensors[given].quantization = graph.main.tensors[stored].quantization
    return _place(graph, operator)


def _place(graph: Graph, operator: SchemaObject) -> bool:
    stored = _stored(graph, int(operator.inputs[0]))
    if stored is None:
        return False
    operator.inputs = [stored, *(int(index) for index in operator.inputs[1:])]
    operator.opcodeIndex = graph.operator_code(graph.operator_name(operator), _SECOND)
    return True


def _mask(graph: Graph, operator: SchemaObject) -> bool:
    """Choose what stands for 1 and 0, in place of a CAST of truth values and a QUANTIZE."""
    import numpy as np

    given, after = int(operator.outputs[0]), takers(graph, int(operator.outputs[0]))
    is_mask = graph.dtype(int(operator.inputs[0])) == "BOOL" and given not in [int(each) for each in graph.main.outputs]
    if not is_mask or len(after) != 1 or graph.operator_name(after[0]) != "QUANTIZE":
        return False
    target = int(after[0].outputs[0])
    if graph.dtype(target) != "INT8":
        return False
    kept = graph.main.tensors[target].quantization
    numbers = np.clip(np.round(np.array([1.0, 0.0]) / kept.scale[0]) + kept.zeroPoint[0], -128, 127).astype("int8")
    values = [graph.add_constant("truth", each) for each in numbers]
    for index in values:
        graph.main.tensors[index].quantization = kept
    made = graph.new_operator("SELECT_V2", [int(operator.inputs[0]), *values], [target], schema().SelectV2OptionsT())
    graph.main.operators[graph.main.operators.index(operator)] = made
    graph.main.operators.remove(after[0])
    return True


def _comparison(graph: Graph, operator: SchemaObject) -> bool:
    """Compare int8 with int8; False if one side is computed in floats, or its scale is one that ends the kernel."""
    inputs = [int(index) for index in operator.inputs]
    sides = [_stored(graph, index) for index in inputs]
    scales = [_scale(graph, index, side) for index, side in zip(inputs, sides, strict=True)]
    if all(side is None for side in sides) or not all(0 < scale < 1 for scale in scales):
        return False
    operator.inputs = [
        _as_int8(graph, graph.constant(index), scale) if side is None else side
        for index, side, scale in zip(inputs, sides, scales, strict=True)
    ]
    operator.opcodeIndex = graph.operator_code(graph.operator_name(operator), _SECOND)
    return True


def _scale(graph: Graph, index: int, side: int | None) -> float:
    """The scale of an int8 tensor, or the one that a float constant gets; 0 for what is neither."""
    if side is not None:
        return float(graph.main.tensors[side].quantization.scale[0])
    if not graph.is_constant(index) or graph.dtype(index) != "FLOAT32":
        return 0.0
    return float(abs(graph.constant(index)).max(initial=0.0)) / _LARGEST or 1 / _LARGEST


def _stored(graph: Graph, index: int) -> int | None:
    """The int8 tensor that a float one was made of."""
    before = maker(graph, index)
    if before is None or graph.operator_name(before) != "DEQUANTIZE" or graph.dtype(int(before.inputs[0])) != "INT8":
        return None
    return int(before.inputs[0])


def _as_int8(graph: Graph, value: Array, scale: float) -> int:
    """A float constant on int8."""
    import numpy as np

    stored = graph.add_constant("stored", np.round(value / scale).astype("int8"))
    graph.main.tensors[stored].quantization = _quantization(scale, 0)
    return stored


def _quantization(scale: float, zero: int) -> SchemaObject:
    made = schema().QuantizationParametersT()
    made.scale, made.zeroPoint = [scale], [zero]
    return made


MEND = Mend(
    name="integer-islands",
    title="write operators between a DEQUANTIZE and a QUANTIZE on int8",
    apply=apply,
    steps=4,
    asked=8,
    on_demand=True,
)

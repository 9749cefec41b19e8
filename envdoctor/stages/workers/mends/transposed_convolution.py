"""TRANSPOSE_CONV of version 4 becomes version 3, which older readers know.

Version 4 is version 3 (with a bias) and an activation inside. Where the numbers that the output can hold do what the
activation does, it goes; else it becomes an operator of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..tflite_graph import enum_name, schema
from .mend import Mend, Shapes, count

if TYPE_CHECKING:
    from ..tflite_graph import Graph
    from ..untyped import SchemaObject

_NEWER, _OLDER = 4, 3
#: The values that an activation lets through.
_LIMITS = {"RELU": (0.0, float("inf")), "RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0)}


def apply(graph: Graph, shapes: Shapes) -> list[str]:
    """Write each as version 3."""
    del shapes
    changed, outside = 0, 0
    for operator in list(graph.main.operators):
        code = graph.model.operatorCodes[operator.opcodeIndex]
        if graph.operator_name(operator) != "TRANSPOSE_CONV" or code.version != _NEWER:
            continue
        activation = enum_name(schema().ActivationFunctionType, int(operator.builtinOptions.fusedActivationFunction))
        if activation not in {"NONE", *_LIMITS}:
            continue
        operator.opcodeIndex = graph.operator_code("TRANSPOSE_CONV", _OLDER)
        changed += 1
        if activation != "NONE":
            operator.builtinOptions.fusedActivationFunction = schema().ActivationFunctionType.NONE
            if not _holds_no_other(graph, int(operator.outputs[0]), activation):
                _put_behind(graph, operator, activation)
                outside += 1
    if not changed:
        return []
    added = f", {count(outside, 'activation')} behind it" if outside else ""
    return [f"wrote {changed} TRANSPOSE_CONV as version {_OLDER}{added}"]


def _holds_no_other(graph: Graph, index: int, activation: str) -> bool:
    """True if a tensor of quantized numbers can't hold a value that the activation would change."""
    import numpy as np

    quantization = graph.main.tensors[index].quantization
    if graph.dtype(index) not in {"INT8", "UINT8", "INT16"} or quantization is None or not len(quantization.scale):
        return False
    stored = np.iinfo(graph.dtype(index).lower())
    scale, zero = float(quantization.scale[0]), int(quantization.zeroPoint[0])
    least, most = (limit / scale + zero for limit in _LIMITS[activation])
    return round(least) <= stored.min and (most == float("inf") or round(most) >= stored.max)  # a kernel rounds, too


def _put_behind(graph: Graph, operator: SchemaObject, activation: str) -> None:
    outcome = int(operator.outputs[0])
    inner = graph.add_tensor_like(outcome, "before_activation")
    operator.outputs = [inner]
    position = graph.main.operators.index(operator) + 1
    graph.main.operators.insert(position, graph.new_operator(activation, [inner], [outcome], None))


MEND = Mend(name="transposed-convolution", title="write TRANSPOSE_CONV version 4 as version 3", apply=apply)

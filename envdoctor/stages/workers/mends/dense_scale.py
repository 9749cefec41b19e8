"""Dense layers whose int8 weights have a scale for each output get a single one.

Readers of before 2022 (TensorFlow 2.5 and 2.7, and so the Edge TPU compiler 16.0) use the first scale for all outputs,
without a word. Weights and biases are rounded once more, so outputs move: by a few steps, and further where a
normalization enlarges small differences.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from .mend import Mend, Shapes, count

if TYPE_CHECKING:
    from ..tflite_graph import Graph
    from ..untyped import Array, SchemaObject

_LARGEST = 127
_BIAS_TYPES = {"INT32": "int32", "INT64": "int64"}
#: Positions of a dense layer's inputs.
_WEIGHTS, _BIAS = 1, 2


def apply(graph: Graph, shapes: Shapes) -> list[str]:
    """Store the weights with one scale, and each bias with the scale that follows from it."""
    del shapes
    scales = 0
    layers = [operator for operator in graph.main.operators if _is_per_channel(graph, operator)]
    for operator in layers:
        inputs = [int(index) for index in operator.inputs]
        before = _scales(graph, inputs[_WEIGHTS])
        scales += len(before)
        weights = _stored(graph, inputs[_WEIGHTS], "int8")
        real = weights * before[:, None]
        scale = float(abs(real).max()) / _LARGEST or 1.0
        inputs[_WEIGHTS] = _twin(graph, inputs[_WEIGHTS], _rounded(real / scale, "int8"), scale)
        if len(inputs) > _BIAS and inputs[_BIAS] >= 0:
            kind = _BIAS_TYPES[graph.dtype(inputs[_BIAS])]
            bias = _stored(graph, inputs[_BIAS], kind) * before / scale
            fed = float(graph.main.tensors[inputs[0]].quantization.scale[0])
            inputs[_BIAS] = _twin(graph, inputs[_BIAS], _rounded(bias, kind), scale * fed)
        operator.inputs = inputs
    return [f"gave {count(len(layers), 'dense layer')} one scale instead of {scales}"] if layers else []


def _is_per_channel(graph: Graph, operator: SchemaObject) -> bool:
    """A dense layer of integers whose weights have several scales along their first axis."""
    inputs = [int(index) for index in operator.inputs]
    if graph.operator_name(operator) != "FULLY_CONNECTED" or len(inputs) <= _WEIGHTS:
        return False
    weights = inputs[_WEIGHTS]
    fed, stored = graph.main.tensors[inputs[0]].quantization, graph.main.tensors[weights].quantization
    if graph.dtype(weights) != "INT8" or not graph.is_constant(weights) or fed is None or stored is None:
        return False
    if fed.scale is None or not len(fed.scale) or stored.scale is None or len(stored.scale) < 2:  # noqa: PLR2004
        return False
    has_bias = len(inputs) > _BIAS and inputs[_BIAS] >= 0
    bias_fits = not has_bias or (graph.is_constant(inputs[_BIAS]) and graph.dtype(inputs[_BIAS]) in _BIAS_TYPES)
    return bias_fits and int(stored.quantizedDimension) == 0 and not any(int(zero) for zero in stored.zeroPoint)


def _scales(graph: Graph, index: int) -> Array:
    import numpy as np

    return np.asarray(graph.main.tensors[index].quantization.scale, dtype="float64")


def _stored(graph: Graph, index: int, kind: str) -> Array:
    import numpy as np

    data = bytes(graph.model.buffers[graph.main.tensors[index].buffer].data)
    return np.frombuffer(data, dtype=kind).reshape(graph.shape(index)).astype("float64")


def _rounded(values: Array, kind: str) -> Array:
    import numpy as np

    limits = np.iinfo(kind)
    least = -_LARGEST if kind == "int8" else limits.min  # the kernels take weights of -127 to 127
    return np.clip(np.round(values), least, limits.max).astype(kind)


def _twin(graph: Graph, index: int, value: Array, scale: float) -> int:
    """A tensor like another, with other contents: the first may feed other operators too."""
    twin = copy.copy(graph.main.tensors[index])
    twin.quantization = copy.copy(twin.quantization)
    twin.quantization.scale, twin.quantization.zeroPoint = [scale], [0]
    twin.quantization.quantizedDimension = 0
    twin.quantization.min = twin.quantization.max = None
    graph.main.tensors.append(twin)
    graph.make_constant(len(graph.main.tensors) - 1, value)
    return len(graph.main.tensors) - 1


MEND = Mend(
    name="dense-one-scale",
    title="give dense layers one scale instead of one for each output",
    apply=apply,
    steps=5,
    asked=16,
    rounds_weights=True,
)

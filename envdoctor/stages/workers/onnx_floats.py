"""A quantized ONNX model (QDQ, QOperator or quantized as it runs) written in floats again.

No converter to .tflite takes over the scales of ONNX: the weights become the floats that they stand for, the pairs of
QuantizeLinear and DequantizeLinear go, and whoever wants int8 calibrates anew. Tools that quantize drop a ReLU whose
work the zero point does (nothing below zero can be stored): it is put back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .untyped import Array, OnnxModel, OnnxNode


@dataclass(frozen=True)
class _Form:
    """What an operator on integers is in floats, and where among its inputs things are.

    Attributes:
        operands: places of a value, its scale and its zero point, each; a place beyond the inputs is left out.
        result: places of the result's scale and zero point; None if it gives floats or whole sums.
        bias: the place of a bias that has the scales of both operands.
    """

    name: str
    operands: Sequence[tuple[int, int, int]] = ((0, 1, 2), (3, 4, 5))
    result: tuple[int, int] | None = (6, 7)
    bias: int = 99


_ONE, _NOWHERE = ((0, 1, 2),), 99
_FORMS: Mapping[str, _Form] = {
    "QLinearConv": _Form("Conv", bias=8),
    "QLinearMatMul": _Form("MatMul"),
    "ConvInteger": _Form("Conv", ((0, _NOWHERE, 2), (1, _NOWHERE, 3)), None),
    "MatMulInteger": _Form("MatMul", ((0, _NOWHERE, 2), (1, _NOWHERE, 3)), None),
    "com.microsoft.QGemm": _Form("Gemm", result=(7, 8), bias=6),
    "com.microsoft.QLinearAdd": _Form("Add"),
    "com.microsoft.QLinearMul": _Form("Mul"),
    "com.microsoft.QLinearAveragePool": _Form("AveragePool", _ONE, (3, 4)),
    "com.microsoft.QLinearGlobalAveragePool": _Form("GlobalAveragePool", _ONE, (3, 4)),
    "com.microsoft.QLinearLeakyRelu": _Form("LeakyRelu", _ONE, (3, 4)),
    "com.microsoft.QLinearSigmoid": _Form("Sigmoid", _ONE, (3, 4)),
    "com.microsoft.QLinearSoftmax": _Form("Softmax", _ONE, (3, 4)),
    "com.microsoft.QLinearConcat": _Form("Concat", tuple((k, k + 1, k + 2) for k in range(2, 98, 3)), (0, 1)),
}
#: Operators that are written in floats, with the domain of those that have one.
WRITTEN = frozenset({*_FORMS, "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"})
#: Attributes that the forms in floats do not have.
_DROPPED = frozenset({"opset", "channels_last"})
#: Operators that give nothing below zero, or nothing new: no ReLU was taken away behind them.
_KEEPING = frozenset({
    "Relu", "Clip", "Sigmoid", "HardSigmoid", "Softmax", "Softplus", "Abs", "Exp", "Sqrt", "MaxPool", "AveragePool",
    "GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "ReduceMax", "Reshape", "Transpose", "Flatten", "Squeeze",
    "Unsqueeze", "Concat", "Slice", "Split", "Pad", "Resize", "Identity",
})  # fmt: skip
_SIX = 6.0


def write_in_floats(model: OnnxModel) -> int:
    """Write a model in floats, in place; how many of its operators were on integers or stored them."""
    graph = model.graph
    writer = _Writer(graph)
    nodes = [made for node in graph.node for made in writer.write(node)]
    if writer.count:
        del graph.node[:]
        graph.node.extend(nodes)
        graph.initializer.extend(writer.weights)
    return writer.count


class _Writer:
    def __init__(self, graph: Any) -> None:  # noqa: ANN401  (onnx's own)
        import onnx

        self.count = 0
        self.weights: list[Any] = []
        self._stored = {each.name: each for each in graph.initializer}
        self._stored |= {
            node.output[0]: node.attribute[0].t
            for node in graph.node
            if node.op_type == "Constant" and node.attribute[0].HasField("t")
        }
        self._edges = {each.name for each in (*graph.input, *graph.output)} - self._stored.keys()
        self._makers = {name: node.op_type for node in graph.node for name in node.output}
        self._onnx = onnx

    def write(self, node: OnnxNode) -> Iterator[OnnxNode]:
        """What takes the place of a node."""
        name = f"{node.domain}.{node.op_type}" if node.domain == "com.microsoft" else node.op_type
        at_edge = name in {"QuantizeLinear", "DequantizeLinear"} and self._edges & {node.input[0], node.output[0]}
        whole_at_edge = at_edge and (node.input[0] in self._edges) == (name == "DequantizeLinear")
        if name not in WRITTEN or whole_at_edge:
            yield node  # what takes or gives whole numbers to the outside stays
            return
        self.count += 1
        if name in _FORMS:
            yield from self._operator(node, _FORMS[name])
        elif name == "DequantizeLinear" and node.input[0] in self._stored:
            axis = next((each.i for each in node.attribute if each.name == "axis"), 1)
            self._store(node.output[0], self._real(node, (0, 1, 2), axis))
        elif name == "DynamicQuantizeLinear":
            yield self._node("Identity", [node.input[0]], node.output[0])
            self._store(node.output[1], self._floats(1.0))
            self._store(node.output[2], self._floats(0.0))
        elif name == "QuantizeLinear":
            yield self._bounded(node, node.input[0], self._makers.get(node.input[0], "Identity"), (1, 2))
        else:
            yield self._node("Identity", [node.input[0]], node.output[0])

    def _operator(self, node: OnnxNode, form: _Form) -> Iterator[OnnxNode]:
        inputs = []
        channels = 0 if form.name == "Conv" or any(each.name == "transB" and each.i for each in node.attribute) else -1
        for value, scale, zero in form.operands:
            if value < len(node.input):
                inputs.append(self._taken(node, (value, scale, zero), channels))
        if form.bias < len(node.input) and node.input[form.bias]:
            scales = self._number(node, 1) * self._number(node, 4)
            inputs.append(f"{node.output[0]}.bias")
            self._store(inputs[-1], self._array(node.input[form.bias]) * scales)
        kept = [each for each in node.attribute if each.name not in _DROPPED]
        has_scale = form.result is not None and form.result[0] < len(node.input)
        between = f"{node.output[0]}.unbounded" if has_scale else node.output[0]
        made = self._node(form.name, inputs, between)
        made.attribute.extend(kept)
        yield made
        if form.result is not None and has_scale:
            yield self._bounded(node, between, form.name, form.result)

    def _taken(self, node: OnnxNode, places: tuple[int, int, int], axis: int) -> str:
        """An operand in floats: what is stored is written as floats, anything else is some already."""
        name: str = node.input[places[0]]
        if name not in self._stored:
            return name
        stored = f"{node.output[0]}.{places[0]}"
        self._store(stored, self._real(node, places, axis))
        return stored

    def _real(self, node: OnnxNode, places: tuple[int, int, int], axis: int) -> Array:
        """The floats that a stored tensor stands for."""
        value = self._array(node.input[places[0]]).astype("float32")
        scale, zero = self._number(node, places[1], 1.0), self._number(node, places[2])
        axes = [-1 if place == axis % value.ndim else 1 for place in range(value.ndim)] if value.ndim else []
        scale, zero = (each if each.size == 1 or each.ndim > 1 else each.reshape(axes) for each in (scale, zero))
        if scale.ndim > 1:  # a scale for each block along the axis
            scale, zero = (self._spread(each, value, axis) for each in (scale, zero))
        return ((value - zero) * scale).astype("float32").reshape(value.shape)

    @staticmethod
    def _spread(blocks: Array, value: Array, axis: int) -> Array:
        import numpy as np

        if blocks.size == 1:
            return blocks
        return np.repeat(blocks, -(-value.shape[axis] // blocks.shape[axis]), axis)[
            tuple(slice(size) for size in value.shape)
        ]

    def _bounded(self, node: OnnxNode, source: str, maker: str, places: tuple[int, int]) -> OnnxNode:
        """What storing a value does to it but for rounding: a ReLU where its zero is the smallest number."""
        import numpy as np

        target, step = node.output[0], float(self._number(node, places[0], 1.0).reshape(-1)[0])
        name = node.input[places[1]] if places[1] < len(node.input) else ""
        zeros = self._array(name) if name in self._stored else np.zeros(1, "uint8")
        limits = np.iinfo(zeros.dtype) if zeros.dtype.kind in "iu" else None
        if limits is None or (zeros != limits.min).any() or maker in _KEEPING or source in self._edges:
            return self._node("Identity", [source], target)
        largest = (limits.max - int(zeros.reshape(-1)[0])) * step
        if abs(largest - _SIX) > step:
            return self._node("Relu", [source], target)
        bounds = f"{target}.least", f"{target}.most"
        for bound, number in zip(bounds, (0.0, _SIX), strict=True):
            self._store(bound, self._floats(number))
        return self._node("Clip", [source, *bounds], target)

    def _number(self, node: OnnxNode, place: int, otherwise: float = 0.0) -> Array:
        name = node.input[place] if place < len(node.input) else ""
        return self._array(name).astype("float32") if name in self._stored else self._floats(otherwise)

    def _array(self, name: str) -> Array:
        array: Array = self._onnx.numpy_helper.to_array(self._stored[name])
        return array

    def _store(self, name: str, value: Array) -> None:
        self.weights.append(self._onnx.numpy_helper.from_array(value.astype("float32"), name))

    @staticmethod
    def _floats(number: float) -> Array:
        import numpy as np

        return np.array(number, "float32")

    def _node(self, name: str, inputs: list[str], output: str) -> OnnxNode:
        node: OnnxNode = self._onnx.helper.make_node(name, inputs, [output])
        return node

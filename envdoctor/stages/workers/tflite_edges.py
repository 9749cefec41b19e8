"""Inputs and outputs of a .tflite graph in another type than the tensors inside, with an operator in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .tflite_graph import schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from .tflite_graph import Graph
    from .untyped import SchemaObject

    #: Makes the tensor to stand at the edge for one inside; gives its index.
    MakeTwin = Callable[[Graph, int], int]

#: Element types of inputs that a CAST makes floats.
_WHOLE = frozenset({"INT32", "INT64", "INT16", "UINT8", "UINT16", "UINT32", "BOOL"})
#: uint8 and int8 with the same scale differ by this much in their zero point.
_UINT8_SHIFT = 128


def convert_edges_to_uint8(graph: Graph) -> int:
    """Give int8 inputs and outputs uint8 tensors, a QUANTIZE in between: the same real numbers, stored otherwise.

    Returns:
        How many there were.
    """
    return _put_at_edges(graph, frozenset({"INT8"}), _uint8_twin, _quantize)


def convert_edges_to_float(graph: Graph) -> int:
    """Give quantized inputs and outputs float tensors, a QUANTIZE or DEQUANTIZE in between. Returns how many."""
    return _put_at_edges(graph, frozenset({"INT8", "UINT8", "INT16"}), _float_twin, _dequantize)


def _put_at_edges(
    graph: Graph,
    kinds: frozenset[str],
    make_twin: MakeTwin,
    leave: Callable[[Graph, int, int], SchemaObject],
) -> int:
    main = graph.main
    twins: dict[int, int] = {}
    for index in (int(index) for index in main.inputs):
        if graph.dtype(index) in kinds and _is_quantized(graph, index):
            twins[index] = make_twin(graph, index)
            main.operators.insert(0, _quantize(graph, twins[index], index))
    main.inputs = [twins.get(int(index), int(index)) for index in main.inputs]
    for index in (int(index) for index in main.outputs):
        if graph.dtype(index) in kinds and _is_quantized(graph, index) and index not in twins:
            twins[index] = make_twin(graph, index)
            main.operators.append(leave(graph, index, twins[index]))
    main.outputs = [twins.get(int(index), int(index)) for index in main.outputs]
    for argument in graph.arguments():
        argument.tensorIndex = twins.get(argument.tensorIndex, argument.tensorIndex)
    return len(twins)


def _is_quantized(graph: Graph, index: int) -> bool:
    quantization = graph.main.tensors[index].quantization
    return quantization is not None and quantization.scale is not None and len(quantization.scale) > 0


def strip_input_casts(graph: Graph) -> list[str]:
    """Let an input be int8 where all that is done with its whole numbers is a CAST to float and a QUANTIZE to int8.

    Returns:
        The names of the inputs that were changed.
    """
    main, changed = graph.main, []
    for index in [int(index) for index in main.inputs]:
        cast = _only_taker(graph, index, "CAST") if graph.dtype(index) in _WHOLE else None
        quantize = None if cast is None else _only_taker(graph, int(cast.outputs[0]), "QUANTIZE")
        if quantize is None or graph.dtype(int(quantize.outputs[0])) != "INT8":
            continue
        inner = int(quantize.outputs[0])
        main.operators = [one for one in main.operators if one is not cast and one is not quantize]
        main.inputs = [inner if int(each) == index else int(each) for each in main.inputs]
        changed.append((main.tensors[index].name or b"").decode("utf-8", "replace"))
        main.tensors[inner].name = main.tensors[index].name
        for argument in graph.arguments():
            argument.tensorIndex = inner if argument.tensorIndex == index else argument.tensorIndex
    return changed


def _only_taker(graph: Graph, index: int, name: str) -> SchemaObject | None:
    """The only operator that takes a tensor, if it has this name, and the tensor is no output."""
    takers = [one for one in graph.main.operators if index in one.inputs]
    is_output = index in (int(each) for each in graph.main.outputs)
    return takers[0] if len(takers) == 1 and not is_output and graph.operator_name(takers[0]) == name else None


def _uint8_twin(graph: Graph, index: int) -> int:
    inner = graph.main.tensors[index]
    twin = _twin(graph, index, "uint8")
    quantization = schema().QuantizationParametersT()
    quantization.scale = list(inner.quantization.scale)
    quantization.zeroPoint = [int(point) + _UINT8_SHIFT for point in inner.quantization.zeroPoint]
    graph.main.tensors[twin].quantization = quantization
    return twin


def _float_twin(graph: Graph, index: int) -> int:
    return _twin(graph, index, "float32")


def _twin(graph: Graph, index: int, kind: str) -> int:
    inner = graph.main.tensors[index]
    twin = schema().TensorT()
    twin.name, twin.shape = (inner.name or b"") + f"_{kind}".encode(), inner.shape
    twin.type = getattr(schema().TensorType, kind.upper())
    twin.shapeSignature, twin.buffer = inner.shapeSignature, 0
    twin.hasRank = inner.hasRank
    graph.main.tensors.append(twin)
    return len(graph.main.tensors) - 1


def _quantize(graph: Graph, source: int, target: int) -> SchemaObject:
    return graph.new_operator("QUANTIZE", [source], [target], schema().QuantizeOptionsT())


def _dequantize(graph: Graph, source: int, target: int) -> SchemaObject:
    return graph.new_operator("DEQUANTIZE", [source], [target], schema().DequantizeOptionsT())

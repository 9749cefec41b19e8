"""Float inputs and outputs of an integer model become integers: the QUANTIZE and DEQUANTIZE at its edge go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .mend import Mend, Shapes, count, maker, takers

if TYPE_CHECKING:
    from ..tflite_graph import Graph

_QUANTIZED = frozenset({"INT8", "UINT8", "INT16"})


def apply(graph: Graph, shapes: Shapes) -> list[str]:
    """Take the integer tensors behind the edges for inputs and outputs."""
    del shapes
    return [*_strip_inputs(graph), *_strip_outputs(graph)]


def _strip_inputs(graph: Graph) -> list[str]:
    found = {index: _behind_input(graph, index) for index in map(int, graph.main.inputs)}
    inner = {index: tensor for index, tensor in found.items() if tensor is not None}
    for index, tensor in inner.items():
        converting = takers(graph, index)
        twins = {int(operator.outputs[0]) for operator in converting}
        graph.main.operators = [operator for operator in graph.main.operators if operator not in converting]
        for operator in graph.main.operators:
            operator.inputs = [tensor if int(each) in twins else int(each) for each in operator.inputs]
    graph.main.inputs = [inner.get(int(index), int(index)) for index in graph.main.inputs]
    _rename_arguments(graph, inner)
    return [_told(graph, "QUANTIZE", "input", "takes", list(inner.values()))] if inner else []


def _strip_outputs(graph: Graph) -> list[str]:
    outer: dict[int, int] = {}
    for index in map(int, graph.main.outputs):
        found = _behind_output(graph, index)
        if found is not None and found not in {*outer.values(), *map(int, graph.main.inputs)}:
            outer[index] = found
    graph.main.outputs = [outer.get(int(index), int(index)) for index in graph.main.outputs]
    _rename_arguments(graph, outer)
    unused = [maker(graph, index) for index in outer if not takers(graph, index)]
    graph.main.operators = [operator for operator in graph.main.operators if operator not in unused]
    return [_told(graph, "DEQUANTIZE", "output", "gives", list(outer.values()))] if outer else []


def _rename_arguments(graph: Graph, new: dict[int, int]) -> None:
    for argument in graph.arguments():
        argument.tensorIndex = new.get(int(argument.tensorIndex), int(argument.tensorIndex))


def _behind_input(graph: Graph, index: int) -> int | None:
    """The integers that a float input becomes, if it becomes nothing else."""
    used = takers(graph, index)
    if graph.dtype(index) != "FLOAT32" or not used or index in [int(each) for each in graph.main.outputs]:
        return None
    given = [int(operator.outputs[0]) for operator in used]
    if any(graph.operator_name(operator) != "QUANTIZE" for operator in used) or graph.dtype(given[0]) not in _QUANTIZED:
        return None
    alike = all(_form(graph, each) == _form(graph, given[0]) for each in given)
    return given[0] if alike and given[0] not in [int(each) for each in graph.main.outputs] else None


def _behind_output(graph: Graph, index: int) -> int | None:
    """The integers that a float output is made of."""
    operator = maker(graph, index)
    if graph.dtype(index) != "FLOAT32" or operator is None or graph.operator_name(operator) != "DEQUANTIZE":
        return None
    found = int(operator.inputs[0])
    is_integer = graph.dtype(found) in _QUANTIZED and not graph.is_constant(found)
    return found if is_integer and found not in [int(each) for each in graph.main.outputs] else None


def _form(graph: Graph, index: int) -> tuple[str, float, int]:
    quantization = graph.main.tensors[index].quantization
    return graph.dtype(index), float(quantization.scale[0]), int(quantization.zeroPoint[0])


def _told(graph: Graph, name: str, side: str, verb: str, tensors: list[int]) -> str:
    forms = dict.fromkeys(_form(graph, index) for index in tensors)
    words = "; ".join(f"{kind.lower()}, scale {scale:.6g}, zero point {zero}" for kind, scale, zero in forms)
    subject = f"it {verb}" if len(tensors) == 1 else f"they {verb.removesuffix('s')}"
    return f"took the {name} off {count(len(tensors), side)}: {subject} {words}"


MEND = Mend(name="integer-edges", title="strip float inputs and outputs to the integers behind them", apply=apply)

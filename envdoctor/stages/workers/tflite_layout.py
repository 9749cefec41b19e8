"""Inputs and outputs with the channels last, as TensorFlow has them, in a .tflite file that came from PyTorch.

litert-torch keeps a module's own order, channels first, and writes a TRANSPOSE (with one channel a RESHAPE) behind
each input and before each output whose work is done with the channels last. It goes: what it gave, or took, becomes the
input or the output itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .tflite_graph import Graph, prune

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .untyped import SchemaObject

#: The order of axes that puts the channels last, and the one that puts them first again, by their number.
_TO_LAST = {3: (0, 2, 1), 4: (0, 2, 3, 1), 5: (0, 2, 3, 4, 1)}
_TO_FIRST = {3: (0, 2, 1), 4: (0, 3, 1, 2), 5: (0, 4, 1, 2, 3)}


@dataclass(frozen=True)
class Layout:
    """For each input and output, by position, the order of its former axes; None where it stayed as it was."""

    inputs: tuple[tuple[int, ...] | None, ...]
    outputs: tuple[tuple[int, ...] | None, ...]


def put_channels_last(graph: Graph) -> Layout:
    """Take the permutations at the edges away; tells which axes moved."""
    graph.main.inputs, graph.main.outputs = _edges(graph.main.inputs), _edges(graph.main.outputs)
    inputs = [_open_input(graph, index) for index in graph.main.inputs]
    outputs = [_open_output(graph, position) for position in range(len(graph.main.outputs))]
    prune(graph)
    return Layout(tuple(inputs), tuple(outputs))


def channels_last(axes: int) -> tuple[int, ...] | None:
    """The order that puts the channels of so many axes last; None where there is nothing to put."""
    return _TO_LAST.get(axes)


def rename(graph: Graph, inputs: Sequence[str]) -> None:
    """Call the inputs of the only signature, by position, as the user does; its outputs `output_0` and so on."""
    for signature in graph.model.signatureDefs or []:
        for arguments, order, names in (
            (signature.inputs, graph.main.inputs, inputs),
            (signature.outputs, graph.main.outputs, [f"output_{number}" for number in range(len(graph.main.outputs))]),
        ):
            left = dict(enumerate(map(int, order)))  # a tensor that is given twice has two names
            for argument in arguments if len(arguments) == len(names) else ():
                position = next((each for each, index in left.items() if index == argument.tensorIndex), None)
                if position is not None:
                    argument.name = names[position].encode()
                    del left[position]


def _open_input(graph: Graph, index: int) -> tuple[int, ...] | None:
    takers = [operator for operator in graph.main.operators if index in [int(each) for each in operator.inputs]]
    order = _TO_LAST.get(len(graph.shape(index)))
    same = all(_moves(graph, taker, order) and int(taker.inputs[0]) == index for taker in takers)
    if order is None or not takers or not same or index in _edges(graph.main.outputs):
        return None
    inner = int(takers[0].outputs[0])
    if any(int(taker.outputs[0]) in _edges(graph.main.outputs) for taker in takers):
        return None
    for taker in takers:
        _replace(graph, int(taker.outputs[0]), inner)
        graph.main.operators.remove(taker)
    graph.main.inputs = [inner if int(each) == index else int(each) for each in graph.main.inputs]
    _rename_argument(graph, "inputs", index, inner)
    return order


def _open_output(graph: Graph, position: int) -> tuple[int, ...] | None:
    index = int(graph.main.outputs[position])
    makers = [operator for operator in graph.main.operators if index in [int(each) for each in operator.outputs]]
    order = _TO_FIRST.get(len(graph.shape(index)))
    takers = [operator for operator in graph.main.operators if index in [int(each) for each in operator.inputs]]
    alone = _edges(graph.main.outputs).count(index) == 1 and not takers
    if order is None or len(makers) != 1 or not alone or not _moves(graph, makers[0], order):
        return None
    inner = int(makers[0].inputs[0])
    if graph.is_constant(inner) or inner in _edges(graph.main.inputs) + _edges(graph.main.outputs):
        return None
    graph.main.operators.remove(makers[0])
    graph.main.outputs[position] = inner
    _rename_argument(graph, "outputs", index, inner)
    return _TO_LAST[len(order)]


def _moves(graph: Graph, operator: SchemaObject, order: Sequence[int] | None) -> bool:
    """True if an operator does nothing but put axes into that order."""
    name, source, target = graph.operator_name(operator), int(operator.inputs[0]), int(operator.outputs[0])
    if order is None or len(graph.shape(source)) != len(order) or len(graph.shape(target)) != len(order):
        return False
    if name == "TRANSPOSE":
        given = int(operator.inputs[1])
        return graph.is_constant(given) and tuple(graph.constant(given).tolist()) == tuple(order)
    shape = graph.shape(source)
    moved = tuple(shape[axis] for axis in order)
    long = [axis for axis in order if shape[axis] > 1]
    # A RESHAPE moves nothing else where the axes longer than one keep their order, as with a single channel.
    return name == "RESHAPE" and graph.shape(target) == moved and long == sorted(long)


def _replace(graph: Graph, old: int, new: int) -> None:
    for operator in graph.main.operators:
        operator.inputs = [new if int(each) == old else int(each) for each in operator.inputs]


def _rename_argument(graph: Graph, side: str, old: int, new: int) -> None:
    for signature in graph.model.signatureDefs or []:
        for argument in getattr(signature, side):
            argument.tensorIndex = new if argument.tensorIndex == old else argument.tensorIndex


def _edges(indexes: Sequence[int]) -> list[int]:
    return [int(index) for index in indexes]

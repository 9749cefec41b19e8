"""Activations that a converter took apart, written so that no part of them grows beyond what comes out.

ELU is SELECT(x >= 0, x, EXP(x) - 1) where it comes from PyTorch, and a softplus LOG(1 + EXP(x)): the EXP of a large
number, which is not even chosen, takes all 256 steps of its int8 tensor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .mends.mend import count, maker, takers
from .tflite_graph import schema

if TYPE_CHECKING:
    from .tflite_graph import Graph
    from .untyped import SchemaObject

_SELECTS = frozenset({"SELECT", "SELECT_V2"})
_ABOVE = frozenset({"GREATER", "GREATER_EQUAL"})
_CHOSEN, _OTHER = 1, 2


def put_together(graph: Graph) -> list[str]:
    """Write each in another way; tells what was, in words for a person."""
    found = [each for each in graph.main.operators if graph.operator_name(each) == "EXP"]
    written = [_softplus(graph, each) or _elu(graph, each) for each in found]
    names = {name: written.count(name) for name in ("ELU", "softplus") if name in written}
    return [f"put together {', '.join(count(number, name) for name, number in names.items())}"] if names else []


def _elu(graph: Graph, operator: SchemaObject) -> str:
    """EXP(x) - 1 that is chosen below zero alone: ELU(x), and no SELECT where x itself is the other side."""
    source = int(operator.inputs[0])
    less = _only_taker(graph, operator, "SUB")
    if less is None or int(less.inputs[0]) != int(operator.outputs[0]) or not _holds(graph, int(less.inputs[1]), 1.0):
        return ""
    chosen, scaled = _only_taker(graph, less), less
    while chosen is not None and graph.operator_name(chosen) == "MUL":
        chosen, scaled = _only_taker(graph, chosen), chosen
    if chosen is None or graph.operator_name(chosen) not in _SELECTS or not _is_above_zero(graph, chosen, source):
        return ""
    if int(chosen.inputs[_OTHER]) != int(scaled.outputs[0]):
        return ""
    alone = scaled is less and int(chosen.inputs[_CHOSEN]) == source
    target = int((chosen if alone else less).outputs[0])
    made = graph.new_operator("ELU", [source], [target], None)
    _replace(graph, operator, made, [less, chosen] if alone else [less])
    return "ELU"


def _softplus(graph: Graph, operator: SchemaObject) -> str:
    """LOG(1 + EXP(x)) = RELU(x) + LOG(1 + EXP(x - 2 RELU(x))), where no part passes x."""
    import numpy as np

    source, grown = int(operator.inputs[0]), int(operator.outputs[0])
    add = _only_taker(graph, operator, "ADD")
    log = None if add is None else _only_taker(graph, add, "LOG")
    if add is None or log is None:
        return ""
    one = next((int(index) for index in add.inputs if int(index) != grown), -1)
    if one < 0 or not _holds(graph, one, 1.0):
        return ""
    positive, twice, negative, small = (
        graph.add_tensor_like(source, name) for name in ("positive", "twice", "negative", "small")
    )
    two, target = graph.add_constant("two", np.array([2.0], np.float32)), int(log.outputs[0])
    before = [
        graph.new_operator("RELU", [source], [positive], None),
        graph.new_operator("MUL", [positive, two], [twice], schema().MulOptionsT()),
        graph.new_operator("SUB", [source, twice], [negative], schema().SubOptionsT()),
    ]
    operators = graph.main.operators
    place = operators.index(operator)
    operators[place:place] = before
    operator.inputs, log.outputs = [negative], [small]
    total = graph.new_operator("ADD", [positive, small], [target], schema().AddOptionsT())
    operators.insert(operators.index(log) + 1, total)
    return "softplus"


def _only_taker(graph: Graph, operator: SchemaObject, name: str = "") -> SchemaObject | None:
    """The only operator that takes what one gives, if it has the name and no activation of its own."""
    index = int(operator.outputs[0])
    found = takers(graph, index)
    if len(found) != 1 or index in [int(each) for each in graph.main.outputs]:
        return None
    inner = getattr(found[0].builtinOptions, "fusedActivationFunction", 0)
    return found[0] if not inner and name in {"", graph.operator_name(found[0])} else None


def _is_above_zero(graph: Graph, select: SchemaObject, source: int) -> bool:
    condition = maker(graph, int(select.inputs[0]))
    if condition is None or graph.operator_name(condition) not in _ABOVE or int(condition.inputs[0]) != source:
        return False
    return _holds(graph, int(condition.inputs[1]), 0.0)


def _holds(graph: Graph, index: int, number: float) -> bool:
    is_float = graph.is_constant(index) and graph.dtype(index) == "FLOAT32"
    return is_float and bool((graph.constant(index) == number).all())


def _replace(graph: Graph, operator: SchemaObject, made: SchemaObject, gone: list[SchemaObject]) -> None:
    """Put an operator in the place of others, the last of which gives what it gives; drop what nothing takes then."""
    operators = graph.main.operators
    operators[operators.index(gone[-1])] = made
    for each in (operator, *gone[:-1]):
        operators.remove(each)
    used = {int(index) for each in operators for index in each.inputs} | {int(index) for index in graph.main.outputs}
    graph.main.operators = [
        each for each in operators if graph.operator_name(each) not in _ABOVE or int(each.outputs[0]) in used
    ]

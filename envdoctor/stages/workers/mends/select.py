"""SELECT written as what TensorFlow Lite Micro has, too: SELECT_V2, or the sums that wrap the ids of an embedding.

Keras 3 takes the ids of an Embedding from its end where they are negative: SELECT(x < 0, x + n, x). Micro has no
SELECT_V2 of int32, so that is written x + n * max(min(-x, 1), 0), which is the same for every whole number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..tflite_graph import schema
from .mend import Mend, Shapes, count, maker, takers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..tflite_graph import Graph
    from ..untyped import SchemaObject


def apply(graph: Graph, shapes: Shapes) -> list[str]:
    """Write each in another way; one whose condition chooses whole rows says something else and stays."""
    del shapes
    wrapped, newer = 0, 0
    for operator in list(graph.main.operators):
        if graph.operator_name(operator) != "SELECT" or len({graph.shape(int(one)) for one in operator.inputs}) > 1:
            continue
        count_of_ids = _wraps(graph, operator)
        if count_of_ids is not None:
            _write_sums(graph, operator, count_of_ids)
            wrapped += 1
        elif graph.dtype(int(operator.outputs[0])) in {"FLOAT32", "INT8", "INT16"}:
            operator.opcodeIndex = graph.operator_code("SELECT_V2")
            operator.builtinOptionsType = schema().BuiltinOptions.SelectV2Options
            operator.builtinOptions = schema().SelectV2OptionsT()
            newer += 1
    changes = {f"wrote the SELECT of {count(wrapped, 'lookup')} as sums": wrapped, f"wrote {newer} SELECT as V2": newer}
    return [words for words, number in changes.items() if number]


def _wraps(graph: Graph, operator: SchemaObject) -> int | None:
    """What is added to negative numbers, where that is all that a SELECT of int32 does; else None."""
    condition, moved, given = (int(index) for index in operator.inputs)
    less, add = maker(graph, condition), maker(graph, moved)
    if less is None or add is None or graph.dtype(given) != "INT32":
        return None
    if (graph.operator_name(less), graph.operator_name(add)) != ("LESS", "ADD") or int(less.inputs[0]) != given:
        return None
    zero, added = int(less.inputs[1]), [int(index) for index in add.inputs if int(index) != given]
    if len(added) != 1 or not graph.is_constant(zero) or not graph.is_constant(added[0]):
        return None
    number = graph.constant(added[0]).reshape(-1)
    return int(number[0]) if not graph.constant(zero).any() and (number == number[0]).all() else None


def _write_sums(graph: Graph, operator: SchemaObject, number: int) -> None:
    """Put the sums in the place of a SELECT, and take away what was there for it alone."""
    condition, moved, given = (int(index) for index in operator.inputs)
    negated, most, least, added = (
        graph.add_tensor_like(given, name) for name in ("negated", "at_most_one", "is_negative", "wrapped")
    )
    limits = schema().MaximumMinimumOptionsT
    made = [
        graph.new_operator("MUL", [given, _constant(graph, -1)], [negated], schema().MulOptionsT()),
        graph.new_operator("MINIMUM", [negated, _constant(graph, 1)], [most], limits()),
        graph.new_operator("MAXIMUM", [most, _constant(graph, 0)], [least], limits()),
        graph.new_operator("MUL", [least, _constant(graph, number)], [added], schema().MulOptionsT()),
        graph.new_operator("ADD", [given, added], [int(operator.outputs[0])], schema().AddOptionsT()),
    ]
    place = graph.main.operators.index(operator)
    graph.main.operators[place : place + 1] = made
    _drop_unused(graph, (condition, moved))


def _drop_unused(graph: Graph, tensors: Sequence[int]) -> None:
    for index in tensors:
        unused = maker(graph, index)
        if unused is not None and not takers(graph, index) and index not in [int(one) for one in graph.main.outputs]:
            graph.main.operators.remove(unused)


def _constant(graph: Graph, number: int) -> int:
    import numpy as np

    return graph.add_constant("number", np.array([number], np.int32))


MEND = Mend(name="select", title="write SELECT as what microcontrollers have, too", apply=apply)

"""Weights that are stored as float16 or as sparse arrays become plain ones, as every reader takes them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from .. import tflite_fold
from .mend import Mend, Shapes, count

if TYPE_CHECKING:
    from ..tflite_graph import Graph
    from ..untyped import SchemaObject


def apply(graph: Graph, shapes: Shapes) -> list[str]:
    """Store what DEQUANTIZE makes of float16 constants and DENSIFY of sparse ones."""
    names = {
        graph.operator_name(operator) for operator in graph.main.operators if _is_stored_otherwise(graph, operator)
    }
    if not names:
        return []
    interpreter = tflite_fold.run_on_zeros(graph, shapes)
    folded = tflite_fold.fold_constants(graph, interpreter, lambda operator, _: _widens(graph, operator))
    words = {"DENSIFY": "sparse array", "DEQUANTIZE": "float16 array"}
    found = ", ".join(count(number, words[name]) for name, number in sorted(Counter(folded).items()))
    return [f"stored {found} plainly"] if folded else []


def _is_stored_otherwise(graph: Graph, operator: SchemaObject) -> bool:
    return _widens(graph, operator) and graph.is_constant(int(operator.inputs[0]))


def _widens(graph: Graph, operator: SchemaObject) -> bool:
    """Integers that a DEQUANTIZE widens stay: they are the quantized weights of a model, not another form of floats."""
    name = graph.operator_name(operator)
    return name == "DENSIFY" or (name == "DEQUANTIZE" and graph.dtype(int(operator.inputs[0])) == "FLOAT16")


MEND = Mend(name="plain-weights", title="store float16 and sparse weights as plain ones", apply=apply)

"""A RELU behind a TRANSPOSE goes before it, and into the operator that computes its input.

Converters of models with the channels first leave it behind. On its own it is a float island to the LiteRT quantizer,
and it keeps the TRANSPOSE from whatever comes after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .mends.mend import count, maker, takers
from .tflite_graph import schema

if TYPE_CHECKING:
    from .tflite_graph import Graph
    from .untyped import SchemaObject

_ACTIVATIONS = ("RELU", "RELU6", "RELU_N1_TO_1")
_TAKE_ONE_IN = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD", "SUB", "MUL"})


def move_activations(graph: Graph) -> list[str]:
    """Move each that can be; says how many were."""
    moved = sum(_move(graph, each) for each in list(graph.main.operators) if graph.operator_name(each) in _ACTIVATIONS)
    fused = sum(_fuse(graph, each) for each in list(graph.main.operators) if graph.operator_name(each) in _ACTIVATIONS)
    return (
        [f"put {count(max(moved, fused), 'activation')} before a TRANSPOSE or into an operator"]
        if moved + fused
        else []
    )


def _move(graph: Graph, activation: SchemaObject) -> bool:
    """Put a RELU before the TRANSPOSE that it stands behind."""
    turned, outcome = int(activation.inputs[0]), int(activation.outputs[0])
    transpose = _only_maker(graph, turned)
    if transpose is None or graph.operator_name(transpose) != "TRANSPOSE":
        return False
    inner = graph.add_tensor_like(int(transpose.inputs[0]), "activation")
    activation.inputs, activation.outputs = [int(transpose.inputs[0])], [inner]
    transpose.inputs, transpose.outputs = [inner, int(transpose.inputs[1])], [outcome]
    operators = graph.main.operators
    operators.remove(activation)
    operators.insert(operators.index(transpose), activation)
    return True


def _fuse(graph: Graph, activation: SchemaObject) -> bool:
    before = _only_maker(graph, int(activation.inputs[0]))
    if before is None or graph.operator_name(before) not in _TAKE_ONE_IN or before.builtinOptions is None:
        return False
    kinds = schema().ActivationFunctionType
    if before.builtinOptions.fusedActivationFunction != kinds.NONE:
        return False
    before.builtinOptions.fusedActivationFunction = getattr(kinds, graph.operator_name(activation))
    before.outputs = [int(activation.outputs[0])]
    graph.main.operators.remove(activation)
    return True


def _only_maker(graph: Graph, index: int) -> SchemaObject | None:
    """What computes a float tensor that one operator alone takes."""
    outputs = [int(each) for each in graph.main.outputs]
    if index in outputs or len(takers(graph, index)) != 1 or graph.dtype(index) != "FLOAT32":
        return None
    return maker(graph, index)

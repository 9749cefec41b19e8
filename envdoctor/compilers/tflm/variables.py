"""What control flow, resource variables and LSTM take of the arena: operators that were measured in whole models. Pure.

The rules are those of micro_resource_variable.cc, of the kernels if.cc, while.cc, call_once.cc, var_handle.cc,
assign_variable.cc and unidirectional_sequence_lstm.cc, and of the Python interpreter, which makes room for as many
variables as the model names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.compilers.tflm.kernels import WIDTHS, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envdoctor.tflite.model import Model, Subgraph

#: Bytes of the options, and of the kernel's own structure.
STRUCTURES: Mapping[str, tuple[int, int]] = {
    "IF": (8, 8), "WHILE": (8, 8), "CALL_ONCE": (4, 8), "VAR_HANDLE": (16, 4), "READ_VARIABLE": (0, 0),
    "ASSIGN_VARIABLE": (0, 8), "UNIDIRECTIONAL_SEQUENCE_LSTM": (16, 704),
}  # fmt: skip
#: The list of all variables, and what is in it for each.
_LIST, _VARIABLE = 16, 40


def list_sizes(model: Model) -> tuple[int, ...]:
    """The bytes of the list of variables, which is made before all else; nothing for a model without any."""
    names = {name for graph in model.subgraphs for name in _handles(graph).values()}
    return (_LIST, _VARIABLE * len(names)) if names else ()


def stored_values(model: Model) -> Mapping[tuple[int, int], Request]:
    """What operators ask for that are the first to assign a variable, by subgraph and index: room for its value.

    A handle that comes from another subgraph is not known while kernels are set up: then another one asks.
    """
    asked: dict[str, tuple[int, int]] = {}
    requests: dict[tuple[int, int], Request] = {}
    for graph in model.subgraphs:
        handles = _handles(graph)
        for operator in graph.operators:
            name = handles.get(operator.inputs[0]) if operator.name == "ASSIGN_VARIABLE" and operator.inputs else None
            value = graph.input(operator, 1)
            if name is not None and name not in asked and value is not None:
                asked[name] = (graph.index, operator.index)
                requests[asked[name]] = Request(kept=(value.elements * WIDTHS.get(value.dtype, 4),))
    return requests


def _handles(graph: Subgraph) -> Mapping[int, str]:
    """The variables that tensors stand for."""
    return {
        operator.outputs[0]: f"{operator.word('container', '')}/{operator.word('shared_name', '')}"
        for operator in graph.operators
        if operator.name == "VAR_HANDLE" and operator.outputs
    }

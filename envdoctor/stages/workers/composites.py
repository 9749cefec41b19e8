"""Composites of a .tflite file as CUSTOM operators, for people who have a kernel of their own.

A composite (operator 206) has a name, its numbers as a flexbuffer, and a subgraph that says how to compute it. A CUSTOM
operator has the name and the numbers alone: the subgraphs go. Readers of before 2024 know CUSTOM and not 206, and
refuse a file for a code that nothing in it uses, so that goes too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .tflite_graph import prune, schema

if TYPE_CHECKING:
    from .tflite_graph import Graph

COMPOSITE = "STABLEHLO_COMPOSITE"


def write_as_custom(graph: Graph) -> list[str]:
    """Write each composite as a CUSTOM operator of its name; returns the names.

    Its options are the composite's attributes: a flexbuffer map, as TensorFlow Lite's own custom operators have them.
    """
    names, bodies = [], set()
    for operator in graph.main.operators:
        if graph.operator_name(operator) != COMPOSITE:
            continue
        options = operator.builtinOptions2
        names.append(options.name.decode())
        bodies.add(int(options.decompositionSubgraphIndex))
        operator.opcodeIndex = _custom_code(graph, options.name)
        operator.customOptions = options.compositeAttributes
        operator.builtinOptions2, operator.builtinOptions2Type = None, 0
    # Bodies can hold composites of their own, whose bodies are behind them: with no composite left, none is called.
    graph.model.subgraphs = [each for number, each in enumerate(graph.model.subgraphs) if number not in bodies]
    prune(graph)
    return names


def _custom_code(graph: Graph, name: bytes) -> int:
    codes = graph.model.operatorCodes
    custom = schema().BuiltinOperator.CUSTOM
    for index, code in enumerate(codes):
        if code.builtinCode == custom and code.customCode == name:
            return index
    code = schema().OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = custom
    code.customCode, code.version = name, 1
    codes.append(code)
    return len(codes) - 1

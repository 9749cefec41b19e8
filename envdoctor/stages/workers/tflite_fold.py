"""Compute what is constant in a .tflite graph once its inputs have a size, and store it in place of the operators."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from . import litert_run
from .stage import Problem
from .tflite_graph import Graph, drop_unused_codes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .untyped import Interpreter, SchemaObject

    #: Says whether an operator, given with its name, is to be computed if it can be.
    Choice = Callable[[SchemaObject, str], bool]

#: Operators whose value is more than a function of their inputs, or that hide subgraphs.
_NOT_FOLDED = (
    "CUSTOM", "CALL", "IF", "WHILE", "RANDOM", "MULTINOMIAL", "VARIABLE", "VAR_HANDLE", "HASHTABLE", "STABLEHLO",
    "DELEGATE", "BUCKETIZE",
)  # fmt: skip
#: Operators whose value is known once the shape of their input is.
_OF_SHAPE = frozenset({"SHAPE", "RANK"})
#: Inputs whose values are the sizes of what an operator gives.
_SIZES = {
    **dict.fromkeys(("FILL", "TRANSPOSE_CONV", "UNIQUE", "WHERE"), (0,)),
    **dict.fromkeys(("BROADCAST_TO", "MIRROR_PAD", "ONE_HOT", "PAD", "PADV2", "RESHAPE", "RESIZE_BILINEAR"), (1,)),
    **dict.fromkeys(("RESIZE_NEAREST_NEIGHBOR", "SPARSE_TO_DENSE", "SPLIT_V", "TILE", "TOPK_V2"), (1,)),
    **dict.fromkeys(("SCATTER_ND", "SLICE"), (2,)),
    "BATCH_TO_SPACE_ND": (1, 2),
    "RANGE": (0, 1, 2),
    "SPACE_TO_BATCH_ND": (1, 2),
    "STRIDED_SLICE": (1, 2, 3),
}
#: A folded constant of more elements than this is not worth a larger file, unless it widens a stored one.
_LARGEST_FOLDED = 1 << 20
#: What the interpreter says of a custom operator that it lacks.
_NO_KERNEL = "Encountered unresolved custom op"
#: Operators that store a constant in another form.
WIDENING = frozenset({"DEQUANTIZE", "DENSIFY"})


def _every(operator: SchemaObject, name: str) -> bool:
    del operator, name
    return True


def fold(graph: Graph, shapes: Mapping[str, Sequence[int | None]], choose: Choice = _every) -> list[str]:
    """Fix all shapes and store what is constant then. Returns the names of the operators that were computed.

    Where the interpreter lacks a custom operator, only what needs no input is computed.
    """
    try:
        interpreter = run_on_zeros(graph, shapes)
    except RuntimeError as error:
        if _NO_KERNEL not in str(error) or not _has_shapes(graph, shapes):
            raise
        return fold_constants(graph, _run_constant_part(graph), choose, shapes_known=False)
    fix_shapes(graph, interpreter)
    return fold_constants(graph, interpreter, choose)


def _has_shapes(graph: Graph, shapes: Mapping[str, Sequence[int | None]]) -> bool:
    """True if the file's own input shapes are those that are asked for, so that nothing has to be resized."""
    written = sorted(graph.shape(int(index)) for index in graph.main.inputs)
    return written == sorted(tuple(int(size or 0) for size in shape) for shape in shapes.values())


def _run_constant_part(graph: Graph) -> Interpreter:
    """An interpreter that has run the operators that depend on no input, and has what they gave."""
    part = Graph(graph.pack())
    known, operators = set[int](), []
    for operator in part.main.operators:
        name = part.operator_name(operator)
        inputs = [int(index) for index in operator.inputs if index >= 0]
        if inputs and not name.startswith(_NOT_FOLDED) and all(part.is_constant(i) or i in known for i in inputs):
            operators.append(operator)
            known |= {int(index) for index in operator.outputs}
    part.main.operators, part.main.inputs, part.main.outputs = operators, [], sorted(known)
    part.model.signatureDefs = None
    drop_unused_codes(part.model)
    interpreter = litert_run.make_interpreter(part.pack(), keep_all=True)
    interpreter.invoke()
    return interpreter


def run_on_zeros(graph: Graph, shapes: Mapping[str, Sequence[int | None]]) -> Interpreter:
    """An interpreter that has run the graph once and still has every tensor.

    Raises:
        Problem: an input takes text.
    """
    interpreter = litert_run.make_interpreter(graph.pack(), shapes, keep_all=True)
    _feed_zeros(interpreter)
    interpreter.invoke()
    return interpreter


def fix_shapes(graph: Graph, interpreter: Interpreter) -> None:
    """Write down the shape that each tensor has in an interpreter that has run, where it has that in each run."""
    varying = sized_by_values(graph)
    shapes = {int(detail["index"]): detail["shape"] for detail in interpreter.get_tensor_details()}
    for index, tensor in enumerate(graph.main.tensors):
        if index in varying:
            continue
        if index in shapes and not graph.is_constant(index):
            tensor.shape = [int(size) for size in shapes[index]]
        tensor.shapeSignature = None


def fold_constants(
    graph: Graph, interpreter: Interpreter, choose: Choice = _every, *, shapes_known: bool = True
) -> list[str]:
    """Store what is constant, of what is chosen. Returns the names of the operators that were computed."""
    folded, kept, varying = [], [], sized_by_values(graph)
    for operator in graph.main.operators:
        name = graph.operator_name(operator)
        is_known = name not in _OF_SHAPE or (shapes_known and int(operator.inputs[0]) not in varying)
        if is_known and choose(operator, name) and _foldable(graph, operator, name):
            for index in (int(output) for output in operator.outputs):
                graph.make_constant(index, interpreter.get_tensor(index))
            folded.append(name)
        else:
            kept.append(operator)
    graph.main.operators = kept
    return folded


def sized_by_values(graph: Graph) -> set[int]:
    """The tensors whose sizes the inputs' values decide (NonMaxSuppression, NonZero): one run does not tell them."""
    of_values, varying = {int(index) for index in graph.main.inputs}, set[int]()
    for operator in graph.main.operators:
        name, outputs = graph.operator_name(operator), {int(index) for index in operator.outputs}
        inputs = [int(index) for index in operator.inputs]
        sizes = {inputs[place] for place in _SIZES.get(name, ()) if place < len(inputs)}
        if name in _OF_SHAPE:
            of_values |= outputs if varying & set(inputs) else set()
            continue
        if varying & set(inputs) or of_values & sizes:
            varying |= outputs
        if of_values & set(inputs):
            of_values |= outputs
    return varying


def _feed_zeros(interpreter: Interpreter) -> None:
    import numpy as np

    for detail in interpreter.get_input_details():
        if detail["dtype"] in {str, bytes, np.object_, np.bytes_}:
            raise Problem("text-input", f"the input '{detail['name']}' takes text; envdoctor builds models of numbers.")
        interpreter.set_tensor(detail["index"], np.zeros(detail["shape"], dtype=detail["dtype"]))


def _foldable(graph: Graph, operator: SchemaObject, name: str) -> bool:
    inputs = [int(index) for index in operator.inputs if index >= 0]
    if name.startswith(_NOT_FOLDED) or not inputs or any(int(i) in graph.main.outputs for i in operator.outputs):
        return False
    if name in _OF_SHAPE:
        return True
    if not all(graph.is_constant(index) for index in inputs):
        return False
    sizes = (math.prod(int(size) for size in graph.main.tensors[int(index)].shape) for index in operator.outputs)
    return name in WIDENING or sum(sizes) <= _LARGEST_FOLDED

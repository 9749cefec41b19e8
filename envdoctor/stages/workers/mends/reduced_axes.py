"""A TRANSPOSE before a MEAN becomes other axes of the MEAN, as in models that came from PyTorch.

Converters of models with the channels first leave it: `x.mean((2, 3))` is TRANSPOSE and MEAN over 2 and 3, which is
MEAN over 1 and 2 of what was there before. Accelerators take the one and not the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .mend import Mend, Shapes, maker, takers

if TYPE_CHECKING:
    from ..tflite_graph import Graph
    from ..untyped import SchemaObject

_REDUCTIONS = frozenset({"MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"})


def apply(graph: Graph, shapes: Shapes) -> list[str]:
    """Let each reduction take what its TRANSPOSE takes, where the order of what is left stays the same."""
    del shapes
    reductions = [operator for operator in graph.main.operators if graph.operator_name(operator) in _REDUCTIONS]
    folded = [graph.operator_name(operator) for operator in reductions if _fold(graph, operator)]
    _drop_unused_transposes(graph)
    names = ", ".join(sorted(set(folded)))
    return [f"folded {len(folded)} TRANSPOSE into the axes of {names}"] if folded else []


def _fold(graph: Graph, operator: SchemaObject) -> bool:
    source, axes = int(operator.inputs[0]), int(operator.inputs[1])
    transpose = maker(graph, source)
    if transpose is None or graph.operator_name(transpose) != "TRANSPOSE" or not graph.is_constant(axes):
        return False
    order = int(transpose.inputs[1])
    if not graph.is_constant(order) or not _same_scale(graph, int(transpose.inputs[0]), source):
        return False
    moved = [int(axis) for axis in graph.constant(order).reshape(-1)]
    reduced = sorted({int(axis) % len(moved) for axis in graph.constant(axes).reshape(-1)})
    remaining = [moved[axis] for axis in range(len(moved)) if axis not in reduced]
    if remaining != sorted(remaining):
        return False
    operator.inputs = [int(transpose.inputs[0]), _axes(graph, sorted(moved[axis] for axis in reduced))]
    if operator.builtinOptions is not None and operator.builtinOptions.keepDims:
        _restore_shape(graph, operator, moved)
    return True


def _axes(graph: Graph, axes: list[int]) -> int:
    import numpy as np

    return graph.add_constant("axes", np.array(axes, np.int32))


def _same_scale(graph: Graph, left: int, right: int) -> bool:
    """True if a TRANSPOSE only moves values; one that is not the same is nothing that a kernel would run."""
    one, other = (graph.main.tensors[index].quantization for index in (left, right))
    if one is None or other is None or one.scale is None or other.scale is None:
        return graph.dtype(left) == graph.dtype(right)
    return list(one.scale) == list(other.scale) and list(one.zeroPoint) == list(other.zeroPoint)


def _restore_shape(graph: Graph, operator: SchemaObject, moved: list[int]) -> None:
    """Give the reduction, which keeps its axes as ones, the shape that whoever takes its result expects."""
    outcome = int(operator.outputs[0])
    expected = graph.shape(outcome)
    plain = [0] * len(moved)
    for place, axis in enumerate(moved):
        plain[axis] = expected[place]
    inner = graph.add_tensor_like(outcome, "reduced")
    graph.set_shape(inner, plain)
    operator.outputs = [inner]
    for taker in takers(graph, outcome):
        if graph.operator_name(taker) == "TRANSPOSE" and list(graph.shape(int(taker.outputs[0]))) == plain:
            _replace(graph, int(taker.outputs[0]), inner, taker)
    if takers(graph, outcome) or outcome in [int(index) for index in graph.main.outputs]:
        position = graph.main.operators.index(operator) + 1
        graph.main.operators.insert(position, graph.new_reshape(inner, outcome))


def _replace(graph: Graph, old: int, new: int, transpose: SchemaObject) -> None:
    """Take `new` for what a TRANSPOSE back gives, if it moves nothing but axes of one element."""
    order = int(transpose.inputs[1])
    if old in [int(index) for index in graph.main.outputs] or not graph.is_constant(order):
        return
    sizes = graph.shape(int(transpose.inputs[0]))
    long_axes = [int(axis) for axis in graph.constant(order).reshape(-1) if sizes[int(axis)] != 1]
    if long_axes != sorted(long_axes):
        return
    graph.main.operators.remove(transpose)
    for operator in graph.main.operators:
        operator.inputs = [new if int(index) == old else int(index) for index in operator.inputs]


def _drop_unused_transposes(graph: Graph) -> None:
    outputs = [int(index) for index in graph.main.outputs]
    graph.main.operators = [
        operator
        for operator in graph.main.operators
        if graph.operator_name(operator) != "TRANSPOSE"
        or int(operator.outputs[0]) in outputs
        or takers(graph, int(operator.outputs[0]))
    ]


MEND = Mend(
    name="reduced-axes",
    title="fold a TRANSPOSE before a MEAN into its axes",
    apply=apply,
    steps=3,  # the kernels round otherwise for other axes: one step there, which a layer behind makes a few
    asked=16,
    share=1e-5,
)

"""An open batch becomes one: sizes are written down, and what computes shapes as the model runs is computed now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import tflite_fold
from .mend import Mend, Shapes, count

if TYPE_CHECKING:
    from ..tflite_graph import Graph
    from ..untyped import SchemaObject


def apply(graph: Graph, shapes: Shapes) -> list[str]:
    """Fix every size; the interpreter's own run tells what the shapes are."""
    is_open = [tensor for tensor in graph.main.tensors if -1 in _sizes(tensor.shapeSignature)]
    computed = [operator for operator in graph.main.operators if graph.operator_name(operator) == "SHAPE"]
    if not is_open and not computed:
        return []
    inputs = [index for index in graph.main.inputs if -1 in _sizes(graph.main.tensors[index].shapeSignature)]
    folded = tflite_fold.fold(graph, shapes, _computes_shapes)
    for tensor in graph.main.tensors:
        tensor.shapeSignature = None
    changes = []
    if is_open:
        fixed = ", ".join(str(list(graph.shape(int(index)))) for index in inputs) or "all sizes"
        changes.append(f"fixed {count(len(inputs), 'input')}: {fixed}")
    if folded:
        names = ", ".join(sorted(set(folded)))
        changes.append(f"computed {count(len(folded), 'operator')} whose result is constant then ({names})")
    return changes


def _computes_shapes(_: SchemaObject, name: str) -> bool:
    """Weights in another form are another mend's business."""
    return name not in tflite_fold.WIDENING


def _sizes(signature: object) -> list[int]:
    return [] if signature is None else [int(size) for size in signature]  # type: ignore[attr-defined]


MEND = Mend(name="fixed-batch", title="fix an open batch at one", apply=apply)

"""What TensorFlow Lite Micro's reference kernels ask the arena for, beyond what they always do. Pure.

The rules are those of tensorflow/lite/micro/kernels (Prepare of each); what does not depend on shapes is measured and
in operators.toml.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envdoctor.tflite.model import Operator, Subgraph, Tensor

    Sizes = tuple[int, ...]

ALIGNMENT = 16
_INT = 4
_POINTER = 8
_EVAL_TENSOR = 24
#: Bytes of an element, by the schema's names; int4 is counted as a byte, as the interpreter does.
WIDTHS = {
    "FLOAT32": 4, "FLOAT16": 2, "BFLOAT16": 2, "FLOAT64": 8, "INT8": 1, "UINT8": 1, "INT16": 2, "UINT16": 2,
    "INT32": 4, "UINT32": 4, "INT64": 8, "UINT64": 8, "BOOL": 1, "INT4": 1, "RESOURCE": 4, "COMPLEX64": 8,
    "COMPLEX128": 16,
}  # fmt: skip
_REDUCING = frozenset({"MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_ALL"})
_CELL_STATE, _GATES = 19, 4
_INTEGERS = frozenset({"INT8", "INT16"})


def aligned(size: int, to: int = ALIGNMENT) -> int:
    """A size, rounded up."""
    return -(-size // to) * to


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Bytes that a kernel asks for when it is set up: for the whole run, and only while it runs itself."""

    kept: Sizes = ()
    scratch: Sizes = ()


#: What the kernels of the models that were measured asked for by their shapes; the rest of what is measured is fixed.
MEASURED: Mapping[str, int] = {
    "CONV_2D": 2 * 16,
    "DEPTHWISE_CONV_2D": 2 * 16,
    "TRANSPOSE_CONV": 2 * 16,
    "DEPTH_TO_SPACE": 32,
    "SPACE_TO_DEPTH": 32,
    "L2_POOL_2D": 32,
    "GATHER": 16,
    "GATHER_ND": 16,
    "EMBEDDING_LOOKUP": 16,
}


def requested(subgraph: Subgraph, operator: Operator) -> Request:
    """What a kernel asks for by the shapes of its tensors."""
    rule = _RULES.get(operator.name)
    return Request() if rule is None else rule(subgraph, operator)


def measured_by_shape(subgraph: Subgraph, operator: Operator) -> int:
    """How much of what was measured for an operator depends on the shapes that it was measured with."""
    if operator.name != "BATCH_MATMUL":
        return MEASURED.get(operator.name, 0)
    right = subgraph.taken(operator)[1].dtype
    return 16 + aligned(_EVAL_TENSOR) + 16 + aligned(12 * WIDTHS.get(right, 1))


def looked_at(subgraph: Subgraph, operator: Operator) -> tuple[Tensor, ...]:
    """The tensors that a kernel asks for while it is set up, each as often as it does: it gives none back before."""
    taken, given = subgraph.taken(operator), subgraph.given(operator)
    again: tuple[Tensor, ...] = ()
    if operator.name in {"CONV_2D", "DEPTHWISE_CONV_2D"}:
        again = (*taken[:2], *given)
    elif operator.name == "TRANSPOSE_CONV" and taken[1].dtype != "FLOAT32":
        again = (*taken[1:3], *given)
    elif operator.name in _REDUCING:
        again = (*taken, *(given if taken[0].dtype == "INT8" else ()))
    elif operator.name in {"TANH", "CONCATENATION"}:
        again = taken[:1]
    return (*taken, *given, *again)


def _dims(tensor: Tensor) -> int:
    return aligned(_INT * (1 + len(tensor.shape)))


def _filter(subgraph: Subgraph, operator: Operator, axis: int | None) -> Request:
    weights = subgraph.taken(operator)[1]
    channels = len(weights.quantization.scales) if weights.quantization else 1
    if axis is not None:
        channels = weights.shape[axis] if axis < len(weights.shape) else 0
    array = aligned(_INT * channels)
    kept = (array, array) if axis is not None or weights.per_channel else ()
    return Request(kept=kept, scratch=(weights.elements,) if weights.dtype == "INT4" else ())


def _transposed(subgraph: Subgraph, operator: Operator) -> Request:
    taken, output = subgraph.taken(operator), subgraph.given(operator)[0]
    channels = aligned(_INT * taken[1].shape[0])
    width = {"INT8": 4, "INT16": 8}.get(taken[2].dtype)
    return Request(kept=(channels, channels), scratch=(output.elements * width,) if width else ())


def _matmul(subgraph: Subgraph, operator: Operator) -> Request:
    left, right = subgraph.taken(operator)[:2]
    turned = [left] * operator.flag("adj_x") + [right] * (not operator.flag("adj_y"))
    copies = (
        size
        for one in turned
        for size in (aligned(_EVAL_TENSOR), _dims(one), aligned(one.elements * WIDTHS.get(one.dtype, 1)))
    )
    return Request(kept=(_dims(subgraph.given(operator)[0]), *copies))


def _writable_shape(subgraph: Subgraph, operator: Operator) -> Request:
    return Request(kept=(_dims(subgraph.given(operator)[0]),))


def _stretched(subgraph: Subgraph, operator: Operator) -> Request:
    output = subgraph.given(operator)[0]
    return Request(kept=(_dims(output),)) if -1 in output.shape else Request()


def _add_n(subgraph: Subgraph, operator: Operator) -> Request:
    return Request(scratch=(_POINTER * len(subgraph.taken(operator)),))


def _averaged(subgraph: Subgraph, operator: Operator) -> Request:
    source, axes = subgraph.taken(operator)[:2]
    sums = (_INT * subgraph.given(operator)[0].elements,) if source.dtype in _INTEGERS else ()
    return Request(scratch=(*sums, _INT * len(source.shape), _INT * axes.elements))


def _reduced(subgraph: Subgraph, operator: Operator) -> Request:
    source, axes = subgraph.taken(operator)[:2]
    return Request(scratch=(_INT * len(source.shape), _INT * axes.elements))


def _svdf(subgraph: Subgraph, operator: Operator) -> Request:
    source, features = subgraph.taken(operator)[:2]
    batch, filters = source.shape[0], features.shape[0]
    units = subgraph.given(operator)[0].shape[1]
    sums = (_INT * batch * units,) if source.dtype == "INT8" else ()
    return Request(scratch=(_INT * batch * filters, *sums))


def _lstm(subgraph: Subgraph, operator: Operator) -> Request:
    """Room for each of the four gates, of the type of the cell's state."""
    source, cell = subgraph.taken(operator)[0], subgraph.input(operator, _CELL_STATE)
    if cell is None:
        return Request()
    batch = source.shape[1 if operator.flag("time_major") else 0]
    return Request(scratch=(batch * cell.shape[-1] * WIDTHS.get(cell.dtype, 4),) * _GATES)


def _mirrored(subgraph: Subgraph, operator: Operator) -> Request:
    rank = len(subgraph.taken(operator)[0].shape)
    return Request(scratch=(_INT * rank, _INT * rank))


_RULES: Mapping[str, Callable[[Subgraph, Operator], Request]] = {
    "CONV_2D": lambda graph, operator: _filter(graph, operator, 0),
    "DEPTHWISE_CONV_2D": lambda graph, operator: _filter(graph, operator, 3),
    "FULLY_CONNECTED": lambda graph, operator: _filter(graph, operator, None),
    "TRANSPOSE_CONV": _transposed,
    "BATCH_MATMUL": _matmul,
    "DEPTH_TO_SPACE": _writable_shape,
    "SPACE_TO_DEPTH": _writable_shape,
    "L2_POOL_2D": _writable_shape,
    "GATHER": _writable_shape,
    "GATHER_ND": _writable_shape,
    "EMBEDDING_LOOKUP": _writable_shape,
    "RESHAPE": _stretched,
    "ADD_N": _add_n,
    "MEAN": _averaged,
    "SUM": _averaged,
    "REDUCE_MAX": _reduced,
    "REDUCE_MIN": _reduced,
    "REDUCE_ALL": _reduced,
    "SVDF": _svdf,
    "MIRROR_PAD": _mirrored,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm,
}

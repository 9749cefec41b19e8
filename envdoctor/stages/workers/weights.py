"""Proof that weights which a quantizer stored smaller are those of the model before, each within half a step.

No sample is needed for it, so it holds where made-up samples say little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .mends.mend import count
from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .tflite_graph import Graph
    from .untyped import Array

#: Constants of fewer elements are not worth to be stored smaller: biases, slopes, factors.
_WORTH = 1024
#: Half a step, and what rounding in float32 adds; the relative step of a float16.
_HALF_STEP, _HALF_FLOAT = 0.501, 2.0**-10
#: The largest number of float16.
_LARGEST_HALF = 65504.0
#: The operators whose weights make a model large.
_WEIGHTY = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "EMBEDDING_LOOKUP"})


@dataclass(frozen=True)
class Compared:
    """What came of a comparison.

    Attributes:
        words: how many constants are proven, and the bytes of weights that stayed floats.
        left: those weights' share of all.
    """

    words: str
    left: float


def compare_weights(before: Graph, after: Graph) -> Compared:
    """Hold every constant that became smaller against the float that it was.

    Raises:
        Problem: a weight is not what it was.
    """
    import numpy as np

    floats = {tensor.name: index for index, tensor in enumerate(before.main.tensors) if before.is_constant(index)}
    proven, elements, worst = 0, 0, 0.0
    for index, name in _small(after):
        if name in floats and before.dtype(floats[name]) == "FLOAT32":
            expected, limit = before.constant(floats[name]), _limit(after, index, before.constant(floats[name]))
            _require_in_range(after, index, expected)
            distance = np.abs(_value(after, index).reshape(expected.shape) - expected)
            worst = max(worst, float((distance / np.maximum(limit, np.finfo("float32").tiny)).max(initial=0.0)))
            proven, elements = proven + 1, elements + expected.size
    if worst > 1:
        raise Problem("model-changed", f"the quantizer changed a weight by {worst:.2g} times what rounding may do.")
    names = {name for name in _large_floats(after) if name in floats}
    left = sum(before.constant(floats[name]).size for name in names)
    stayed = f", {4 * left:,} bytes of weights stay floats" if left else ""
    return Compared(f"{count(proven, 'constant')} within half a step{stayed}", left / max(1, left + elements))


def _require_in_range(graph: Graph, index: int, expected: Array) -> None:
    import numpy as np

    largest = float(np.abs(expected).max(initial=0.0))
    if graph.dtype(index) == "FLOAT16" and largest > _LARGEST_HALF:
        raise Problem(
            "beyond-float16",
            f"a constant of the model goes up to {largest:.3g}, and float16 holds {_LARGEST_HALF:,.0f} at most.",
        )


def _small(graph: Graph) -> Iterator[tuple[int, bytes]]:
    for index, tensor in enumerate(graph.main.tensors):
        scaled = tensor.quantization is not None and tensor.quantization.scale is not None
        if graph.is_constant(index) and (graph.dtype(index) == "FLOAT16" or (graph.dtype(index) == "INT8" and scaled)):
            yield index, tensor.name


def _value(graph: Graph, index: int) -> Array:
    if graph.dtype(index) == "FLOAT16":
        return graph.constant(index).astype("float32")
    return graph.real_numbers(index)


def _limit(graph: Graph, index: int, expected: Array) -> Array:
    """How far a constant may be from what it was."""
    import numpy as np

    if graph.dtype(index) == "FLOAT16":
        return np.abs(expected) * _HALF_FLOAT + np.finfo("float16").tiny
    quantization = graph.main.tensors[index].quantization
    scales = np.asarray(quantization.scale, dtype="float32")
    axes = [1] * expected.ndim
    if len(scales) > 1:
        axes[quantization.quantizedDimension] = len(scales)
    return scales.reshape(axes) * _HALF_STEP + np.finfo("float32").eps * np.abs(expected)


def _large_floats(graph: Graph) -> Iterator[bytes]:
    """The names of weights that are floats still."""
    for operator in graph.main.operators:
        if graph.operator_name(operator) in _WEIGHTY:
            for index in (int(each) for each in operator.inputs if each >= 0):
                if (
                    graph.dtype(index) == "FLOAT32"
                    and graph.is_constant(index)
                    and graph.constant(index).size >= _WORTH
                ):
                    yield graph.main.tensors[index].name

"""What an interpreter's kernels take of the operators that it knows: element types and scales, as measured. Pure.

A file can hold operators that are all known in their versions, and still not run.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from envdoctor.core.data import load_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envdoctor.tflite.model import Model, Operator, Subgraph
    from envdoctor.tflite.readers import ModelReader

#: Element types that the tables speak of.
_MEASURED = frozenset({"FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64"})
_TOLERANCE = 1e-5
_NEWEST = "litert"
#: Operators that take int16 activations since TensorFlow 2.5 (its documentation of 16x8 quantization).
_INT16_SINCE_LONG = frozenset({
    "ADD", "AVERAGE_POOL_2D", "CONCATENATION", "CONV_2D", "DEPTHWISE_CONV_2D", "DEQUANTIZE", "FULLY_CONNECTED",
    "LEAKY_RELU", "LOGISTIC", "MAX_POOL_2D", "MUL", "PAD", "QUANTIZE", "RESHAPE", "SOFTMAX", "SUB", "TANH", "TRANSPOSE",
})  # fmt: skip


def unfit_operators(model: Model, reader: ModelReader) -> tuple[str, ...]:
    """Operators that a reader knows and whose kernels refuse them, and tensors that can't be, in words.

    Kernels without delegates: a delegate may take more, where one is used.
    """
    rows = _rows(reader)
    if not rows:
        return ()
    return tuple(
        words for subgraph in model.subgraphs for words in (*_dimensions(subgraph), *_operators(subgraph, rows))
    )


def untold_operators(model: Model, reader: ModelReader) -> tuple[str, ...]:
    """Operators on int16 of which nothing tells whether an older interpreter's kernels take that type, in words."""
    if not reader.interprets or reader.name in load_table("tflite-kernels"):
        return ()
    found = (
        f"operator {operator.index}, {operator.name} on INT16"
        for subgraph in model.subgraphs
        for operator in subgraph.operators
        if operator.name not in _INT16_SINCE_LONG and (taken := subgraph.taken(operator)) and taken[0].dtype == "INT16"
    )
    return tuple(found)


def _rows(reader: ModelReader) -> Mapping[str, Any]:
    """What was measured of a reader; of an older one the newest's, since no kernel takes less than it once did."""
    tables: Mapping[str, Any] = load_table("tflite-kernels")
    known: Mapping[str, Any] = tables.get(reader.name) or (tables.get(_NEWEST, {}) if reader.interprets else {})
    return known


def _dimensions(subgraph: Subgraph) -> Iterator[str]:
    """Scales along a dimension that the tensor does not have: no interpreter opens such a file."""
    for tensor in subgraph.tensors:
        scales = tensor.quantization
        if (
            scales is not None
            and scales.per_channel
            and not 0 <= scales.quantized_dimension < max(1, len(tensor.shape))
        ):
            yield f"{tensor.name} has scales along dimension {scales.quantized_dimension} of {len(tensor.shape)}"


def _operators(subgraph: Subgraph, rows: Mapping[str, Any]) -> Iterator[str]:
    for operator in subgraph.operators:
        row, taken, given = rows.get(operator.name), subgraph.taken(operator), subgraph.given(operator)
        if row is None or not taken or not given:
            continue
        kind = taken[0].dtype
        if kind in _MEASURED and kind not in row["types"]:
            known = ", ".join(row["types"])
            yield f"operator {operator.index}, {operator.name} on {kind} (its kernel takes {known})"
        elif not _has_scale(operator, subgraph, row.get(f"scale_{kind.lower()}")):
            wanted = row[f"scale_{kind.lower()}"]
            yield f"operator {operator.index}, {operator.name} with an output scale that is not {wanted:g}"


def _has_scale(operator: Operator, subgraph: Subgraph, wanted: float | None) -> bool:
    scales = subgraph.given(operator)[0].quantization
    return wanted is None or scales is None or all(math.isclose(s, wanted, rel_tol=_TOLERANCE) for s in scales.scales)

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


def unfit_operators(model: Model, reader: ModelReader) -> tuple[str, ...]:
    """Operators that a reader knows and whose kernels refuse them, and tensors that can't be, in words.

    Kernels without delegates: a delegate may take more, where one is used.
    """
    rows: Mapping[str, Any] = load_table("tflite-kernels").get(reader.name, {})
    if not rows:
        return ()
    return tuple(
        words for subgraph in model.subgraphs for words in (*_dimensions(subgraph), *_operators(subgraph, rows))
    )


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

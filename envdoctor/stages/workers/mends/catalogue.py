"""All mends, in the order in which they are applied: what one leaves, the next one finds."""

from __future__ import annotations

from . import (
    dense_scale,
    fixed_batch,
    integer_edges,
    integer_islands,
    other_edges,
    plain_weights,
    reduced_axes,
    select,
    signature,
    transposed_convolution,
    upsampling,
)

MENDS = (
    plain_weights.MEND,
    fixed_batch.MEND,
    integer_edges.MEND,
    reduced_axes.MEND,
    upsampling.MEND,
    select.MEND,
    transposed_convolution.MEND,
    integer_islands.MEND,
    dense_scale.MEND,
    other_edges.FLOAT_EDGES,
    other_edges.UINT8_EDGES,
    signature.MEND,
)

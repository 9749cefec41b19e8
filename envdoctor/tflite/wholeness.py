"""What the interpreter refuses of a tensor, whatever operator uses it (litert/core/interpreter_builder, subgraph)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.tflite.model import Location

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.tflite.model import Quantization, Tensor

#: What is said of a tensor that nothing quantized can have: the step of a range that ends at infinity.
IMPOSSIBLE_SCALE = "has an impossible scale"
#: Bits of an element; texts, resources and variants have none.
_BITS = {
    "INT2": 2, **dict.fromkeys(("INT4", "UINT4"), 4),
    **dict.fromkeys(("INT8", "UINT8", "BOOL", "FLOAT8_E4M3FN", "FLOAT8_E5M2"), 8),
    **dict.fromkeys(("INT16", "UINT16", "FLOAT16", "BFLOAT16"), 16),
    **dict.fromkeys(("INT32", "UINT32", "FLOAT32"), 32),
    **dict.fromkeys(("INT64", "UINT64", "FLOAT64", "COMPLEX64"), 64), "COMPLEX128": 128,
}  # fmt: skip
_MOST_BITS = 1 << 67
_QUANTIZED = frozenset({"INT4", "INT8", "UINT8", "INT16"})


def require_sound(tensor: Tensor, values: int | None) -> None:
    """Refuse a tensor whose parts disagree.

    Args:
        tensor: it.
        values: how many it stores, if it is a sparse one.

    Raises:
        Unreadable: its bytes are fewer than its shape says, it is a variable with a value, or its scales fit neither
            its zero points nor its shape.
    """
    where = f"tensor {tensor.index} ({tensor.name})"
    content = tensor.content
    if content is not None and content.location is Location.ELSEWHERE and tensor.is_variable:
        raise Unreadable(f"{where} is a variable and has a value")
    if content is not None and content.location is not Location.ELSEWHERE:
        count = tensor.elements if values is None else values
        needed = (count * _BITS.get(tensor.dtype, 0) + 7) // 8
        if content.size < needed:
            raise Unreadable(f"{where} has {content.size} bytes, where {needed} are needed")
        if tensor.is_variable and content.size:
            raise Unreadable(f"{where} is a variable and has a value")
    if tensor.dtype in _BITS and (
        min(tensor.shape, default=0) < 0 or tensor.elements * _BITS[tensor.dtype] >= _MOST_BITS
    ):
        raise Unreadable(f"{where} has the impossible shape {list(tensor.shape)}")
    if tensor.quantization is not None and not tensor.quantization.blockwise:
        _require_scales(where, tensor.quantization, tensor.shape)
        _require_zero_points(where, tensor.quantization.zero_points, tensor.dtype)


def _require_zero_points(where: str, zero_points: Sequence[float], dtype: str) -> None:
    width = _BITS.get(dtype, 0) if dtype in _QUANTIZED else 0
    least = 0 if dtype.startswith("U") else -(1 << width >> 1)
    if width and not all(least <= point < least + (1 << width) for point in zero_points):
        raise Unreadable(f"{where} is {dtype} and has a zero point beyond that")


def _require_scales(where: str, quantization: Quantization, shape: tuple[int, ...]) -> None:
    count, axis = len(quantization.scales), quantization.quantized_dimension
    if not all(0 <= scale < math.inf for scale in quantization.scales):
        raise Unreadable(f"{where} {IMPOSSIBLE_SCALE}")
    if count != len(quantization.zero_points):
        raise Unreadable(f"{where} has {count} scales and {len(quantization.zero_points)} zero points")
    if shape and not 0 <= axis < len(shape):
        raise Unreadable(f"{where} has scales for its dimension {axis}, and its shape is {list(shape)}")
    if count > 1 and not (shape and shape[axis] == count):
        raise Unreadable(f"{where} has {count} scales, and the dimension {axis} of its shape {list(shape)} is another")

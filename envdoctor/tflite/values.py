"""The numbers in small constants: axes, paddings, shapes, strides."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envdoctor.tflite.model import Tensor

_CODES = {"INT32": "i", "INT64": "q"}
_MANY = 4096
"""No axis list or padding is longer; what is longer is data, and isn't unpacked."""


def integers(tensor: Tensor | None) -> tuple[int, ...] | None:
    """A constant's integers; None where the tensor is absent, computed, not of integers, or long.

    Raises:
        Unreadable: its bytes are not in the file.
    """
    if tensor is None or not tensor.constant or tensor.dtype not in _CODES:
        return None
    data, code = tensor.data(), _CODES[tensor.dtype]
    count = len(data) // struct.calcsize(code)
    return struct.unpack_from(f"<{count}{code}", data) if count <= _MANY else None

"""Flatbuffer primitives over bytes that nobody vouches for.

A flatbuffer is a graph of tables. Every reference but one is an unsigned offset that points forward, so a walk always
ends; the exception, a table's signed offset to its vtable, is followed once. What is left to guard against is reading
outside the bytes (checked at every step) and a small file whose many references share one large vector, which would
grow when it is decoded: a budget, a few times the file's size, bounds what may be materialised in all.

Format: https://flatbuffers.dev/internals/
"""

from __future__ import annotations

import struct
import sys
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_U16 = struct.Struct("<H")
_U32 = struct.Struct("<I")
_I32 = struct.Struct("<i")
_SCALARS = {code: struct.Struct("<" + code) for code in "?bBhHiIqQfd"}
_VTABLE_HEADER = struct.Struct("<HH")
_MAX_FIELDS = 64
"""No table of the TensorFlow Lite schema has half as many fields; what lies beyond is of no interest."""
_BUDGET_FACTOR, _BUDGET_FLOOR = 4, 1 << 20


class FlatBuffer:
    """The bytes of one flatbuffer, with every read checked.

    Raises:
        Unreadable: from any method, when an offset leads outside the bytes or the budget is spent.
    """

    __slots__ = ("_budget", "_vtables", "view")

    def __init__(self, data: bytes | memoryview) -> None:
        self.view = memoryview(data).toreadonly()
        self._budget = _BUDGET_FACTOR * len(self.view) + _BUDGET_FLOOR
        self._vtables: dict[int, tuple[int, tuple[int, ...]]] = {}

    def root(self) -> Table:
        """The table that the first four bytes point to."""
        return Table(self, self.unsigned(0))

    def unpack(self, scalar: struct.Struct, position: int) -> tuple[int, ...]:
        """The values of `scalar` at an absolute position."""
        if not 0 <= position <= len(self.view) - scalar.size:
            raise Unreadable(f"an offset points to byte {position} of {len(self.view)}")
        return scalar.unpack_from(self.view, position)

    def unsigned(self, position: int) -> int:
        """The 32-bit unsigned integer at an absolute position."""
        return self.unpack(_U32, position)[0]

    def follow(self, position: int) -> int:
        """The absolute position that the forward offset stored at `position` leads to."""
        return position + self.unsigned(position)

    def vector(self, position: int, item_size: int) -> tuple[int, int]:
        """Start and item count of the vector that the offset at `position` leads to, checked to fit."""
        start = self.follow(position)
        count = self.unsigned(start)
        if start + 4 + count * item_size > len(self.view):
            raise Unreadable(f"a vector of {count} items at byte {start} runs over the end, {len(self.view)}")
        return start + 4, count

    def spend(self, amount: int) -> None:
        """Account for `amount` bytes that are about to be decoded into objects."""
        self._budget -= amount
        if self._budget < 0:
            raise Unreadable(
                "its tables refer to the same data so often that they unpack to many times the file's size"
            )

    def vtable(self, table: int) -> tuple[int, ...]:
        """Offsets of a table's fields relative to the table; 0 stands for an absent field."""
        position = table - self.unpack(_I32, table)[0]
        known = self._vtables.get(position)
        if known is None:
            size, inline_size = self.unpack(_VTABLE_HEADER, position)
            count = min((size - _VTABLE_HEADER.size) // _U16.size, _MAX_FIELDS)
            if count < 0 or position + _VTABLE_HEADER.size + count * _U16.size > len(self.view):
                raise Unreadable(f"the table at byte {table} has a damaged vtable")
            fields = struct.unpack_from(f"<{count}H", self.view, position + _VTABLE_HEADER.size)
            known = self._vtables[position] = (inline_size, fields)
        inline_size, fields = known
        if table + inline_size > len(self.view):
            raise Unreadable(f"the table at byte {table} runs over the end, {len(self.view)}")
        return fields


class Table:
    """One table; fields are addressed by their ordinal in the schema, and an absent field gives its default."""

    __slots__ = ("_fields", "buffer", "position")

    def __init__(self, buffer: FlatBuffer, position: int) -> None:
        self.buffer = buffer
        self._fields = buffer.vtable(position)
        self.position = position

    def _at(self, field: int) -> int:
        offset = self._fields[field] if field < len(self._fields) else 0
        return self.position + offset if offset else 0

    def scalar(self, field: int, code: str, default: float = 0) -> int | float | bool:
        """A number or truth value; `code` is its letter in the `struct` module."""
        position = self._at(field)
        return self.buffer.unpack(_SCALARS[code], position)[0] if position else default

    def integer(self, field: int, code: str = "i", default: int = 0) -> int:
        """An integer; `code` is its letter in the `struct` module."""
        position = self._at(field)
        return self.buffer.unpack(_SCALARS[code], position)[0] if position else default

    def string(self, field: int) -> str | None:
        """A string (UTF-8; anything else is replaced), None where absent."""
        data = self.raw(field)
        if data is None:
            return None
        self.buffer.spend(len(data))
        return str(data, "utf-8", "replace")

    def span(self, field: int) -> tuple[int, int] | None:
        """Absolute start and length of a vector of bytes, None where absent."""
        position = self._at(field)
        return self.buffer.vector(position, 1) if position else None

    def raw(self, field: int) -> memoryview | None:
        """A vector of bytes, not copied; None where absent."""
        span = self.span(field)
        return None if span is None else self.buffer.view[span[0] : span[0] + span[1]]

    def numbers(self, field: int, code: str) -> tuple[int, ...] | None:
        """A vector of numbers, copied; None where absent. Meant for shapes and index lists."""
        position = self._at(field)
        if not position:
            return None
        start, count = self.buffer.vector(position, _SCALARS[code].size)
        self.buffer.spend(8 * count)
        return struct.unpack_from(f"<{count}{code}", self.buffer.view, start)

    def array(self, field: int, code: str) -> Sequence[float]:
        """A vector of numbers as a view on the file, so that a long one costs nothing; empty where absent."""
        position = self._at(field)
        if not position:
            return ()
        size = _SCALARS[code].size
        start, count = self.buffer.vector(position, size)
        if count <= 1 or sys.byteorder != "little":
            self.buffer.spend(8 * count)
            return struct.unpack_from(f"<{count}{code}", self.buffer.view, start)
        return self.buffer.view[start : start + count * size].cast(code)  # type: ignore[call-overload,no-any-return]

    def table(self, field: int) -> Table | None:
        """A table, None where absent."""
        position = self._at(field)
        return Table(self.buffer, self.buffer.follow(position)) if position else None

    def tables(self, field: int) -> Iterator[Table]:
        """A vector of tables, one by one; nothing where absent."""
        position = self._at(field)
        if not position:
            return
        start, count = self.buffer.vector(position, _U32.size)
        for item in range(start, start + count * _U32.size, _U32.size):
            self.buffer.spend(_U32.size)
            yield Table(self.buffer, self.buffer.follow(item))

    def strings(self, field: int) -> Iterator[str]:
        """A vector of strings, one by one; nothing where absent."""
        position = self._at(field)
        if not position:
            return
        start, count = self.buffer.vector(position, _U32.size)
        for item in range(start, start + count * _U32.size, _U32.size):
            first, size = self.buffer.vector(item, 1)
            self.buffer.spend(_U32.size + size)
            yield str(self.buffer.view[first : first + size], "utf-8", "replace")

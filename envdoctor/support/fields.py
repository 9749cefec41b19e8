"""Numbers, texts and parts of a binary file that nobody vouches for: every read is checked against the end."""

from __future__ import annotations

from typing import Literal

from envdoctor.core.errors import Unreadable

_LONGEST_TEXT, _STEP = 4096, 1 << 20
#: The last record of a zip archive, without and with the longest comment.
_RECORD, _LONGEST_RECORD = 22, 22 + (1 << 16)


def zeros_at_start(data: memoryview) -> int:
    """How many zeros some bytes begin with, looked through in steps."""
    for start in range(0, len(data), _STEP):
        if rest := bytes(data[start : start + _STEP]).lstrip(b"\0"):
            return min(start + _STEP, len(data)) - len(rest)
    return len(data)


def only_zeros(data: memoryview) -> bool:
    """Whether there is nothing but zeros in some bytes."""
    return zeros_at_start(data) == len(data)


def end_of_zip(data: memoryview) -> int:
    """Where a zip archive ends, behind the comment of its last record."""
    tail = bytes(data[-_LONGEST_RECORD:])
    at = tail.rfind(b"PK\5\6")
    return len(data) - len(tail) + at + _RECORD + int.from_bytes(tail[at + _RECORD - 2 : at + _RECORD], "little")


class Fields:
    """Some bytes, read at absolute positions.

    Attributes:
        data: the bytes.
        end: where the file ends by what was asked of `require_size`; 0 where nothing was.
        areas: first byte and end of what a reader found to be data of their own, which may be all zeros.
    """

    __slots__ = ("_order", "areas", "data", "end")

    def __init__(self, data: bytes | memoryview, order: Literal["little", "big"] = "little") -> None:
        self.data = memoryview(data)
        self.end = 0
        self.areas: list[tuple[int, int]] = []
        self._order: Literal["little", "big"] = order

    def __len__(self) -> int:
        return len(self.data)

    def starts(self, magic: bytes, at: int = 0) -> bool:
        """Whether these bytes are there."""
        return bytes(self.data[at : at + len(magic)]) == magic

    def part(self, at: int, size: int) -> memoryview:
        """So many bytes.

        Raises:
            Unreadable: they are not all there.
        """
        if at < 0 or size < 0 or at + size > len(self.data):
            raise Unreadable(f"it has {len(self.data):,} bytes, and its header speaks of {size:,} at byte {at:,}")
        return self.data[at : at + size]

    def number(self, at: int, size: int = 4, *, signed: bool = False) -> int:
        """An integer; raises as `part`."""
        return int.from_bytes(self.part(at, size), self._order, signed=signed)

    def numbers(self, at: int, count: int, size: int = 4) -> tuple[int, ...]:
        """Integers in a row; raises as `part`."""
        self.part(at, count * size)
        return tuple(self.number(at + size * index, size) for index in range(count))

    def text(self, at: int, size: int) -> str:
        """A text of fixed width that ends at its first NUL; what is no UTF-8 is replaced. Raises as `part`."""
        raw = bytes(self.part(at, size)[:_LONGEST_TEXT])
        return raw.split(b"\0", 1)[0].decode("utf-8", "replace").strip()

    def require_size(self, size: int) -> None:
        """Holds where a file ends, as its header says, against the bytes that are there.

        Raises:
            Unreadable: there are fewer.
        """
        self.end = max(self.end, size)
        if size > len(self.data):
            raise Unreadable(f"it is cut short: its header says {size:,} bytes, and it has {len(self.data):,}")

    def end_in_block(self, start: int, end: int, size: int) -> None:
        """Ends the file behind the zeros that fill up its last block of `size` bytes, counted from `start`."""
        full = start - (start - end) // size * size
        self.end = full if only_zeros(self.data[end:full]) else end

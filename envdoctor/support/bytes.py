"""Bytes that can be read anywhere without having all of them: a file, a member of a wheel, a file over HTTP."""

from __future__ import annotations

from typing import Protocol


class RandomAccess(Protocol):
    """Something that has a size in bytes and hands out any part of itself.

    Readers of binary formats take one of these, so that the same code judges an installed file and a member of a wheel
    of which a few kilobytes were fetched. Implementations keep what was costly to get: a caller may ask twice.
    """

    @property
    def size(self) -> int:
        """The whole length in bytes."""
        ...

    def read_at(self, offset: int, length: int) -> bytes:
        """The bytes from `offset` on: exactly `length` of them, or fewer only where the end comes first.

        Raises:
            Unreadable: the bytes can't be had, though the source's size promises them.
            NetworkProblem: a remote source did not answer.
        """
        ...


class MemoryBytes:
    """Bytes that are in memory already, as a `RandomAccess`."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        """The number of bytes held."""
        return len(self._data)

    def read_at(self, offset: int, length: int) -> bytes:
        """The bytes of `offset` to `offset + length`, cut at the end."""
        return self._data[max(0, offset) : max(0, offset + length)]


class BytesRange:
    """A part of another source, as a `RandomAccess` of its own: the slice of a universal file, a stored member."""

    __slots__ = ("_offset", "_source", "size")

    def __init__(self, source: RandomAccess, offset: int, size: int) -> None:
        self._source = source
        self._offset = offset
        self.size = size

    def read_at(self, offset: int, length: int) -> bytes:
        """The bytes of the part from `offset` on, never beyond its end."""
        length = min(length, self.size - offset)
        return self._source.read_at(self._offset + offset, length) if offset >= 0 and length > 0 else b""

"""Small reads out of a file through one window, with the end of the file as an error instead of a shorter answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from envdoctor.support.bytes import RandomAccess

READ_AHEAD = 4096

_LONGEST_STRING = 64 * 1024


class Window:
    """Keeps the last stretch read, so that neighbouring structures and strings cost one read of the source.

    A window begins exactly where it was asked for: a source that has to fetch would pay for alignment.
    """

    __slots__ = ("_ahead", "_data", "_source", "_start")

    def __init__(self, source: RandomAccess, ahead: int = READ_AHEAD) -> None:
        """Opens a window.

        Args:
            source: the file.
            ahead: bytes to read at least; fewer where each byte has a price.
        """
        self._source = source
        self._ahead = ahead
        self._start = 0
        self._data = b""

    @property
    def size(self) -> int:
        """The file's length in bytes."""
        return self._source.size

    def read(self, offset: int, length: int, what: str) -> bytes:
        """Exactly `length` bytes from `offset`.

        Raises:
            Unreadable: the file ends before, or the place is outside it; `what` names the structure in the message.
        """
        low = offset - self._start
        if low < 0 or low + length > len(self._data):
            if offset < 0 or offset + length > self._source.size:
                raise Unreadable(f"{what} at {offset:#x} lies outside the file of {self._source.size} bytes")
            self._data = self._source.read_at(offset, max(length, self._ahead))
            self._start, low = offset, 0
            if len(self._data) < length:
                raise Unreadable(f"{what} at {offset:#x} is cut off")
        return self._data[low : low + length]

    def string(self, offset: int, limit: int, what: str) -> str:
        """The text from `offset` to its NUL, which must stand before `limit`.

        Names of libraries and versions are printable; what is not is damage, and must not reach a terminal.

        Raises:
            Unreadable: no NUL, an unprintable text, or a place outside the file.
        """
        most = min(limit - offset, _LONGEST_STRING, self._source.size - offset)
        size = 1
        while True:
            self.read(offset, size, what)
            low = offset - self._start
            end = self._data.find(b"\0", low, low + most)
            if end >= 0 or size >= most:
                break
            size = min(most, max(self._ahead, size * 4))
        if end < 0:
            raise Unreadable(f"{what} at {offset:#x} has no end")
        text = self._data[low:end].decode("utf-8", "surrogateescape")
        if not text.isprintable():
            raise Unreadable(f"{what} at {offset:#x} is not a printable name: {text[:40]!r}")
        return text

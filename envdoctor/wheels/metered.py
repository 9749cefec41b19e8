"""Counts what is read of a source, each byte once however often it is asked for."""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.core.bytes import RandomAccess


class Metered:
    """A source that knows how many of its bytes were read, and in how many reads that asked for anything new.

    The reads of a source that keeps what it fetched are so the requests it made.
    """

    def __init__(self, source: RandomAccess) -> None:
        self._source = source
        self._starts: list[int] = []
        self._ends: list[int] = []
        self.size = source.size
        self.bytes_read = 0
        self.reads = 0

    def read_at(self, offset: int, length: int) -> bytes:
        """Reads through to the source."""
        end = min(offset + length, self.size)
        new = self._claim(offset, end) if 0 <= offset < end else 0
        self.bytes_read += new
        self.reads += bool(new)
        return self._source.read_at(offset, length)

    def prefetch(self, spans: Iterable[tuple[int, int]], gap: int) -> None:
        """Reads stretches (start, end) that will be asked for in pieces; those less than `gap` bytes apart at once."""
        begin = finish = -1
        for start, end in sorted(spans):
            if begin >= 0 and start - finish <= gap:
                finish = max(finish, end)
                continue
            self._fetch(begin, finish)
            begin, finish = start, end
        self._fetch(begin, finish)

    def _fetch(self, start: int, end: int) -> None:
        if start >= 0:
            self.read_at(start, end - start)

    def _claim(self, start: int, end: int) -> int:
        """Marks a stretch as read; how many of its bytes were not before."""
        first = bisect.bisect_left(self._ends, start)
        last = bisect.bisect_right(self._starts, end)
        known = zip(self._starts[first:last], self._ends[first:last], strict=True)
        new = end - start - sum(max(0, min(stop, end) - max(begin, start)) for begin, stop in known)
        if first < last:
            start, end = min(start, self._starts[first]), max(end, self._ends[last - 1])
        self._starts[first:last], self._ends[first:last] = [start], [end]
        return new

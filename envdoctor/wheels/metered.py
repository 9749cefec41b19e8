"""Counts what is read of a source, each byte once however often it is asked for."""

from __future__ import annotations

import bisect
import threading
from typing import TYPE_CHECKING

from envdoctor.support import interruption

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    from envdoctor.support.bytes import RandomAccess

    Run: TypeAlias = Callable[[Callable[[tuple[int, int]], bytes], Iterable[tuple[int, int]]], Iterable[bytes]]


class Metered:
    """A source that knows how many of its bytes were read, and in how many reads that asked for anything new.

    The reads of a source that keeps what it fetched are so the requests it made. Safe to share among threads, if the
    source is.
    """

    def __init__(self, source: RandomAccess) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._starts: list[int] = []
        self._ends: list[int] = []
        self.size = source.size
        self.bytes_read = 0
        self.reads = 0

    def read_at(self, offset: int, length: int) -> bytes:
        """Reads through to the source."""
        interruption.check()
        end = min(offset + length, self.size)
        with self._lock:
            new = self._claim(offset, end) if 0 <= offset < end else 0
            self.bytes_read += new
            self.reads += bool(new)
        return self._source.read_at(offset, length)

    def prefetch(self, spans: Iterable[tuple[int, int]], gap: int, run: Run = map) -> None:
        """Reads stretches (start, end) that will be asked for in pieces.

        Args:
            spans: the stretches.
            gap: those less than so many bytes apart are read at once.
            run: calls a function on each of several things, as `map` does; an executor's `map` does so in parallel.
        """
        joined: list[tuple[int, int]] = []
        for start, end in sorted(spans):
            if joined and start - joined[-1][1] <= gap:
                joined[-1] = joined[-1][0], max(joined[-1][1], end)
            else:
                joined.append((start, end))
        for _ in run(lambda span: self.read_at(span[0], span[1] - span[0]), joined):
            pass

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

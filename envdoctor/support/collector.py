"""Python's search for cycles, done seldom: what is read becomes trees of a million nodes without any, all looked at."""

from __future__ import annotations

import contextlib
import gc
import threading

TYPE_CHECKING = False  # typing's is not imported: this is used before anything else is
if TYPE_CHECKING:
    from collections.abc import Iterator

#: Objects more than before, after which Python looks for cycles; and where so many are trees that it hardly ever does.
_RARELY, HARDLY_EVER = 100_000, 4_000_000
_lock = threading.Lock()
_before: list[tuple[int, int, int]] = []


@contextlib.contextmanager
def collecting_rarely(objects: int = _RARELY) -> Iterator[None]:
    """Look for cycles seldom while the context is open, and until the last of several at once gives back what was set.

    What one asks for is not taken back before: all that was made meanwhile would be looked at right then.
    """
    with _lock:
        _before.append(gc.get_threshold())
        gc.set_threshold(max(objects, _before[-1][0]), 10, 10)
    try:
        yield
    finally:
        with _lock:
            last = _before.pop()
            if not _before:
                gc.set_threshold(*last)

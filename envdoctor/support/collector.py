"""Python's search for cycles, done seldom: what is read becomes trees of a million nodes without any, all looked at."""

from __future__ import annotations

import contextlib
import gc
import threading

TYPE_CHECKING = False  # typing's is not imported: this is used before anything else is
if TYPE_CHECKING:
    from collections.abc import Iterator

_RARELY = (100_000, 10, 10)
_lock = threading.Lock()
_before: list[tuple[int, int, int]] = []


@contextlib.contextmanager
def collecting_rarely() -> Iterator[None]:
    """Look for cycles seldom while the context is open; the last of several at once gives back what was set before."""
    with _lock:
        _before.append(gc.get_threshold())
        gc.set_threshold(*_RARELY)
    try:
        yield
    finally:
        with _lock:
            last = _before.pop()
            if not _before:
                gc.set_threshold(*last)

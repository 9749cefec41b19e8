"""Runs code that goes deep, as following imports does, with room for it."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, TypeVar

from envdoctor.support.parallel import start_thread

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_BYTES = 256 << 20  # of address space: pages are only used as far as the stack grows
_DEPTH = 20_000
_local = threading.local()
_lock = threading.Lock()
_running = 0
_usual_depth = 0


def on_deep_stack(work: Callable[[], T]) -> T:
    """What `work` returns or raises, run on a thread with a large stack, unless that is so already.

    Where the machine grants none it runs here: what goes too deep ends in RecursionError.
    """
    if getattr(_local, "deep", False):
        return work()
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        _local.deep = True
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - handed on to who asked
            errors.append(error)

    with _lock:
        before = threading.stack_size(_BYTES)
        try:
            _allow()
            thread = start_thread(run, "deep", _BYTES)
        finally:
            threading.stack_size(before)
        if thread is None:
            _restore()
    if thread is None:
        return work()
    try:
        thread.join()
    finally:
        with _lock:
            _restore()
    if errors:
        raise errors[0]
    return results[0]


def _allow() -> None:
    global _running, _usual_depth  # noqa: PLW0603 - Python has one limit for all threads
    if not _running:
        _usual_depth = sys.getrecursionlimit()
        sys.setrecursionlimit(max(_usual_depth, _DEPTH))
    _running += 1


def _restore() -> None:
    global _running  # noqa: PLW0603
    _running -= 1
    if not _running:
        sys.setrecursionlimit(_usual_depth)

"""A function called on several things at once, in threads that never keep the program from ending.

`concurrent.futures` joins its threads when a block or the interpreter ends, so that Ctrl-C would wait for whatever
they do. Where the machine grants no (more) threads, the work is done with those there are, or without any.
"""

from __future__ import annotations

import threading
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from envdoctor.support import interruption

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

#: Bytes: the stacks of some threads, 8 MiB each, and what they allocate.
_ROOM_FOR_THREADS = 128 << 20

T = TypeVar("T")
R = TypeVar("R")


def start_thread(run: Callable[[], None], name: str, stack: int = 0) -> threading.Thread | None:
    """A daemon thread at work; None where the machine grants none, or too little memory for it to begin.

    A thread that finds no memory as it begins ends unheard, and `Thread.start` would wait for it for ever.
    """
    if memory_is_scarce(stack):
        return None
    thread = threading.Thread(target=run, name=name, daemon=True)
    try:
        thread.start()
    except (RuntimeError, MemoryError):  # "can't start new thread": a limit on memory or on processes
        return None
    return thread


def memory_is_scarce(stack: int = 0) -> bool:
    """Whether a limit on this process's memory (`ulimit -v`, `-d`) leaves no room for a thread with such a stack."""
    try:
        import resource

        pages = Path("/proc/self/statm").read_bytes().split()
        used = {resource.RLIMIT_AS: int(pages[0]), resource.RLIMIT_DATA: int(pages[5])}
    except (ImportError, OSError):  # Windows has no such limit; not every system tells
        return False
    limits = ((resource.getrlimit(limit)[0], count * resource.getpagesize()) for limit, count in used.items())
    return any(most < taken + _ROOM_FOR_THREADS + stack for most, taken in limits if most != resource.RLIM_INFINITY)


def in_parallel(function: Callable[[T], R], items: Iterable[T], workers: int, name: str = "worker") -> Iterator[R]:
    """The results in the order of the items; what the function raises is raised where its result would stand.

    Work begins with the first result that is asked for. If the caller stops asking, no further item is begun.
    """
    from concurrent.futures import wait  # with logging, which a check does not need

    work = _Work(function, items)
    wanted = min(workers, len(work.results)) if len(work.results) > 1 else 0
    started = 0
    while started < wanted and start_thread(work.run, f"{name}-{started}"):
        started += 1
    try:
        for result in work.results:
            if not started:
                work.step()
            while not wait((result,), interruption.BEAT).done:
                interruption.check()
            yield result.result()
    finally:
        work.open.clear()


class _Work(Generic[T, R]):
    def __init__(self, function: Callable[[T], R], items: Iterable[T]) -> None:
        from concurrent.futures import Future

        self._function = function
        self.open: deque[tuple[T, Future[R]]] = deque((item, Future()) for item in items)
        self.results = [result for _, result in self.open]

    def run(self) -> None:
        """Does what is left, until nothing is."""
        while self.step():
            pass

    def step(self) -> bool:
        """Does the next thing; False if there is none."""
        try:
            item, result = self.open.popleft()
        except IndexError:
            return False
        try:
            result.set_result(self._function(item))
        except BaseException as error:  # noqa: BLE001  (raised again in the thread that asks for the result)
            result.set_exception(error)
        return True

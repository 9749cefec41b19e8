"""Telling what uv does while it does it."""

from __future__ import annotations

import contextlib
import re
import threading
from typing import TYPE_CHECKING

from envdoctor.support.parallel import start_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: Seconds between two looks at what was printed.
_PAUSE = 0.2
_PROGRESS = re.compile(r"\s*(Resolved|Downloading|Downloaded|Prepared|Installed)\b")


@contextlib.contextmanager
def following(log: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Say each line of progress that is added to a file, from another thread, until the block ends."""
    done = threading.Event()

    def follow() -> None:
        position = 0
        while not done.wait(_PAUSE):
            position = say_lines(log, position, say)
        say_lines(log, position, say)

    thread = start_thread(follow, "following")  # without one nothing is told
    try:
        yield
    finally:
        done.set()
        if thread is not None:
            thread.join()


def say_lines(log: Path, position: int, say: Callable[[str], None]) -> int:
    """Say the whole lines behind a position that tell of progress.

    Returns:
        The position behind the last whole line.
    """
    try:
        with log.open("rb") as stream:
            stream.seek(position)
            text, end, _ = stream.read().rpartition(b"\n")
    except OSError:  # nothing was printed yet
        return position
    for line in text.decode("utf-8", "replace").splitlines():
        if _PROGRESS.match(line):
            say(line.strip())
    return position + len(text) + len(end)

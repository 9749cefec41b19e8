"""Printing what is no report: tables and inspections; and how far a long table has got."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, TextIO

from envdoctor.cli import _options
from envdoctor.support.parallel import start_thread
from envdoctor.support.streams import safe_words, unguarded
from envdoctor.support.text import duration, encodable, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Seconds between two changes of the line, and before it first appears.
_BEAT = 0.5
#: Seconds of work ahead that are told where there is no such line, and after which that is told again.
_LONG = 60.0
#: Steps from which the pace of all is told.
_TELLING = 4


def show(kind: str, value: object, *, as_json: bool, verbose: bool) -> None:
    """Print a value on standard output, without the secrets in it: as JSON, or for a person."""
    from envdoctor import registry
    from envdoctor.support.redaction import Redactor, redact

    if as_json:
        _options.show_json(value)
    else:
        registry.renderer("terminal").write_value(kind, redact(value, Redactor.here()), verbose=verbose)


@contextlib.contextmanager
def progress(doing: str, stream: TextIO | None = None) -> Iterator[Callable[[int, int], None]]:
    """A line on standard error (or on `stream`) that says how far something has got and how long it has taken.

    It shows up after a moment, and only on a terminal; elsewhere a line is printed now and then while more than a
    minute of work is ahead. What the context gets is told how much is done, of how much.
    """
    target = unguarded(sys.stderr if stream is None else stream)
    if not target.isatty() or os.environ.get("TERM") == "dumb":
        yield _Milestones(doing, target).count
        return
    line = _Line(doing, target)
    thread = start_thread(line.keep_moving, "progress")
    try:
        yield line.count
    finally:
        line.ended.set()
        if thread is not None:
            thread.join()


def say(text: str) -> None:
    """Print a sentence on standard error while something is at work."""
    stream = unguarded(sys.stderr)  # which would show the escape sequence as text
    clears = stream.isatty() and os.environ.get("TERM") != "dumb"
    _write(
        stream, ("\r\033[K" if clears else "") + encodable(safe_words(f"envdoctor: {text}"), _encoding(stream)) + "\n"
    )


def _encoding(stream: TextIO) -> str:
    return stream.encoding or "ascii"


class _Pace:
    """How long the rest will take, if it goes on as before; the first steps fetch what all the others share."""

    def __init__(self) -> None:
        self.since = time.monotonic()
        self._first = (0, self.since)

    def left(self, done: int, total: int) -> float | None:
        """Seconds; None after too few steps to tell."""
        now = time.monotonic()
        if not self._first[0]:
            self._first = (done, now)
        steps = done - self._first[0]
        return (now - self._first[1]) / steps * (total - done) if steps >= _TELLING else None


def _rest(left: float | None) -> str:
    return "" if left is None or left < 1 else f", about {duration(round(left))} left"


class _Milestones:
    """Tells now and then, on what is no terminal, how much is left."""

    def __init__(self, doing: str, stream: TextIO) -> None:
        self._doing = doing
        self._stream = stream
        self._pace = _Pace()
        self._told = -_LONG

    def count(self, done: int, total: int) -> None:
        """Takes note of how far it has got."""
        took, left = time.monotonic() - self._pace.since, self._pace.left(done, total)
        is_long = took >= _LONG if left is None else left > _LONG and took > _BEAT
        if is_long and took - self._told >= _LONG:
            self._told = took
            text = one_line(f"{self._doing}: {done} of {total} done{_rest(left)}")
            _write(self._stream, encodable(text, _encoding(self._stream)) + "\n")


def _write(stream: TextIO, text: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # a closed stream must not end the work
        stream.write(text)
        stream.flush()


class _Line:
    """A line of a terminal that is written over and over."""

    def __init__(self, doing: str, stream: TextIO) -> None:
        self.ended = threading.Event()
        self._doing = encodable(safe_words(doing), _encoding(stream))
        self._count = ""
        self._stream = stream
        self._pace = _Pace()

    def count(self, done: int, total: int) -> None:
        self._count = f", {done} of {total} done{_rest(self._pace.left(done, total))}"

    def keep_moving(self) -> None:
        import shutil

        shown = False
        while not self.ended.wait(_BEAT):
            took = time.monotonic() - self._pace.since
            columns = shutil.get_terminal_size().columns - 1
            _write(self._stream, "\r" + f"{int(took):>3} s  {self._doing}{self._count}"[:columns] + "\033[K")
            shown = True
        if shown:
            _write(self._stream, "\r\033[K")

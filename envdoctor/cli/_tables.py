"""Printing what is no report: tables and inspections; and how far a long table has got."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING, TextIO

from envdoctor.cli import _options
from envdoctor.support.streams import safe_words, unguarded
from envdoctor.support.text import encodable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Seconds between two changes of the line, and before it first appears.
_BEAT = 0.5


def show(kind: str, value: object, *, as_json: bool, verbose: bool) -> None:
    """Print a value on standard output, without the secrets in it: as JSON, or for a person by `write_KIND`."""
    from envdoctor import registry
    from envdoctor.support.redaction import Redactor, redact

    if as_json:
        _options.show_json(value)
    else:
        safe = redact(value, Redactor.here())
        getattr(registry.renderer("terminal"), f"write_{kind}")(safe, verbose=verbose)


@contextlib.contextmanager
def progress(doing: str, stream: TextIO | None = None) -> Iterator[Callable[[int, int], None]]:
    """A line on standard error (or on `stream`) that says how far something has got and how long it has taken.

    It shows up after a moment, and only on a terminal. What the context gets is told how much is done, of how much.
    """
    target = unguarded(sys.stderr if stream is None else stream)
    if not target.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda _done, _total: None
        return
    line = _Line(doing, target)
    thread = threading.Thread(target=line.keep_moving, daemon=True)
    thread.start()
    try:
        yield line.count
    finally:
        line.ended.set()
        thread.join()


class _Line:
    """A line of a terminal that is written over and over."""

    def __init__(self, doing: str, stream: TextIO) -> None:
        self.ended = threading.Event()
        self._doing = encodable(safe_words(doing), stream.encoding or "ascii")
        self._count = ""
        self._stream = stream

    def count(self, done: int, total: int) -> None:
        self._count = f", {done} of {total} done"

    def keep_moving(self) -> None:
        since = time.monotonic()
        shown = False
        while not self.ended.wait(_BEAT):
            took = time.monotonic() - since
            columns = shutil.get_terminal_size().columns - 1
            self._write("\r" + f"{int(took):>3} s  {self._doing}{self._count}"[:columns] + "\033[K")
            shown = True
        if shown:
            self._write("\r\033[K")

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # a closed stream must not end the work
            self._stream.write(text)
            self._stream.flush()

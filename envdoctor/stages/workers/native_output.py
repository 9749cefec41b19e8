"""What native code says while it works: C++ writes to the process's streams, past Python's own."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_STDERR, _BY_LINE = 2, 1  # _IOLBF of glibc


@contextmanager
def captured(file: Path, streams: Sequence[int] = (_STDERR,)) -> Iterator[list[str]]:
    """What is written to some streams meanwhile: the list's only item at the end, when it is written on, too.

    Args:
        file: what it is kept in meanwhile, with a suffix for each stream.
        streams: descriptors. What one says stands behind what the one before it says, so that neither cuts a line.
    """
    said = [""]
    files = {stream: file.with_name(f"{file.name}.{stream}") for stream in streams}
    _flush()
    kept = {stream: os.dup(stream) for stream in streams}
    try:
        for stream, target in files.items():
            with target.open("wb") as opened:
                os.dup2(opened.fileno(), stream)
        try:
            yield said
        finally:
            _flush()
            for stream, copy in kept.items():
                os.dup2(copy, stream)
    finally:
        for copy in kept.values():
            os.close(copy)
        said[0] = "\n".join(target.read_text("utf-8", "replace") for target in files.values())
        print(said[0], file=sys.stderr)


def write_by_line() -> None:
    """Make C and Python write whole lines to the standard output: where both do, one's buffer cuts the other's lines.

    Linux only: elsewhere C's streams have other names.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    c = ctypes.CDLL(None)
    c.setvbuf(ctypes.c_void_p.in_dll(c, "stdout"), None, _BY_LINE, 0)


def _flush() -> None:
    """Empties Python's buffers and those of C, in which libraries leave their last lines."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        ctypes.CDLL(None).fflush(None)

"""What native code says while it works: C++ writes to the process's streams, past Python's own."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def captured(file: Path) -> Iterator[list[str]]:
    """What is written to the error stream meanwhile: the list's only item at the end, when it is written on, too.

    Args:
        file: what it is kept in meanwhile.
    """
    said = [""]
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with file.open("wb") as stream:
            os.dup2(stream.fileno(), 2)
            try:
                yield said
            finally:
                sys.stderr.flush()
                os.dup2(kept, 2)
    finally:
        os.close(kept)
        said[0] = file.read_text("utf-8", "replace")
        print(said[0], file=sys.stderr)

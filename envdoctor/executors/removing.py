"""Has a large folder removed without waiting for it."""

from __future__ import annotations

import subprocess  # noqa: TID251  (this room is where processes are started)
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_REMOVE = "import shutil, sys; shutil.rmtree(sys.argv[1], ignore_errors=True)"


def remove_behind(folder: Path) -> None:
    """Remove a folder in a process that outlives this one: what Ctrl-C leaves can be gigabytes in 30,000 files.

    Raises:
        OSError: no process can be started.
    """
    process = subprocess.Popen(
        (sys.executable, "-I", "-S", "-c", _REMOVE, str(folder)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    process.returncode = 0  # nobody waits for it, and nobody is to be warned of that

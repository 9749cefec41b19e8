"""Has what is left behind removed without waiting for it."""

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
    run_behind((sys.executable, "-I", "-S", "-c", _REMOVE, str(folder)))


def run_behind(argv: tuple[str, ...]) -> None:
    """Run a command that outlives this process and that nobody waits for: cleaning up after an interrupt.

    Raises:
        OSError: it can't be started.
    """
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    process.returncode = 0  # nobody waits for it, and nobody is to be warned of that

"""Ends what a process left running when it was killed: `python -I -S .../guard.py`, with a pipe as standard input.

The pipe says which commands run (`+PID`) and which have ended (`-PID`). It closes when the process that writes to it is
gone, however it went; then whatever still runs is ended. It is a program by itself: the one that it watches can do
nothing once it is killed, and a signal at a parent's death (prctl(2), PR_SET_PDEATHSIG) is Linux's alone, reaches no
grandchild, and would have to be asked for between fork and exec, which is not safe beside threads.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess  # noqa: TID251  (this room is where processes are started)
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Seconds that a command gets to end by itself.
GRACE = 0.5


def left_over(lines: Iterable[bytes]) -> set[int]:
    """The commands that had not ended when the lines did."""
    running: set[int] = set()
    for line in lines:
        sign, number = line[:1], line[1:].strip()
        if number.isdigit():
            (running.add if sign == b"+" else running.discard)(int(number))
    return running


def end(pids: set[int]) -> None:
    """End commands, each the leader of a process group, with their children."""
    if os.name == "posix":
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, number)
            time.sleep(GRACE if pids and number == signal.SIGTERM else 0)
        return
    for pid in pids:
        subprocess.run(("taskkill", "/F", "/T", "/PID", str(pid)), check=False, capture_output=True)  # noqa: S607  (of the system)


if __name__ == "__main__":
    end(left_over(iter(sys.stdin.buffer.readline, b"")))

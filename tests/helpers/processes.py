"""Looks at processes from outside."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path

#: How a program in Python begins that runs though the path of its interpreter holds a space.
SCRIPT_HEAD = f"""#!/bin/sh\n\'\'\'\'exec "{sys.executable}" "$0" "$@" # \'\'\'\n"""


def assert_gone(pid, seconds=5.0):
    """Wait until a process is gone; one whose parent died may wait for init to reap it: a zombie runs nothing."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        with contextlib.suppress(FileNotFoundError):  # it went just now, or there is no /proc
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return
        time.sleep(0.05)
    raise AssertionError(f"the process {pid} still runs")

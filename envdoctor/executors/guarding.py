"""Has the commands of this process ended when this process is killed."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess  # noqa: TID251  (this room is where processes are started)
    from collections.abc import Iterator

_PROGRAM = Path(__file__).with_name("guard.py")
_SECONDS = 2.0


class Guardian:
    """Tells a guard, one program for all commands, what runs; without one (it can't be started) all goes on as well."""

    def __init__(self) -> None:
        self._guard: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def guarding(self, pid: int) -> Iterator[None]:
        """Have a command ended, if this process ends before the block does."""
        self._tell(f"+{pid}\n")
        try:
            yield
        finally:
            self._tell(f"-{pid}\n")

    def _tell(self, line: str) -> None:
        with self._lock, contextlib.suppress(OSError):
            if self._guard is None or self._guard.poll() is not None or self._owner != os.getpid():
                self._guard, self._owner = _start(), os.getpid()
                atexit.register(_dismiss, self._guard)
            if self._guard.stdin is not None:
                self._guard.stdin.write(line.encode())
                self._guard.stdin.flush()


#: Of this process.
GUARDIAN = Guardian()


def _start() -> subprocess.Popen[bytes]:
    """A guard, out of reach of the signals that a terminal sends."""
    import subprocess  # noqa: TID251  (the same)

    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    else:
        flags = 0
    return subprocess.Popen(
        (sys.executable, "-I", "-S", str(_PROGRAM)),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=os.name == "posix",
        creationflags=flags,
    )


def _dismiss(guard: subprocess.Popen[bytes]) -> None:
    import subprocess  # noqa: TID251  (the same)

    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        guard.communicate(timeout=_SECONDS)

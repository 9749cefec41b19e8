"""One process at a time makes or removes an environment."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from envdoctor.core.errors import EnvironmentProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: Seconds to wait for another process; TensorFlow over a slow line takes a while.
PATIENCE = 3600.0


@contextlib.contextmanager
def locked(folder: Path, waiting: Callable[[], None], patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock of an environment's folder; the operating system lets go of it when a process dies.

    Args:
        folder: of the environment; it need not exist, but the one it is in must.
        waiting: called once if another process has the lock.
        patience: seconds to wait for that one.

    Raises:
        EnvironmentProblem: the other process did not end in time.
        OSError: the lock file can't be written.
    """
    import filelock

    lock = filelock.FileLock(folder.with_name(f".{folder.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        waiting()
        try:
            lock.acquire(timeout=patience, poll_interval=0.2)
        except filelock.Timeout:
            raise EnvironmentProblem(
                f"another process is still at work on {folder}; wait for it or end it, then run the same again."
            ) from None
    try:
        yield
    finally:
        lock.release()

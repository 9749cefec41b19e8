"""Whether the command is to end at once: told by the signal handler, heeded by every thread that waits or loops.

Python delivers a signal to the main thread alone. What another thread has begun (a program, a file that is half
fetched) can only be ended and removed by that thread itself.
"""

from __future__ import annotations

import threading
import time

#: Seconds that a wait may last before it looks whether the command is to end.
BEAT = 0.2
_ending = threading.Event()


def begin() -> None:
    """A command begins: nothing has been interrupted yet."""
    _ending.clear()


def interrupt() -> None:
    """The command is to end; the handler of a signal calls this."""
    _ending.set()


def check() -> None:
    """Ends the calling thread if the command is to end.

    Raises:
        KeyboardInterrupt: it is, in the main thread.
        SystemExit: it is, in another one; a thread ends by it without a word.
    """
    if _ending.is_set():
        raise KeyboardInterrupt if threading.current_thread() is threading.main_thread() else SystemExit


def pause(seconds: float) -> None:
    """Sleeps, unless the command is to end; raises as `check` does."""
    _ending.wait(seconds)
    check()


def await_threads(seconds: float) -> None:
    """Gives the other threads a moment to end what they have begun. All of them are daemons: none is waited for."""
    deadline = time.monotonic() + seconds
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and thread.is_alive():  # not one that could not be started
            thread.join(max(0.0, deadline - time.monotonic()))

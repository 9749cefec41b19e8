"""Whether the command is to end at once: told by the signal handler, heeded by every thread that waits or loops.

Python delivers a signal to the main thread alone. What another thread has begun (a program, a file that is half
fetched) can only be ended and removed by that thread itself.
"""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

#: Seconds that a wait may last before it looks whether the command is to end.
BEAT = 0.2
#: Seconds within which a command ends after a signal, and until one that waits for a temporary folder is heeded.
_ENOUGH, _LATER = 1.0, 0.02
#: Functions that Python calls when an object goes: of importlib's locks, and of any class.
_UNHEARD = frozenset({"cb", "__del__"})
_ending = threading.Event()
#: The same, because the process has used up the time of a processor that it may use.
_time_is_up = threading.Event()
#: Seconds of a processor that ending takes, where other threads are busy.
_TO_END = 1.0


def begin() -> None:
    """A command begins: nothing has been interrupted yet."""
    _ending.clear()
    _time_is_up.clear()


def mind_time() -> None:
    """Lets SIGPROF come before the kernel kills this process for the time that it has used up (`ulimit -t`).

    Sources: setrlimit(2), RLIMIT_CPU; setitimer(2).
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    limit = min((each for each in resource.getrlimit(resource.RLIMIT_CPU) if each >= 0), default=None)
    if limit is not None:
        signal.setitimer(signal.ITIMER_PROF, max(limit - min(_TO_END, limit / 2) - time.process_time(), _LATER))


def time_is_up() -> bool:
    """Whether the command is to end because of that."""
    return _time_is_up.is_set()


def interrupt() -> None:
    """The command is to end; the handler of a signal calls this."""
    _ending.set()


def is_asked() -> bool:
    """Whether the command is to end."""
    return _ending.is_set()


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


class Interrupter:
    """The handler of the signals that end a command: raises KeyboardInterrupt, once.

    A second signal (`timeout` sends one to the process and one to its group; a second Ctrl-C) would break into the work
    of ending, and leave locks and temporary folders behind.
    """

    def __init__(self) -> None:
        self._asked = -_ENOUGH
        self._waits = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Called by Python; one that comes while a temporary folder is made or removed is heeded a moment later."""
        now = time.monotonic()
        if now - self._asked < _ENOUGH and number != getattr(signal, "SIGALRM", None):
            return
        self._asked = now
        interrupt()
        if number == getattr(signal, "SIGPROF", None):
            _time_is_up.set()
        if _is_tidying(frame) and hasattr(signal, "setitimer"):
            self._waits = True
            signal.signal(signal.SIGALRM, self)
            signal.setitimer(signal.ITIMER_REAL, _LATER)
            return
        raise KeyboardInterrupt

    def rest(self) -> None:
        """The command has come to its end: what is not yet heeded needs not be."""
        if self._waits:
            signal.setitimer(signal.ITIMER_REAL, 0)


def _is_tidying(frame: FrameType | None) -> bool:
    """Whether a temporary folder is being made or removed, of which half would stay, or Python lets an object go.

    What is raised while it does that, it prints and forgets.
    """
    while frame is not None:
        module, name = frame.f_globals.get("__name__"), frame.f_code.co_name
        if module == "tempfile" or (module == "shutil" and "rmtree" in name) or name in _UNHEARD:
            return True
        frame = frame.f_back
    return False

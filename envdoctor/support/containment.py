"""Code of others in a thread of this process: it may not end it in silence, nor write into what others read.

What it changes for the whole process (the folder, variables, functions of modules) is put back and told.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Modules whose functions and classes everybody uses, beside all of envdoctor.
_SHARED = frozenset({"builtins", "io", "json", "os", "os.path", "pathlib", "re", "shutil", "subprocess", "time"})
#: Seconds without a single step of Python in any thread.
_STUCK = 120.0
_real_exit = os._exit
_guests: set[tuple[int, int]] = set()
_left: set[tuple[int, int]] = set()  # guests that nobody waits for any more
_outputs: list[TextIO] = []  # standard output, while a guest is here
_lock = threading.Lock()


@contextlib.contextmanager
def contained() -> Iterator[list[str]]:
    """Run code of others in this thread; the list tells afterwards what it changed that is not its own.

    `os._exit` raises SystemExit in it, and what it prints goes to standard error. A crash of the interpreter ends the
    process as ever; which of its lines that was is written to standard error first.
    """
    changed: list[str] = []
    guest = _guest()
    folder, variables, known, depth = _folder(), dict(os.environ), known_functions(), sys.getrecursionlimit()
    with _lock:
        _guests.add(guest)
        os._exit = _exit
        if not _outputs:
            with contextlib.suppress(AttributeError, RuntimeError, ValueError, OSError):  # no standard error
                faulthandler.enable(all_threads=False)
            _outputs.append(sys.stdout)
            sys.stdout = _Output(sys.stdout)
    try:
        yield changed
    finally:
        with _lock:
            left = guest in _left  # then what is different now may be another's doing
            _guests.discard(guest)
            _left.discard(guest)
            if not _guests:
                os._exit = _real_exit
                of_others = _outputs.pop()
                if not left or isinstance(sys.stdout, _Output):
                    sys.stdout = of_others
            if not left:
                if sys.getrecursionlimit() != depth:
                    sys.setrecursionlimit(depth)
                    changed.append("the limit of Python's recursion")
                changed += (*_put_back(folder, variables), *replaced(known))


def leave_to_itself(thread: int | None) -> None:
    """Nobody waits for the guest in this thread any more: when it ends, it puts nothing back."""
    with _lock:
        _left.update(_guests & {(os.getpid(), thread)})


def keep_watch(*, end: bool = False) -> None:
    """To be called before a guest begins, all the while by who waits for guests, and to `end` it.

    Native code that never lets Python go on stops this, too. Then the process is ended from outside of Python, and all
    its lines are written to standard error.
    """
    with contextlib.suppress(AttributeError, RuntimeError, ValueError, OSError):  # no standard error
        if end:
            faulthandler.cancel_dump_traceback_later()
        else:
            faulthandler.dump_traceback_later(_STUCK, exit=True)


def known_functions() -> dict[tuple[str, str], Any]:
    """The functions and classes of modules that others may not replace, by module and name."""
    found: dict[tuple[str, str], Any] = {}
    for name, module in list(sys.modules.items()):
        if name in _SHARED or name.partition(".")[0] == "envdoctor":
            values = list(getattr(module, "__dict__", {}).items())
            found.update({(name, key): value for key, value in values if callable(value) and key != "_exit"})
    return found


def replaced(known: dict[tuple[str, str], Any]) -> Iterator[str]:
    """Puts back what was replaced since, and tells its names."""
    for (name, key), value in known.items():
        module = sys.modules.get(name)
        if module is not None and getattr(module, key, None) is not value:
            setattr(module, key, value)
            yield f"{name}.{key}"


def _guest() -> tuple[int, int]:
    return os.getpid(), threading.get_ident()  # a child that forks is another process, which may end


def _exit(status: int) -> NoReturn:
    if _guest() in _guests:
        raise SystemExit(f"os._exit({status})")
    _real_exit(status)


class _Output:
    """Standard output for all threads but those of guests."""

    def __init__(self, of_others: TextIO) -> None:
        self._of_others = of_others

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (whatever a file has)
        return getattr(sys.stderr if _guest() in _guests else self._of_others, name)

    def close(self) -> None:
        """Nothing: others write to it."""


def _folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109  (a text to hold against another)
    except OSError:  # it is gone
        return ""


def _put_back(folder: str, variables: dict[str, str]) -> Iterator[str]:
    if folder and _folder() != folder:
        os.chdir(folder)
        yield "the current folder"
    names = sorted(name for name in {*variables, *os.environ} if variables.get(name) != os.environ.get(name))
    if names:
        for name in names:
            os.environ.pop(name, None)
        os.environ.update({name: variables[name] for name in names if name in variables})
        yield f"the variables {', '.join(names[:8])}"

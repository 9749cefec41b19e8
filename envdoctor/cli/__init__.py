"""The command line: each module is one subcommand, in a constant `command`: parse, call doctor, map to an exit code.

Modules whose name begins with an underscore are shared helpers.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing's is not imported: until `main` runs, Ctrl-C ends in a traceback of Python's
if TYPE_CHECKING:
    from collections.abc import Sequence

#: Bytes of addresses (`ulimit -v`) below which a command may die unheard, wherever Python or a library finds none left.
_LEAST = 128 << 20
_TOO_LITTLE = b"envdoctor: it may use less memory than it needs (see 'ulimit -v'); allow it more\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `envdoctor` with these arguments, else the process's own.

    Returns:
        The exit code; see `envdoctor.core.errors.ExitCode`.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if arguments is None:
        if _memory_is_little():
            return tell_of_little_memory()
        _end_as_by_ctrl_c()
        _look_there_last(os.environ.get("PYTHONPATH", ""))
    if words in (["--version"], ["-V"]) and _told_version():  # before anything else is imported
        return 0
    try:
        return _load_and_run(words, is_process=arguments is None)
    except KeyboardInterrupt:
        return 130  # ExitCode.INTERRUPTED: what holds it may not be imported yet
    except MemoryError:
        return tell_of_little_memory()


def _told_version() -> bool:
    from envdoctor import __version__

    try:
        print(f"envdoctor {__version__}", flush=True)
    except OSError:
        return False  # told by what runs every command
    return True


def _load_and_run(words: Sequence[str], *, is_process: bool) -> int:
    from envdoctor.support.collector import collecting_rarely

    with collecting_rarely():
        if is_process:
            _keep_output()
        from envdoctor.cli._run import run

        code = run(words, is_process=is_process)
        if is_process:  # before Python looks through all that was read once more, for cycles
            _leave_at_once(code)
    return code


def tell_of_little_memory() -> int:
    """Say so, without anything that needs some; gives the exit code."""
    try:  # noqa: SIM105  (contextlib would have to be imported)
        os.write(2, _TOO_LITTLE)
    except OSError:
        pass  # nobody can be told but by the exit code
    return 1  # ExitCode.PROBLEMS


def _memory_is_little() -> bool:
    try:
        import resource
    except ImportError as error:
        return "failed to map" in str(error)  # Windows has no such limit
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return limit != resource.RLIM_INFINITY and limit < _LEAST


def _end_as_by_ctrl_c() -> None:
    """Let the signals that end a command do so as Ctrl-C does, until `run` minds them: before the first import."""
    import _signal  # type: ignore[import-not-found]  # `signal` before its names, which take longer to import

    for number in filter(None, (getattr(_signal, name, None) for name in ("SIGTERM", "SIGHUP"))):
        if _signal.getsignal(number) == _signal.SIG_DFL:
            _signal.signal(number, _signal.default_int_handler)


def _leave_at_once(code: int) -> None:
    """End the process without taking apart all that was read, for which Python needs up to a second and more."""
    import atexit
    import contextlib

    output, sys.stdout = sys.stdout, sys.stderr  # the report is complete: what plug-ins still say is no part of it
    atexit._run_exitfuncs()  # noqa: SLF001  (temporary folders; there is no other name for it)
    for stream in (output, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
            stream.flush()
    os._exit(code)


def _keep_output() -> None:
    """Keep standard output for envdoctor where there are plug-ins, whose programs and native code may print too."""
    from envdoctor.core.plugins import all_entry_points

    if sys.platform == "win32" or sys.stdout is None or sys.stderr is None or not all_entry_points().entries:
        return
    ours = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = open(ours, "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors)  # noqa: PTH123, SIM115


def _look_there_last(python_path: str) -> None:
    """Takes the folders of PYTHONPATH behind all others: a `json.py` in one is what is examined, not what examines."""
    folders = {os.path.abspath(folder) for folder in python_path.split(os.pathsep) if folder}  # noqa: PTH100
    sys.path.sort(key=lambda folder: bool(folder) and os.path.abspath(folder) in folders)  # noqa: PTH100

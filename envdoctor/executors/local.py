"""Run commands on this machine: in a process group of their own, with limits on time and memory."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from envdoctor.core.command import CommandResult
from envdoctor.core.frozen import frozen
from envdoctor.executors.guarding import GUARDIAN
from envdoctor.support import interruption

if TYPE_CHECKING:
    import resource
    import subprocess  # noqa: TID251  (this room is where processes are started)
    from collections.abc import Iterator

    from envdoctor.core.command import Command

#: Seconds between two looks at the limits.
POLL = 0.1
#: Seconds that a process gets to end by itself after it was asked to, and after an interrupt.
GRACE = 3.0
HASTE = 0.3
#: Seconds until the first look whether a process has ended; each later one waits twice as long, up to `POLL`.
_FIRST_LOOK = 0.001
#: Seconds from which on a command is guarded against our own death at once; others when they have run for a POLL.
LONG = 60.0
#: Bytes of output that a result keeps, from the end; a log keeps everything.
OUTPUT_LIMIT = 8 << 20
#: Bytes of output past which a process is ended, before it fills the disk.
FLOOD = 1 << 30


@frozen
class LocalExecutor:
    """Runs commands here."""

    name: str = "local"

    def run(self, command: Command) -> CommandResult:
        """Run a command; see `Executor.run`."""
        start = time.monotonic()
        with _outputs(command) as (stdout, stderr):
            try:
                process = _start(command, stdout, stderr)
            except OSError as error:
                return CommandResult(argv=command.argv, returncode=None, error=_explain(command, error))
            with contextlib.ExitStack() as guard:
                ended = _Watch(process, command, (stdout, stderr), guard).wait()
            return CommandResult(
                argv=command.argv,
                returncode=ended.returncode,
                stdout=_tail(stdout),
                stderr="" if stderr is stdout else _tail(stderr),
                seconds=time.monotonic() - start,
                peak_memory=ended.peak,
                ended=ended.reason,
            )


@dataclass(slots=True)
class _End:
    returncode: int = 0
    peak: int | None = None
    reason: str = ""


class _Watch:
    """Waits for one process, holds it to its limits, and reaps it."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        command: Command,
        outputs: tuple[IO[bytes], ...],
        guard: contextlib.ExitStack,
    ) -> None:
        self._guard = guard
        self._guarded = False
        self._process = process
        self._command = command
        self._outputs = outputs
        self._end = _End()
        self._seen = 0

    def wait(self) -> _End:
        deadline = None if self._command.timeout is None else time.monotonic() + self._command.timeout
        try:
            if self._command.timeout is None or self._command.timeout >= LONG:
                self._have_guarded()
            while not self._ends_within(POLL):
                self._have_guarded()  # it may hang, and once we are gone nobody holds it to its limit
                interruption.check()
                if deadline is not None and time.monotonic() > deadline:
                    self._stop("time", GRACE)
                elif self._over_memory():
                    self._stop("memory", GRACE)
                elif any(os.fstat(one.fileno()).st_size > FLOOD for one in self._outputs):
                    self._stop("output", GRACE)
                self._seen = max(self._seen, _high_water(self._process.pid))
        except BaseException:  # Ctrl-C or SIGTERM: nothing of ours may outlive us
            self._stop("interrupt", HASTE)
            raise
        finally:
            _end_group(self._process.pid, hard=True)  # children that a finished program left behind
        return self._end

    def _have_guarded(self) -> None:
        """Have the command ended if we are killed."""
        if not self._guarded:
            self._guarded = True
            self._guard.enter_context(GUARDIAN.guarding(self._process.pid))

    def _ends_within(self, seconds: float) -> bool:
        """Waits for the end of the process, in this thread: where memory is short there may be no other."""
        end, pause = time.monotonic() + seconds, _FIRST_LOOK
        while not self._has_ended():
            left = end - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(pause, left))
            pause *= 2
        return True

    def _has_ended(self) -> bool:
        if self._process.returncode is not None:
            return True
        if hasattr(os, "wait4"):
            pid, status, usage = os.wait4(self._process.pid, os.WNOHANG)
            if not pid:
                return False
            self._end.returncode = os.waitstatus_to_exitcode(status)
            self._end.peak = self._peak(usage)
            self._process.returncode = self._end.returncode
            return True
        ended = self._process.poll()
        self._end.returncode = self._end.returncode if ended is None else ended
        return ended is not None

    def _peak(self, usage: resource.struct_rusage) -> int:
        """Bytes. Until exec a child counts as large as we are, so what is no larger than that says little."""
        import resource

        unit = 1 if os.uname().sysname == "Darwin" else 1024  # getrusage(2): bytes on macOS, KiB elsewhere
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return self._seen if self._seen and usage.ru_maxrss <= own else usage.ru_maxrss * unit

    def _over_memory(self) -> bool:
        limit = self._command.memory
        return limit is not None and _resident(self._process.pid) > limit

    def _stop(self, reason: str, grace: float) -> None:
        self._end.reason = self._end.reason or reason
        _end_group(self._process.pid, hard=False)
        if not self._ends_within(grace):
            _end_group(self._process.pid, hard=True)
            self._ends_within(grace)


@contextlib.contextmanager
def _outputs(command: Command) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Files for standard output and error: one shared log, or two that vanish afterwards."""
    if command.log is not None:
        with command.log.open("a+b") as log:
            yield log, log
        return
    import tempfile

    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        yield stdout, stderr


def _start(command: Command, stdout: IO[bytes], stderr: IO[bytes]) -> subprocess.Popen[bytes]:
    import subprocess  # noqa: TID251  (the same; nothing is started by most checks)
    import tempfile

    environment = dict(os.environ)
    for name, value in (command.env or {}).items():
        if value is None:
            environment.pop(name, None)
        else:
            environment[name] = value
    with tempfile.TemporaryFile() as stdin:
        stdin.write(command.stdin)
        stdin.seek(0)
        return subprocess.Popen(
            command.argv,
            cwd=command.cwd,
            env=environment,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=os.name == "posix",
        )


def _explain(command: Command, error: OSError) -> str:
    if command.cwd is not None and not command.cwd.is_dir():
        return f"could not be started: the folder {command.cwd} does not exist"
    return f"could not be started: {command.argv[0]}: {error.strerror or error}"


def _tail(stream: IO[bytes]) -> str:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - OUTPUT_LIMIT))
    return stream.read().decode("utf-8", "replace").replace("\r\n", "\n")


def _resident(pid: int) -> int:
    """Bytes of memory held by a process and its descendants; 0 once it is gone."""
    import psutil

    total = 0
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                total += one.memory_info().rss
    return total


def _high_water(pid: int) -> int:
    """Bytes of the largest resident size of a running program so far (VmHWM of proc(5)); 0 where that is not told."""
    try:
        status = Path(f"/proc/{pid}/status").read_bytes()
    except OSError:
        return 0
    _, found, rest = status.partition(b"VmHWM:")
    return int(rest.split(None, 1)[0]) * 1024 if found else 0


def _end_group(pid: int, *, hard: bool) -> None:
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL if hard else signal.SIGTERM)
        return
    import psutil

    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in (*process.children(recursive=True), process):
            with contextlib.suppress(psutil.Error):
                one.kill()

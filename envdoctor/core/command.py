"""A command to run somewhere, and what came of it."""

from __future__ import annotations

import signal as signals
from collections.abc import Mapping  # noqa: TC003  (resolved at run time for the JSON schema)
from pathlib import Path  # noqa: TC003  (the same)

from envdoctor.core.frozen import frozen


@frozen
class Command:
    """One program to run; never a shell line.

    Attributes:
        argv: the program and its arguments.
        cwd: the folder to run it in; None for the current one.
        env: variables to set on top of the inherited environment; None as a value removes one.
        stdin: bytes for its standard input, which is otherwise empty.
        timeout: seconds after which it and its children are ended; None for no limit.
        memory: bytes of resident memory, children included, past which it is ended; None for no limit.
        log: a file that receives standard output and standard error together, as they come; without one the two are
            captured apart.
    """

    argv: tuple[str, ...]
    cwd: Path | None = None
    env: Mapping[str, str | None] | None = None
    stdin: bytes = b""
    timeout: float | None = None
    memory: int | None = None
    log: Path | None = None


@frozen
class CommandResult:
    """What came of a command.

    Attributes:
        returncode: the exit status; negative for the signal that ended it; None if it could not be started.
        stdout: its standard output (everything, if the command had a log), cut to the executor's limit.
        stderr: its standard error; empty if the command had a log.
        seconds: wall time.
        peak_memory: bytes, the largest resident size of the process; None where the platform does not tell.
        ended: why it was ended from here: "time", "memory" or "output" (it printed without end); empty if it
            ended by itself.
        error: why it could not be started; empty if it was.
    """

    argv: tuple[str, ...]
    returncode: int | None
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0
    peak_memory: int | None = None
    ended: str = ""
    error: str = ""

    @property
    def ok(self) -> bool:
        """True if it ran and returned 0."""
        return self.returncode == 0

    @property
    def signal(self) -> str:
        """The name of the signal that ended it (`SIGSEGV`), or an empty string."""
        if self.returncode is None or self.returncode >= 0:
            return ""
        try:
            return signals.Signals(-self.returncode).name
        except ValueError:
            return f"signal {-self.returncode}"

    @property
    def last_line(self) -> str:
        """The last line that says something, standard error first: where a traceback or a tool puts its reason."""
        for text in (self.stderr, self.stdout):
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            if lines:
                return lines[-1]
        return ""

    def describe_failure(self) -> str:
        """How it failed, in a few words: not started, ended for a limit that it passed, a signal, or an exit status."""
        if self.error:
            return self.error
        if self.ended:
            return f"was ended: it passed its {self.ended} limit after {self.seconds:.0f} s"
        if self.signal:
            return f"was killed by {self.signal} (signal {-(self.returncode or 0)})"
        return f"exited with status {self.returncode}"

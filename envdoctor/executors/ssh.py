"""Run commands on another machine by the system's ssh and scp, with the user's own configuration and known hosts.

A command's folder is copied to a private folder there, the command is run in it, and what it made is copied back. The
command has a terminal (`-tt`), so that it is hung up when the connection ends: then the far side ends it and removes
the folder.
Sources: ssh(1), scp(1), ssh_config(5).
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import shlex
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.command import Command, CommandResult
from envdoctor.core.errors import UsageProblem
from envdoctor.executors.removing import run_behind

if TYPE_CHECKING:
    from envdoctor.executors import Executor

#: Never ask, never wait for ever, notice a dead peer within a minute, tell errors only.
#: Keys, ports and jump hosts are the user's.
OPTIONS = (
    *("-o", "BatchMode=yes"),
    *("-o", "ConnectTimeout=10"),
    *("-o", "ServerAliveInterval=15"),
    *("-o", "ServerAliveCountMax=4"),
    *("-o", "LogLevel=ERROR"),
)
#: What ssh and scp return when the connection, not the command, failed.
CONNECTION_FAILED = 255

_HOST = re.compile(r"(?!.*@-)[A-Za-z0-9_][A-Za-z0-9_.@:%\[\]-]{0,254}")
_FOLDER = re.compile(r"/[A-Za-z0-9_./-]{1,200}/envdoctor-[A-Za-z0-9]{6,20}")
_MAKE_FOLDER = """exec sh -c 'umask 077; mktemp -d "${TMPDIR:-/tmp}/envdoctor-XXXXXXXXXX"'"""
_SETUP_SECONDS = 60.0
_TRANSFER_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SshExecutor:
    """Runs commands on a host.

    Attributes:
        host: as the user would type it: `me@bigbox`, or a name of their ssh configuration.
        inner: runs ssh and scp.
        options: more words for both, before the host.
    """

    host: str
    inner: Executor
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what ssh would read as an option.

        Raises:
            UsageProblem: the host can't be a host.
        """
        if not _HOST.fullmatch(self.host):
            raise UsageProblem(f"'{self.host}' is no host; write --route ssh:HOST or ssh:USER@HOST")

    @property
    def name(self) -> str:
        """What a route calls the place."""
        return f"ssh:{self.host}"

    def ask(self, line: str, timeout: float = _SETUP_SECONDS) -> CommandResult:
        """Run one line of the far side's shell, without a folder."""
        return self.inner.run(Command(argv=(*self._ssh(), self.host, line), timeout=timeout))

    def run(self, command: Command) -> CommandResult:
        """Run a command in a copy of its folder; see `Executor.run`.

        The argv is the far side's; paths in it are relative to the folder. If the copying fails, that is the result.
        """
        made = self.ask(_MAKE_FOLDER)
        folder = made.stdout.strip().rpartition("\n")[2]
        if not made.ok or not _FOLDER.fullmatch(folder):
            return made if not made.ok else dataclasses.replace(made, returncode=CONNECTION_FAILED)
        removal = f"rm -rf -- {shlex.quote(folder)}"
        try:
            result = self._run_in(folder, command)
        except BaseException:  # an interrupt waits for no network
            with contextlib.suppress(OSError):
                run_behind((*self._ssh(), self.host, removal))
            raise
        self.ask(removal)
        return result

    def _run_in(self, folder: str, command: Command) -> CommandResult:
        local = command.cwd or Path.cwd()
        sent = self._copy([str(path) for path in sorted(local.iterdir())], f"{self.host}:{folder}/")
        if not sent.ok:
            return sent
        line = remote_line(folder, command)
        result = self.inner.run(
            dataclasses.replace(command, argv=(*self._ssh(), "-tt", self.host, line), cwd=None, env=None)
        )
        if result.ok:
            fetched = self._fetch(folder, local)
            return result if fetched.ok else fetched
        return result

    def _fetch(self, folder: str, local: Path) -> CommandResult:
        """Everything that is there now, in place only when all of it has come."""
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=local.parent) as name:
            result = self._copy([f"{self.host}:{folder}/."], name)
            if result.ok:
                for path in Path(name).iterdir():
                    target = local / path.name
                    if target.is_dir() and not target.is_symlink():
                        shutil.rmtree(target)
                    path.replace(target)
            return result

    def _copy(self, sources: list[str], target: str) -> CommandResult:
        argv = ("scp", "-r", "-q", *OPTIONS, *self.options, "--", *sources, target)
        return self.inner.run(Command(argv=argv, timeout=_TRANSFER_SECONDS))

    def _ssh(self) -> tuple[str, ...]:
        return ("ssh", *OPTIONS, *self.options)


def remote_line(folder: str, command: Command) -> str:
    """The line for the far side's shell, whichever shell that is.

    The terminal's hang-up reaches only the shell, and that only between two commands: so the command runs behind it,
    and the trap ends the whole process group.
    """
    quoted = shlex.quote(folder)
    variables = [f"{name}={value}" for name, value in (command.env or {}).items() if value is not None]
    words = shlex.join(["env", *variables, *command.argv] if variables else command.argv)
    end = f"trap '' HUP TERM; kill -TERM 0; sleep 1; rm -rf -- {quoted}; kill -KILL 0"
    script = f"trap {shlex.quote(end)} HUP TERM; cd {quoted} && {{ {words} & wait $!; }}"
    return f"exec sh -c {shlex.quote(script)}"

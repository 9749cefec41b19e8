"""Container engines: docker and podman, and whether they answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envdoctor.core.command import CommandResult
    from envdoctor.core.request import Request
    from envdoctor.executors import Executor

#: The engine's program, and the question that only a working one answers.
_QUESTIONS = {
    "docker": ("version", "--format", "{{.Server.Version}} {{.Server.Os}}/{{.Server.Arch}}"),
    "podman": ("version", "--format", "{{.Client.Version}} {{.Client.OsArch}}"),
}
_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One container engine.

    Attributes:
        name: `docker` or `podman`.
        path: its program.
        version: `28.2.2 linux/arm64`; empty if it does not answer.
        words: why it does not answer; empty if it does.
        argv: the command that was asked.
    """

    name: str
    path: str
    version: str = ""
    words: str = ""
    argv: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Containers:
    """The container engines of this machine, docker first."""

    engines: tuple[Engine, ...] = ()

    @property
    def usable(self) -> Engine | None:
        """The first that answers."""
        return next((engine for engine in self.engines if engine.version), None)


def collect(request: Request, executor: Executor) -> Containers:
    """Ask each engine on PATH for its version."""
    from envdoctor.core.command import Command
    from envdoctor.executors.programs import find_program

    del request
    engines = []
    for name, question in _QUESTIONS.items():
        path = find_program(name)
        if path:
            engines.append(read_engine(name, executor.run(Command(argv=(path, *question), timeout=_SECONDS))))
    return Containers(engines=tuple(engines))


def read_engine(name: str, result: CommandResult) -> Engine:
    """What an engine's answer says."""
    version = " ".join(result.stdout.split())
    if result.ok and version:
        return Engine(name=name, path=result.argv[0], version=version, argv=result.argv)
    words = result.last_line if not result.error and result.stderr.strip() else result.describe_failure()
    return Engine(name=name, path=result.argv[0], words=words, argv=result.argv)

"""Run commands in a container of another architecture, by docker or podman; it ends when the command ends, or is ended.

Sources: docker-run(1), podman-run(1).
"""

from __future__ import annotations

import dataclasses
import os
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.command import Command

if TYPE_CHECKING:
    from envdoctor.core.command import CommandResult
    from envdoctor.executors import Executor

_REMOVAL_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerExecutor:
    """Runs each command in a fresh container.

    Attributes:
        name: what a route calls the place.
        engine: the program `docker` or `podman`.
        image: what to run in.
        readable: folders that the command reads; a command's `cwd` is there too, and writable. All keep their paths.
        platform: the container's.
        options: more words for `run`.
        inner: runs the engine.
    """

    name: str = "docker"
    engine: str
    image: str
    readable: tuple[Path, ...] = ()
    platform: str = "linux/amd64"
    options: tuple[str, ...] = ()
    inner: Executor
    _label: str = field(default_factory=lambda: f"envdoctor-{uuid.uuid4().hex[:12]}")

    def run(self, command: Command) -> CommandResult:
        """Run a command; see `Executor.run`. The container has no network."""
        name = f"{self._label}-{uuid.uuid4().hex[:8]}"
        outer = dataclasses.replace(command, argv=self.argv(command, name), env=None, cwd=None)
        try:
            result = self.inner.run(outer)
        except BaseException:
            self._remove(name)
            raise
        if result.ended:  # the engine's program was killed; the container may live on
            self._remove(name)
        return result

    def argv(self, command: Command, name: str) -> tuple[str, ...]:
        """The engine's whole command line."""
        words = [self.engine, "run", "--rm", "--init", "--name", name, "--network", "none", "--platform", self.platform]
        words += [*self._user(), *self.options]
        for folder in self.readable:
            words += ["--volume", f"{folder}:{folder}:ro"]
        if command.cwd is not None:
            words += ["--volume", f"{command.cwd}:{command.cwd}", "--workdir", str(command.cwd)]
        for variable, value in (command.env or {}).items():
            if value is not None:
                words += ["--env", f"{variable}={value}"]
        return (*words, self.image, *command.argv)

    def _user(self) -> tuple[str, ...]:
        """Files are to belong to whoever started envdoctor."""
        if not hasattr(os, "getuid") or "podman" in Path(self.engine).name:
            return ()  # podman maps root in the container to the user outside
        return ("--user", f"{os.getuid()}:{os.getgid()}")

    def _remove(self, name: str) -> None:
        self.inner.run(Command(argv=(self.engine, "rm", "--force", name), timeout=_REMOVAL_SECONDS))

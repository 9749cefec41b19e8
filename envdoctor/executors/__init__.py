"""Run a command somewhere. The only room that starts processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from envdoctor.core.command import Command, CommandResult


class Executor(Protocol):
    """A place to run commands in.

    Attributes:
        name: what a route calls the place (`local`, `qemu`, `docker`, `ssh:host`).
    """

    @property
    def name(self) -> str:
        """What a route calls the place."""
        ...

    def run(self, command: Command) -> CommandResult:
        """Run a command to its end and tell what came of it.

        A command that fails, can't be started or passes a limit is a result, not an exception.

        Raises:
            KeyboardInterrupt: the user gave up; the command and its children were ended first, on the far side too.
        """
        ...

"""Run commands under another program: an emulator, say."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envdoctor.core.command import Command, CommandResult
    from envdoctor.executors import Executor


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixExecutor:
    """Puts words before every command and lets another executor run it.

    Attributes:
        name: what a route calls the place.
        prefix: the program, with its own arguments; for `qemu-x86_64` it needs an absolute path to an x86_64 program (a
            loader), since neither PATH nor a script's first line mean anything to it.
        inner: runs it.
    """

    name: str
    prefix: tuple[str, ...]
    inner: Executor

    def run(self, command: Command) -> CommandResult:
        """Run a command; see `Executor.run`."""
        return self.inner.run(dataclasses.replace(command, argv=(*self.prefix, *command.argv)))

"""Runs the commands of one stage, and notes what is told of them afterwards."""

from __future__ import annotations

import dataclasses
import tempfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envdoctor.environments.proof import TEMPORARY
from envdoctor.pipeline.workspace import renamed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from envdoctor.core.command import Command, CommandResult
    from envdoctor.core.finding import Finding
    from envdoctor.executors import Executor
    from envdoctor.pipeline.workspace import GateUse


@dataclass(slots=True)
class Recorder:
    """Runs a stage's commands with its limits and log, and notes what they took and what they ran in.

    Attributes:
        folder: the stage's own, where what programs write for themselves goes and vanishes; None: the system's.
        moved: the work folder of a stage that failed, and the one that commands name in place of it.
    """

    executor: Executor
    log: Path
    timeout: float
    memory: int | None
    variables: Mapping[str, str | None] = field(default_factory=dict)
    folder: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    gate_environment: Mapping[str, str] = field(default_factory=dict)
    gate: GateUse | None = None
    commands: list[tuple[str, ...]] = field(default_factory=list)
    seconds: float = 0.0
    peak: int | None = None
    moved: tuple[Path, Path] | None = None

    def run(self, command: Command) -> CommandResult:
        """Run one command; a limit of its own, where it has one, is kept."""
        self.commands.append(command.argv)
        with tempfile.TemporaryDirectory(prefix="tmp-", dir=self.folder, ignore_cleanup_errors=True) as scratch:
            limited = dataclasses.replace(
                command,
                env={**dict.fromkeys(TEMPORARY, scratch), **self.variables, **(command.env or {})},
                timeout=self.timeout if command.timeout is None else command.timeout,
                memory=self.memory if command.memory is None else command.memory,
                log=self.log if command.log is None else command.log,
            )
            result = self.executor.run(limited)
        self.seconds += result.seconds
        if result.peak_memory is not None:
            self.peak = max(self.peak or 0, result.peak_memory)
        return result

    def told_commands(self) -> tuple[tuple[str, ...], ...]:
        """The commands, as they can be run again."""
        return tuple(self.commands) if self.moved is None else renamed(self.commands, *self.moved)

    def told_finding(self, finding: Finding) -> Finding:
        """A finding whose evidence names commands that can be run again."""
        if self.moved is None:
            return finding
        folder, target = map(str, self.moved)
        evidence = (dataclasses.replace(one, source=one.source.replace(folder, target)) for one in finding.evidence)
        return dataclasses.replace(finding, evidence=tuple(evidence))

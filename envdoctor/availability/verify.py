"""Proof by doing: the resolved set installed into an environment thrown away afterwards, and imported in a child."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.availability import Cell, CellReason, CellVerdict, ReasonKind
from envdoctor.core.command import Command
from envdoctor.core.errors import EnvironmentProblem
from envdoctor.core.finding import Evidence, Severity
from envdoctor.executors.bare_environment import make_bare
from envdoctor.executors.programs import find_uv
from envdoctor.index.uv_settings import uv_arguments, uv_environment
from envdoctor.support.text import quote_command
from envdoctor.support.virtual_environments import interpreter_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.core.availability import Pin
    from envdoctor.core.command import CommandResult
    from envdoctor.core.target import Platform, Target
    from envdoctor.executors import Executor
    from envdoctor.index.settings import IndexSettings

_INSTALL_SECONDS = 1800.0
_IMPORT_SECONDS = 300.0


def runs_here(target: Target, here: Target) -> bool:
    """Whether what a target installs can be run on this machine: the same system, and its C library or macOS as new."""
    theirs, ours = target.platform, here.platform
    same = (theirs.system, theirs.arch, theirs.libc) == (ours.system, ours.arch, ours.libc)
    return same and _as_new(theirs, ours)


def _as_new(theirs: Platform, ours: Platform) -> bool:
    return theirs.version is None or ours.version is None or theirs.version <= ours.version


@dataclass(frozen=True, kw_only=True, slots=True)
class Verifier:
    """Installs and imports.

    Attributes:
        executor: runs uv and the imports.
        settings: where packages come from.
        folder: where uv's cache is.
        offline: install only what is cached.
    """

    executor: Executor
    settings: IndexSettings
    folder: Path
    offline: bool = False

    def verify(self, cell: Cell, python: Path, imports: Sequence[str]) -> Cell:
        """The cell as it is after trying: PROVEN, or BROKEN with what failed in its own words.

        Args:
            cell: one that resolves; its way out is taken if it has one.
            python: an interpreter of its target's kind, of an installation and no virtual environment.
            imports: the names to import, each in a process of its own.
        """
        with tempfile.TemporaryDirectory(prefix="envdoctor-", ignore_cleanup_errors=True) as scratch:
            environment = Path(scratch) / "env"
            try:
                make_bare(python, environment, self.executor)
            except EnvironmentProblem as error:
                return unverified(cell, str(error).rstrip("."))
            pins = tuple(map(str, cell.way_out or cell.pins))
            python = interpreter_in(environment)
            installed = self._uv(
                "pip", "install", "--python", str(python), "--no-deps", "--only-binary", ":all:", *pins
            )
            if not installed.ok:
                return _failed(cell, "can't be installed", installed)
            return self._imported(cell, python, imports)

    def install(self, pins: Sequence[Pin], environment: Path) -> CommandResult:
        """Make an environment of this process's own Python at a path, and install exactly these into it.

        Raises:
            EnvironmentProblem: it can't be made.
        """
        make_bare(Path(getattr(sys, "_base_executable", sys.executable)), environment, self.executor)
        exact = ("--no-deps", "--only-binary", ":all:", *map(str, pins))
        return self._uv("pip", "install", "--python", str(interpreter_in(environment)), *exact)

    def _imported(self, cell: Cell, python: Path, imports: Sequence[str]) -> Cell:
        for name in imports:
            command = Command(argv=(str(python), "-I", "-c", f"import {name}"), timeout=_IMPORT_SECONDS)
            result = self.executor.run(command)
            if not result.ok:
                return _failed(cell, f"import {name} fails", result)
        if not imports:
            return unverified(cell, "it installs, and has nothing to import")
        evidence = Evidence(source=f"import {', '.join(imports)}", excerpt="every import ended with status 0")
        proof = replace(_note(cell, "installed and imported here"), evidence=(evidence,))
        return replace(cell, verdict=CellVerdict.PROVEN, reasons=(*cell.reasons, proof))

    def _uv(self, *arguments: str) -> CommandResult:
        environment: dict[str, str | None] = {name: None for name in os.environ if name.startswith("UV_")}
        environment |= uv_environment(self.settings)
        environment |= {"UV_CACHE_DIR": str(self.folder / "uv"), "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1"}
        offline = ("--offline",) if self.offline else ()
        index = uv_arguments(self.settings) if arguments[0] == "pip" else ()
        argv = (find_uv(), *arguments, *index, *offline)
        return self.executor.run(Command(argv=argv, env=environment, timeout=_INSTALL_SECONDS))


def importable(names: Sequence[str]) -> tuple[str, ...]:
    """Of the names that a wheel installs, those that are meant to be imported: no private ones and no tests."""
    return tuple(name for name in names if not name.startswith("_") and name not in {"test", "tests"})


def unverified(cell: Cell, why: str) -> Cell:
    """The cell as it was, with a note of why nothing was proved."""
    return replace(cell, reasons=(*cell.reasons, _note(cell, f"not verified: {why}")))


def _failed(cell: Cell, what: str, result: CommandResult) -> Cell:
    words = (result.stderr or result.stdout).strip() or result.describe_failure()
    reason = CellReason(
        kind=ReasonKind.IMPORT_FAILED,
        severity=Severity.ERROR,
        subject=cell.requirement,
        message=f"{what} here: {result.last_line or result.describe_failure()}",
        evidence=(Evidence(source=quote_command(result.argv), excerpt=f"{words}\n({result.describe_failure()})"),),
    )
    return replace(cell, verdict=CellVerdict.BROKEN, reasons=(reason, *cell.reasons))


def _note(cell: Cell, message: str) -> CellReason:
    return CellReason(kind=ReasonKind.NOTE, severity=Severity.INFO, subject=cell.requirement, message=f"{message}.")

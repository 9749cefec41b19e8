"""A virtual environment with nothing in it, made without running anything of the user's environments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.command import Command
from envdoctor.core.errors import EnvironmentProblem

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.executors import Executor

_SECONDS = 120.0


def make_bare(base: Path, folder: Path, executor: Executor) -> None:
    """Make an environment with an installation's interpreter (`Interpreter.base`), by its own venv module.

    uv would start that interpreter with its site-packages to ask what it is; `-I -S` leaves them out, and the packages
    of the installation are not seen from the new environment.

    Raises:
        EnvironmentProblem: it can't be made.
    """
    argv = (str(base), "-I", "-S", "-m", "venv", "--without-pip", str(folder))
    result = executor.run(Command(argv=argv, timeout=_SECONDS))
    if not result.ok:
        reason = result.last_line or result.describe_failure()
        raise EnvironmentProblem(f"{base} could not make an environment: {reason}.")

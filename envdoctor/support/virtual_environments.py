"""Where a virtual environment keeps its interpreter, on every system."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def interpreter_names(*, windows: bool = os.name == "nt") -> tuple[str, ...]:
    """Where an environment's interpreter may be below its folder (PEP 405): first what `venv` makes."""
    return ("Scripts/python.exe", "python.exe") if windows else ("bin/python", "bin/python3")


def interpreter_in(environment: Path, *, windows: bool = os.name == "nt") -> Path:
    """The interpreter of an environment that `venv` or uv made."""
    return environment / interpreter_names(windows=windows)[0]

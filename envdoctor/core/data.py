"""The tables shipped under envdoctor/data: facts as data, read once a process."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parent.parent / "data"


@functools.cache
def load_table(name: str) -> dict[str, Any]:
    """Read `envdoctor/data/NAME.toml`.

    Returns:
        The table. It is shared between callers: don't change it.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    with (DATA / f"{name}.toml").open("rb") as stream:
        return tomllib.load(stream)

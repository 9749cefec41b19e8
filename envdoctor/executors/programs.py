"""Where the programs are that came with envdoctor."""

from __future__ import annotations

import shutil

from envdoctor.core.errors import EnvironmentProblem


def find_uv() -> str:
    """The absolute path of the uv that was installed with envdoctor, else of one on PATH.

    Raises:
        EnvironmentProblem: there is none.
    """
    try:
        from uv import find_uv_bin

        return find_uv_bin()
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
    if found is None:
        raise EnvironmentProblem("uv is not installed; install it: python -m pip install uv")
    return found

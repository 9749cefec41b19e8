"""Where programs are: those that came with envdoctor, and those on PATH that may be run unasked."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from pathlib import Path

from envdoctor.core.errors import EnvironmentProblem

# uv looks at sysconfig, which CPython before 3.12 fills while other threads may already read it (python/cpython#92452).
_ONE_AT_A_TIME = threading.Lock()
#: What marks the folder of a Python environment: of `venv` (PEP 405), of conda.
_ENVIRONMENT_MARKS = ("pyvenv.cfg", "conda-meta")


def find_uv() -> str:
    """The absolute path of the uv that was installed with envdoctor, else of one on PATH.

    Raises:
        EnvironmentProblem: there is none.
    """
    try:
        from uv import find_uv_bin

        with _ONE_AT_A_TIME:
            return find_uv_bin()
    except (ImportError, FileNotFoundError):
        found = find_program("uv")
    if found is None:
        raise EnvironmentProblem("uv is not installed; install it: python -m pip install uv")
    return found


def trusted_path(path: str | None = None) -> str:
    """The folders of PATH, or of `path` in its place, from which a program may be run unasked; see `find_program`."""
    folders = (os.environ.get("PATH", os.defpath) if path is None else path).split(os.pathsep)
    trusted = [folder for folder in folders if Path(folder).is_absolute() and not _is_of_another_environment(folder)]
    return os.pathsep.join(trusted)


def find_program(name: str, path: str | None = None) -> str | None:
    """The absolute path of a program on PATH that may be run without being asked to; None if there is none.

    An environment that is active stands on PATH, and may be the very one that is only looked at: what packages brought
    there is not run, unless it is envdoctor's own. Nor is what lies in the current folder.

    Args:
        name: of the program.
        path: folders as in PATH, which it replaces.
    """
    folders = trusted_path(path)
    found = shutil.which(name, path=folders) if folders else None
    return found if found and Path(found).is_absolute() else None  # Windows looks in the current folder too


def _is_of_another_environment(folder: str) -> bool:
    home = Path(os.path.normpath(folder)).parent
    marked = any(os.path.lexists(home / mark) for mark in _ENVIRONMENT_MARKS)
    return marked and os.path.realpath(home) != os.path.realpath(sys.prefix)

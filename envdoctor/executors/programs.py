"""Where the programs are that came with envdoctor."""

from __future__ import annotations

import shutil
import threading

from envdoctor.core.errors import EnvironmentProblem

# uv looks at sysconfig, which CPython before 3.12 fills while other threads may already read it (python/cpython#92452).
_ONE_AT_A_TIME = threading.Lock()


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
        found = shutil.which("uv")
    if found is None:
        raise EnvironmentProblem("uv is not installed; install it: python -m pip install uv")
    return found

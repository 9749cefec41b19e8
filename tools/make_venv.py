"""Make a virtual environment, and say in one sentence what is missing if this Python can't.

Usage: python tools/make_venv.py FOLDER
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Make the environment named on the command line."""
    if sys.version_info < (3, 10):  # noqa: UP036  (this runs before anything could have checked it)
        sys.exit(f"envdoctor needs Python 3.10 or newer, not {sys.version.split()[0]}: make PYTHON=python3.12")
    try:
        import ensurepip  # noqa: F401  (what Debian leaves out is not venv itself, but what venv needs)
        import venv
    except ImportError:
        version = ".".join(map(str, sys.version_info[:2]))
        sys.exit(f"this Python has no venv module; on Debian and Ubuntu: apt install python{version}-venv")
    venv.create(sys.argv[1], with_pip=True, symlinks=os.name == "posix", upgrade_deps=False)


if __name__ == "__main__":
    main()

"""`python -m envdoctor`."""

from __future__ import annotations

import sys

_HERE = __file__.replace("\\", "/")
_SAFE = sys.flags.isolated or getattr(sys.flags, "safe_path", False)
# Python puts the current folder first: a module that lies there, in a project that is only looked at, must not run.
if __name__ == "__main__" and not _SAFE and f"{sys.path[0]}/envdoctor/__main__.py".replace("\\", "/") != _HERE:
    del sys.path[0]

from envdoctor.cli import main  # noqa: E402  (found where envdoctor is)

sys.exit(main())

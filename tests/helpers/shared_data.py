"""Public data that is kept outside the project: `../shared`, or the folder that ENVDOCTOR_SHARED names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]


def shared(relative: str) -> Path:
    """A file or folder of the shared data; skips the test where it is not there."""
    folder = Path(os.environ.get("ENVDOCTOR_SHARED") or _ROOT.parent / "shared")
    path = folder / relative
    if not path.exists():
        pytest.skip(f"needs the public data (ENVDOCTOR_SHARED names their folder; {folder} lacks {relative})")
    return path

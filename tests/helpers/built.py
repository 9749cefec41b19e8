"""What is made once in a run by whichever process asks first, and copied from there: compiled code."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

VARIABLE = "ENVDOCTOR_TEST_BUILT"


def built(key, make):
    """A folder that `make` has filled. Copy from it; tests that change what is in it would disturb each other.

    Args:
        key: all that the content depends on.
        make: fills the empty folder that it is given.
    """
    root = Path(os.environ[VARIABLE])
    folder = root / hashlib.sha256(repr(key).encode()).hexdigest()
    if not folder.exists():
        scratch = Path(tempfile.mkdtemp(dir=root))
        make(scratch)
        with contextlib.suppress(OSError):  # another process was faster
            scratch.rename(folder)
    return folder

"""What is made once in a run by whichever process asks first, and copied from there: compiled code, uv's answers."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
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


def seed_interpreters(cache):
    """Give a fresh uv cache what uv knows of this machine's Pythons: to ask each anew takes it seconds."""
    for folder in built("interpreters of this machine", _ask_all).glob("interpreter-*"):
        shutil.copytree(folder, cache / folder.name, dirs_exist_ok=True)


def _ask_all(folder):
    from envdoctor.environments.cache import Cache
    from envdoctor.environments.interpreters import Interpreters
    from envdoctor.environments.uv_runner import Uv
    from envdoctor.executors.local import LocalExecutor

    cache = Cache(folder)
    Interpreters(uv=Uv(executor=LocalExecutor(), cache=cache, variables={})).all()
    for known in cache.uv.glob("interpreter-*"):
        known.rename(folder / known.name)
    shutil.rmtree(cache.uv, ignore_errors=True)

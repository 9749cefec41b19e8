"""What uv learns of this run's interpreter by starting it, given to each test's own new cache of uv."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from built import built
from envdoctor.executors.programs import find_uv


def know_this_python(cache):
    """Fill a new cache of uv with the description of this interpreter, and with nothing else."""
    shutil.copytree(built(("uv knows", sys.executable), _ask), cache, dirs_exist_ok=True)


def _ask(cache):
    words = [find_uv(), "pip", "compile", "-", "--quiet", "--offline", "--no-config", "--python", sys.executable]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    subprocess.run(words, input=b"", env=environment | {"UV_CACHE_DIR": str(cache)}, capture_output=True, check=True)

"""Files of npm packages that tests hold the product against: read out of the package, never run by node."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from functools import cache
from pathlib import Path

import pytest

from needs import needs


@cache
def package_file(package, version, name):
    """The bytes of a file of a package; the test is skipped where npm or the registry can't be had."""
    npm = needs("npm")
    with tempfile.TemporaryDirectory() as folder:
        command = [str(npm), "pack", "--silent", f"{package}@{version}"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        archives = list(Path(folder).glob("*.tgz"))
        if done.returncode or not archives:
            pytest.skip(f"npm can't fetch {package}: {done.stderr.strip().splitlines()[-1:]}")
        with tarfile.open(fileobj=io.BytesIO(archives[0].read_bytes())) as archive:
            return archive.extractfile(f"package/{name}").read()

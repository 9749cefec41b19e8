"""uv as a person would call it, and a recorded index to call it on: what our own answers are held against."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

from envdoctor.core.command import Command
from envdoctor.executors.local import LocalExecutor
from envdoctor.executors.programs import find_uv
from envdoctor.index.uv_settings import uv_environment
from index_wheels import metadata

RECORDED = Path(__file__).parents[1] / "data" / "index" / "litert.json"

# Our names of platforms, and the words that uv has for them.
PLATFORMS = {
    "linux-x86_64": "x86_64-manylinux_2_28",
    "linux-aarch64": "aarch64-manylinux_2_28",
    "macos-arm64": "aarch64-apple-darwin",
    "macos-x86_64": "x86_64-apple-darwin",
    "windows-amd64": "x86_64-pc-windows-msvc",
}
PYTHONS = ("3.10", "3.11", "3.12", "3.13")


def cells(versions, count, seed=0):
    """A sample of (version, platform, python), the same in every run."""
    every = [(version, platform, python) for version in versions for platform in PLATFORMS for python in PYTHONS]
    return random.Random(seed).sample(every, min(count, len(every)))


def resolves(settings, folder, line, where, as_of=None):
    """Whether `uv pip compile` says that a requirement can be installed from wheels there, and the pins.

    `where` is a key of PLATFORMS and a Python's version.
    """
    platform, python = where
    argv = [find_uv(), "pip", "compile", "-", "--only-binary", ":all:", "--no-header", "--no-annotate", "--quiet"]
    argv += ["--python", sys.executable, "--no-python-downloads"]
    argv += ["--python-platform", PLATFORMS[platform], "--python-version", python]
    argv += ["--exclude-newer", as_of] if as_of else []
    environment = uv_environment(settings) | {"UV_CACHE_DIR": str(folder)}
    result = LocalExecutor().run(Command(argv=tuple(argv), stdin=line.encode(), env=environment, timeout=300))
    if not result.ok and "No solution found" not in result.stderr:
        raise AssertionError(f"uv did not decide: {result.stderr}")
    return result.ok, tuple(line for line in result.stdout.splitlines() if "==" in line)


def serve_recorded(server):
    """Put the recorded part of an index on an `IndexServer`: names, dates, requirements are real, contents are not."""
    for project, releases in json.loads(RECORDED.read_text(encoding="utf-8")).items():
        for version, release in releases.items():
            beside = metadata(project, version, requires=release["requires"])
            for filename, said in release["files"].items():
                is_wheel = filename.endswith(".whl")
                server.add(project, filename, filename.encode(), metadata=beside if is_wheel else None, **said)
    return server

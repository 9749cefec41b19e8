"""`envdoctor matrix --resolve-only` against one plain uv call a cell in sequence, and what `inspect` reads of wheels.

Run: python benchmarks/matrix.py [speed|bytes]   (asks the user's own package index; nothing is installed)

The peer is uv as a person would call it, one process after the other, with the interpreter named and no downloads of
Pythons. Both begin with an empty cache, and both are given the same index settings.

Measured last on two very busy processors: 280 of 280 verdicts agree, cold 11.0 times as fast as uv a cell; warm 2.7 s
of the processor (8.9 s of wall time, since some twenty other programs ran). tensorflow 2.17 to 2.19 for Windows and
four Pythons, cold: all 24 cells, 298 MB (378 before parts of names were known from other files) and 153 s of the
processor: 114 MB for the import tables of some 50 libraries in each of 18 wheels, 50 to see which numpy one release was
compiled against, 29 for heads of files, 20 for directories, 23 for texts, 17 for pages of an index that packs nothing.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from envdoctor.core.matrix_request import MatrixRequest
from envdoctor.doctor.inspect import InspectRequest, inspect
from envdoctor.doctor.matrix import matrix
from envdoctor.executors.programs import find_uv
from envdoctor.index.settings import load_settings
from envdoctor.index.uv_settings import uv_environment

PACKAGE = "ai-edge-quantizer"
PLATFORMS = {
    "linux-x86_64": "x86_64-manylinux_2_28",
    "linux-aarch64": "aarch64-manylinux_2_28",
    "macos-arm64": "aarch64-apple-darwin",
    "macos-x86_64": "x86_64-apple-darwin",
    "windows-amd64": "x86_64-pc-windows-msvc",
}
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
WARM_ROUNDS = 5
WHEELS = (
    ("ai-edge-litert==2.3.0", "macos-arm64"),
    ("ai-edge-litert==2.1.0rc1", "macos-arm64"),
    ("ai-edge-litert==2.3.0", "linux-x86_64"),
    ("numpy==2.3.4", "linux-x86_64"),
    ("tensorflow==2.21.0", "linux-x86_64"),
)


def ours(cache: Path) -> tuple[float, dict[tuple[str, str], bool]]:
    """Seconds of one run of the whole table, and which cells resolve."""
    request = MatrixRequest(
        requirements=(PACKAGE,), platforms=",".join(PLATFORMS), pythons="3.10-3.13", resolve_only=True, cache=cache
    )
    start = time.perf_counter()
    table = matrix(request)
    return time.perf_counter() - start, {(cell.version, cell.target): cell.verdict.is_good for cell in table.cells}


def peer(cache: Path, cells: list[tuple[str, str]]) -> tuple[float, dict[tuple[str, str], bool]]:
    """Seconds of plain uv, one call a cell, and which cells resolve."""
    settings = {name: value for name, value in uv_environment(load_settings()).items() if value is not None}
    environment = {**os.environ, **settings, "UV_CACHE_DIR": str(cache)}
    answers = {}
    start = time.perf_counter()
    for version, target in cells:
        platform, _, python = target.rpartition("-cp")
        argv = [find_uv(), "pip", "compile", "-", "--only-binary", ":all:", "--quiet", "--python", sys.executable]
        argv += ["--no-python-downloads", "--python-platform", PLATFORMS[platform]]
        argv += ["--python-version", f"{python[0]}.{python[1:]}"]
        line = f"{PACKAGE}=={version}".encode()
        result = subprocess.run(argv, input=line, env=environment, capture_output=True, check=False)
        answers[version, target] = result.returncode == 0
    return time.perf_counter() - start, answers


def speed() -> None:
    """Print cold and warm seconds of both, and the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        cold, answers = ours(Path(folder) / "ours")
        warm = [ours(Path(folder) / "ours")[0] for _ in range(WARM_ROUNDS)]
        theirs, expected = peer(Path(folder) / "peer", list(answers))
    same = sum(answers[cell] == expected[cell] for cell in answers)
    print(f"{len(answers)} cells, {same} verdicts agree")
    print(f"cold: envdoctor {cold:.1f} s, uv a cell in sequence {theirs:.1f} s, {theirs / cold:.1f} times faster")
    print(f"warm: envdoctor {statistics.median(warm):.1f} s (median of {WARM_ROUNDS}, least {min(warm):.1f} s)")


def read() -> None:
    """Print the bytes that `inspect` reads of each wheel, cold, and the seconds of a repetition."""
    with tempfile.TemporaryDirectory() as folder:
        for subject, platform in WHEELS:
            request = InspectRequest(
                subject=subject, platform=platform, python="3.11", alone=True, cache=Path(folder) / "cache"
            )
            first = inspect(request)
            again = inspect(request)
            share = f"{first.read / 1e6:.2f} of {first.size / 1e6:.1f} MB ({100 * first.read / first.size:.1f} %)"
            seconds = f"{first.effort.seconds:.2f} s, again {again.effort.seconds:.2f} s"
            print(f"{subject} {platform}: {first.verdict.value}, read {share}, {seconds}")


if __name__ == "__main__":
    for name, run in {"bytes": read, "speed": speed}.items():
        if name in (sys.argv[1:] or ("bytes", "speed")):
            run()

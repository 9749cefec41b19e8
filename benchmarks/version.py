"""`envdoctor --version` against `python -c "import click"`, in turn, as whole processes.

Run: python benchmarks/version.py [ROUNDS]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 21


def once(argv: list[str]) -> float:
    """Wall seconds of one run."""
    start = time.perf_counter()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Print the medians and their ratio."""
    ours = [str(Path(sys.executable).with_name("envdoctor")), "--version"]
    peer = [sys.executable, "-c", "import click"]
    for argv in (ours, peer):
        once(argv)
    pairs = [(once(ours), once(peer)) for _ in range(ROUNDS)]
    a, b = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(x / y for x, y in pairs)
    print(f"envdoctor --version {a * 1000:.1f} ms, python -c 'import click' {b * 1000:.1f} ms, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()

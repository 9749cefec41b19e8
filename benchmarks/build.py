"""What envdoctor itself adds to a build: wall time of the whole command against the sum of its stages' own processes.

The environments must be there (run it twice). The peer is what the stages' processes took in the very same run.

Run: python benchmarks/build.py [ROUNDS]
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DIGITS = Path(__file__).resolve().parent.parent / "examples" / "digits"
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5


def once(out: str) -> tuple[float, float]:
    """Wall seconds of one build, and the seconds of its stages' processes."""
    program = str(Path(sys.executable).with_name("envdoctor"))
    samples = ["--calibration", str(DIGITS / "calibration.npz"), "--evaluate", str(DIGITS / "test.npz")]
    argv = [program, "build", str(DIGITS / "digits.keras"), "--to", "ethos-u55-128", *samples, "--out", out]
    start = time.perf_counter()
    report = subprocess.run([*argv, "--fresh", "--json"], check=True, capture_output=True)
    wall = time.perf_counter() - start
    attempts = json.loads(report.stdout)["attempts"]
    return wall, sum(result["seconds"] for attempt in attempts for result in attempt["results"])


def main() -> None:
    """Print the medians, the difference and the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        once(folder)
        pairs = [once(folder) for _ in range(ROUNDS)]
    wall, stages = (statistics.median(column) for column in zip(*pairs, strict=True))
    added = statistics.median(a - b for a, b in pairs)
    print(f"build {wall:.2f} s, its stages {stages:.2f} s: {added:.2f} s added, ratio {wall / stages:.2f}")


if __name__ == "__main__":
    main()

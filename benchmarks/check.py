"""How long `envdoctor check` takes in an environment with TensorFlow, against `pip check` in the same one.

    python benchmarks/check.py [ENVIRONMENT] [--rounds N]

Without an environment, uv makes one in a temporary folder: tensorflow 2.21.0, ai-edge-litert, pip, and this project.
The commands take turns, so that both meet the same machine; the page cache is warm. Measured are the wall time and the
processor time of the whole process, interpreter start included, twice: with bytecode compiled, as after the first run
on a usual machine, and without, as where nothing may be written (PYTHONDONTWRITEBYTECODE, a read-only image).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("tensorflow==2.21.0", "ai-edge-litert", "pip")
SCRIPTS = "Scripts" if os.name == "nt" else "bin"


def make_environment(folder: Path) -> Path:
    """Make the environment that is measured."""
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    install = [*uv, "pip", "install", "--quiet", "--python", str(folder), *PACKAGES, "--editable", str(ROOT)]
    subprocess.run(install, check=True)
    return folder


def commands(environment: Path) -> dict[str, list[str]]:
    """The commands that take turns: the peer, and `check` from inside the environment (if it is there) and here."""
    python = str(environment / SCRIPTS / "python")
    found = {"pip check": [python, "-m", "pip", "check"]}
    if list(environment.glob(f"{SCRIPTS}/envdoctor*")):
        found["envdoctor check"] = [python, "-m", "envdoctor", "check"]
    found["envdoctor check --python"] = [sys.executable, "-m", "envdoctor", "check", "--python", python]
    return found


def measure(argv: list[str], variables: dict[str, str]) -> tuple[float, float]:
    """Wall and processor milliseconds of one run."""
    before, start = os.times(), time.perf_counter()
    subprocess.run(argv, capture_output=True, env=variables, check=False)
    wall, after = time.perf_counter() - start, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return 1000 * wall, 1000 * cpu


def compare(environment: Path, variables: dict[str, str], rounds: int) -> None:
    """Print a line a command: medians, the best, and the ratio of the best to the peer's."""
    argvs = commands(environment)
    for argv in argvs.values():
        measure(argv, variables)  # compiles what may be compiled, and warms the page cache
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in argvs}
    for _ in range(rounds):
        for name, argv in argvs.items():
            times[name].append(measure(argv, variables))
    peer = min(wall for wall, _ in times["pip check"])
    print(f"{'':26}{'median ms':>10}{'best ms':>10}{'cpu ms':>10}{'ratio':>8}")
    for name, pairs in times.items():
        walls, cpus = zip(*pairs, strict=True)
        row = f"{statistics.median(walls):10.0f}{min(walls):10.0f}{min(cpus):10.0f}{min(walls) / peer:8.2f}"
        print(f"{name:26}{row}")


def main() -> None:
    """Measure both ways."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("environment", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = options.environment or make_environment(Path(folder, "environment"))
        usual = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        print("With bytecode compiled")
        compare(environment, usual | {"PYTHONPYCACHEPREFIX": str(Path(folder, "bytecode"))}, options.rounds)
        print("Without bytecode")
        without = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": str(Path(folder, "nothing"))}
        compare(environment, usual | without, options.rounds)


if __name__ == "__main__":
    main()

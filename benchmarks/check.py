"""How long `envdoctor check` takes in an environment with TensorFlow, against `pip check` in the same one.

    python benchmarks/check.py [ENVIRONMENT] [--rounds N]

Without an environment, uv makes one in a temporary folder: tensorflow 2.21.0, ai-edge-litert, pip, and this project.
The commands take turns, so that both meet the same machine; the page cache is warm. Measured are the wall time, the
processor time and the largest memory of the whole process, interpreter start included, twice: with bytecode compiled,
as after the first run on a usual machine, and without, as where nothing may be written (PYTHONDONTWRITEBYTECODE, a
read-only image). A first check finds an empty cache, so that every import is followed; later ones take what was kept.
On a machine that is busy otherwise compare processor times.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("tensorflow==2.21.0", "ai-edge-litert", "pip")
FIRST, LATER = "check, the first", "check, later"
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
    here = [sys.executable, "-m", "envdoctor", "check", "--python", python]
    return found | {"envdoctor check --fast": [*here, "--fast"], FIRST: here, LATER: here}


def measure(argv: list[str], variables: dict[str, str]) -> tuple[float, float, float]:
    """Wall and processor milliseconds of one run, and its largest resident memory in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=variables)
    _, _, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # getrusage(2)
    return 1000 * wall, 1000 * (usage.ru_utime + usage.ru_stime), usage.ru_maxrss / unit


def unfollowed(argv: list[str], variables: dict[str, str]) -> str:
    """What a check says of the imports that it did not follow to the end."""
    answer = subprocess.run([*argv, "--json"], capture_output=True, env=variables, check=False).stdout
    return "; ".join(json.loads(answer)["notes"]) or "all imports were followed to the end"


def compare(environment: Path, variables: dict[str, str], rounds: int) -> None:
    """Print a line a command: medians, the best, and the ratio of the best to the peer's."""
    argvs, cache = commands(environment), variables["ENVDOCTOR_CACHE"]
    for argv in argvs.values():
        measure(argv, variables)  # compiles what may be compiled, and warms the page cache
    times: dict[str, list[tuple[float, float, float]]] = {name: [] for name in argvs}
    for _ in range(rounds):
        for name, argv in argvs.items():
            if name == FIRST:
                shutil.rmtree(cache, ignore_errors=True)
            times[name].append(measure(argv, variables))
    peer = [min(column) for column in zip(*times["pip check"], strict=True)]
    print(f"{'':26}{'median ms':>10}{'best ms':>10}{'ratio':>8}{'cpu ms':>10}{'ratio':>8}{'MiB':>6}")
    for name, rows in times.items():
        walls, cpus, sizes = zip(*rows, strict=True)
        row = f"{statistics.median(walls):10.0f}{min(walls):10.0f}{min(walls) / peer[0]:8.2f}"
        print(f"{name:26}{row}{min(cpus):10.0f}{min(cpus) / peer[1]:8.2f}{max(sizes):6.0f}")
    print(unfollowed(argvs[LATER], variables))


def main() -> None:
    """Measure both ways."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("environment", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = options.environment or make_environment(Path(folder, "environment"))
        usual = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        usual["ENVDOCTOR_CACHE"] = str(Path(folder, "cache"))
        version = subprocess.run(
            [*commands(environment)["pip check"][:-1], "--version"], capture_output=True, check=False
        )
        print(version.stdout.decode().partition(" from ")[0])
        print("With bytecode compiled")
        compare(environment, usual | {"PYTHONPYCACHEPREFIX": str(Path(folder, "bytecode"))}, options.rounds)
        print("Without bytecode")
        without = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": str(Path(folder, "nothing"))}
        compare(environment, usual | without, options.rounds)


if __name__ == "__main__":
    main()

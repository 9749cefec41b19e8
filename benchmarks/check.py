"""How long `envdoctor check` takes in an environment with TensorFlow, against `pip check` in the same one.

    python benchmarks/check.py [ENVIRONMENT] [--rounds N]

Without an environment, uv makes one in a temporary folder: tensorflow 2.21.0, ai-edge-litert, pip, and this project.
The commands take turns, so that both meet the same machine; the page cache is warm. Measured are the wall time, the
processor time and the largest memory of the whole process, interpreter start included, twice: with bytecode compiled,
as after the first run on a usual machine, and without, as where nothing may be written (PYTHONDONTWRITEBYTECODE, a
read-only image). A first check finds an empty cache and follows every import; it is run in every fifth round alone.
Later ones meet an environment of which nothing has changed. On a machine that is busy otherwise compare processor
times, and their ratios rather than the numbers.

Measured last on two very busy processors, in times of the processor time of `pip check` 26.3 (0.24 s), before lines
that import were found once and trees were kept longer, and after, in turn: unchanged 1.02 and 0.99; the first with
--fast 6.1 and 6.1; the first full check 32.6 and 23.6 (6.5 and 4.3 s more than --fast). Of a first --fast a quarter
looks symbols up, a fifth imports modules, a tenth reads RECORDs. Of what the full check takes more, a quarter is the
grammar of 10 MB of text, a sixth the lines of 26 MB that may ask in vain, an eighth what functions mention that are
not followed. Of an unchanged check four tenths go into asking for the state of 27,000 files and 4,000 folders.
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
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Row = tuple[float, float, float]

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("tensorflow==2.21.0", "ai-edge-litert", "pip")
PEER, LATER = "pip check", "check, later"
SCRIPTS = "Scripts" if os.name == "nt" else "bin"
#: A first check is run in one round of so many.
SELDOM = 5
#: Seconds after which the files of a new environment count as old (`envdoctor.environments.fingerprint.YOUNG`).
SETTLED = 3.0


@dataclass(frozen=True, slots=True)
class Case:
    """One command that is measured; `fresh` if it is to find an empty cache."""

    argv: list[str]
    fresh: bool = False


def make_environment(folder: Path) -> Path:
    """Make the environment that is measured."""
    uv = [sys.executable, "-m", "uv"]
    # Copies: what is linked from uv's cache gets another time of change by each other environment that is made or goes.
    variables = os.environ | {"UV_LINK_MODE": "copy"}
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    install = [*uv, "pip", "install", "--quiet", "--python", str(folder), *PACKAGES, str(ROOT)]
    subprocess.run(install, check=True, env=variables)
    return folder


def commands(environment: Path) -> dict[str, Case]:
    """The commands that take turns, the peer first; `check` from inside of the environment too, if it is there."""
    python = str(environment / SCRIPTS / "python")
    found = {PEER: Case([python, "-m", "pip", "check"])}
    here = [sys.executable, "-m", "envdoctor", "check", "--python", python]
    found |= {
        "check --fast, the first": Case([*here, "--fast"], fresh=True),
        "check, the first": Case(here, fresh=True),
    }
    found |= {"check --fast, later": Case([*here, "--fast"]), LATER: Case(here)}
    if list(environment.glob(f"{SCRIPTS}/envdoctor*")):
        found["check, later, inside"] = Case([python, "-m", "envdoctor", "check"])
    return found


def measure(argv: list[str], variables: dict[str, str]) -> Row:
    """Wall and processor milliseconds of one run, and its largest resident memory in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=variables)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 1}:  # 1: there is a problem to tell
        raise SystemExit(f"{' '.join(argv)} ends with {process.returncode}")
    wall = time.perf_counter() - start
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # getrusage(2)
    return 1000 * wall, 1000 * (usage.ru_utime + usage.ru_stime), usage.ru_maxrss / unit


def unfollowed(argv: list[str], variables: dict[str, str]) -> str:
    """What a check says of the imports that it did not follow to the end."""
    answer = subprocess.run([*argv, "--json"], capture_output=True, env=variables, check=False).stdout
    return "; ".join(json.loads(answer)["notes"]) or "all imports were followed to the end"


def take_turns(cases: Mapping[str, Case], variables: dict[str, str], rounds: int) -> dict[str, list[Row]]:
    """Wall time, processor time and memory of each run, by command."""
    cache = variables["ENVDOCTOR_CACHE"]
    times: dict[str, list[Row]] = {name: [] for name in cases}
    for number in range(-1, rounds):  # before the first one, everything is compiled and read once
        for name, case in cases.items():
            if case.fresh:
                if number > 0 and number % SELDOM:
                    continue
                shutil.rmtree(cache, ignore_errors=True)
            row = measure(case.argv, variables)
            if number >= 0:
                times[name].append(row)
    return times


def table(times: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """A line a command: medians, the best, and the ratio of both to the peer's."""
    peer = [(min(column), statistics.median(column)) for column in zip(*times[PEER], strict=True)]
    columns = ("median ms", "ratio", "best ms", "ratio", "cpu ms", "ratio", "MiB", "runs")
    yield " " * 26 + "".join(f"{column:>10}" for column in columns)
    for name, rows in times.items():
        walls, cpus, sizes = zip(*rows, strict=True)
        median, wall, cpu = statistics.median(walls), min(walls), min(cpus)
        row = f"{median:10.0f}{median / peer[0][1]:10.2f}{wall:10.0f}{wall / peer[0][0]:10.2f}"
        yield f"{name:26}{row}{cpu:10.0f}{cpu / peer[1][0]:10.2f}{max(sizes):10.0f}{len(rows):10}"


def compare(environment: Path, variables: dict[str, str], rounds: int) -> None:
    """Measure all commands, and print the table."""
    cases = commands(environment)
    for line in table(take_turns(cases, variables, rounds)):
        print(line)
    print(unfollowed(cases[LATER].argv, variables))


def main() -> None:
    """Measure both ways."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("environment", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = options.environment
        if environment is None:
            environment = make_environment(Path(folder, "environment"))
            time.sleep(SETTLED)
        usual = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        usual["ENVDOCTOR_CACHE"] = str(Path(folder, "cache"))
        peer = commands(environment)[PEER].argv
        version = subprocess.run([*peer[:-1], "--version"], capture_output=True, check=False)
        print(version.stdout.decode().partition(" from ")[0])
        print("With bytecode compiled")
        compare(environment, usual | {"PYTHONPYCACHEPREFIX": str(Path(folder, "bytecode"))}, options.rounds)
        print("Without bytecode")
        without = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": str(Path(folder, "nothing"))}
        compare(environment, usual | without, options.rounds)


if __name__ == "__main__":
    main()

"""The functions of benchmarks/check.py, on an environment with next to nothing in it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from built import built
from sites import Site

pytestmark = pytest.mark.skipif(os.name == "nt", reason="os.wait4 is POSIX's")


@pytest.fixture
def benchmark():
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "check.py"
    spec = importlib.util.spec_from_file_location("benchmark_of_check", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def environment(tmp_path):
    """A virtual environment with a pip that says at once that nothing is broken."""
    make = [sys.executable, "-I", "-S", "-m", "venv", "--without-pip"]
    made = built(make, lambda folder: subprocess.run([*make, str(folder)], check=True))
    shutil.copytree(made, tmp_path / "environment", symlinks=True)
    library = "lib/python{}.{}/site-packages".format(*sys.version_info[:2])
    Site(tmp_path / "environment" / library).install("pip", files={"pip/__init__.py": "", "pip/__main__.py": "pass\n"})
    return tmp_path / "environment"


@pytest.mark.slow
def test_every_command_works_and_has_its_line(benchmark, environment, tmp_path, capfd, monkeypatch):
    variables = {**os.environ, "ENVDOCTOR_CACHE": str(tmp_path / "cache")}
    cases = benchmark.commands(environment)
    assert [case.fresh for case in cases.values()] == [False, True, True, False, False]
    few = {
        name: case for name, case in cases.items() if name != "check --fast, later" and not name.startswith("check, t")
    }
    monkeypatch.setattr(benchmark, "commands", lambda _: few)
    benchmark.compare(environment, variables, rounds=1)
    lines = capfd.readouterr().out.splitlines()
    assert [line[:24].strip() for line in lines[1:-1]] == list(few)
    assert all(float(line.split()[-7]) > 0 for line in lines[1:-1])
    assert lines[-1] == "all imports were followed to the end"


@pytest.mark.slow
def test_a_first_run_finds_no_cache_and_comes_seldom(benchmark, tmp_path):
    cache = tmp_path / "cache"
    code = "import pathlib; path = pathlib.Path({!r}); path.exists() is {} or exit(2); path.mkdir(exist_ok=True)"
    first, later = ([sys.executable, "-c", code.format(str(cache), is_there)] for is_there in (False, True))
    cases = {"first": benchmark.Case(first, fresh=True), "later": benchmark.Case(later)}
    times = benchmark.take_turns(cases, {**os.environ, "ENVDOCTOR_CACHE": str(cache)}, rounds=benchmark.SELDOM + 1)
    assert [len(rows) for rows in times.values()] == [2, benchmark.SELDOM + 1]
    assert all(wall > 0 and cpu > 0 and size > 1 for rows in times.values() for wall, cpu, size in rows)


def test_ratios_are_to_the_peer(benchmark):
    rows = {benchmark.PEER: [(100.0, 80.0, 30.0), (300.0, 90.0, 31.0)], "other": [(50.0, 160.0, 40.0)]}
    peer, other = list(benchmark.table(rows))[1:]
    assert peer.split()[2:] == ["200", "1.00", "100", "1.00", "80", "1.00", "31", "2"]
    assert other.split()[1:] == ["50", "0.25", "50", "0.50", "160", "2.00", "40", "1"]


def test_a_command_that_does_not_work_is_not_measured(benchmark):
    with pytest.raises(SystemExit, match="ends with 3"):
        benchmark.measure([sys.executable, "-c", "exit(3)"], dict(os.environ))

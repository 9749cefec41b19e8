"""Imports in a child process, and remembering that they worked."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from envdoctor.environments.proof import isolated, prove, prove_once
from envdoctor.executors.local import LocalExecutor

PYTHON = Path(sys.executable)
RUN = LocalExecutor()


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """A folder on PYTHONPATH; call it to put a module there."""
    folder = tmp_path / "modules"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")

    def put(name, code):
        (folder / f"{name}.py").write_text(code)
        return name

    return put


@pytest.mark.slow
def test_all_modules_are_imported_in_one_process_and_in_order(modules):
    first = modules("first_one", "import sys; sys.mine = 1")
    second = modules("second_one", "import sys; assert sys.mine == 1")
    assert prove(PYTHON, [first, second], RUN, {}).failure == ""
    assert "AttributeError" in prove(PYTHON, [second, first], RUN, {}).failure


def test_a_failed_import_gives_the_last_line_of_its_traceback(modules):
    name = modules("broken_one", "raise ImportError('libx.so: cannot open shared object file')")
    failure = prove(PYTHON, [name], RUN, {}).failure
    assert failure == (
        "importing broken_one exited with status 1: ImportError: libx.so: cannot open shared object file"
    )


@pytest.mark.skipif(os.name == "nt", reason="signals as exit statuses are POSIX's")
def test_a_killed_import_gives_the_signal(modules):
    name = modules("illegal_one", "import os, signal; os.kill(os.getpid(), signal.SIGILL)")
    assert prove(PYTHON, [name], RUN, {}).failure.startswith("importing illegal_one was killed by SIGILL")


def test_a_module_that_ends_the_process_is_no_success(modules):
    name = modules("leaving_one", "import os; os._exit(0)")
    assert prove(PYTHON, [name], RUN, {}).failure == "importing leaving_one ended the process early, with status 0"


def test_a_missing_interpreter_is_a_failure(tmp_path):
    assert "could not be started" in prove(tmp_path / "python", ["sys"], RUN, {}).failure


def test_the_current_folder_is_not_imported_from(monkeypatch, tmp_path):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    (tmp_path / "here_only.py").touch()
    monkeypatch.chdir(tmp_path)
    assert "ModuleNotFoundError" in prove(PYTHON, ["here_only"], RUN, {}).failure


@pytest.mark.slow
def test_nothing_of_the_user_leaks_into_an_isolated_process(modules):
    name = modules("mine_only", "")
    assert prove(PYTHON, [name], RUN, {}).failure == ""
    assert "ModuleNotFoundError" in prove(PYTHON, [name], RUN, isolated()).failure


class Counting:
    """A double of an executor that counts what the real one runs."""

    name = "local"

    def __init__(self):
        self.runs = 0

    def run(self, command):
        self.runs += 1
        return RUN.run(command)


@pytest.mark.slow
def test_a_success_is_remembered_until_something_changes(modules, cache, tmp_path):
    name, run = modules("good_one", ""), Counting()
    for _ in range(2):
        assert prove_once(PYTHON, [name], run, cache, {"good": "1"}).failure == ""
    assert run.runs == 1
    prove_once(PYTHON, [name], run, cache, {"good": "2"})
    assert run.runs == 2
    (tmp_path / "modules" / "other-1.dist-info").mkdir()
    prove_once(PYTHON, [name], run, cache, {"good": "2"})
    assert run.runs == 3


@pytest.mark.slow
def test_a_failure_is_not_remembered(modules, cache):
    name = modules("flaky_one", "raise ValueError")
    assert prove_once(PYTHON, [name], RUN, cache, {}).failure
    modules("flaky_one", "")
    assert prove_once(PYTHON, [name], RUN, cache, {}).failure == ""


@pytest.mark.slow
def test_a_damaged_memory_is_no_proof(modules, cache):
    name, run = modules("fine_one", ""), Counting()
    prove_once(PYTHON, [name], run, cache, {})
    (file,) = cache.proofs.glob("*/*")
    foreign = json.dumps({"/no/such/folder": None})  # holds where nothing is there: an entry is told by its hash
    for content in ("", "[]", "null", foreign, "[" * 99_999):
        file.write_text(content)
        assert prove_once(PYTHON, [name], run, cache, {}).failure == ""
    assert run.runs == 6
    file.unlink()
    os.mkfifo(file)
    assert prove_once(PYTHON, [name], run, cache, {}).failure == ""


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_costs_only_another_import(modules, tmp_path):
    from envdoctor.environments.cache import Cache

    (tmp_path / "file").touch()
    name, run = modules("calm_one", ""), Counting()
    for _ in range(2):
        assert prove_once(PYTHON, [name], run, Cache(tmp_path / "file"), {}).failure == ""
    assert run.runs == 2


@pytest.mark.slow
def test_the_interpreter_itself_counts(modules, cache, tmp_path):
    name, run = modules("still_one", ""), Counting()
    folder = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=60)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    prove_once(python, [name], run, cache, {})
    prove_once(PYTHON, [name], run, cache, {})
    assert run.runs == 2

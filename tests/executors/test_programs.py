"""Where uv is."""

from __future__ import annotations

import os
import sys
import time
import types
from concurrent.futures import ThreadPoolExecutor

import pytest

from envdoctor.core.command import Command
from envdoctor.core.errors import EnvironmentProblem
from envdoctor.executors import programs
from envdoctor.executors.local import LocalExecutor
from envdoctor.executors.programs import find_program, find_uv


def test_the_uv_that_came_with_envdoctor_runs():
    assert LocalExecutor().run(Command(argv=(find_uv(), "--version"))).stdout.startswith("uv ")


def test_threads_that_look_for_it_at_once_do_not_meet(monkeypatch):
    inside, met = [], []

    def look():
        met.extend(inside)
        inside.append(1)
        time.sleep(0.01)
        inside.pop()
        return "/bin/uv"

    monkeypatch.setitem(sys.modules, "uv", types.SimpleNamespace(find_uv_bin=look))
    with ThreadPoolExecutor(8) as pool:
        assert {one.result() for one in [pool.submit(find_uv) for _ in range(8)]} == {"/bin/uv"}
    assert met == []


def not_there():
    raise FileNotFoundError("no uv")


@pytest.mark.parametrize("module", [None, types.SimpleNamespace(find_uv_bin=not_there)])
def test_else_one_on_the_path_else_none(monkeypatch, module):
    monkeypatch.setitem(sys.modules, "uv", module)
    monkeypatch.setattr(programs.shutil, "which", lambda name, path: f"/usr/bin/{name}")
    assert find_uv() == "/usr/bin/uv"
    monkeypatch.setattr(programs.shutil, "which", lambda name, path: None)
    with pytest.raises(EnvironmentProblem, match="pip install uv"):
        find_uv()


@pytest.fixture
def tool(tmp_path):
    """Makes a program in a folder."""

    def make(folder):
        program = tmp_path / folder / "tool"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        return program

    return make


@pytest.mark.skipif(os.name == "nt", reason="programs as POSIX has them")
@pytest.mark.parametrize("mark", ["pyvenv.cfg", "conda-meta"])
def test_a_program_of_another_environment_is_not_run(tool, tmp_path, monkeypatch, mark):
    theirs, good = tool("env/bin"), tool("usr")
    path = os.pathsep.join(map(str, (theirs.parent, f"{theirs.parent}/", good.parent)))
    assert find_program("tool", path) == str(theirs)
    (tmp_path / "env" / mark).touch()
    assert find_program("tool", path) == str(good)
    assert find_program("tool", str(theirs.parent)) is None
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "env"))
    assert find_program("tool", path) == str(theirs), "it is envdoctor's own"


@pytest.mark.skipif(os.name == "nt", reason="programs as POSIX has them")
@pytest.mark.parametrize("place", ["", ".", "sub", "~"])
def test_nor_one_of_the_current_folder(tool, tmp_path, monkeypatch, place):
    tool("sub")
    tool("")
    tool("~")
    monkeypatch.chdir(tmp_path)
    good = tool("usr")
    assert find_program("tool", os.pathsep.join((place, str(good.parent)))) == str(good)
    assert find_program("tool", place) is None

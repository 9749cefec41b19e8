"""Where uv is."""

from __future__ import annotations

import sys
import time
import types
from concurrent.futures import ThreadPoolExecutor

import pytest

from envdoctor.core.command import Command
from envdoctor.core.errors import EnvironmentProblem
from envdoctor.executors import programs
from envdoctor.executors.local import LocalExecutor
from envdoctor.executors.programs import find_uv


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
    monkeypatch.setattr(programs.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert find_uv() == "/usr/bin/uv"
    monkeypatch.setattr(programs.shutil, "which", lambda name: None)
    with pytest.raises(EnvironmentProblem, match="pip install uv"):
        find_uv()

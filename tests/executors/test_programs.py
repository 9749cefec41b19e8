"""Where uv is."""

from __future__ import annotations

import sys
import types

import pytest

from envdoctor.core.command import Command
from envdoctor.core.errors import EnvironmentProblem
from envdoctor.executors import programs
from envdoctor.executors.local import LocalExecutor
from envdoctor.executors.programs import find_uv


def test_the_uv_that_came_with_envdoctor_runs():
    assert LocalExecutor().run(Command(argv=(find_uv(), "--version"))).stdout.startswith("uv ")


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

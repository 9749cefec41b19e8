"""Where uv is."""

from __future__ import annotations

import sys

import pytest

from envdoctor.core.command import Command
from envdoctor.core.errors import EnvironmentProblem
from envdoctor.executors import programs
from envdoctor.executors.local import LocalExecutor
from envdoctor.executors.programs import find_uv


def test_the_uv_that_came_with_envdoctor_runs():
    assert LocalExecutor().run(Command(argv=(find_uv(), "--version"))).stdout.startswith("uv ")


def test_else_one_on_the_path_else_none(monkeypatch):
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setattr(programs.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert find_uv() == "/usr/bin/uv"
    monkeypatch.setattr(programs.shutil, "which", lambda name: None)
    with pytest.raises(EnvironmentProblem, match="pip install uv"):
        find_uv()

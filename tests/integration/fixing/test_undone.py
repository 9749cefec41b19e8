"""Real environments that are mended only in part: what is told, and what an undo brings back."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from broken_environments import all_fixed
from envdoctor.core.fixing import StepState
from envdoctor.executors.programs import find_uv
from envdoctor.facts.packages import Distribution
from envdoctor.fixing.changes import requirement_of

pytestmark = pytest.mark.integration


def test_an_installer_that_fails_half_way_is_told_and_what_it_removed_is_put_back(env, tmp_path):
    """Both twins are removed, then the index is gone: nothing of them is left, and the undo brings both back."""
    env.install("twin-nightly==1.0")
    env.install("twin==1.0")
    before, hidden = env.versions(), {}

    def index_goes(_):
        shutil.rmtree(tmp_path / "uv")  # what the trial has fetched
        hidden.update({name: env.server.projects.pop(name) for name in ("twin", "twin-nightly")})
        return ""

    try:
        report = env.fix("PKG003", agrees=index_goes)
    finally:
        env.server.projects.update(hidden)
    (result,) = report.results
    assert result.state is StepState.FAILED
    assert "twin" in result.words
    assert env.versions() == []
    assert report.summary.exit_code == 1
    assert f"`envdoctor fix --undo --python {env.python}` puts the versions of before back." in report.notes[0]
    env.undo()
    assert env.versions() == before


def test_a_step_that_is_declined_leaves_no_log(env):
    env.install("wants==1.0", "extra==2.0")
    report = env.fix(agrees=lambda _: "you said no")
    assert [one.state for one in report.results] == [StepState.DECLINED]
    assert report.log == ""
    assert not report.is_fine


def test_an_interrupt_leaves_a_log_that_undo_uses(env, monkeypatch):
    from envdoctor.executors.local import LocalExecutor

    env.install("wants==1.0", "extra==1.0")
    before = env.files()
    run = LocalExecutor.run

    def ended(self, command):
        result = run(self, command)
        if "install" in command.argv and "--dry-run" not in command.argv and str(env.python) in command.argv:
            shutil.rmtree(env.packages / "dep")
            raise KeyboardInterrupt
        return result

    with monkeypatch.context() as patch:
        patch.setattr(LocalExecutor, "run", ended)
        report = env.fix()
    assert [one.state for one in report.results] == [StepState.INTERRUPTED]
    assert "--undo" in report.notes[0]
    assert json.loads(Path(report.log).read_text())["steps"][0]["state"] == "interrupted"
    env.undo()
    assert env.files() == before


def test_an_editable_project_is_put_back_and_what_was_deleted_is_told_before(env, tmp_path):
    metadata = tmp_path / "lib-1.0.dist-info"
    metadata.mkdir()
    distribution = Distribution(name="lib", version="1.0", metadata=str(metadata))
    assert requirement_of(distribution) == "lib==1.0"
    gone = {"url": (tmp_path / "gone.whl").as_uri(), "archive_info": {}}
    (metadata / "direct_url.json").write_text(json.dumps(gone))
    assert requirement_of(distribution) == ""
    vcs = {"url": "https://example.org/lib.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}
    (metadata / "direct_url.json").write_text(json.dumps(vcs))
    assert requirement_of(distribution) == "lib @ git+https://example.org/lib.git@abc"


def test_a_local_file_that_is_gone_is_told_before(env, server, tmp_path):
    name = "extra-1.0-py3-none-any.whl"
    (tmp_path / name).write_bytes(server.projects["extra"][name].content)
    env.install(str(tmp_path / name), "wants==1.0", "dep==1.0", "below==1.0")
    (tmp_path / name).unlink()
    (step,) = env.plan().steps
    assert [one.name for one in step.changes if one.lost] == ["extra"]
    assert step.undo == ""


BACKEND = """
import pathlib, sys, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    name, info = "extra-1.0-py3-none-any.whl", "extra-1.0.dist-info"
    members = {
        "__editable__.extra-1.0.pth": str(pathlib.Path(__file__).parent),
        f"{info}/METADATA": "Metadata-Version: 2.1\\nName: extra\\nVersion: 1.0\\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    members[f"{info}/RECORD"] = "".join(f"{path},,\\n" for path in [*members, f"{info}/RECORD"])
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as archive:
        for path, text in members.items():
            archive.writestr(path, text)
    return name

build_wheel = build_editable
"""


def test_an_editable_project_is_put_back_from_its_folder(env, tmp_path):
    project = tmp_path / "extra"
    project.mkdir()
    (project / "backend.py").write_text(BACKEND)
    (project / "pyproject.toml").write_text(
        '[project]\nname = "extra"\nversion = "1.0"\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    env.install("-e", str(project), "wants==1.0", "dep==1.0", "below==1.0")
    before = env.files()
    report = env.fix()
    assert all_fixed(report), report
    (change,) = report.plan.steps[0].changes
    assert (change.after, change.editable, change.undo) == ("2.0", True, f"-e {project}")
    assert env.undo().notes == ("the versions are those of before",)
    assert env.files() == before


def test_ctrl_c_in_the_middle_is_told_and_undone(env, tmp_path):
    """The real program, ended by a real signal while pip's place is taken by what waits for it."""
    env.install("wants==1.0", "extra==1.0")
    before = env.files()
    reached = tmp_path / "reached"
    (tmp_path / "bin").mkdir()
    uv = tmp_path / "bin" / "uv"
    uv.write_text(
        f'#!/bin/sh\ncase "$*" in *--dry-run*|*trial*) exec {find_uv()} "$@";; esac\n'
        f'{find_uv()} "$@"; touch {reached}; sleep 60\n'
    )
    uv.chmod(0o755)
    words = ["fix", "--python", str(env.python), "--yes"]
    variables = os.environ | {"PATH": f"{uv.parent}{os.pathsep}{os.environ['PATH']}", "UV_INDEX_URL": env.url}
    process = subprocess.Popen(
        [sys.executable, "-m", "envdoctor", *words],
        env=variables,
        cwd=env.project,
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not reached.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    printed = process.communicate(timeout=60)[0]
    assert process.returncode == 130
    assert "ended in the middle" in printed
    assert "`envdoctor fix --undo --python " in " ".join(printed.split())
    assert env.files() != before
    env.undo()
    assert env.files() == before

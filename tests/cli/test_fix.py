"""`envdoctor fix` as a user types it: what it prints and answers; the work itself is tested in tests/fixing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from envdoctor.cli.fix import Asking
from envdoctor.core.fixing import Step, StepKind
from envdoctor.executors.programs import find_uv
from index_wheels import publish


@pytest.fixture
def env(server, tmp_path, monkeypatch):
    monkeypatch.setenv("ENVDOCTOR_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.chdir(tmp_path)
    publish(server, "lib", "1.5", files={"lib.py": b"import this_is_nowhere\n"})
    folder = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    words = ["--quiet", "--no-deps", "--python", str(folder), "--index-url", server.simple]
    subprocess.run([find_uv(), "pip", "install", *words, "app==1.0"], check=True)
    return str(folder)


@pytest.mark.slow
def test_the_plan_is_shown_and_nothing_is_done_without_a_terminal_and_done_with_yes(env, run):
    code, printed = run("fix", "--python", env)
    assert code == 1
    assert "lib  is added: 1.0" in printed.out
    assert "there is no terminal to ask on; --yes runs the plan" in printed.err
    code, printed = run("fix", "--python", env, "--json")
    told = json.loads(printed.out)
    assert (code, told["summary"]["exit_code"], told["results"]) == (1, 1, [])
    assert {one["code"] for one in told["findings"]} - {"PYT002"} == {"PKG001"}  # PYT002: Python 3.14
    code, printed = run("fix", "--python", env, "--yes")
    assert code == 0
    assert "fixed: PKG001" in printed.out
    code, printed = run("fix", "--python", env, "--dry-run")
    assert (code, "There is nothing to mend" in printed.out) == (0, True)
    code, printed = run("fix", "--python", env, "--undo")
    assert (code, "nobody can be asked here" in printed.out) == (1, True)
    code, printed = run("fix", "--python", env, "--undo", "--yes")
    assert (code, "the versions are those of before" in printed.out) == (0, True)
    code, printed = run("check", "--python", env, "--fix", "--yes")
    assert code == 0
    assert printed.out.index("error in") < printed.out.index("The plan for") < printed.out.index("fixed: PKG001")


@pytest.mark.slow
def test_an_undo_of_a_fix_that_changed_no_version_is_fine(env, run):
    (lost,) = Path(env).glob("lib/python*/site-packages/app/__init__.py")
    lost.unlink()
    code, printed = run("fix", "PKG005", "--python", env, "--yes")
    assert "fixed: PKG005" in printed.out
    code, printed = run("fix", "--python", env, "--undo")
    assert (code, printed.out.strip()) == (0, "· the last fix left no other version behind")


@pytest.mark.slow
def test_a_plan_needs_no_place_to_write_a_log(env, run, tmp_path):
    (tmp_path / "state").write_text("no folder")
    code, printed = run("fix", "--python", env, "--dry-run")
    assert (code, "lib  is added: 1.0" in printed.out) == (1, True)
    code, printed = run("fix", "--python", env, "--yes")
    assert (code, "ENVDOCTOR_STATE" in printed.err) == (1, True)


def test_options_that_contradict_each_other_are_refused(run):
    for words in (["fix", "--undo", "PKG001"], ["fix", "--undo", "--dry-run"], ["check", "--fix", "--fast"]):
        assert run(*words)[0] == 2


@pytest.mark.slow
def test_a_code_that_is_none_is_named(env, run):
    code, printed = run("fix", "--python", env, "PKG999")
    assert code == 2
    assert "'PKG999' is no code" in printed.err


@pytest.mark.parametrize(
    ("step", "user", "why"),
    [
        ({"root": True, "commands": (("docker", "run", "--privileged", "x"),)}, 1000, "needs root"),
        ({"root": True, "commands": (("chmod", "x"),)}, 0, ""),
        ({"unjudged": "conda's result can't be tried"}, 1000, "without --yes"),
        ({}, 1000, ""),
    ],
)
def test_yes_gives_no_root_and_runs_nothing_that_was_not_tried(step, user, why, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: user, raising=False)
    step = Step(kind=StepKind.OTHER, title="t", **step)
    said = Asking(yes=True, as_json=False, verbose=False).about_step(step)
    assert why in said
    assert bool(said) == bool(why)

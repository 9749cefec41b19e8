"""Real environments with something wrong: which versions a plan takes, leaves and refuses."""

import os
import subprocess
from pathlib import Path

import pytest

from broken_environments import all_fixed
from envdoctor.core.fixing import StepState

pytestmark = pytest.mark.integration


def test_a_plan_that_takes_a_name_away_from_an_installed_package_is_refused(env):
    env.install("app==1.0", "lib==1.0", "newest==1.0")
    (step,) = env.plan().steps
    assert "lib 2.1 has no lib.old" in step.refused
    assert "app/__init__.py:4" in step.refused
    before = env.files()
    report = env.fix()
    assert [one.state for one in report.results] == [StepState.NOT_RUN]
    assert not report.is_fine
    assert env.files() == before


def test_a_plan_that_takes_a_name_away_from_the_users_code_is_refused(env):
    env.install("lib==1.0", "newest==1.0")
    (env.project / "mine.py").write_text("import lib as short\n\nprint(short.old)\n")
    (step,) = env.plan().steps
    assert "lib 2.1 has no lib.old" in step.refused
    assert "mine.py:3" in step.refused
    (env.project / "mine.py").write_text("try:\n    from lib import old\nexcept ImportError:\n    old = 1\n")
    (step,) = env.plan().steps
    assert step.refused == ""


def test_what_conda_installed_is_not_changed_by_pip(env):
    env.install("lib==1.0", "newer==1.0")
    (next(env.packages.glob("lib-1.0*")) / "INSTALLER").write_text("conda\n")
    (step,) = env.plan().steps
    assert step.refused.startswith("no version can be installed: lib 1.0 is conda's, and stays as it is")


def test_a_version_that_has_the_name_is_taken_where_there_is_one(env):
    env.install("app==1.0", "lib==1.0", "newer==1.0")
    (step,) = env.plan().steps
    assert [(one.name, one.after) for one in step.changes] == [("lib", "1.1")]
    assert any("lib 2.1 was left" in note for note in step.notes)


def test_a_version_that_fails_here_is_not_offered_and_the_next_one_is(env):
    env.install("needs-broken==1.0")
    (step,) = env.plan().steps
    assert [(one.name, one.after) for one in step.changes] == [("broken", "1.5")]
    assert any("broken 2.0 was left" in note and "nowhere_at_all" in note for note in step.notes)


def test_what_only_a_version_requires_that_goes_is_not_installed(env):
    env.install("wants-old==1.0", "shrinking==2.0")
    report = env.fix()
    assert all_fixed(report)
    assert len(report.mended) == 2
    (step,) = report.plan.steps
    assert [(one.name, one.before, one.after) for one in step.changes] == [("shrinking", "2.0", "1.0")]


def test_what_pip_refuses_for_this_python_is_left_and_the_version_before_is_taken(env):
    """uv disregards upper bounds on Python, pip honours them: `backports-strenum 1.3.1` asks for Python below 3.11."""
    subprocess.run([str(env.python), "-m", "ensurepip", "--default-pip"], check=True, capture_output=True)
    env.install("wants-bounded==1.0", "app==1.0")
    for file in env.packages.glob("*.dist-info/INSTALLER"):
        file.unlink()  # linked into uv's cache
        file.write_text("pip\n")
    report = env.fix()
    assert all_fixed(report)
    (step,) = report.plan.steps
    assert {one.name: one.after for one in step.changes} == {"bounded": "1.0", "lib": "2.1"}
    assert "bounded 2.0 was left: pip refuses it for this Python" in step.notes


def test_a_constraint_of_pips_holds_for_the_versions_that_are_chosen(env, tmp_path, monkeypatch):
    env.install("app==1.0")
    (tmp_path / "limits.txt").write_text("lib<2\n")
    monkeypatch.setenv("PIP_CONSTRAINT", str(tmp_path / "limits.txt"))
    # A uv of the user's own is not held to pip's settings.
    monkeypatch.setenv("PATH", os.pathsep.join(one for one in os.get_exec_path() if not Path(one, "uv").exists()))
    (step,) = env.plan("PKG001").steps
    assert {one.name: one.after for one in step.changes} == {"lib": "1.1"}


def test_what_can_not_be_had_together_is_told_and_the_rest_is_offered(env):
    env.install("clash-a==1.0", "clash-b==1.0")
    good, bad = env.plan().steps
    assert {one.name: one.after for one in good.changes} == {"below": "1.0", "dep": "1.0", "third": "2.0"}
    assert bad.title == "uv: fourth"
    assert "with the others: Because all versions of fourth depend on third<2 and you require third>=2" in bad.refused


@pytest.mark.parametrize("pin", ["1.1", "1.0"])
def test_what_a_project_s_lock_has_is_installed_and_what_comes_along_too(env, pin):
    rows = "".join(
        f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = {{ registry = "{env.url}" }}\n'
        for name, version in (("newer", "1.0"), ("lib", pin))
    )
    (env.folder.parent / "uv.lock").write_text(rows)
    (env.folder.parent / "pyproject.toml").write_text("")
    env.install("starts==1.0")
    (step,) = env.plan().steps
    lib = "1.1" if pin == "1.1" else "2.1"  # a lock that does not suit holds nobody up
    assert [(one.name, one.after) for one in step.changes] == [("lib", lib), ("newer", "1.0")]
    assert any("as `uv sync` gets it" in note for note in step.notes)  # newer
    differs = any("has lib 1.0, and `uv sync` brings that back: `uv lock --upg" in note for note in step.notes)
    assert differs is (pin == "1.0")

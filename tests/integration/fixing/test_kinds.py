"""Real environments with a fault of each kind: planned, mended and put back; pip or uv and an index on loopback."""

import os
import shutil
import subprocess
import threading

import pytest

from broken_environments import OLD_AND_NEW, all_fixed
from envdoctor.core.errors import EnvironmentProblem, UsageProblem
from envdoctor.core.fixing import Mending

pytestmark = pytest.mark.integration


def test_what_is_missing_or_of_a_wrong_version_is_one_command_and_is_put_back_to_the_file(env):
    env.install("wants==1.0", "extra==1.0", "lib==1.0")
    before = env.files()
    (step,) = env.plan().steps
    (command,) = step.commands
    assert command[-3:] == ("below==1.0", "dep==1.0", "extra==2.0")
    assert {(one.name, one.before, one.after) for one in step.changes} == {
        ("below", "", "1.0"),
        ("dep", "", "1.0"),
        ("extra", "1.0", "2.0"),
    }
    assert not step.root
    assert step.undo
    assert env.files() == before  # a plan changes nothing
    report = env.fix()
    assert all_fixed(report)
    assert report.is_fine
    assert env.imports("wants")
    undone = env.undo()
    assert undone.notes == ("the versions are those of before",)
    assert env.files() == before
    with pytest.raises(UsageProblem, match="changed no packages"):
        env.undo()


def test_damaged_files_are_put_back_and_nothing_else_changes(env):
    env.install("lib==1.0", "extra==1.0")
    whole = env.files()
    (env.packages / "lib" / "__init__.py").unlink()
    report = env.fix()
    assert all_fixed(report)
    assert env.files() == whole
    assert (env.packages / "lib" / "__init__.py").read_bytes() == OLD_AND_NEW["lib/__init__.py"]
    assert [(one.before, one.after) for one in report.plan.steps[0].changes] == [("1.0", "1.0")]


def test_of_two_that_clash_both_are_removed_and_the_release_is_installed_and_the_undo_brings_the_other_back(env):
    env.install("twin-nightly==1.0")
    env.install("twin==1.0")
    versions = env.versions()
    report = env.fix()
    assert all_fixed(report)
    assert env.versions() == ["twin-1.0.dist-info"]
    assert (env.packages / "twin" / "more.py").read_bytes() == b"B = 1\n"
    env.undo()
    assert env.versions() == versions


def test_one_command_puts_a_file_back_and_mends_the_import_that_it_breaks(env):
    damaged = env.packages / "lib" / "__init__.py"
    env.install("lib==1.0")
    damaged.unlink()
    damaged.write_text("import nowhere_at_all\n")
    report = env.fix()
    assert (len(report.plan.steps), report.plan.manual) == (1, ())
    assert {(one.finding.code, one.mending) for one in report.mended} == {
        ("PKG006", Mending.FIXED),
        ("PKG021", Mending.FIXED),
    }
    assert report.is_fine
    assert report.summary.exit_code == 0


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_what_lost_its_record_is_installed_over_what_is_there(env, installer):
    """pip refuses to remove it, and so to reinstall it."""
    if installer == "pip":
        subprocess.run([str(env.python), "-m", "ensurepip", "--default-pip"], check=True, capture_output=True)
    env.install("twin==1.0", "lib==1.0")
    (info,) = env.packages.glob("twin-1.0.dist-info")
    (info / "INSTALLER").unlink()
    (info / "INSTALLER").write_text(f"{installer}\n")
    (info / "RECORD").unlink()
    (env.packages / "twin" / "more.py").unlink()
    (env.packages / "twin" / "__init__.py").unlink()
    (env.packages / "twin" / "__init__.py").write_text("from . import more\n")
    report = env.fix()
    assert "PKG011" in {one.finding.code for one in report.mended}
    assert all_fixed(report)
    assert report.is_fine
    assert (env.packages / "twin" / "more.py").is_file()
    assert env.imports("twin")
    assert {"twin-1.0.dist-info", "lib-1.0.dist-info"} <= set(env.versions())


def test_a_left_over_registration_is_removed(env):
    env.install("lib==1.0")
    shutil.copytree(env.packages / "lib-1.0.dist-info", env.packages / "kept")
    env.install("lib==1.1")
    (env.packages / "kept").rename(env.packages / "lib-1.0.dist-info")
    report = env.fix()
    assert all_fixed(report), report
    assert len(env.versions()) == 1
    assert env.imports("lib")


def test_a_version_that_still_has_the_module_is_installed(env):
    env.install("hub==1.0", "setuptools==82.0")
    assert not env.imports("hub")
    report = env.fix()
    assert all_fixed(report), report
    assert env.versions() == ["hub-1.0.dist-info", "setuptools-80.0.dist-info"]
    assert env.imports("hub")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_can_not_be_written_is_refused(env):
    env.install("wants==1.0")
    env.packages.chmod(0o555)
    try:
        (step,) = env.plan().steps
    finally:
        env.packages.chmod(0o755)
    assert "can't be written" in step.refused


def test_a_second_fix_of_the_same_environment_is_refused(env):
    errors = []

    def second():
        try:
            with env.session():
                pass
        except EnvironmentProblem as error:
            errors.append(str(error))

    with env.session():
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert len(errors) == 1
    assert "another envdoctor" in errors[0]


def test_a_variable_that_leads_pip_elsewhere_does_no_harm(env, tmp_path, monkeypatch):
    env.install("wants==1.0", "extra==2.0", "dep==1.0")
    monkeypatch.setenv("PIP_TARGET", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("UV_TARGET", str(tmp_path / "elsewhere"))
    assert all_fixed(env.fix())
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_a_trial_on_a_copy_writes_into_no_file_of_the_environment(env, installer):
    if installer == "pip":
        subprocess.run([str(env.python), "-m", "ensurepip", "--default-pip"], check=True, capture_output=True)
    env.install("wants==1.0", "extra==1.0", "twin-nightly==1.0")
    env.install("twin==1.0")
    if installer == "pip":
        for file in env.packages.glob("*.dist-info/INSTALLER"):
            file.unlink()  # linked into uv's cache
            file.write_text("pip\n")
    before = env.contents()
    (step,) = env.plan().steps
    assert step.title.startswith(installer)
    assert not step.refused
    assert env.contents() == before
    assert all_fixed(env.fix())
    assert env.imports("wants")
    env.undo()
    assert {"extra-1.0.dist-info", "twin-1.0.dist-info", "twin_nightly-1.0.dist-info"} <= set(env.versions())
    assert not any(name.startswith("dep-") for name in env.versions())

"""Real environments with a fault of each kind: planned, mended and put back; pip or uv and an index on loopback."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from built import built
from envdoctor.core.errors import EnvironmentProblem, UsageProblem
from envdoctor.core.fixing import Mending, StepState
from envdoctor.doctor.fix import open_session
from envdoctor.executors.programs import find_uv
from envdoctor.facts.packages import Distribution
from envdoctor.fixing.changes import requirement_of
from index_server import IndexServer
from index_wheels import publish

pytestmark = pytest.mark.integration

OLD_AND_NEW = {"lib/__init__.py": b"old = 1\nnew = 2\n"}
NEW = {"lib/__init__.py": b"new = 2\n"}
USES_OLD = {"app/__init__.py": b"import lib\n\ndef use():\n    return lib.old\n"}
WANTS_RESOURCES = {"hub/__init__.py": b"import pkg_resources\n"}
RESOURCES = {"pkg_resources/__init__.py": b"", "setuptools/__init__.py": b""}


@pytest.fixture(scope="module")
def server():
    with IndexServer() as server:
        publish(server, "lib", "1.0", files=OLD_AND_NEW)
        publish(server, "lib", "1.1", files=OLD_AND_NEW)
        publish(server, "lib", "2.0", files=NEW)
        publish(server, "lib", "2.1", files=NEW)
        publish(server, "app", "1.0", requires=["lib>=1.0"], files=USES_OLD)
        publish(server, "newest", "1.0", requires=["lib>=2"])
        publish(server, "newer", "1.0", requires=["lib>=1.1"])
        publish(server, "wants", "1.0", requires=["dep", "extra==2.0"], files={"wants/__init__.py": b"import dep\n"})
        publish(server, "dep", "1.0", requires=["below"])
        publish(server, "below", "1.0")
        publish(server, "extra", "1.0")
        publish(server, "extra", "2.0")
        publish(server, "twin", "1.0", files={"twin/__init__.py": b"A = 1\n", "twin/more.py": b"B = 1\n"})
        publish(server, "twin-nightly", "1.0", files={"twin/__init__.py": b"A = 2\n", "twin/more.py": b"B = 2\n"})
        publish(server, "hub", "1.0", files=WANTS_RESOURCES)
        publish(server, "setuptools", "80.0", files=RESOURCES)
        publish(server, "setuptools", "82.0", files={"setuptools/__init__.py": b""})
        publish(server, "broken", "2.0", files={"broken/__init__.py": b"import nowhere_at_all\n"})
        publish(server, "broken", "1.5", files={"broken/__init__.py": b""})
        publish(server, "needs-broken", "1.0", requires=["broken>=1.5"], files={"needs_broken.py": b"import broken\n"})
        publish(server, "clash-a", "1.0", requires=["third>=2", "dep"])
        publish(server, "clash-b", "1.0", requires=["fourth"])
        publish(server, "wants-bounded", "1.0", requires=["bounded"])
        publish(server, "bounded", "1.0")
        publish(server, "bounded", "2.0", requires_python=">=3.8,<3.9")
        publish(server, "shrinking", "1.0")
        publish(server, "shrinking", "2.0", requires=["below"])
        publish(server, "wants-old", "1.0", requires=["shrinking<2"])
        publish(server, "starts", "1.0", requires=["newer"])
        publish(server, "third", "1.0")
        publish(server, "third", "2.0")
        publish(server, "fourth", "1.0", requires=["third<2"])
        yield server


@pytest.fixture
def env(server, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", server.simple)
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ENVDOCTOR_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    make = [sys.executable, "-m", "venv", "--without-pip"]
    made = built(make, lambda folder: subprocess.run([*make, str(folder)], check=True))
    shutil.copytree(made, tmp_path / "env", symlinks=True)
    project = tmp_path / "project"
    project.mkdir()
    return Env(tmp_path / "env", server, project)


class Env:
    def __init__(self, folder, server, project):
        self.folder = folder
        self.python = next(folder.glob("bin/python"))
        self.packages = next(folder.glob("lib/python*/site-packages"))
        self.project = project
        self.server, self.url = server, server.simple
        self._index = ["--index-url", server.simple]

    def install(self, *words):
        command = [find_uv(), "pip", "install", "--quiet", "--no-deps", "--python", str(self.python), *self._index]
        subprocess.run([*command, *words], check=True)

    def versions(self):
        return sorted(one.name for one in self.packages.glob("*.dist-info"))

    def files(self):
        found = (one.relative_to(self.packages) for one in self.packages.rglob("*") if one.is_file())
        return sorted(str(one) for one in found if "__pycache__" not in one.parts)

    def contents(self):
        """Every file with its bytes: a copy whose files are links must write into none."""
        found = (one for one in self.folder.rglob("*") if one.is_file())
        return {str(one): (one.read_bytes(), one.stat().st_mtime_ns) for one in found}

    def imports(self, module):
        return subprocess.run([self.python, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0

    @contextlib.contextmanager
    def session(self):
        with open_session(python=self.python, project=self.project) as session:
            yield session

    def plan(self, *codes):
        with self.session() as session:
            return session.plan(session.look(), codes)

    def fix(self, *codes, agrees=lambda _: ""):
        with self.session() as session:
            before = session.look()
            return session.run(session.plan(before, codes), before, agrees)

    def undo(self):
        with self.session() as session:
            return session.undo(lambda _: "")


def all_fixed(report):
    return {one.mending for one in report.mended} == {Mending.FIXED} and not report.added


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
    (step,) = env.plan("PKG001").steps
    assert {one.name: one.after for one in step.changes} == {"lib": "1.1"}


def test_what_can_not_be_had_together_is_told_and_the_rest_is_offered(env):
    env.install("clash-a==1.0", "clash-b==1.0")
    good, bad = env.plan().steps
    assert {one.name: one.after for one in good.changes} == {"below": "1.0", "dep": "1.0", "third": "2.0"}
    assert bad.title == "uv: fourth"
    assert "with the others: Because all versions of fourth depend on third<2 and you require third>=2" in bad.refused


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

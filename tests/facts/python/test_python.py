import json
import os
import sys
from pathlib import Path

import pytest

from envdoctor.core.command import CommandResult
from envdoctor.core.errors import UsageProblem
from envdoctor.core.request import Request
from envdoctor.environments import asking
from envdoctor.environments.asking import machine_of, parse_answer
from envdoctor.environments.describe import describe
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.facts.python import collect, from_description


def test_this_interpreter_is_described_without_starting_another(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the folder of the tests may have an environment of its own
    found = collect(Request(), executor=None)
    assert (found.executable, found.prefix) == (sys.executable, sys.prefix)
    assert found.minor == sys.version_info[:2]
    assert found.markers["sys_platform"] == sys.platform
    assert sys.executable not in found.described


@pytest.mark.skipif(os.name != "posix", reason="on Windows the interpreter of an environment is always a copy")
def test_a_python_that_a_project_brings_is_not_run_unasked(tmp_path, monkeypatch):
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    with pytest.raises(UsageProblem, match="it is not run unasked"):
        collect(Request(), executor=None)


@pytest.mark.slow
def test_another_interpreter_and_the_folder_of_its_environment_are_the_same():
    by_file = collect(Request(python=Path(sys.executable)), LocalExecutor())
    by_folder = collect(Request(python=Path(sys.prefix)), LocalExecutor())
    assert by_file == by_folder
    assert by_file.prefix == sys.prefix


def bare_environment(path):
    (path / "bin").mkdir(parents=True)
    (path / "bin" / "python").symlink_to("/absent/python3.12")


def environment_without_settings(path):
    bare_environment(path)
    (path / "bin" / "python").unlink()
    (path / "bin" / "python").symlink_to(sys.executable)
    (path / "bin" / "activate").write_text("")
    (path / "lib/python3.11/site-packages").mkdir(parents=True)


@pytest.mark.slow
@pytest.mark.parametrize("named", ["", "bin/python"])
@pytest.mark.skipif(sys.platform == "win32", reason="makes links")
def test_a_virtual_environment_without_its_settings_is_told(tmp_path, named):
    path = tmp_path / "env"
    environment_without_settings(path)
    with pytest.raises(UsageProblem, match=r"has no pyvenv\.cfg: its Python starts as .* does not see the packages"):
        collect(Request(python=path / named), LocalExecutor())
    (path / "conda-meta").mkdir()
    assert collect(Request(python=path / named), LocalExecutor()).version


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "there is no Python at"),
        (lambda path: path.mkdir(), "is not a Python environment: it has no"),
        (lambda path: path.symlink_to("/absent/python3.12"), "links to a Python that is gone .*absent.python3.12"),
        (bare_environment, "bin.python links to a Python that is gone .*make the environment again"),
        (lambda path: path.symlink_to("x" * 300), "can't be reached: File name too long"),
        (lambda path: path.write_text("text"), "could not be started"),
        (lambda path: script(path, "echo hello"), "is not a Python 3.8 or newer: .* it printed 'hello'"),
        (lambda path: script(path, "echo broken >&2; exit 3"), "exited with status 3: broken. Give a Python"),
        (lambda path: script(path, "kill -9 $$"), "was killed by SIGKILL"),
        (lambda path: script(path, "echo '[1]'"), "is not a Python 3.8 or newer"),
        (lambda path: script(path, """echo '{"version": "x"}'"""), "is not a Python 3.8 or newer"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="makes shell scripts")
def test_what_is_no_python_is_a_usage_problem(tmp_path, make, words):
    path = tmp_path / "thing"
    make(path)
    with pytest.raises(UsageProblem, match=words):
        collect(Request(python=path), LocalExecutor())


def script(path, body):
    path.write_text(f"#!/bin/sh\ncat > /dev/null\n{body}\n")
    path.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="makes a shell script")
def test_one_that_hangs_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(asking, "TIME_LIMIT", 0.3)
    script(tmp_path / "slow", "sleep 60")
    with pytest.raises(UsageProblem, match="passed its time limit"):
        collect(Request(python=tmp_path / "slow"), LocalExecutor())


def test_a_wrong_python_is_told_as_such_and_not_as_a_missing_fact(tmp_path):
    facts = Facts(Request(python=tmp_path / "none"), LocalExecutor())
    with pytest.raises(UsageProblem):
        facts.packages  # noqa: B018  (reading it collects it)


@pytest.mark.parametrize(
    ("version", "fine"), [("3.7.17", False), ("3.8.0", True), ("3.15.0a1", True), ("2.7.18", False)]
)
def test_the_oldest_python(version, fine):
    result = CommandResult(argv=("python",), returncode=0, stdout=json.dumps({**describe(), "version": version}))
    if fine:
        assert parse_answer("python", result)["version"] == version
    else:
        with pytest.raises(UsageProblem, match=rf"is Python {version}; the oldest that can be examined is 3.8"):
            parse_answer("python", result)


@pytest.mark.parametrize(
    ("platform", "multiarch", "running", "bits", "machine"),
    [
        ("linux-x86_64", "x86_64-linux-gnu", "x86_64", 64, "x86_64"),
        ("linux-x86_64", "i386-linux-gnu", "x86_64", 32, "i686"),
        ("linux-x86_64", "", "x86_64", 32, "i686"),
        ("linux-aarch64", "arm-linux-gnueabihf", "aarch64", 32, "armv7l"),
        ("linux-aarch64", "", "aarch64", 32, "armv7l"),
        ("linux-armv7l", "", "armv7l", 32, "armv7l"),
        ("linux-x86_64", "aarch64-linux-gnu", "x86_64", 64, "aarch64"),
        ("linux-x86_64", "x86_64-linux-musl", "x86_64", 64, "x86_64"),
        ("macosx-11.0-arm64", "darwin", "arm64", 64, "arm64"),
        ("macosx-10.9-x86_64", "darwin", "x86_64", 64, "x86_64"),
        ("macosx-10.9-universal2", "darwin", "arm64", 64, "arm64"),
        ("macosx-10.9-universal2", "darwin", "x86_64", 64, "x86_64"),  # started with Rosetta
        ("win-amd64", "", "ARM64", 64, "x86_64"),
        ("win-arm64", "", "ARM64", 64, "arm64"),
        ("win32", "", "AMD64", 32, "x86"),
    ],
)
def test_what_a_python_runs_as(platform, multiarch, running, bits, machine):
    assert machine_of(platform, multiarch, running, bits) == machine


def test_a_description_becomes_a_fact(tmp_path):
    (tmp_path / "packages").mkdir()
    answer = {
        **describe(),
        "platform": "win-amd64",
        "multiarch": "",
        "site_folders": [["user", str(tmp_path / "none")], ["site", str(tmp_path / "packages")]],
    }
    fact = from_description(answer)
    assert [folder.path for folder in fact.search_path] == [str(tmp_path / "packages")]
    assert fact.machine == "x86_64"

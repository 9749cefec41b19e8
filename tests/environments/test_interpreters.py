"""Finding Pythons: reading what uv printed, and looking where it does not look by itself."""

import json
import os
import sys
from pathlib import Path

import pytest

from envdoctor.core.command import CommandResult
from envdoctor.core.errors import EnvironmentProblem
from envdoctor.environments import interpreters
from envdoctor.environments.interpreters import Interpreters, parse_broken, parse_list, search_path
from envdoctor.environments.uv_runner import Uv
from envdoctor.executors.local import LocalExecutor

POSIX = pytest.mark.skipif(os.name == "nt", reason="links and scripts as POSIX has them")


@pytest.fixture
def data(pytestconfig):
    return pytestconfig.rootpath / "tests/data/environments"


def listed(*rows):
    return CommandResult(argv=("uv",), returncode=0, stdout=json.dumps(rows))


def row(**rest):
    """A row as uv 0.13 prints it, for platforms that no recording was made on."""
    return {
        "path": "/py/python",
        "version": "3.12.1",
        "implementation": "cpython",
        "variant": "default",
        "os": "linux",
        "arch": "x86_64",
        "libc": "gnu",
        "url": None,
    } | rest


def test_a_recorded_list(data):
    found = parse_list(listed(*json.loads((data / "python_list_linux.json").read_text("utf-8"))))
    assert {one.minor for one in found} == {"3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"}
    assert {(one.platform, one.libc, one.implementation, one.variant) for one in found} == {
        ("linux-x86_64", "gnu", "cpython", "default")
    }
    assert Path("/usr/bin/python3.11") in [one.path for one in found]


@pytest.mark.parametrize(
    ("said", "platform"),
    [
        ({"os": "macos", "arch": "aarch64", "libc": "none"}, "macos-arm64"),
        ({"os": "macos", "arch": "x86_64", "libc": "none"}, "macos-x86_64"),
        ({"os": "windows", "arch": "x86_64", "libc": "none"}, "windows-x86_64"),
        ({"os": "linux", "arch": "aarch64"}, "linux-aarch64"),
        ({"os": "linux", "arch": "armv7", "libc": "musl"}, "linux-armv7"),
    ],
)
def test_platforms_are_called_as_in_the_table(said, platform):
    (one,) = parse_list(listed(row(**said)))
    assert one.platform == platform
    assert one.libc == said.get("libc", "gnu")


def test_what_could_be_downloaded_is_not_there():
    assert parse_list(listed(row(path=None, url="https://a.test/python.tar.gz"))) == ()


@POSIX
def test_several_names_of_one_python_count_once(tmp_path):
    (tmp_path / "python3.12").touch()
    (tmp_path / "python3").symlink_to("python3.12")
    rows = [row(path=str(tmp_path / name)) for name in ("python3.12", "python3")]
    assert [one.path.name for one in parse_list(listed(*rows))] == ["python3.12"]


@pytest.mark.parametrize("stdout", ["", "{}", "null", "[1]", '[{"path": "x"}]', "error"])
def test_what_uv_never_prints_is_an_error_and_not_an_empty_list(stdout):
    with pytest.raises(EnvironmentProblem, match="could not list the Pythons"):
        parse_list(CommandResult(argv=("uv",), returncode=0, stdout=stdout or "[}"))


def test_a_failed_uv_is_an_error_with_its_last_line():
    with pytest.raises(EnvironmentProblem, match="could not list the Pythons of this machine: no cache"):
        parse_list(CommandResult(argv=("uv",), returncode=2, stdout="[]", stderr="no cache"))


def test_recorded_warnings_say_which_python_is_broken_and_how(data):
    broken = parse_broken((data / "python_list_warnings.txt").read_text("utf-8"))
    assert broken["/home/user/fakepy"] == "boom"
    assert "returned an invalid response" in broken["/bin/true"]
    assert broken["/home/user/.pyenv/shims/python3.10"] == "pyenv: python3.10: command not found"


def test_shims_are_skipped_and_the_folders_of_version_managers_added(monkeypatch, tmp_path):
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    below = () if os.name == "nt" else ("bin",)
    pyenv = tmp_path.joinpath("pyenv", "versions", "3.12.1", *below)
    conda = tmp_path.joinpath("somewhere", "conda-environment", *below)
    for folder in (pyenv, conda, tmp_path / ".conda"):
        folder.mkdir(parents=True)
    lines = f"{tmp_path.joinpath('somewhere', 'conda-environment')}\n\n{tmp_path / 'gone'}\n"
    (tmp_path / ".conda" / "environments.txt").write_text(lines)
    folders = search_path(os.pathsep.join(["/one", str(tmp_path / "pyenv" / "shims"), "", "/one"])).split(os.pathsep)
    assert folders[0] == "/one"
    assert folders.count("/one") == 1
    assert not [folder for folder in folders if Path(folder).name == "shims"]
    assert {str(pyenv), str(conda)} <= set(folders)
    assert str(tmp_path / "gone") not in "".join(folders)


def test_an_unset_variable_matches_nothing(monkeypatch):
    pattern = ["$NO_SUCH_VARIABLE/*"]
    monkeypatch.setattr(interpreters, "load_table", lambda _: {"posix": pattern, "windows": pattern})
    monkeypatch.setattr(Path, "home", lambda: Path("/no/such/home"))
    assert search_path("/one") == "/one"


@pytest.fixture
def uv(cache):
    return Uv(executor=LocalExecutor(), cache=cache, variables={})


def test_this_python_is_found_and_is_among_all(uv):
    found = Interpreters(uv=uv)
    own = found.own()
    assert own.version == ".".join(map(str, sys.version_info[:3]))
    assert found.remark() == ""
    assert (own.version, own.platform) in [(one.version, one.platform) for one in found.all()]


@POSIX
def test_a_broken_python_of_the_users_own_is_said(uv, tmp_path):
    python = tmp_path / "python"
    # It takes what uv asks before it fails: a question to a closed pipe would be another failure than its own.
    script = "#!/bin/sh\ncat >/dev/null\necho 'libpython3.11.so: cannot open shared object file' >&2\nexit 127\n"
    python.write_text(script)
    python.chmod(0o755)
    found = Interpreters(uv=uv, python=python)
    assert found.own() is None
    assert found.remark() == (f" (your own, {python}, does not run: libpython3.11.so: cannot open shared object file)")


def test_a_python_that_is_not_there_is_said(uv, tmp_path):
    found = Interpreters(uv=uv, python=tmp_path / "python")
    assert found.own() is None
    assert "no Python answers there" in found.remark()


def test_where_pythons_are_on_windows(tmp_path, monkeypatch):
    """pyenv-win's and conda's folders hold python.exe themselves; conda's list names environments, not their bin."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    pyenv, conda = tmp_path / ".pyenv/pyenv-win/versions/3.12.1", tmp_path / "miniconda3/envs/tf"
    for folder in (pyenv, conda, tmp_path / ".conda"):
        folder.mkdir(parents=True)
    (tmp_path / ".conda/environments.txt").write_text(f"{conda}\n")
    homes = list(interpreters._homes(windows=True))
    assert homes == [str(pyenv), str(tmp_path / "miniconda3"), str(conda)]
    assert list(interpreters._conda_environments(windows=True)) == [str(conda)]

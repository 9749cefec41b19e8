"""Finding Pythons: what each says of itself, and where they are looked for."""

import os
import sys
from pathlib import Path

import pytest

from envdoctor.environments import interpreters
from envdoctor.environments.describe import describe
from envdoctor.environments.interpreters import Interpreters, candidates, from_answer, search_path
from envdoctor.executors.local import LocalExecutor

POSIX = pytest.mark.skipif(os.name == "nt", reason="links and scripts as POSIX has them")


def answer(**rest):
    """What this Python says of itself, with other words in places."""
    said = describe()
    markers = {**said["markers"], "sys_platform": rest.pop("system", "linux")}
    markers["platform_machine"] = rest.pop("machine", "x86_64")
    return {**said, "multiarch": "", "host_type": "", "markers": markers, **rest}


@pytest.mark.parametrize(
    ("said", "platform", "libc"),
    [
        ({"system": "darwin", "machine": "arm64", "platform": "macosx-11.0-arm64"}, "macos-arm64", "none"),
        ({"system": "darwin", "machine": "x86_64", "platform": "macosx-11.0-universal2"}, "macos-x86_64", "none"),
        ({"system": "win32", "machine": "AMD64", "platform": "win-amd64"}, "windows-x86_64", "none"),
        ({"platform": "linux-aarch64", "machine": "aarch64"}, "linux-aarch64", "gnu"),
        ({"platform": "linux-x86_64", "host_type": "x86_64-alpine-linux-musl"}, "linux-x86_64", "musl"),
        ({"platform": "linux-x86_64", "multiarch": "x86_64-linux-musl"}, "linux-x86_64", "musl"),
    ],
)
def test_platforms_are_called_as_in_the_table(said, platform, libc):
    one = from_answer("/py/python", answer(**said))
    assert (one.platform, one.libc, one.path) == (platform, libc, Path("/py/python"))


@pytest.mark.parametrize(
    ("said", "variant"),
    [({"free_threaded": True}, "freethreaded"), ({"debug": True, "free_threaded": False}, "debug")],
)
def test_builds_that_wheels_are_not_made_for(said, variant):
    assert from_answer("/py/python", answer(platform="linux-x86_64", **said)).variant == variant


@POSIX
def test_several_names_of_one_python_count_once_and_other_programs_not_at_all(tmp_path):
    for name in ("python3.12", "python3.12-config", "pythonw", "ipython3", "python3.9"):
        (tmp_path / name).touch(mode=0o755)
    (tmp_path / "python3.8").touch(mode=0o644)
    (tmp_path / "python3.7").mkdir()
    os.mkfifo(tmp_path / "python3.6", 0o777)
    (tmp_path / "python3").symlink_to("python3.12")
    found = candidates([str(tmp_path / "absent"), str(tmp_path), str(tmp_path)])
    assert sorted(one.name for one in found) == ["python3", "python3.9"]


@POSIX
def test_an_environment_is_another_python_than_the_one_that_it_was_made_with(tmp_path):
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "python3").touch(mode=0o755)
    (tmp_path / "env" / "bin").mkdir(parents=True)
    (tmp_path / "env" / "pyvenv.cfg").touch()
    (tmp_path / "env" / "bin" / "python3").symlink_to(tmp_path / "base" / "python3")
    assert len(candidates([str(tmp_path / "base"), str(tmp_path / "env" / "bin")])) == 2


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


@pytest.mark.slow
def test_this_python_is_found_and_is_among_all():
    found = Interpreters(executor=LocalExecutor())
    own = found.own()
    assert own.version == ".".join(map(str, sys.version_info[:3]))
    assert own.base.resolve() == Path(sys._base_executable).resolve()
    assert found.remark() == ""
    assert (own.version, own.platform) in [(one.version, one.platform) for one in found.all()]


@POSIX
def test_a_broken_python_of_the_users_own_is_said(tmp_path):
    python = tmp_path / "python"
    # It takes what it is asked before it fails: a question to a closed pipe would be another failure than its own.
    script = "#!/bin/sh\ncat >/dev/null\necho 'libpython3.11.so: cannot open shared object file' >&2\nexit 127\n"
    python.write_text(script)
    python.chmod(0o755)
    found = Interpreters(executor=LocalExecutor(), python=python)
    assert found.own() is None
    assert "does not run: " in found.remark()
    assert "libpython3.11.so: cannot open shared object file" in found.remark()


def test_a_python_that_is_not_there_is_said(tmp_path):
    found = Interpreters(executor=LocalExecutor(), python=tmp_path / "python")
    assert found.own() is None
    assert "there is no Python at" in found.remark()


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

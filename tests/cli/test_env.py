"""`envdoctor env`: what is listed and what is removed."""

import json
import os
import sys
from pathlib import Path

import pytest

from envdoctor.cli import main
from envdoctor.environments.cache import VARIABLE, Cache
from envdoctor.environments.spec import environment_spec
from envdoctor.environments.store import folder_name, python_of, write_marker
from tiny_wheels import pin, tiny_spec


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    return Cache(tmp_path)


@pytest.fixture
def put(cache):
    """Put an environment made by hand into the cache."""

    def make(spec, *, finished=True):
        folder = cache.environments / folder_name(spec, "3.11", "linux-x86_64")
        python_of(folder).parent.mkdir(parents=True)
        python_of(folder).touch()
        if finished:
            write_marker(folder, spec, "3.11.7", Path(sys.executable))
        return folder

    return make


def test_an_empty_cache_says_so(cache, capsys):
    assert main(["env", "list"]) == 0
    assert capsys.readouterr().out == f"No environment is in {cache.root}; a build makes what it needs.\n"


def test_the_list_tells_state_and_folder(put, capsys, tmp_path):
    (tmp_path / "old.txt").write_text(pin("x", "1", b""))
    ready = put(environment_spec("vela"))
    outdated = put(tiny_spec(tmp_path / "old.txt", platform="linux-x86_64", name="vela"))
    half = put(environment_spec("litert"), finished=False)
    assert main(["env", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line[0] != " "] == ["litert", "vela", "vela"]
    (one,) = [line for line in lines if str(ready) in line]
    assert "Python 3.11.7" in one
    assert " ready " in one
    assert " outdated " in next(line for line in lines if str(outdated) in line)
    assert " unusable " in next(line for line in lines if str(half) in line)
    assert "it was never finished" in lines[1]


def test_the_list_as_json(put, capsys):
    folder = put(environment_spec("vela"))
    assert main(["env", "list", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["state"], row["folder"], row["version"]) == ("vela", "ready", str(folder), "3.11.7")


def test_removing_by_name(put, capsys):
    vela, litert = put(environment_spec("vela")), put(environment_spec("litert"))
    assert main(["env", "remove", "vela"]) == 0
    assert not vela.exists()
    assert litert.exists()
    assert f"removed {vela}" in capsys.readouterr().out


def test_removing_all(put):
    folders = [put(environment_spec(name), finished=name == "vela") for name in ("vela", "litert")]
    assert main(["env", "remove", "--all"]) == 0
    assert not any(map(os.path.exists, folders))


def test_cleaning_removes_what_no_build_uses(put, capsys, tmp_path):
    (tmp_path / "old.txt").write_text(pin("x", "1", b""))
    ready, half = put(environment_spec("vela")), put(environment_spec("litert"), finished=False)
    outdated = put(tiny_spec(tmp_path / "old.txt", platform="linux-x86_64", name="vela"))
    assert main(["env", "clean"]) == 0
    assert [one.exists() for one in (ready, half, outdated)] == [True, False, False]
    assert f"removed {outdated}" in capsys.readouterr().out
    assert main(["env", "clean"]) == 0
    assert "are in use" in capsys.readouterr().out


def test_a_wrong_name_removes_nothing(put, capsys):
    folder = put(environment_spec("vela"))
    assert main(["env", "remove", "vela", "valo"]) == 2
    assert "there is no environment 'valo'; there are: vela." in capsys.readouterr().err
    assert folder.exists()
    assert main(["env", "remove"]) == 2
    assert main(["env", "remove", "--all", "vela"]) == 2
    assert folder.exists()

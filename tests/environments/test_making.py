"""Making environments with the real uv, from an index on loopback: once, and whole."""

import dataclasses
import os
import shutil
import subprocess
import sys

import pytest

from envdoctor.environments.making import own_python, prefix_of
from envdoctor.environments.store import MARKER
from made_environments import downloads, environments, make
from planted_environment import Planted
from tiny_wheels import pin, tiny_wheel

pytestmark = pytest.mark.slow

POSIX = pytest.mark.skipif(os.name == "nt", reason="links and signals as POSIX has them")


def test_it_is_made_once_and_reused(spec, request_, index):
    said = []
    made = make(spec, request_, said)
    assert dict(made.distributions) == {"tiny": "1.0"}
    assert made.problem == ""
    code = [made.python, "-c", "import sys, tiny; print(tiny.VERSION, sys.prefix, sep=chr(10))"]
    assert subprocess.run(code, capture_output=True, text=True, check=True).stdout.splitlines() == [
        "1.0",
        str(made.folder),
    ]
    assert said[0].startswith("making Tiny 1.0 with Python ")
    assert "up to 1 MB to download, 1 MB on disk in" in said[0]
    assert any(line.startswith("Installed 1 package") for line in said)
    assert said[-1].startswith("Tiny 1.0 is ready")
    said.clear()
    assert make(spec, request_, said) == made
    assert said == []
    assert downloads(index) == 1


def test_nothing_of_the_users_own_python_is_in_it(spec, request_, index, was_made):
    made = make(spec, request_)
    result = subprocess.run([made.python, "-c", "import click"], capture_output=True, text=True, check=False)
    assert "No module named 'click'" in result.stderr


@pytest.mark.parametrize("name", ["tiny.py", "tiny-1.0.dist-info/RECORD"])
def test_a_missing_file_has_it_made_again(spec, request_, index, was_made, name):
    made = make(spec, request_)
    (file,) = made.folder.rglob(name)
    file.unlink()
    said = []
    assert make(spec, request_, said).problem == ""
    assert file.exists()
    assert said[0].startswith("Tiny 1.0 is there but can't be used (")
    assert downloads(index) == 1  # from uv's cache


def test_a_file_that_was_written_to_is_fetched_again_since_the_cache_has_the_same_file(spec, request_, index):
    made = make(spec, request_)
    (file,) = made.folder.rglob("tiny.py")
    before = file.read_bytes()
    with file.open("ab") as stream:
        stream.write(b"# damaged\n")
    said = []
    assert make(spec, request_, said).problem == ""
    assert file.read_bytes() == before
    assert "tiny.py is gone or has changed" in said[0]


def test_another_distribution_in_it_is_damage(spec, request_, index, was_made):
    made = make(spec, request_)
    (site,) = made.folder.rglob("tiny-1.0.dist-info")
    stranger = site.with_name("stranger-1.dist-info")
    stranger.mkdir()
    (stranger / "RECORD").touch()
    make(spec, request_)
    assert not stranger.exists()


@POSIX
@pytest.mark.parametrize("target", ["/no/such/python", shutil.which("false") or "/bin/false"])
def test_a_python_that_is_gone_or_broken_has_it_made_again(spec, request_, index, was_made, target):
    made = make(spec, request_)
    made.python.unlink()
    made.python.symlink_to(target)
    said = []
    again = make(spec, request_, said)
    assert subprocess.run([again.python, "-c", "import tiny"], check=False).returncode == 0
    assert "can't be used" in said[0]


def test_with_a_damaged_marker_it_is_made_again(spec, request_, index, was_made):
    (folder,) = (request_.cache / "environments").glob("tiny-*")
    (folder / MARKER).write_bytes(b"{")
    assert make(spec, request_).problem == ""


def test_other_pins_are_another_environment(spec, request_, index, was_made):
    first = make(spec, request_)
    index.add("tiny", *tiny_wheel(version="2.0"))
    spec.lock.write_text(pin("tiny", "2.0", tiny_wheel(version="2.0")[1]))
    second = make(spec, request_)
    assert second.folder != first.folder
    assert dict(second.distributions) == {"tiny": "2.0"}
    assert len(environments(request_)) == 2


def test_find_links_alone_will_do(spec, request_, index, monkeypatch, tmp_path):
    name, content = tiny_wheel()
    home = tmp_path / "höme, of a user"  # pip splits its setting at spaces, and uv at commas
    (home / "wheels").mkdir(parents=True)
    (home / "wheels" / name).write_bytes(content)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "~/wheels")
    assert make(spec, request_).problem == ""
    assert index.seen == []


def test_whose_python_and_whose_pip(tmp_path, request_):
    assert str(own_python(request_)) == sys.executable
    assert str(prefix_of(own_python(request_))) == sys.prefix
    folder = tmp_path / "venv"
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").touch()
    assert prefix_of(folder / "bin" / "python") == folder
    assert prefix_of(folder) == folder
    assert prefix_of(tmp_path / "elsewhere" / "python") is None


@POSIX
def test_nothing_of_the_users_environment_runs(spec, request_, index, tmp_path, monkeypatch):
    planted = Planted(tmp_path)
    for name, value in planted.variables.items():
        monkeypatch.setenv(name, value)
    made = make(spec, dataclasses.replace(request_, python=planted.python))
    assert dict(made.distributions) == {"tiny": "1.0"}
    assert planted.marks() == []

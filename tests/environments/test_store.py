"""What is in the cache, and whether it is whole."""

import dataclasses
import hashlib
import os
import sys
import time
from pathlib import Path

import pytest

from envdoctor.core.errors import EnvironmentProblem
from envdoctor.environments.store import (
    MARKER,
    abandon,
    damaged_distributions,
    discard,
    folder_name,
    inspect_folder,
    list_environments,
    made_environments,
    python_of,
    remove_abandoned,
    write_marker,
)


@pytest.fixture
def folder(spec, cache):
    """An environment made by hand: one distribution, a link to this Python, no marker."""
    path = cache.environments / folder_name(spec, "3.11", "linux-x86_64")
    python_of(path).parent.mkdir(parents=True)
    python_of(path).touch()
    site = path / ("Lib/site-packages" if sys.platform == "win32" else "lib/python3.11/site-packages")
    info = site / "some_thing-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "thing.py").write_text("x = 1\n")
    (info / "RECORD").write_text('thing.py,sha256=x,6\n"some_thing-1.0.dist-info/RECORD",,\n')
    return path


def out_of_reach(path):
    """Make a path one that asking about raises an OSError, as a folder without permission does for all but root."""
    path.unlink(missing_ok=True)
    path.symlink_to("x" * 300)


def marked(folder, spec):
    return write_marker(folder, spec, "3.11.7", Path(sys.executable))


def test_a_marker_that_is_a_pipe_or_nonsense_is_none(folder):
    (folder / MARKER).write_text("[" * 99_999)
    assert inspect_folder(folder, thorough=True).problem == "it was never finished"
    (folder / MARKER).unlink()
    os.mkfifo(folder / MARKER)
    assert inspect_folder(folder, thorough=True).problem == "it was never finished"


def test_the_marker_makes_it_whole(folder, spec, cache):
    assert inspect_folder(folder, thorough=True).problem == "it was never finished"
    assert list(made_environments(spec, cache, thorough=True)) == []
    made = marked(folder, spec)
    assert made.problem == ""
    assert dict(made.distributions) == {"some-thing": "1.0"}
    assert (made.name, made.key, made.version, made.size) == ("tiny", spec.key, "3.11.7", 6)
    assert list(made_environments(spec, cache, thorough=True)) == [made]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"name": 1}'])
def test_a_damaged_marker_is_none(folder, spec, content):
    marked(folder, spec)
    (folder / MARKER).write_bytes(content)
    assert inspect_folder(folder, thorough=False).problem


def test_of_an_environment_for_other_pins_nothing_is_taken(folder, spec, cache, tmp_path):
    marked(folder, spec)
    (tmp_path / "other.txt").write_text("other")
    other = dataclasses.replace(spec, lock=tmp_path / "other.txt")
    assert list(made_environments(other, cache, thorough=True)) == []
    named = dataclasses.replace(spec, name="tin")
    assert list(made_environments(named, cache, thorough=True)) == []


def test_a_folder_that_was_renamed_is_not_taken_for_another(folder, spec, cache, tmp_path):
    marked(folder, spec)
    (tmp_path / "other.txt").write_text("other")
    other = dataclasses.replace(spec, lock=tmp_path / "other.txt")
    folder.rename(folder.with_name(folder_name(other, "3.11", "linux-x86_64")))
    assert list(made_environments(other, cache, thorough=True)) == []


@pytest.mark.parametrize(
    ("damage", "problem", "thorough"),
    [
        (lambda folder: python_of(folder).unlink(), "its Python, ", False),
        (lambda folder: out_of_reach(python_of(folder)), "is gone or out of reach", False),
        (lambda folder: next(folder.rglob("RECORD")).unlink(), "distributions came or went: some_thing-1.0", False),
        (lambda folder: next(folder.rglob("RECORD")).write_text("\n"), "some_thing-1.0.dist-info/RECORD is gone", True),
        (lambda folder: next(folder.rglob("thing.py")).unlink(), "thing.py is gone or has changed", True),
        (lambda folder: next(folder.rglob("thing.py")).write_text(""), "thing.py is gone or has changed", True),
    ],
    ids=["python", "out-of-reach", "distribution", "record", "file", "size"],
)
def test_damage_is_found_and_said(folder, spec, damage, problem, thorough):
    marked(folder, spec)
    damage(folder)
    assert problem in inspect_folder(folder, thorough=True).problem
    assert (problem in inspect_folder(folder, thorough=False).problem) is not thorough


def test_damage_names_the_distribution_and_the_file(folder):
    assert damaged_distributions(folder) == {}
    next(folder.rglob("thing.py")).unlink()
    assert list(damaged_distributions(folder)) == ["some-thing"]
    assert damaged_distributions(folder)["some-thing"].endswith("thing.py")


def test_a_file_that_two_brought_is_whole_as_either_of_them_says(folder):
    record = next(folder.rglob("RECORD"))
    other = record.parent.with_name("other-2.0.dist-info")
    other.mkdir()
    shared = record.parent.parent / "thing.py"
    (other / "RECORD").write_text(f"thing.py,,{shared.stat().st_size + 5}\n")
    assert damaged_distributions(folder) == {}
    shared.write_text("x" * 1000)
    assert set(damaged_distributions(folder)) == {"some-thing", "other"}


@pytest.mark.parametrize("content", [b"\xff\xfe,\x01,\n", b'"unclosed', b"a,b\nthing.py,,x\n", b""])
def test_a_record_that_makes_no_sense_is_no_crash(folder, content):
    next(folder.rglob("RECORD")).write_bytes(content)
    assert damaged_distributions(folder) == {}


def test_a_record_that_cannot_be_parsed_is_damage(folder):
    next(folder.rglob("RECORD")).write_bytes(b"x" * 200_000)
    assert damaged_distributions(folder)["some-thing"].endswith("RECORD")


def test_the_list_has_all_and_nothing_else(folder, spec, cache):
    (cache.environments / f".{folder.name}.lock").touch()
    (cache.environments / "notes.txt").touch()
    half = cache.environments / folder.name.replace("cp311", "cp312")
    half.mkdir()
    marked(folder, spec)
    assert [(one.folder, bool(one.problem)) for one in list_environments(cache)] == [(folder, False), (half, True)]


def test_no_cache_has_no_environments(cache, spec):
    assert list_environments(cache) == ()
    assert list(made_environments(spec, cache, thorough=True)) == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")
def test_a_cache_that_cannot_be_looked_into_is_not_an_empty_one(cache, spec):
    cache.root.mkdir(parents=True, exist_ok=True)
    out_of_reach(cache.environments)
    with pytest.raises(EnvironmentProblem, match=r"the cache folder .* can't be used .*ENVDOCTOR_CACHE"):
        list_environments(cache)
    with pytest.raises(EnvironmentProblem, match="can't be used"):
        list(made_environments(spec, cache, thorough=False))


def test_it_is_discarded_whole_and_more_than_once(folder, spec):
    marked(folder, spec)
    discard(folder)
    assert not folder.exists()
    discard(folder)


def test_what_cannot_be_discarded_is_said_and_no_longer_looks_whole(folder, spec, monkeypatch):
    import shutil

    marked(folder, spec)

    def busy(path):
        raise PermissionError(13, "in use", str(path / "x.dll"))

    monkeypatch.setattr(shutil, "rmtree", busy)
    with pytest.raises(EnvironmentProblem, match=r"can't be removed \(.*x\.dll: in use\); end the programs"):
        discard(folder)
    assert not (folder / MARKER).exists()


def test_the_marker_changes_with_every_record(folder, spec):
    import json

    marked(folder, spec)
    content = next(folder.rglob("RECORD")).read_bytes()
    records = json.loads((folder / MARKER).read_bytes())["records"]
    assert records == {"some_thing-1.0.dist-info": hashlib.sha256(content).hexdigest()}


def test_what_is_abandoned_is_out_of_the_way_at_once_and_gone_soon(tmp_path):
    folder = tmp_path / "tensorflow-cp311"
    (folder / "lib").mkdir(parents=True)
    abandon(folder)
    assert not folder.exists()
    deadline = time.monotonic() + 20
    while any(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert list(tmp_path.iterdir()) == []


def test_what_was_abandoned_and_is_still_there_is_removed(tmp_path):
    (tmp_path / ".tensorflow.12.abandoned" / "lib").mkdir(parents=True)
    remove_abandoned(tmp_path)
    assert list(tmp_path.iterdir()) == []

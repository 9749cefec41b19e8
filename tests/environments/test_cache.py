"""Where the cache is, and whether it can be used."""

import pytest

from envdoctor.core.errors import EnvironmentProblem
from envdoctor.core.request import Request
from envdoctor.environments.cache import VARIABLE, Cache, human_size, open_cache


def test_the_request_names_it_then_the_variable_then_the_user(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "variable"))
    assert open_cache(Request(cache=tmp_path / "request")).root == tmp_path / "request"
    assert open_cache(Request()).root == tmp_path / "variable"
    monkeypatch.delenv(VARIABLE)
    assert open_cache(Request()).root.name.lower() in {"envdoctor", "cache"}


def test_a_relative_folder_does_not_follow_the_current_one(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "here")
    cache = open_cache(Request())
    assert cache.root == tmp_path / "here"


def test_it_is_made_when_it_is_needed(cache):
    assert cache.writable
    assert not cache.root.exists()
    cache.prepare()
    assert cache.environments.is_dir()
    assert cache.uv.is_dir()


def test_a_file_in_its_way_is_said(tmp_path):
    (tmp_path / "file").touch()
    cache = Cache(tmp_path / "file" / "cache")
    assert not cache.writable
    with pytest.raises(EnvironmentProblem, match=rf"file.cache can't be used .*; mend that, or set {VARIABLE} to"):
        cache.prepare()


def test_free_room_is_that_of_the_disk_it_would_be_on(cache, tmp_path):
    assert cache.free() == pytest.approx(Cache(tmp_path).free(), rel=0.1)
    assert cache.free() > 0


@pytest.mark.parametrize(
    ("size", "words"), [(1, "1 MB"), (334_000_000, "334 MB"), (999_999_999, "1000 MB"), (1_454_000_000, "1.5 GB")]
)
def test_sizes_for_people(size, words):
    assert human_size(size) == words

"""The cache folder: what is kept, what is dropped, and that damage is never an answer."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import pytest

from envdoctor.net.cache import CachedReply, DiskCache, max_age


def reply(content=b"body", **headers):
    return CachedReply(
        url="https://a.test/x",
        status=200,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        stored=time.time(),
        content=content,
    )


def test_what_is_put_is_got(tmp_path):
    cache = DiskCache(tmp_path / "cache")
    kept = reply(b"first line\nsecond", etag='"1"')
    cache.put("key", kept)
    assert cache.get("key") == kept
    assert cache.get("other") is None


def test_bytes_by_their_key(tmp_path):
    cache = DiskCache(tmp_path)
    cache.put_bytes("key", b"made")
    assert cache.get_bytes("key") == b"made"
    assert cache.get_bytes("other") is None


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:-1], lambda data: data + b"x", lambda data: b"", lambda data: b"{}\n", lambda data: b"\xff\n"],
)
def test_a_damaged_entry_is_none(tmp_path, damage):
    cache = DiskCache(tmp_path)
    cache.put("key", reply())
    file = next(path for path in tmp_path.glob("*/*"))
    file.write_bytes(damage(file.read_bytes()))
    assert cache.get("key") is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_in_an_entrys_place_is_none_and_not_waited_for(tmp_path):
    cache = DiskCache(tmp_path)
    cache.put("key", reply())
    file = next(path for path in tmp_path.glob("*/*"))
    file.unlink()
    os.mkfifo(file)
    assert cache.get("key") is None


def test_a_flipped_byte_anywhere_makes_it_none(tmp_path):
    cache = DiskCache(tmp_path)
    cache.put("key", CachedReply(url="u", status=404, headers={"etag": "1"}, stored=1.0, content=b"body"))
    (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    data = file.read_bytes()
    for place in range(len(data)):
        file.write_bytes(data[:place] + bytes((data[place] ^ 1,)) + data[place + 1 :])
        assert cache.get("key") is None


def test_an_entry_under_another_key_is_none(tmp_path):
    cache = DiskCache(tmp_path)
    for key in ("one", "other"):
        cache.put(key, CachedReply(url=key, status=200, headers={}, stored=1.0, content=b""))
    one, other = (path for path in tmp_path.rglob("*") if path.is_file())
    other.write_bytes(one.read_bytes())
    assert (cache.get("one") is None) != (cache.get("other") is None)


def test_the_entries_not_used_for_longest_go_first(tmp_path):
    cache = DiskCache(tmp_path, limit=4000)
    for name in ("a", "b", "c"):
        cache.put(name, reply(b"x" * 1000))
        time.sleep(0.01)
    cache.get("a")
    time.sleep(0.01)
    cache.put("d", reply(b"x" * 1000))
    cache.prune()
    assert [name for name in "abcd" if cache.get(name)] == ["a", "c", "d"]


def test_a_folder_that_can_not_be_written_is_no_error(tmp_path):
    (tmp_path / "file").touch()
    cache = DiskCache(tmp_path / "file")
    cache.put("key", reply())
    assert cache.get("key") is None


def test_validators_and_freshness():
    answer = reply(etag='"1"', last_modified="Thu, 01 Jan 1970 00:00:00 GMT", cache_control="public, max-age=60")
    assert answer.validators == {"If-None-Match": '"1"', "If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}
    assert answer.is_fresh(0)
    assert not reply().is_fresh(0)
    assert reply().is_fresh(5)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("max-age=60", 60), ("no-cache, max-age=60", 0), ("max-age=soon", 0), ("", 0), ("Public, Max-Age=5", 5)],
)
def test_max_age(header, seconds):
    assert max_age(header) == seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """A value that was worked out once."""

    name: str
    rows: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedOtherwise:
    """The same by another version of the program."""

    rows: tuple[int, ...]


def test_values_by_their_key(tmp_path):
    cache = DiskCache(tmp_path)
    value = Worked(name="a", rows=(("b", 1), ("ü", 2)))
    cache.put_value("key", value)
    assert cache.get_value("key", Worked) == value
    assert cache.get_value("other", Worked) is None


def test_values_of_another_shape_are_none(tmp_path):
    cache = DiskCache(tmp_path)
    cache.put_value("key", Worked(name="a", rows=(("b", 1),)))
    assert cache.get_value("key", WorkedOtherwise) is None
    cache.put_bytes("key", b"\xc1")
    assert cache.get_value("key", Worked) is None


def test_values_that_are_no_text_are_not_kept(tmp_path):
    cache = DiskCache(tmp_path)
    cache.put_value("key", Worked(name="caf\udce9"))
    assert cache.get_value("key", Worked) is None

"""Unpacking within bounds: each bomb is refused fast and small, and what is merely packed well is read."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import struct
import subprocess
import sys
import time
import zipfile

import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.support.bounded import FREE, Inflated, open_zip, refuse_bomb

ZEROS = bytes(1 << 20)


def zstd(data):
    module = pytest.importorskip("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    return module.compress(data)


PACKERS = {"gzip": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zstd": zstd}


def inflate(data, **options):
    inflated = Inflated(io.BytesIO(data), **options)
    return b"".join(inflated.pieces())


@pytest.mark.slow
@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_each_format_gives_what_was_packed(pack):
    data = random.Random(1).randbytes(200_000) + bytes(300_000)
    assert inflate(pack(data)) == data
    assert inflate(pack(data) + bytes(512) + pack(b"more")) == data + b"more"
    assert Inflated(io.BytesIO(pack(b""))).is_packed


def test_what_is_not_packed_is_passed_on():
    assert inflate(b"plain" * 99) == b"plain" * 99
    assert not Inflated(io.BytesIO(b"plain")).is_packed


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_what_is_cut_or_altered_is_damaged(pack):
    data = pack(random.Random(1).randbytes(100_000))
    with pytest.raises(Unreadable, match="damaged"):
        inflate(data[: len(data) // 2])
    with pytest.raises(Unreadable, match="damaged"):
        inflate(data[:6] + bytes(len(data) - 6))


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_a_bomb_is_refused_after_what_is_free(pack, monkeypatch):
    monkeypatch.setattr("envdoctor.support.bounded.FREE", 8 << 20)
    bomb = pack(ZEROS) * 20
    start = time.process_time()
    with pytest.raises(Unreadable, match="more than 100 times its size"):
        for _ in Inflated(io.BytesIO(bomb), most=1 << 40).pieces():
            pass
    assert time.process_time() - start < 8


def test_a_limit_holds_however_well_it_is_packed():
    with pytest.raises(Unreadable, match="more than the 1,000 bytes"):
        inflate(random.Random(1).randbytes(1001), most=1000)


@pytest.mark.slow
def test_many_streams_take_linear_time():
    start = time.process_time()
    with pytest.raises(Unreadable, match="streams"):
        inflate(gzip.compress(b"") * 150_000)
    assert time.process_time() - start < 8


def test_an_xz_that_needs_too_much_memory_is_refused(monkeypatch):
    monkeypatch.setattr("envdoctor.support.bounded._MEMORY", 1 << 20)
    with pytest.raises(Unreadable, match="damaged compressed data: Memory"):
        inflate(lzma.compress(b"x" * 1000))


def test_what_is_free_is_free():
    refuse_bomb(1, FREE, "zeros")
    refuse_bomb(10 << 20, 1000 << 20, "a large one")
    with pytest.raises(Unreadable):
        refuse_bomb(1, FREE + 1, "more")


def zip_at(path, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_members_by_name(tmp_path):
    path = zip_at(tmp_path / "a.zip", {"a": b"x" * 1000, "b": b""})
    with open_zip(path) as archive:
        archive.verify()
        assert [member.filename for member in archive.members] == ["a", "b"]
        assert archive.read("a", 1000) == b"x" * 1000
        assert archive.head("a", 3) == b"xxx"
        with pytest.raises(Unreadable, match="more than the 999 bytes"):
            archive.read("a", 999)
        with pytest.raises(Unreadable, match="no c in it"):
            archive.read("c", 1)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_unpack_without_limit_are_refused(tmp_path, method):
    path = zip_at(tmp_path / "a.zip", {"a": ZEROS}, method)
    with open_zip(path) as archive:
        for read in (archive.verify, lambda: archive.read("a", 10), lambda: archive.head("a", 1)):
            with pytest.raises(Unreadable, match="packed by method"):
                read()


def test_a_size_that_lies_is_damage(tmp_path):
    path = zip_at(tmp_path / "a.zip", {"a": b"x" * 1000})
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(b"PK\1\2") + 24, 10)
    path.write_bytes(data)
    with open_zip(path) as archive, pytest.raises(Unreadable, match="CRC"):
        archive.read("a", 1000)


@pytest.mark.slow
def test_a_directory_of_a_million_members_is_not_read(tmp_path):
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", *[0] * 6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    size = len(entry) * 1_000_000
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, size, 0, 0)
    path = tmp_path / "many.zip"
    path.write_bytes(entry * 1_000_000 + end)
    start = time.process_time()
    with pytest.raises(Unreadable, match="its directory has 47,000,000 bytes"), open_zip(path):
        pass
    assert time.process_time() - start < 2


def test_members_that_overlap_count_once(tmp_path):
    """The same packed megabyte claimed by many entries, as in the best known bomb of its kind."""
    path = zip_at(tmp_path / "a.zip", {"a": ZEROS * 2})
    data = path.read_bytes()
    place, end = data.index(b"PK\1\2"), data.rindex(b"PK\5\6")
    entry = data[place:end]
    tail = bytearray(data[end:])
    struct.pack_into("<HHI", tail, 8, 500, 500, 500 * len(entry))
    path.write_bytes(data[:place] + entry * 500 + tail)
    with pytest.raises(Unreadable, match="times its size"), open_zip(path):
        pass


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"PK\5\6" + bytes(18), b"no zip"])
def test_what_is_no_archive_is_unreadable_or_empty(tmp_path, content):
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    try:
        with open_zip(path) as archive:
            assert archive.members == []
    except Unreadable:
        pass


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="measures by proc(5)")
def test_a_bomb_takes_little_memory(tmp_path):
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(ZEROS * 16) * 20)
    code = (
        "import sys; from envdoctor.support.bounded import Inflated; from envdoctor.core.errors import Unreadable\n"
        "try:\n    sum(map(len, Inflated(open(sys.argv[1], 'rb')).pieces()))\n"
        "except Unreadable: print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0])"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "bomb.gz")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert int(ended.stdout) < 200_000

"""Members in parts: any read gives the member's bytes, and late ones cost the tail, not the whole."""

import random
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import MemoryBytes
from envdoctor.wheels import member as member_room
from envdoctor.wheels.archive import WheelArchive
from envdoctor.wheels.member import PackedBytes, content_offset
from thoroughness import amount
from wheel_files import archive_bytes, code_like, open_archive

CONTENT = code_like(900_000, seed=2)
DATA = archive_bytes({"first.bin": b"x" * 5000, "a.so": CONTENT})


def opened(**options):
    archive = WheelArchive(MemoryBytes(DATA))
    return archive, archive.open("a.so", **options)


def test_the_head_costs_the_head():
    archive, source = opened()
    before = archive.source.bytes_read
    assert source.read_at(10, 20) == CONTENT[10:30]
    assert archive.source.bytes_read - before < 20_000


@pytest.mark.slow
def test_the_end_costs_the_tail():
    archive, source = opened()
    before = archive.source.bytes_read
    assert source.read_at(899_000, 1000) == CONTENT[899_000:]
    assert archive.source.bytes_read - before < source.packed_size // 2


def test_a_member_that_need_not_be_entered_from_its_tail():
    archive, source = opened()
    source.read_from_head()
    assert source.read_at(899_000, 1000) == CONTENT[899_000:]
    assert archive.source.bytes_read > source.packed_size


@pytest.mark.slow
@settings(max_examples=amount(40), deadline=5000)
@given(st.lists(st.tuples(st.integers(0, 900_100), st.integers(0, 5000)), min_size=1, max_size=8))
def test_any_reads_in_any_order_give_the_member(reads):
    _, source = opened()
    for offset, length in reads:
        assert source.read_at(offset, length) == CONTENT[offset : offset + length]


def test_a_small_member_is_verified_whole():
    data = archive_bytes({"a.so": b"content" * 100})
    archive = WheelArchive(MemoryBytes(data))
    assert archive.open("a.so").read_at(690, 100) == b"content"[-3:] + b"content"
    broken = bytearray(data)
    start = content_offset(archive.source, archive.member("a.so"))
    broken[start + 3] ^= 0xFF
    with pytest.raises(Unreadable, match=r"a\.so"):
        WheelArchive(MemoryBytes(bytes(broken))).open("a.so").read_at(0, 1)


def test_a_stored_member_is_read_in_place():
    archive = open_archive({"a.so": CONTENT}, method=zipfile.ZIP_STORED)
    before = archive.source.bytes_read
    assert archive.open("a.so").read_at(500_000, 10) == CONTENT[500_000:500_010]
    assert archive.source.bytes_read - before < 100


def test_another_method_is_unreadable():
    archive = open_archive({"a.so": b"x" * 100}, method=zipfile.ZIP_BZIP2)
    with pytest.raises(Unreadable, match="method 12"):
        archive.read("a.so")
    with pytest.raises(Unreadable, match="method 12"):
        archive.open("a.so")


def test_a_local_header_of_another_member_is_refused():
    data = bytearray(DATA)
    place = data.index(b"a.so")
    data[place : place + 4] = b"b.so"
    with pytest.raises(Unreadable, match="another member"):
        WheelArchive(MemoryBytes(bytes(data))).open("a.so")


def test_damage_in_the_middle_is_unreadable():
    archive = WheelArchive(MemoryBytes(DATA))
    start = content_offset(archive.source, archive.member("a.so"))
    damaged = bytearray(DATA)
    end = start + archive.member("a.so").compressed_size
    damaged[start + 50_000 : end] = random.Random(1).randbytes(end - start - 50_000)
    source = WheelArchive(MemoryBytes(bytes(damaged))).open("a.so")
    source.read_from_head()
    with pytest.raises(Unreadable, match=r"can't be inflated|cut off|ends early"):
        source.read_at(899_000, 10)


def test_what_would_take_too_much_memory_is_unreadable(monkeypatch):
    monkeypatch.setattr(member_room, "_MOST_HEAD", 100_000)
    _, source = opened()
    source.read_from_head()
    with pytest.raises(Unreadable, match="too large"):
        source.read_at(700_000, 10)


@pytest.mark.slow
def test_what_the_head_could_not_hold_is_taken_from_the_tail(monkeypatch):
    monkeypatch.setattr(member_room, "_MOST_HEAD", 500_000)
    content = code_like(400_000) + bytes(2_000_000) + b"libneeded.so.1" + code_like(200_000, seed=5)
    archive = WheelArchive(MemoryBytes(archive_bytes({"a.so": content})))
    source = archive.open("a.so")
    assert source.read_at(399_000, 100) == content[399_000:399_100]  # from the head, most of which is behind it now
    assert source.read_at(2_400_000, 14) == b"libneeded.so.1"


@pytest.mark.slow
def test_a_bomb_is_not_inflated_beyond_its_promise():
    data = archive_bytes({"a.so": bytes(50_000_000)})
    archive = WheelArchive(MemoryBytes(data))
    member = archive.member("a.so")
    assert isinstance(archive.open("a.so", 0), PackedBytes)
    assert archive.open("a.so", 0).read_at(10, 10) == bytes(10)
    lying = data.replace(member.size.to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    with pytest.raises(Unreadable, match="not what the archive's directory says"):
        WheelArchive(MemoryBytes(lying)).read("a.so")

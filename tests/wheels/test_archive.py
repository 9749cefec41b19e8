import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.wheels import archive as archive_room
from wheel_files import code_like, open_archive


def test_members_are_read_whole_in_text_and_in_pieces():
    archive = open_archive({"a.txt": "grüße".encode(), "b.bin": b"0123456789" * 300_000})
    assert archive.read("a.txt") == "grüße".encode()
    assert archive.read_text("a.txt") == "grüße"
    pieces = list(archive.chunks("b.bin"))
    assert len(pieces) > 1
    assert b"".join(pieces) == b"0123456789" * 300_000


def test_text_that_is_not_utf8_survives():
    archive = open_archive({"a.txt": b"\xff\xfe"})
    assert archive.read_text("a.txt").encode("utf-8", "surrogateescape") == b"\xff\xfe"


def test_a_member_that_is_not_there():
    with pytest.raises(Unreadable, match=r"has no b\.txt"):
        open_archive({"a.txt": b""}).read("b.txt")


def test_a_text_that_is_too_large():
    with pytest.raises(Unreadable, match="too many"):
        open_archive({"a.txt": b"x" * 11}).read("a.txt", 10)


def test_neighbours_are_prefetched_in_one_read():
    archive = open_archive({f"m{number}.so": bytes([number]) * 2000 for number in range(20)} | {"z": b"z" * 100_000})
    reads = archive.source.reads
    archive.prefetch([f"m{number}.so" for number in range(20)], 16_384, 1024)
    assert archive.source.reads <= reads + 1
    for number in range(20):
        archive.read(f"m{number}.so")
    assert archive.source.reads <= reads + 1


def test_modules_of_a_folder_are_fetched_together():
    members = {f"pkg/m{number}.py": f"x = {number}" for number in range(30)} | {"pkg/data.bin": code_like(200_000)}
    archive = open_archive(members | {"pkg/sub/deep.py": "y = 1"})
    before = archive.source.reads
    assert archive.read_module("pkg/m7.py") == "x = 7"
    assert archive.source.reads == before + 1
    assert [archive.read_module(f"pkg/m{number}.py") for number in range(30)] == [
        f"x = {number}" for number in range(30)
    ]
    assert archive.source.reads == before + 1


def test_a_folder_of_large_modules_is_not_fetched_for_one(monkeypatch):
    monkeypatch.setattr(archive_room, "_MOST_NEIGHBOURS", 1000)
    archive = open_archive({"pkg/a.py": "x = 1", "pkg/b.py": code_like(200_000)})
    assert archive.read_module("pkg/a.py") == "x = 1"
    assert archive.source.bytes_read < 80_000

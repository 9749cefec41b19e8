"""The central directory: what is read, and what is refused because an installer might read it differently."""

import io
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import MemoryBytes
from envdoctor.wheels import directory
from envdoctor.wheels.directory import read_directory
from thoroughness import amount
from wheel_files import archive_bytes

SAMPLE = archive_bytes(
    {"pkg/__init__.py": b"x = 1\n" * 50, "pkg/_m.so": b"\x7fELF" + bytes(500), "bin/tool": b"#!"},
    modes={"bin/tool": 0o755},
)


def read(data):
    return read_directory(MemoryBytes(data))


def test_zipfile_sees_the_same():
    members = read(SAMPLE)
    with zipfile.ZipFile(io.BytesIO(SAMPLE)) as archive:
        theirs = {
            each.filename: (each.CRC, each.file_size, each.compress_size, each.header_offset)
            for each in archive.infolist()
        }
    assert {name: (each.crc, each.size, each.compressed_size, each.offset) for name, each in members.items()} == theirs
    assert members["bin/tool"].mode == 0o755


def test_folders_are_left_out():
    assert list(read(archive_bytes({"pkg/": b"", "pkg/a.py": b"a"}))) == ["pkg/a.py"]


def test_a_folder_with_content_is_a_file_whose_name_was_damaged():
    with pytest.raises(Unreadable, match="has the content of a file"):
        read(archive_bytes({"pkg/a.so/": b"content"}))


def test_a_comment_behind_the_end_record():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.py", b"a")
        archive.comment = b"a comment of any length " * 2700
    assert list(read(buffer.getvalue())) == ["a.py"]


def test_zip64_sizes_and_end_record():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        with archive.open("big.bin", "w", force_zip64=True) as stream:
            stream.write(b"content" * 100)
        archive.start_dir = archive.fp.tell()
    data = buffer.getvalue()
    end = data.rindex(b"PK\5\6")
    count, size, offset = struct.unpack_from("<HII", data, end + 10)
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    last = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert read(data[:end] + record + locator + last)["big.bin"].size == 700
    for parts in (
        record + struct.pack("<4sIQI", b"PK\6\7", 0, end, 2),
        struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 1, 0, count, count, size, offset) + locator,
    ):
        with pytest.raises(Unreadable, match="in several parts"):
            read(data[:end] + parts + last)


def test_sizes_in_a_zip64_field():
    data = bytearray(SAMPLE)
    start = data.index(b"PK\1\2")
    name_size = struct.unpack_from("<H", data, start + 28)[0]
    field = struct.pack("<HHQ", 1, 8, struct.unpack_from("<I", data, start + 24)[0])
    struct.pack_into("<I", data, start + 24, 0xFFFFFFFF)
    struct.pack_into("<H", data, start + 30, len(field))
    data[start + 46 + name_size : start + 46 + name_size] = field
    end = data.rindex(b"PK\5\6")
    struct.pack_into("<I", data, end + 12, struct.unpack_from("<I", data, end + 12)[0] + len(field))
    assert read(bytes(data))["pkg/__init__.py"].size == 300


def patched(offset_in_entry, layout, *values, entry=0):
    """The sample with fields of a directory entry replaced."""
    data = bytearray(SAMPLE)
    start = data.index(b"PK\1\2")
    for _ in range(entry):
        start = data.index(b"PK\1\2", start + 4)
    struct.pack_into(layout, data, start + offset_in_entry, *values)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no end record"),
        (b"PK", "no end record"),
        (SAMPLE[:-1], "no end record"),
        (SAMPLE + b"more", "not at its end"),
        (SAMPLE[10:], "not before its end record"),
        (b"prefix" + SAMPLE, "not before its end record"),
        (patched(0, "<I", 0), "damaged central directory"),
        (patched(28, "<H", 60000), "damaged central directory"),
        (patched(8, "<H", 1), "encrypted"),
        (patched(8, "<H", 0x20), "patched"),
        (patched(6, "<H", 64), "unknown version 64"),
        (patched(24, "<I", 1 << 30), "claims 1073741824"),
        (patched(20, "<I", 5000), "overlaps"),
        (patched(42, "<I", 0, entry=1), "overlaps"),
        (patched(24, "<I", 0xFFFFFFFF), "lacks its zip64 sizes"),
    ],
)
def test_damage_is_refused(data, reason):
    with pytest.raises(Unreadable, match=reason):
        read(data)


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../a.py", "a/../../b.py", "a//b", "C:/a.py", "a\\b.py", "a\x1b.py", "./a.py"]
)
def test_names_that_lead_out_of_the_folder_are_refused(name):
    placeholder = "N" * len(name)
    data = archive_bytes({placeholder: b"x"}).replace(placeholder.encode(), name.encode())
    with pytest.raises(Unreadable, match="unsafe member name"):
        read(data)


def test_a_name_that_is_not_utf8_is_refused():
    data = archive_bytes({"näme.py": b"x"}).replace("näme".encode(), b"n\xff\xffme")
    with pytest.raises(Unreadable, match="not UTF-8"):
        read(data)


def two_of_one_name(first, second):
    data = archive_bytes({"a1.py": first, "a2.py": second})
    return data.replace(b"a2.py", b"a1.py")


def test_a_name_that_stands_twice():
    assert list(read(two_of_one_name(b"same", b"same"))) == ["a1.py"]
    with pytest.raises(Unreadable, match="twice"):
        read(two_of_one_name(b"one", b"two"))


def test_too_many_members_are_refused(monkeypatch):
    monkeypatch.setattr(directory, "_MOST_MEMBERS", 2)
    with pytest.raises(Unreadable, match="3 members"):
        read(SAMPLE)


@pytest.mark.slow
def test_a_hundred_thousand_members_are_read_in_time():
    entry = archive_bytes({"f000000.py": b""})
    local = entry[: entry.index(b"PK\1\2")]
    row = entry[entry.index(b"PK\1\2") : entry.rindex(b"PK\5\6")]
    body, rows = bytearray(), bytearray()
    for number in range(100_000):
        name = b"f%06d.py" % number
        rows += (row[:42] + struct.pack("<I", len(body)) + row[46:]).replace(b"f000000.py", name)
        body += local.replace(b"f000000.py", name)
    place = (len(rows), len(body))
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 100_000, 100_000, *place)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, sum(place), 1)
    last = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert len(read(bytes(body + rows + record + locator + last))) == 100_000


@pytest.mark.slow
@settings(max_examples=amount(400), deadline=2000)
@given(st.data())
def test_damage_ends_in_members_or_unreadable(data):
    damaged = bytearray(SAMPLE)
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        members = read(bytes(damaged))
    except Unreadable:
        return
    assert all(member.offset + member.compressed_size <= len(damaged) for member in members.values())


def test_bytes_before_the_first_member_are_refused():
    data = bytearray(b"#!/bin/sh" + SAMPLE)
    end = data.rindex(b"PK\5\6")
    place = data.index(b"PK\1\2")
    struct.pack_into("<I", data, end + 16, place)
    while data[place : place + 4] == b"PK\1\2":
        struct.pack_into("<I", data, place + 42, struct.unpack_from("<I", data, place + 42)[0] + 9)
        place += 46 + sum(struct.unpack_from("<3H", data, place + 28))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None  # zipfile minds it not; who reads from the start does
    with pytest.raises(Unreadable, match="9 bytes before its first member"):
        read(bytes(data))


def test_a_file_that_is_a_folder_as_well_is_refused():
    with pytest.raises(Unreadable, match="pkg/a is a file and a folder"):
        read(archive_bytes({"pkg/a": b"", "pkg/a/b.py": b""}))

"""A wheel whose parts disagree: directory, local headers, RECORD. Each is damage, whatever an installer does."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import MemoryBytes
from envdoctor.wheels.contents import read_contents
from index_wheels import wheel
from native_files import elf_bytes
from wheel_files import LINUX_TAG, archive_bytes

INFO = "pkg-1.0.dist-info"
FILES = {"pkg/__init__.py": b"", "pkg/_m.so": elf_bytes(("libc.so.6",)), "pkg/data.txt": b"text" * 99}
_, WHOLE = wheel("pkg", "1.0", LINUX_TAG, files=FILES)


def members():
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def look(data, **options):
    return read_contents(MemoryBytes(data), **options)


def rebuilt(changed):
    return archive_bytes({name: content for name, content in (members() | changed).items() if content is not None})


def test_a_whole_wheel_is_compared_whole():
    assert look(WHOLE).not_compared == ""
    assert len(look(WHOLE).natives) == 1


@pytest.mark.parametrize("lost", FILES)
def test_a_member_that_record_lists_and_the_archive_lacks_is_damage(lost):
    found = look(rebuilt({lost: None})).damage
    said = f"its RECORD lists 1 file that the archive does not have ({lost}); pip and uv install it all the same"
    assert found == f"the wheel is damaged: {said}"


def test_a_native_file_that_was_renamed_after_record_was_written_is_no_damage():
    """As in two releases of mediapipe, which pip and uv install and Python imports."""
    library = FILES["pkg/_m.so"]
    found = look(rebuilt({"pkg/_m.so": None, "pkg/libm.dylib": library}))
    assert (found.damage, [native.path for native in found.natives]) == ("", ["pkg/libm.dylib"])
    for changed in ({"pkg/other/libm.so": library}, {"pkg/libm.txt": library}):
        assert (
            "1 file that the archive does not have (pkg/_m.so)" in look(rebuilt({"pkg/_m.so": None, **changed})).damage
        )


def test_a_name_that_is_damaged_in_the_directory_alone_is_damage():
    data = bytearray(WHOLE)
    place = data.rindex(b"pkg/_m.so")
    data[place + 4] ^= 1
    with zipfile.ZipFile(io.BytesIO(data)) as archive, pytest.raises(zipfile.BadZipFile):  # the oracle
        archive.read(archive.namelist()[1])
    with pytest.raises(Unreadable, match="damaged"):
        look(bytes(data))


def test_a_name_that_is_damaged_in_a_local_header_alone_is_damage():
    data = bytearray(WHOLE)
    data[data.index(b"pkg/data.txt") + 5] ^= 1
    with zipfile.ZipFile(io.BytesIO(data)) as archive, pytest.raises(zipfile.BadZipFile):
        archive.read("pkg/data.txt")
    with pytest.raises(Unreadable, match=r"pkg/data.txt: its local header is damaged"):
        look(bytes(data))


@pytest.mark.parametrize(
    ("offset", "layout", "value"),
    [(6, "<H", 1), (8, "<H", 0), (8, "<H", 12), (14, "<I", 7), (18, "<I", 7), (22, "<I", 7)],
    ids=["encrypted", "stored", "bzip2", "checksum", "packed size", "size"],
)
def test_a_local_header_that_says_something_else_is_damage(offset, layout, value):
    data = bytearray(WHOLE)
    struct.pack_into(layout, data, data.index(b"pkg/data.txt") - 30 + offset, value)
    with pytest.raises(Unreadable, match="its local header says something else"):
        look(bytes(data))


@pytest.mark.parametrize("text", ["", "\n", "pkg/__init__.py,,\n", f"{INFO}/METADATA,,\n"])
def test_a_record_that_does_not_list_its_own_folder_is_damage(text):
    damage = look(rebuilt({f"{INFO}/RECORD": text.encode()})).damage
    assert "RECORD does not list" in damage
    assert damage.endswith("; pip and uv install it all the same")


def test_no_record_at_all_is_damage():
    assert "has no pkg-1.0.dist-info/RECORD" in look(rebuilt({f"{INFO}/RECORD": None})).damage


def test_a_row_that_is_none_is_damage():
    assert "RECORD, line 1: not path, hash and size" in look(rebuilt({f"{INFO}/RECORD": b"alone\n"})).damage


def test_another_size_than_record_says_is_a_fault_of_record_if_both_headers_say_it():
    """As of a library in eckitlib 2.5.0.33, which installers take and which loads."""
    assert look(rebuilt({"pkg/data.txt": b"short"})).damage == ""


def test_another_size_than_record_says_is_damage_if_the_local_header_agrees_with_record():
    data = bytearray(WHOLE)
    place = data.rindex(b"pkg/data.txt") - 46 + 24
    struct.pack_into("<I", data, place, 7)
    with pytest.raises(Unreadable, match="its local header says something else"):
        look(bytes(data), parallel=True)


def test_metadata_that_was_edited_by_hand_is_none():
    assert look(rebuilt({f"{INFO}/METADATA": b"Name: pkg\nVersion: 1.0\n"})).label == "pkg 1.0"


def with_rows(*rows):
    record = members()[f"{INFO}/RECORD"].decode()
    return rebuilt({f"{INFO}/RECORD": (record + "".join(f"{row},,\n" for row in rows)).encode()})


def test_what_record_may_list_and_a_wheel_need_not_have():
    rows = ("pkg/__pycache__/a.cpython-311.pyc", "pkg/", f"{INFO}/RECORD.jws", "./pkg/__init__.py", "pkg\\data.txt")
    assert look(with_rows(*rows)).damage == ""


@pytest.mark.parametrize("path", [f"{INFO}/licenses/LICENSE", "pkg-1.0.data/data/share/x.txt", "/etc/x", "../../x.py"])
def test_a_file_that_no_import_needs_makes_no_damage(path):
    assert look(with_rows(path)).damage == ""


def test_a_name_outside_ascii():
    name = "pkg/\u00e9.txt"
    look(wheel("pkg", "1.0", LINUX_TAG, files=FILES | {name: b"x"})[1])
    data = wheel("pkg", "1.0", LINUX_TAG, files=FILES | {name: b"x"})[1]
    old = bytearray(data)  # the same bytes without the mark that they are UTF-8: code page 437 to every reader
    for place in (data.index(name.encode()) - 30 + 6, data.rindex(name.encode()) - 46 + 8):
        old[place + 1] &= ~0x08
    look(bytes(old))


def test_over_a_network_what_was_not_compared_is_said():
    assert look(WHOLE, parallel=True).not_compared == (
        "The wheel was read in parts: the local headers of 2 files were not compared with its directory."
    )


def test_a_record_too_large_for_a_network_is_said_to_be_left(monkeypatch):
    monkeypatch.setattr("envdoctor.wheels.completeness._LARGEST_REMOTE_RECORD", 10)
    found = look(rebuilt({"pkg/data.txt": None}), parallel=True)
    assert found.not_compared.startswith("The wheel was read in parts: its RECORD and the local headers of")

import zipfile

import pytest

from envdoctor.binaries.library import NotLoadable
from envdoctor.binaries.native import read_native
from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import MemoryBytes
from envdoctor.wheels.native import read_member
from native_files import elf_bytes, macho_bytes, pe_bytes, universal_bytes
from wheel_files import code_like, open_archive

FILES = {
    "a.so": elf_bytes(("libc.so.6",), filler=code_like(300_000)),
    "b.dylib": macho_bytes(("@rpath/x.dylib",), size=2000) + code_like(300_000),
    "c.so": universal_bytes(arm64=macho_bytes() + code_like(100_000), x86_64=macho_bytes(architecture="x86_64")),
    "d.pyd": pe_bytes(("KERNEL32.dll", "python311.dll"), filler=code_like(300_000)),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("whole_below", [0, 1 << 20])
def test_members_are_read_as_files_are(name, whole_below):
    archive = open_archive(FILES)
    assert read_member(archive, name, whole_below) == read_native(MemoryBytes(FILES[name]))


def test_stored_members_are_read_too():
    archive = open_archive(FILES, method=zipfile.ZIP_STORED)
    assert read_member(archive, "a.so", 0) == read_native(MemoryBytes(FILES["a.so"]))


def test_a_misnamed_format_is_read_by_its_bytes():
    archive = open_archive({"_xla_ops.so": FILES["d.pyd"]})
    assert read_member(archive, "_xla_ops.so", 0).architectures == ("amd64",)


def test_a_text_is_no_native_file():
    assert read_member(open_archive({"a.so": b"INPUT(-lx)" * 20}), "a.so", 0) is None


def test_an_architecture_far_back_is_not_guessed_and_exactness_reads_it(monkeypatch):
    monkeypatch.setattr("envdoctor.wheels.native._FARTHEST", 0x8000)
    data = universal_bytes(
        x86_64=macho_bytes(("@rpath/a.dylib",), architecture="x86_64") + code_like(100_000),
        arm64=macho_bytes(("@rpath/gone.dylib",)),
    )
    archive = open_archive({"c.so": data})
    assert read_member(archive, "c.so", 0).for_architecture("arm64").unread
    for library in (read_member(archive, "c.so", 0, exact=True), read_native(MemoryBytes(data))):
        assert [need.name for need in library.for_architecture("arm64").needed] == ["@rpath/gone.dylib"]


def test_damage_and_object_files_are_told_apart():
    archive = open_archive({"a.so": FILES["a.so"][:5000], "b.o": elf_bytes((), kind=1)})
    with pytest.raises(Unreadable):
        read_member(archive, "a.so", 0)
    with pytest.raises(NotLoadable):
        read_member(archive, "b.o", 0)

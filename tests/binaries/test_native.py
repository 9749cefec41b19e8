import pytest

from envdoctor.binaries.library import BinaryFormat
from envdoctor.binaries.native import read_native
from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import MemoryBytes
from native_files import elf_bytes, macho_bytes, pe_bytes, universal_bytes

FILES = [
    (elf_bytes(("liba.so",)), BinaryFormat.ELF),
    (macho_bytes(), BinaryFormat.MACHO),
    (pe_bytes(), BinaryFormat.PE),
]


@pytest.mark.parametrize(("data", "kind"), [*FILES, (universal_bytes(arm64=macho_bytes()), BinaryFormat.MACHO)])
def test_each_format_is_known_by_its_first_bytes(data, kind):
    assert read_native(MemoryBytes(data)).format is kind


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh", b"\xca\xfe\xba\xbe\0\0\0\x3d" + bytes(50)])
def test_anything_else_is_unreadable(data):
    with pytest.raises(Unreadable, match="neither"):
        read_native(MemoryBytes(data))

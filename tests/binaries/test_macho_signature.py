"""Code signatures of Mach-O files: absent, as the pages are, and of a file that was changed afterwards."""

import hashlib
import struct

import pytest

from envdoctor.binaries.macho import read_macho
from envdoctor.binaries.macho_signature import changed_pages
from envdoctor.binaries.macho_symbols import with_symbols
from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import MemoryBytes
from native_files import macho_bytes

PAGE = 4096
SIZE = 3 * PAGE - 100


def signature(code, *, kind=2):
    """A signature with one code directory: a header of 44 bytes, then the hashes of the pages."""
    digests = [hashlib.sha256(code[start : start + PAGE]).digest() for start in range(0, len(code), PAGE)]
    length = 44 + 32 * len(digests)
    head = struct.pack(">9I4BI", 0xFADE0C02, length, 0x20400, 2, 44, 0, 0, len(digests), len(code), 32, kind, 0, 12, 0)
    return struct.pack(">IIIII", 0xFADE0CC0, 20 + length, 1, 0, 20) + head + b"".join(digests)


def signed_file(**options):
    size = len(signature(bytes(SIZE)))
    command = struct.pack("<IIII", 0x1D, 16, SIZE, size)
    code = macho_bytes(commands=(command,), size=SIZE, signed=False)
    return bytearray(code + signature(code, **options))


def unsigned(data, read=with_symbols):
    source = MemoryBytes(bytes(data))
    return read(read_macho(source), source).unsigned


def test_a_file_that_is_as_it_was_signed():
    assert unsigned(signed_file()) == ""


def test_a_file_that_was_changed_after_it_was_signed():
    data = signed_file()
    data[PAGE + 5] ^= 1
    assert unsigned(data) == "1 of its pages were changed after it was signed"


def test_a_file_without_a_signature_is_refused_on_arm_alone():
    assert unsigned(macho_bytes(signed=False), lambda library, _: library) == "it has no code signature"
    assert unsigned(macho_bytes(architecture="x86_64"), lambda library, _: library) == ""


@pytest.mark.parametrize("damage", [b"", b"\xfa\xde\x0c\xc0", bytes(64)])
def test_a_signature_of_another_kind_says_nothing(damage):
    code = bytes(SIZE)
    assert changed_pages(MemoryBytes(code + damage), SIZE, len(damage)) is None
    assert changed_pages(MemoryBytes(code + signature(code, kind=1)), SIZE, 500) is None


def test_a_signature_that_is_cut_off_is_damage():
    code = bytes(SIZE)
    with pytest.raises(Unreadable, match="cut off"):
        changed_pages(MemoryBytes(code + signature(code)), SIZE, 100)

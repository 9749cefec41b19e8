"""The PE reader against files of known content, pefile and damage."""

import contextlib
import struct

import pefile
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envdoctor.binaries.library import BinaryFormat, Need, NeedKind, NotLoadable
from envdoctor.binaries.pe import read_pe
from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import MemoryBytes
from native_files import pe_bytes
from thoroughness import amount

# With code, as every real one: without any, a file whose directory was zeroed is one that needs nothing.
SAMPLE = pe_bytes(("KERNEL32.dll", "python311.dll", "common.dll"), delayed=("late.dll",), filler=b"\x90" * 0x101)

#: What is asked of each library: its first function, by number.
ORDINAL = struct.pack("<Q", 1 << 63 | 1)


def read(data):
    return read_pe(MemoryBytes(data))


def test_imports_and_delayed_imports():
    library = read(SAMPLE)
    assert library.format is BinaryFormat.PE
    assert library.needed == (
        Need(name="KERNEL32.dll"),
        Need(name="python311.dll"),
        Need(name="common.dll"),
        Need(name="late.dll", kind=NeedKind.DELAYED),
    )
    assert (library.minimum_os, library.platform, library.is_program) == ((6, 0), "windows", False)


@pytest.mark.parametrize(("machine", "architecture"), [(0x8664, "amd64"), (0x14C, "win32"), (0xAA64, "arm64")])
def test_architectures(machine, architecture):
    assert read(pe_bytes(machine=machine)).architectures == (architecture,)


def test_a_hybrid_image_serves_native_and_emulated_processes():
    assert read(pe_bytes(machine=0xAA64, hybrid=True)).architectures == ("arm64", "arm64ec")


def test_programs_are_told_from_libraries():
    assert read(pe_bytes(is_dll=False)).is_program


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "outside the file"),
        (b"MZ" + bytes(200), "without a PE header"),
        (SAMPLE[:100], "outside the file"),
        (SAMPLE[:-300], "outside the file"),
        (pe_bytes(machine=0x1234), "machine 0x1234"),
        (pe_bytes((), filler=b"code"), "has code or an import table and imports nothing"),
        (pe_bytes(("bad\x08.dll",)), "printable"),
        (pe_bytes(("KERNEL32*dll",)), "no name of a file"),
        (SAMPLE.replace(ORDINAL, struct.pack("<Q", 0x7FFF0000)), "of imported functions: address 0x7fff0000"),
        (SAMPLE.replace(b"KERNEL32.dll\0", b"KERNEL32.dll/", 1).replace(b"\0", b"/"), "MZ|PE|outside"),
    ],
)
def test_what_cannot_be_read_is_never_empty(data, reason):
    with pytest.raises(Unreadable, match=reason):
        read(data)


def test_a_library_of_resources_needs_nothing():
    assert read(pe_bytes(())).needed == ()


def test_a_library_of_which_nothing_is_asked_is_loaded():
    assert read(SAMPLE.replace(ORDINAL, bytes(8))).needed == read(SAMPLE).needed
    assert read(SAMPLE.replace(ORDINAL, struct.pack("<Q", 0x1000))).needed == read(SAMPLE).needed


def test_a_program_for_16_bit_windows_is_not_loadable():
    with pytest.raises(NotLoadable):
        read(SAMPLE.replace(b"PE\0\0", b"NE\0\0"))


@pytest.mark.slow
@pytest.mark.parametrize("value", [0, 1, 2, 3, 255])
def test_no_byte_alone_hides_every_need(value):
    for place in range(len(SAMPLE)):
        damaged = bytearray(SAMPLE)
        damaged[place] = value
        with contextlib.suppress(Unreadable):
            assert read(bytes(damaged)).needed, place


@pytest.mark.slow
@settings(max_examples=amount(400), deadline=1000)
@given(st.data())
def test_damage_never_hides_every_need(data):
    damaged = bytearray(SAMPLE)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(damaged)), st.integers(0, len(damaged))))
    try:
        library = read(bytes(damaged[:cut]))
    except Unreadable:
        return
    assert library.needed


def test_pefile_sees_the_same():
    image = pefile.PE(data=SAMPLE, fast_load=True)
    image.parse_data_directories([1])
    theirs = [entry.dll.decode() for entry in image.DIRECTORY_ENTRY_IMPORT]
    assert [need.name for need in read(SAMPLE).needed if need.kind is NeedKind.REQUIRED] == theirs

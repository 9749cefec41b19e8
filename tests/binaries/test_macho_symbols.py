"""Symbols that a Mach-O file leaves to whatever is in the process."""

import struct

import pytest

from envdoctor.binaries.macho import read_macho
from envdoctor.binaries.macho_symbols import lacking
from envdoctor.binaries.macho_symbols import with_symbols as read_symbols
from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import MemoryBytes
from native_files import WEAK, macho_bytes, universal_bytes, with_symbols

ANY = 0xFE


def read(data):
    source = MemoryBytes(data)
    return read_symbols(read_macho(source), source)


@pytest.mark.parametrize(
    ("symbol", "counts"),
    [
        (("_jcopy", ANY), True),
        (("_jcopy", 1), False),  # of the first library that the file names
        (("_PyLong_FromLong", ANY), False),
        (("__Py_NoneStruct", ANY), False),
        (("_jcopy", ANY, 0x01, 0x40), False),  # may be absent
        (("_jcopy", ANY, 0x0F, 0), False),  # defined
        (("_jcopy", ANY, 0x24, 0), False),  # for the debugger
    ],
)
def test_which_symbols_any_image_must_have(symbol, counts):
    assert read(with_symbols(macho_bytes, [symbol])).symbols.wanted == (("_jcopy",) if counts else ())


def test_a_file_without_a_two_level_namespace_or_a_table_says_nothing():
    assert read(with_symbols(macho_bytes, [("_jcopy", ANY)], flags=0)).symbols.wanted == ()
    assert read(macho_bytes()).symbols is None
    assert read(macho_bytes(architecture="i386")).symbols is None


def test_each_architecture_of_a_universal_file_for_itself():
    data = universal_bytes(
        arm64=with_symbols(macho_bytes, [("_jcopy", ANY)]), x86_64=macho_bytes(architecture="x86_64")
    )
    library = read(data)
    arm, intel = (library.for_architecture(name).symbols for name in ("arm64", "x86_64"))
    assert (arm.wanted, intel) == (("_jcopy",), None)


def test_few_are_kept():
    assert len(read(with_symbols(macho_bytes, [(f"_s{number}", ANY) for number in range(99)])).symbols.wanted) == 32


def test_a_table_outside_the_file_is_unreadable():
    data = with_symbols(macho_bytes, [("_jcopy", ANY)])
    for size in range(len(data) - 24, len(data)):
        with pytest.raises(Unreadable):
            read(data[:size])


LIBRARIES = ("/usr/lib/libSystem.B.dylib", "@rpath/libown.dylib", (WEAK, "@rpath/libweak.dylib"))


def test_a_symbol_is_wanted_of_the_library_that_it_names():
    symbols = [("_malloc", 1), ("_mine", 2), ("_maybe", 3), ("_self", 0), ("_program", 0xFF)]
    coalesced = ("_coalesced", 2, 0x01, 0x80)
    read_back = read(with_symbols(macho_bytes, [*symbols, coalesced], needed=LIBRARIES)).symbols
    assert read_back.named == (("@rpath/libown.dylib", ("_mine",)),)


def test_what_is_exported_is_defined():
    exported, hidden, local = ("_a", 0, 0x0F, 0), ("_b", 0, 0x1F, 0), ("_c", 0, 0x0E, 0)
    defined = read(with_symbols(macho_bytes, [exported, hidden, local])).symbols.defined
    assert lacking(["_a", "_b", "_c"], [defined]) == ("_b", "_c")


# A root without a name, whose edge `_` leads to `_` and `_ab` by way of the edge `ab`.
TRIE = bytes([0, 1]) + b"_\0\x05" + bytes([1, 0, 1]) + b"ab\0\x0c" + bytes([1, 0, 0])


def with_trie(trie):
    make = lambda commands=(), **options: macho_bytes(commands=(*commands, bytes(16)), **options)  # noqa: E731
    start = len(with_symbols(make, [("_table", 0, 0x0F, 0)]))
    command = struct.pack("<IIII", 0x80000033, 16, start, len(trie))
    make = lambda commands=(), **options: macho_bytes(commands=(*commands, command), **options)  # noqa: E731
    return with_symbols(make, [("_table", 0, 0x0F, 0)]) + trie


def test_the_export_trie_counts_where_there_is_one():
    defined = read(with_trie(TRIE)).symbols.defined
    assert lacking(["_", "_ab", "_table"], [defined]) == ("_table",)


@pytest.mark.parametrize("trie", [TRIE[:-1], TRIE[:4] + b"\0" + TRIE[5:], TRIE[:4] + b"\x7f" + TRIE[5:]])
def test_a_damaged_trie_is_unreadable(trie):
    with pytest.raises(Unreadable, match="trie"):
        read(with_trie(trie))

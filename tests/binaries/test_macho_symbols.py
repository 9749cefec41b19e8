"""Symbols that a Mach-O file leaves to whatever is in the process."""

import pytest

from envdoctor.binaries.macho import read_macho
from envdoctor.binaries.macho_symbols import with_flat_symbols
from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import MemoryBytes
from native_files import macho_bytes, universal_bytes, with_symbols

ANY = 0xFE


def read(data):
    source = MemoryBytes(data)
    return with_flat_symbols(read_macho(source), source)


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
    assert read(with_symbols(macho_bytes, [symbol])).flat_symbols == (("_jcopy",) if counts else ())


def test_a_file_without_a_two_level_namespace_or_a_table_says_nothing():
    assert read(with_symbols(macho_bytes, [("_jcopy", ANY)], flags=0)).flat_symbols == ()
    assert read(macho_bytes()).flat_symbols == ()
    assert read(macho_bytes(architecture="i386")).flat_symbols == ()


def test_each_architecture_of_a_universal_file_for_itself():
    data = universal_bytes(
        arm64=with_symbols(macho_bytes, [("_jcopy", ANY)]), x86_64=macho_bytes(architecture="x86_64")
    )
    library = read(data)
    found = [library.for_architecture(name).flat_symbols for name in ("arm64", "x86_64")]
    assert found == [("_jcopy",), ()]


def test_few_are_kept():
    assert len(read(with_symbols(macho_bytes, [(f"_s{number}", ANY) for number in range(99)])).flat_symbols) == 32


def test_a_table_outside_the_file_is_unreadable():
    data = with_symbols(macho_bytes, [("_jcopy", ANY)])
    for size in range(len(data) - 24, len(data)):
        with pytest.raises(Unreadable):
            read(data[:size])

"""ELF members read from head and tail give exactly what the whole file gives."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envdoctor.binaries.elf import read_elf
from envdoctor.support.bytes import MemoryBytes
from envdoctor.wheels.packed_elf import read_packed_elf, solve_dynamic
from envdoctor.wheels.tail import UNKNOWN
from native_files import elf_bytes
from thoroughness import amount
from wheel_files import code_like, open_archive

VERSIONS = {"libc.so.6": ("GLIBC_2.17", "GLIBC_2.34"), "libstdc++.so.6": ("GLIBCXX_3.4.21",)}


def library(size=800_000, **options):
    fields = {"soname": "libx.so", "runpath": "$ORIGIN/../x.libs", "versions": VERSIONS, "filler": code_like(size)}
    return elf_bytes(("liba.so", "libstdc++.so.6", "libc.so.6"), **(fields | options))


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"machine": 183},
        {"rpath": "/a", "runpath": None},
        {"size": 2000},
        {"machine": 3, "wide": False},
        {"machine": 22, "little": False},
    ],
)
def test_the_same_as_from_the_whole_file(options):
    data = library(**options)
    archive = open_archive({"libx.so": data})
    assert read_packed_elf(archive.open("libx.so", 0)) == read_elf(MemoryBytes(data))


@pytest.mark.slow
def test_most_of_the_file_is_not_read():
    archive = open_archive({"libx.so": library(3_000_000)})
    read_packed_elf(archive.open("libx.so"))
    assert archive.source.bytes_read < archive.source.size // 3


def dynamic(*entries):
    return [byte for entry in entries for number in entry for byte in number.to_bytes(8, "little")]


NEEDED, STRINGS, SYMBOLS, SIZE, RELOCATIONS, END = (1, 0x1234), (5, 0x5000), (6, 0x270), (10, 300), (7, 0x9999), (0, 0)
TABLE = dynamic(NEEDED, STRINGS, SYMBOLS, SIZE, RELOCATIONS, END, END)


def test_known_bytes_stay_as_they_are():
    assert list(solve_dynamic(list(TABLE))) == TABLE


def test_zeros_are_deduced_from_where_they_must_be():
    hidden = [UNKNOWN + 7 if byte == 0 else byte for byte in TABLE]
    assert list(solve_dynamic(hidden)) == TABLE


def test_the_middle_of_a_tag_is_zero_if_its_top_is():
    hidden = list(TABLE)
    hidden[1], hidden[2] = UNKNOWN + 1, UNKNOWN + 2  # of the first tag, whose byte 3 is known
    hidden[16 + 9] = UNKNOWN + 2  # 0x50 of DT_STRTAB's value would be zero with it
    solved = solve_dynamic(hidden)
    assert solved[1] == solved[2] == solved[16 + 9] == 0


def test_a_value_that_no_reader_asks_for_may_stay_unknown():
    hidden = list(TABLE)
    place = TABLE.index(7, 64)
    hidden[place + 8] = UNKNOWN + 99
    assert solve_dynamic(hidden)[place + 8] == 0


@pytest.mark.parametrize("place", [0, 8, 9, 16, 24])
def test_a_tag_or_a_value_that_matters_must_be_known(place):
    hidden = list(TABLE)
    hidden[place] = UNKNOWN + 99
    assert solve_dynamic(hidden) is None


@pytest.mark.slow
@settings(max_examples=amount(200))
@given(st.sets(st.integers(0, len(TABLE) - 1)), st.data())
def test_nothing_is_deduced_wrongly(places, data):
    """Bytes hidden at random, equal ones behind equal numbers: what comes out is the table, or nothing."""
    hidden = list(TABLE)
    for place in places:
        hidden[place] = UNKNOWN + TABLE[place] * 8 + data.draw(st.integers(0, 7))
    solved = solve_dynamic(hidden)
    if solved is not None:
        wanted = list(TABLE)
        start = TABLE.index(7, 64) + 8
        wanted[start : start + 8] = solved[start : start + 8]  # the one value that may be filled with zeros
        symbols = TABLE.index(6, 32) + 8
        wanted[symbols : symbols + 8] = solved[symbols : symbols + 8]
        assert list(solved) == wanted


def test_a_value_of_which_a_byte_is_not_known_is_not_known():
    """scipy 1.17's hash table at 0x260, of which 0x60 was known: what stands there is no hash table."""
    place = next(place for place in range(0, len(TABLE), 16) if TABLE[place] == 6)  # DT_SYMTAB, which is not read
    hidden = list(TABLE)
    hidden[place + 8], hidden[place + 9] = 0x60, UNKNOWN + 77
    assert solve_dynamic(hidden)[place + 8 : place + 16] == bytes(8)

"""PE members read from the surroundings of their import table give exactly what the whole file gives."""

import random

import pytest

from envdoctor.binaries.pe import read_pe
from envdoctor.support.bytes import MemoryBytes
from envdoctor.wheels import packed_pe
from envdoctor.wheels.packed_pe import read_packed_pe
from native_files import pe_bytes
from wheel_files import code_like, open_archive

NEEDED = ("python311.dll", "KERNEL32.dll", "MSVCP140.dll", "api-ms-win-crt-heap-l1-1-0.dll")

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def remembered(monkeypatch):
    known = {}
    monkeypatch.setattr(packed_pe, "_remembered", known)
    return known


@pytest.fixture(autouse=True)
def whole_names(monkeypatch):
    known = {}
    monkeypatch.setattr(packed_pe, "_whole_names", known)
    return known


def module(code=1_500_000, behind=400_000, needed=NEEDED, **options):
    """Code, the tables, and what stands behind them."""
    return pe_bytes(needed, filler=code_like(code), **options) + code_like(behind)[::-1]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"delayed": ("dbghelp.dll",)},
        {"machine": 0x14C},
        {"machine": 0xAA64, "hybrid": True},
        {"needed": ("KERNEL32.dll",)},
        {"needed": ("odd name.bin", "KERNEL32.dll")},
        {"needed": (), "delayed": ("dbghelp.dll",), "code": 0},
        {"code": 4000, "behind": 0},
        {"behind": 3_000_000},
    ],
)
def test_the_same_as_from_the_whole_file(options):
    data = module(**options)
    archive = open_archive({"m.pyd": data})
    for _ in range(2):
        assert read_packed_pe(archive.open("m.pyd", 0), "m.pyd") == read_pe(MemoryBytes(data))


@pytest.mark.parametrize("behind", [400_000, 1_000_000])
def test_little_is_read_where_the_table_is_about_where_it_was_in_the_same_file_elsewhere(remembered, behind):
    read_packed_pe(open_archive({"m.pyd": module(behind=behind)}).open("m.pyd", 0), "m.pyd")
    assert remembered
    other = open_archive({"m.pyd": module(code=1_501_000, behind=behind)})
    before = other.source.bytes_read
    read_packed_pe(other.open("m.pyd", 0), "m.pyd")
    assert other.source.bytes_read - before < other.members["m.pyd"].compressed_size // 6


def test_where_the_table_is_far_from_where_it_is_expected_that_is_learned_once(remembered):
    noise = random.Random(1).randbytes(900_000)
    sizes = []
    for more in (b"", b"more"):
        data = pe_bytes(NEEDED, filler=code_like(1_500_000)) + noise + more
        archive = open_archive({"m.pyd": data})
        before = archive.source.bytes_read
        assert read_packed_pe(archive.open("m.pyd", 0), "m.pyd") == read_pe(MemoryBytes(data))
        sizes.append(archive.source.bytes_read - before)
    assert remembered
    assert sizes[1] < sizes[0] // 3


def test_a_place_that_was_another_one_elsewhere_misleads_nobody(remembered):
    remembered["m.pyd"] = (-0.5, 40 * 1024)
    data = module()
    assert read_packed_pe(open_archive({"m.pyd": data}).open("m.pyd", 0), "m.pyd") == read_pe(MemoryBytes(data))


def test_rows_whose_names_stand_elsewhere_are_not_the_table():
    data = pe_bytes(NEEDED, filler=code_like(4000))
    start = data.index(b"python311.dll") - 48 - 20 * (len(NEEDED) + 1)
    decoy = data[start : start + 20 * (len(NEEDED) + 1)] + b"evil.dll\0" * 30
    archive = open_archive({"m.pyd": module() + decoy})
    found = read_packed_pe(archive.open("m.pyd", 0), "m.pyd")
    assert [need.name for need in found.needed] == list(NEEDED)


def test_it_is_remembered_from_how_little_before_the_table_it_is_known(remembered, monkeypatch):
    monkeypatch.setattr(packed_pe, "_UNSURE", 0.0)
    data = module(code=2_000_000)
    before = []
    for least in (lambda *_: 0, packed_pe._least):
        remembered.clear()
        monkeypatch.setattr(packed_pe, "_least", least)
        assert read_packed_pe(open_archive({"m.pyd": data}).open("m.pyd", 0), "m.pyd") == read_pe(MemoryBytes(data))
        before.append(remembered["m.pyd"][1])
    assert before[1] < before[0]


def test_a_table_at_the_very_end_of_a_large_library():
    """The expected place lies behind the end; a file refuses to be read there (OpenBLAS in numpy's wheels)."""
    data = pe_bytes(NEEDED, filler=random.Random(2).randbytes(9_000_000))
    archive = open_archive({"m.dll": data})
    member = archive.open("m.dll", 0)
    asked = []
    read = member.read_packed
    member.read_packed = lambda offset, length: asked.append((offset, length)) or read(offset, length)
    assert read_packed_pe(member, "m.dll") == read_pe(MemoryBytes(data))
    assert asked
    assert all(length > 0 and offset + length <= member.packed_size for offset, length in asked)


def repeating(part, code, seed):
    """Code in which some bytes stand every 20 KB, so that each of them is copied from the one before."""
    data, noise = bytearray(code), random.Random(seed)
    for place in range(0, len(data) - 64, 20_000):
        data[place : place + len(part) + 16] = noise.randbytes(8) + part + noise.randbytes(8)
    return bytes(data)


def read_with_copies(names, part, seed=3, **options):
    data = pe_bytes(names, filler=repeating(part, code_like(1_500_000), seed)) + code_like(400_000)[::-1]
    archive = open_archive({"m.pyd": data})
    before = archive.source.bytes_read
    library = read_packed_pe(archive.open("m.pyd", 0), "m.pyd", **options)
    assert [need.name for need in library.needed] == list(names)
    return library.inferred, archive.source.bytes_read - before


def test_a_name_of_which_a_part_is_copied_from_far_back_is_known_from_others(whole_names):
    names = ("_kernel_helper.dll", *NEEDED)
    assert not read_with_copies(names, b"kernel")[0]
    assert b"_kernel_helper.dll" in whole_names
    inferred, few = read_with_copies(names, b"kernel", seed=4)
    exact, many = read_with_copies(names, b"kernel", seed=4, exact=True)
    assert inferred
    assert not exact
    assert few < many // 2


@pytest.mark.parametrize(
    ("others", "name", "part"),
    [
        (["python310.dll"], "python311.dll", b"n311"),  # what tells versions apart must be known
        (["_kernal_helper.dll", "_kernel_helper.dll"], "_kernel_helper.dll", b"kernel"),  # either would fit
        (["_other_things.dll"], "_kernel_helper.dll", b"kernel"),
        (["_longword.dll"], "_longward.dll", b"longward"),  # most of it is not known
    ],
)
def test_a_name_that_may_be_another_one_is_read_whole(whole_names, others, name, part):
    whole_names.update(dict.fromkeys(map(str.encode, [*others, *NEEDED[1:]])))
    assert not read_with_copies((name, *NEEDED[1:]), part)[0]

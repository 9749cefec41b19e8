"""Flatbuffer primitives: what is read, and that nothing outside the bytes ever is."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envdoctor.core.errors import Unreadable
from envdoctor.tflite.flatbuffer import FlatBuffer, Table


def table_with(fields, inline):
    """A buffer with one table: `fields` are offsets into `inline`, which begins behind the table's own offset."""
    vtable = struct.pack(f"<HH{len(fields)}H", 4 + 2 * len(fields), 4 + len(inline), *fields)
    start = 4 + len(vtable)
    return struct.pack("<I", start) + vtable + struct.pack("<i", len(vtable)) + inline


def test_fields_are_read_by_their_ordinals_and_absent_ones_have_their_defaults():
    root = FlatBuffer(table_with([4, 0, 8], struct.pack("<if", -7, 0.5))).root()
    assert root.integer(0) == -7
    assert root.integer(1, default=3) == 3
    assert root.scalar(2, "f") == 0.5
    assert root.integer(40, default=9) == 9
    assert root.string(1) is None
    assert list(root.tables(1)) == []


def test_a_string_and_a_vector_are_followed():
    text = struct.pack("<I", 2) + b"hi\0\0"
    numbers = struct.pack("<Iii", 2, -1, 8)
    root = FlatBuffer(table_with([4, 8], struct.pack("<II", 8, 4 + len(text)) + text + numbers)).root()
    assert root.string(0) == "hi"
    assert root.numbers(1, "i") == (-1, 8)


def test_a_long_vector_of_floats_is_a_view_and_not_a_copy():
    data = table_with([4], struct.pack("<II1000f", 4, 1000, *[0.25] * 1000))
    scales = FlatBuffer(data).root().array(0, "f")
    assert isinstance(scales, memoryview)
    assert (len(scales), scales[999]) == (1000, 0.25)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "points to byte 0 of 0"),
        (struct.pack("<I", 400) + bytes(8), "points to byte 400"),
        (struct.pack("<Ii", 4, 400), "points to byte -396"),
        (struct.pack("<IHHi", 8, 2, 4, 4), "damaged vtable"),
        (table_with([4], struct.pack("<I", 0xFFFFFFF0)), "points to byte"),
        (table_with([4], struct.pack("<II", 4, 0x7FFFFFFF)), "runs over the end"),
    ],
)
def test_offsets_that_lead_outside_are_refused(data, words):
    with pytest.raises(Unreadable, match=words):
        FlatBuffer(data).root().numbers(0, "i")


def test_a_table_that_is_longer_than_the_file_is_refused():
    data = struct.pack("<IHHi", 8, 4, 5000, 4)
    with pytest.raises(Unreadable, match="runs over the end"):
        FlatBuffer(data).root()


def test_many_references_to_one_large_vector_exhaust_the_budget_instead_of_the_memory():
    payload = 50_000
    buffer = FlatBuffer(table_with([4], struct.pack("<II", 4, payload) + bytes(payload)))

    def decode(times):
        for _ in range(times):
            buffer.root().string(0)

    decode(5)
    with pytest.raises(Unreadable, match="many times the file's size"):
        decode(20_000)


@given(st.binary(max_size=200), st.integers(0, 250))
def test_whatever_the_bytes_only_unreadable_is_raised(data, position):
    try:
        root = Table(FlatBuffer(data), position)
        for field in range(6):
            root.string(field)
            root.numbers(field, "q")
            root.array(field, "f")
            root.table(field)
            for _, _item in zip(range(50), root.tables(field), strict=False):
                pass
    except Unreadable:
        pass

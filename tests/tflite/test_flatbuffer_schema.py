"""Every table of a flatbuffer is held against its schema."""

import struct

import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.tflite.flatbuffer_schema import tables_of

SCHEMA = {"Root": "s! B Leaf|Other [Leaf] [B]", "Leaf": "I", "Other": "s"}


def built(kind=1):
    """A root with a text, a union of a kind, a vector of one table and bytes; the places of what a test changes."""
    import flatbuffers

    builder = flatbuffers.Builder(0)
    text, blob = builder.CreateString("name"), builder.CreateByteVector(b"abc")
    builder.StartObject(1)
    builder.PrependUint32Slot(0, 7, 0)
    leaf = builder.EndObject()
    builder.StartVector(4, 1, 4)
    builder.PrependUOffsetTRelative(leaf)
    leaves = builder.EndVector()
    builder.StartObject(5)
    builder.PrependUOffsetTRelativeSlot(0, text, 0)
    builder.PrependUint8Slot(1, kind, 0)
    builder.PrependUOffsetTRelativeSlot(2, leaf, 0)
    builder.PrependUOffsetTRelativeSlot(3, leaves, 0)
    builder.PrependUOffsetTRelativeSlot(4, blob, 0)
    builder.Finish(builder.EndObject())
    return bytearray(builder.Output())


def read(data, **options):
    return [name for name, _ in tables_of(memoryview(bytes(data)), SCHEMA, "Root", **options)]


def place(data, number):
    """Where a field of the root is."""
    root = struct.unpack_from("<I", data)[0]
    vtable = root - struct.unpack_from("<i", data, root)[0]
    return root + struct.unpack_from("<H", data, vtable + 4 + 2 * number)[0]


def changed(number, value, code="<I"):
    data = built()
    struct.pack_into(code, data, place(data, number), value)
    return data


def test_every_table_is_given_once_for_each_way_that_leads_to_it():
    assert read(built()) == ["Root", "Leaf", "Leaf"]
    assert read(built(9)) == ["Root", "Leaf"]  # a kind that a newer schema has


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (changed(0, 0), "refers to byte"),
        (changed(0, 1 << 20), "an offset points to byte"),
        (changed(2, 3), "refers to byte"),
        (changed(3, 6), "refers to byte"),
        (changed(4, 1 << 31), "an offset points to byte"),
        (built()[: len(built()) // 2], "Root"),
        (bytearray(struct.pack("<I", 2)) + bytes(8), "not aligned"),
    ],
)
def test_what_leads_nowhere_is_damage(data, words):
    with pytest.raises(Unreadable, match=words):
        read(data)


def test_a_text_without_an_end_or_of_other_bytes_is_damage():
    data = built()
    start = data.index(b"name")
    for change in (b"nam\xff\0", b"name!"):
        data[start : start + 5] = change
        with pytest.raises(Unreadable, match="a text in it"):
            read(data)


def test_what_must_be_there_is_missed():
    data = built()
    root = struct.unpack_from("<I", data)[0]
    vtable = root - struct.unpack_from("<i", data, root)[0]
    struct.pack_into("<H", data, vtable + 4, 0)
    with pytest.raises(Unreadable, match="lacks its field 0"):
        read(data)


def test_a_reader_of_flatcc_wants_a_kind_and_the_size_of_a_table():
    with pytest.raises(Unreadable):
        read(built(0), prefixed=True)
    assert read(built(0)) == ["Root", "Leaf"]

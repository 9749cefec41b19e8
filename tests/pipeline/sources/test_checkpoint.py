"""The recorded checkpoint is one that TensorFlow 2.21 wrote; what is damaged here, its reader refuses too."""

import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as some

from envdoctor.core.errors import Unreadable
from envdoctor.pipeline.sources.checkpoint import masked_crc, require_whole
from keras_files import DATA

WHOLE = DATA / "saved_model/variables"
INDEX, SHARD = "variables.index", "variables.data-00000-of-00001"
ENTRIES = 920  # where the block of the entries ends; two more blocks and the footer follow
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 8826\n"


def sealed(index):
    """The index with checksums that match what is in its first block."""
    return index[: ENTRIES + 1] + masked_crc(index[: ENTRIES + 1]).to_bytes(4, "little") + index[ENTRIES + 5 :]


def test_a_checkpoint_that_tensorflow_wrote():
    require_whole(WHOLE)


def test_checksums_are_those_that_leveldb_publishes():
    """RFC 3720, B.4: 32 bytes of zeros give 8a9136aa."""
    value = (masked_crc(bytes(32)) - 0xA282EAD8) & 0xFFFFFFFF
    assert (value << 15 | value >> 17) & 0xFFFFFFFF == 0x8A9136AA


@pytest.mark.parametrize(
    ("name", "damage", "words"),
    [
        (SHARD, lambda data: data[:-1], "cut short: the index needs 8826 bytes of it, it has 8825"),
        (SHARD, lambda data: data[:0], "cut short"),
        (SHARD, lambda _: POINTER, "cut short"),
        (SHARD, lambda data: bytes(len(data)), "checksum of .* does not match"),
        (SHARD, lambda data: data[:40] + b"\xff" + data[41:], "checksum of"),
        (INDEX, lambda data: data[:0], "is empty"),
        (INDEX, lambda data: data[:500], "does not end as an index does"),
        (INDEX, lambda data: data[1:], "runs over the end|does not match|compressed"),
        (INDEX, lambda _: POINTER, "does not end as an index does"),
        (INDEX, lambda data: data[:50] + b"\xff" + data[51:], "checksum of the block at byte 0"),
        (INDEX, lambda data: sealed(data.replace(b"\x08\x01\x1a\x02", b"\x08\x02\x1a\x02", 1)), "00002"),
        (INDEX, lambda data: data[:ENTRIES] + b"\1" + data[ENTRIES + 1 :], "compressed"),
    ],
)
def test_what_is_damaged(tmp_path, name, damage, words):
    folder = tmp_path / "variables"
    shutil.copytree(WHOLE, folder)
    (folder / name).write_bytes(damage((WHOLE / name).read_bytes()))
    with pytest.raises(Unreadable, match=words):
        require_whole(folder)


def test_a_longer_shard_is_whole(tmp_path):
    folder = tmp_path / "variables"
    shutil.copytree(WHOLE, folder)
    (folder / SHARD).write_bytes((WHOLE / SHARD).read_bytes() + b"more")
    require_whole(folder)


@given(some.integers(0, ENTRIES - 1), some.integers(0, 255))
def test_an_index_with_any_wrong_byte_is_read_or_refused(tmp_path_factory, place, byte):
    """Its checksum is right, so that what is behind it is reached."""
    folder = tmp_path_factory.getbasetemp() / "checkpoint"
    folder.mkdir(exist_ok=True)
    index = (WHOLE / INDEX).read_bytes()
    (folder / INDEX).write_bytes(sealed(index[:place] + bytes([byte]) + index[place + 1 :]))
    (folder / SHARD).write_bytes((WHOLE / SHARD).read_bytes())
    try:
        require_whole(folder)
    except Unreadable:
        return

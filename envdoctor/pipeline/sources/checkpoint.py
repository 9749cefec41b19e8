"""The checkpoint in a SavedModel's variables/: whether all that its index lists is there, told without TensorFlow.

The index is a table of LevelDB (sorted keys in blocks, a checksum behind each, a footer that finds them), its values
are messages of tensorflow/core/protobuf/tensor_bundle.proto. The tensors' bytes lie in shards.
Format: https://github.com/google/leveldb/blob/main/doc/table_format.md; the checksums are CRC-32C (RFC 3720), masked.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from envdoctor.core.errors import Unreadable
from envdoctor.support.files import open_regular
from envdoctor.support.protobuf import read_message, read_varint
from envdoctor.tflite.reader import map_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
_FOOTER, _TRAILER, _WORD = 48, 5, 4
_POLYNOMIAL, _MASK, _32_BITS = 0x82F63B78, 0xA282EAD8, (1 << 32) - 1
#: Element types whose checksum is not that of their bytes: DT_STRING, DT_RESOURCE, DT_VARIANT.
_UNLIKE_BYTES = {7, 20, 21}
#: How many bytes are held against their checksums, the smallest tensors first: a tenth of a second in Python.
_MOST_CHECKED = 1 << 20
_MOST_ENTRIES, _MOST_SHARDS = 1 << 18, 100_000


class _Tensor(NamedTuple):
    """Where a tensor's bytes are."""

    size: int
    shard: int
    offset: int
    checksum: int
    dtype: int
    name: str
    shape: tuple[int, ...]


def require_whole(folder: Path) -> list[tuple[int, tuple[int, ...]]]:
    """Refuse a checkpoint that lost parts; the bytes of large tensors are not looked at, only their place.

    Args:
        folder: variables/, which holds variables.index and its shards.

    Returns:
        The element type and the shape of each tensor.

    Raises:
        Unreadable: the index is damaged, or a shard is missing, cut short or damaged.
    """
    index = folder / "variables.index"
    data = map_file(index)
    try:
        entries = dict(_entries(data))
        shards = max(1, read_message(entries.pop(b"", memoryview(b""))).number(1))
        tensors = sorted(_tensor(key, value) for key, value in entries.items())
    except Unreadable as error:
        raise Unreadable(f"{index} is damaged or cut short: {error}") from None
    if shards > _MOST_SHARDS or any(tensor.shard >= shards for tensor in tensors):
        raise Unreadable(f"{index} is damaged: it names other shards than it has")
    _require_shards(folder, shards, tensors)
    _require_bytes(folder, shards, tensors, _MOST_CHECKED - len(data))
    return [(tensor.dtype, tensor.shape) for tensor in tensors]


def _entries(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Keys and values of the table."""
    if len(data) < _FOOTER or bytes(data[-8:]) != _MAGIC:
        raise Unreadable("it does not end as an index does")
    footer = data[-_FOOTER:]
    _, position = _handle(footer, 0)
    (start, size), _ = _handle(footer, position)
    count = 0
    for _, value in _pairs(_block(data, start, size)):
        place, _ = _handle(value, 0)
        for pair in _pairs(_block(data, *place)):
            count += 1
            if count > _MOST_ENTRIES:
                raise Unreadable(f"it lists more than {_MOST_ENTRIES:,} tensors")
            yield pair


def _handle(data: memoryview, position: int) -> tuple[tuple[int, int], int]:
    """Where a block is and how long, and where what follows begins."""
    start, position = read_varint(data, position)
    size, position = read_varint(data, position)
    return (start, size), position


def _block(data: memoryview, start: int, size: int) -> memoryview:
    """A block's content, held against its checksum where the whole index is small enough."""
    end = start + size
    if end + _TRAILER > len(data) or size < _WORD:
        raise Unreadable(f"a block of {size} bytes at byte {start} runs over the end, {len(data)}")
    if data[end]:
        raise Unreadable("a block is compressed, as TensorFlow does not write it")
    if len(data) <= _MOST_CHECKED and masked_crc(bytes(data[start : end + 1])) != _word(data, end + 1):
        raise Unreadable(f"the checksum of the block at byte {start} does not match")
    return data[start:end]


def _pairs(block: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Keys and values of a block; each key is told by what it shares with the one before."""
    end = len(block) - _WORD * (1 + _word(block, len(block) - _WORD))
    if end < 0:
        raise Unreadable("a block has more restarts than bytes")
    key, position = b"", 0
    while position < end:
        shared, position = read_varint(block, position)
        added, position = read_varint(block, position)
        size, position = read_varint(block, position)
        if shared > len(key) or position + added + size > end:
            raise Unreadable("an entry runs over the end of its block")
        key = key[:shared] + bytes(block[position : position + added])
        position += added
        yield key, block[position : position + size]
        position += size


def _tensor(key: bytes, value: memoryview) -> _Tensor:
    entry = read_message(value)
    name = key.decode("utf-8", "replace")
    shape = tuple(size.signed(1) for size in entry.first(2).messages(2))
    return _Tensor(entry.number(5), entry.number(3), entry.number(4), entry.number(6), entry.number(1), name, shape)


def _require_shards(folder: Path, shards: int, tensors: list[_Tensor]) -> None:
    needed = dict.fromkeys(range(shards), 0)
    for tensor in tensors:
        needed[tensor.shard] = max(needed[tensor.shard], tensor.offset + tensor.size)
    for number, size in needed.items():
        shard = _shard(folder, number, shards)
        if not shard.is_file():
            raise Unreadable(f"{folder.parent} is incomplete: {shard.name} is not in its variables/")
        if shard.stat().st_size < size:
            raise Unreadable(f"{shard} is cut short: the index needs {size} bytes of it, it has {shard.stat().st_size}")


def _require_bytes(folder: Path, shards: int, tensors: list[_Tensor], left: int) -> None:
    for tensor in tensors:
        left -= tensor.size
        if left < 0:
            return
        if tensor.dtype in _UNLIKE_BYTES or not tensor.size:
            continue
        with open_regular(_shard(folder, tensor.shard, shards)) as stream:
            stream.seek(tensor.offset)
            if masked_crc(stream.read(tensor.size)) != tensor.checksum:
                raise Unreadable(f"{stream.name} is damaged: the checksum of {tensor.name} in it does not match")


def _shard(folder: Path, number: int, shards: int) -> Path:
    return folder / f"variables.data-{number:05d}-of-{shards:05d}"


def _word(data: memoryview, position: int) -> int:
    return int.from_bytes(data[position : position + _WORD], "little")


def masked_crc(data: bytes) -> int:
    """The CRC-32C of some bytes, as LevelDB stores it: turned by 15 bits, and a constant added."""
    table = _table()
    value = _32_BITS
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ value >> 8
    value ^= _32_BITS
    return ((value >> 15 | value << 17) + _MASK) & _32_BITS


@functools.cache
def _table() -> tuple[int, ...]:
    """What one byte does to the checksum."""
    values = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ _POLYNOMIAL * (value & 1)  # noqa: PLW2901
        values.append(value)
    return tuple(values)

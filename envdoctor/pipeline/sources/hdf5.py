"""A text attribute of an HDF5 file's root group, read from the group's object header.

HDF5 leaves old attributes in the file when they are rewritten, so only the header tells which text is the live one.
What this reader does not follow (dense storage, shared messages, arrays) is `Unfollowed`: the stage's library decides.
Source: HDF5 File Format Specification version 3.0, sections II.A, III.E, IV.A.1, IV.A.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.tflite.containers import HDF5_SIGNATURE, hdf5_place

if TYPE_CHECKING:
    from collections.abc import Iterator

#: By the superblock's version: where the base address, the end-of-file address and the root's header address stand, and
#: where the sizes of an address and of a length.
_SUPERBLOCKS = {0: (24, 40, 64, 13), 1: (28, 44, 68, 13), 2: (12, 28, 36, 9), 3: (12, 28, 36, 9)}
#: Bytes that an address or a length may have.
_SIZES = {2, 4, 8, 16, 32}
_UNDEFINED = (1 << 64) - 1
_CONTINUATION, _ATTRIBUTE, _ATTRIBUTE_INFO = 0x10, 0x0C, 0x15
SHARED = 2
_STRING, _VARIABLE = 3, 9
_MOST_BLOCKS, _LARGEST_BLOCK = 256, 1 << 20


class Unfollowed(Exception):
    """The file may be sound; this reader does not know how to read what was asked for."""


def read_text_attribute(data: memoryview, name: str) -> bytes | None:
    """The text of a scalar attribute of the root group, as the library would return it.

    Returns:
        The text, without what follows its end; None if the group has no attribute of that name.

    Raises:
        Unreadable: the file is damaged or cut short.
        Unfollowed: the text is stored in a way that only the library reads.
    """
    data = behind_user_block(data)
    values = [value for found, value in _attributes(data, root_header(data)) if found == name]
    if len(values) > 1:
        raise Unfollowed(f"two attributes are called {name}")
    return _text(data, values[0]) if values else None


def behind_user_block(data: memoryview) -> memoryview:
    """The file from where its addresses count.

    Raises:
        Unfollowed: they count from elsewhere than its signature.
    """
    place = hdf5_place(data) or 0
    data = data[place:]
    base, *_ = _superblock(data)
    if number(data, base, 8) >= place + len(data):
        raise Unreadable("its addresses count from beyond its end")
    if number(data, base, 8) != place:
        raise Unfollowed("its addresses count from elsewhere")
    return data


def _superblock(data: memoryview) -> tuple[int, int, int, int]:
    version = number(data, len(HDF5_SIGNATURE), 1)
    if version not in _SUPERBLOCKS:
        raise Unreadable(f"its superblock is of version {version}, which no HDF5 library has")
    return _SUPERBLOCKS[version]


def root_header(data: memoryview) -> int:
    """The address of the root group's object header."""
    base, end, root, sizes = _superblock(data)
    if not set(take(data, sizes, 2)) <= _SIZES:
        raise Unreadable("its superblock tells no size of addresses")
    if bytes(take(data, sizes, 2)) != b"\x08\x08":
        raise Unfollowed("its addresses have another size than 8 bytes")
    size = number(data, end, 8) - number(data, base, 8)
    if size > len(data):
        raise Unreadable(f"cut short: {len(data)} bytes of {size}")
    return number(data, root, 8)


def _attributes(data: memoryview, header: int) -> Iterator[tuple[str, memoryview]]:
    """Name and whole message of every attribute in an object header."""
    for kind, flags, body in messages(data, header):
        if kind == _ATTRIBUTE:
            if flags & SHARED:
                raise Unfollowed("an attribute is stored elsewhere")
            yield _attribute_name(body), body
        if kind == _ATTRIBUTE_INFO and number(body, 4 if number(body, 1, 1) & 1 else 2, 8) != _UNDEFINED:
            raise Unfollowed("its attributes are stored in a heap")


def messages(data: memoryview, header: int) -> Iterator[tuple[int, int, memoryview]]:
    """Type, flags and content of every message of an object header, its continuation blocks included."""
    signed = bytes(take(data, header, 4)) == b"OHDR"
    flags = number(data, header + 5, 1) if signed else 0
    if signed:
        start = header + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        blocks = [take(data, start + width, number(data, start, width))]
    elif number(data, header, 1) == 1:
        blocks = [take(data, header + 16, number(data, header + 8, 4))]
    else:
        raise Unreadable("a group or a dataset has no object header")
    told = number(data, header + 2, 2)
    for count, block in enumerate(blocks, start=1):  # continuation blocks join while it runs
        if count > _MOST_BLOCKS or len(block) > _LARGEST_BLOCK:
            raise Unreadable("its object header does not end")
        for kind, its_flags, body in _split(block, signed=signed, ordered=bool(flags & 4)):
            if kind == _CONTINUATION:
                address, length = number(body, 0, 8), number(body, 8, 8)
                more = take(data, address, length)
                blocks.append(more[4:-4] if signed else more)  # between "OCHK" and a checksum
            yield kind, its_flags, body
            told -= 1
    if not signed and told:
        raise Unreadable("an object header has lost a message")


def _split(block: memoryview, *, signed: bool, ordered: bool) -> Iterator[tuple[int, int, memoryview]]:
    """The messages of a block of version 1, or of version 2 (signed), which may carry their order of creation."""
    position = 0
    head = 8 if not signed else 6 if ordered else 4
    while position + head <= len(block):
        kind = number(block, position, 1 if signed else 2)
        size = number(block, position + (1 if signed else 2), 2)
        yield kind, number(block, position + (3 if signed else 4), 1), take(block, position + head, size)
        position += head + size


def _attribute_name(body: memoryview) -> str:
    size = number(body, 2, 2)
    return bytes(take(body, 9 if number(body, 0, 1) == 3 else 8, size)).partition(b"\0")[0].decode("utf-8", "replace")  # noqa: PLR2004


def _text(data: memoryview, body: memoryview) -> bytes:
    """The value of an attribute message (section IV.A.2.m)."""
    version, flags = number(body, 0, 1), number(body, 1, 1)
    if version not in {1, 2, 3} or (version > 1 and flags & 3):
        raise Unfollowed("its attributes are of another version, or share their type")
    sizes = [number(body, place, 2) for place in (2, 4, 6)]
    padded = [size + -size % 8 for size in sizes] if version == 1 else sizes
    start = 9 if version == 3 else 8  # noqa: PLR2004  (version 3 adds the name's character set)
    datatype = take(body, start + padded[0], sizes[1])
    if number(body, start + padded[0] + padded[1] + 1, 1):
        raise Unfollowed("the attribute is an array")
    content = body[start + sum(padded) :]
    kind = number(datatype, 0, 1) & 15
    if kind == _STRING:
        return bytes(take(content, 0, number(datatype, 4, 4))).rstrip(b"\0")
    if kind == _VARIABLE and number(datatype, 1, 1) & 15 == 1:
        found = _in_heap(data, number(content, 4, 8), number(content, 12, 4))
        return bytes(take(found, 0, number(content, 0, 4))).partition(b"\0")[0]
    raise Unfollowed("the attribute is no text")


def _in_heap(data: memoryview, address: int, index: int) -> memoryview:
    """An object of a global heap collection (section III.E)."""
    if bytes(take(data, address, 4)) != b"GCOL":
        raise Unreadable("an attribute points to no heap")
    heap = take(data, address, number(data, address + 8, 8))
    position = 16
    while position + 16 <= len(heap):
        size, found = number(heap, position + 8, 8), number(heap, position, 2)
        if found == index:
            return take(heap, position + 16, size)
        if found == 0:
            break
        position += 16 + size + -size % 8
    raise Unreadable("an attribute's text is not in its heap")


def take(data: memoryview, position: int, size: int) -> memoryview:
    """So many bytes.

    Raises:
        Unreadable: they run over the end.
    """
    if position + size > len(data):
        raise Unreadable(f"{size} bytes at byte {position} run over the end, {len(data)}")
    return data[position : position + size]


def number(data: memoryview, position: int, size: int) -> int:
    """An unsigned number of so many bytes; raises as `take`."""
    return int.from_bytes(take(data, position, size), "little")

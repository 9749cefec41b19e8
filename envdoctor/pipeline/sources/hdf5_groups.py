"""Whether the groups and the data of an HDF5 file are all there, by walking them as the library does.

Groups of the older kind (symbol tables), which h5py and Keras write unless told otherwise, are walked; others are left
to the stage's library. Values are not looked at: only where they must lie.
Source: HDF5 File Format Specification version 3.0, sections II.A, III.A.1, III.B, III.C, III.D, IV.A.2.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from envdoctor.core.errors import Unreadable
from envdoctor.pipeline.sources.hdf5 import SHARED, behind_user_block, messages, number, root_header, take

if TYPE_CHECKING:
    from collections.abc import Iterator

_DATASPACE, _DATATYPE, _LAYOUT, _SYMBOL_TABLE = 0x01, 0x03, 0x08, 0x11
_UNDEFINED, _LAST_FREE = (1 << 64) - 1, 1
_COMPACT, _CONTIGUOUS, _CHUNKED = 0, 1, 2
_LAYOUT_VERSION, _DATASPACE_VERSIONS = 3, {1: 8, 2: 4}
_GROUP, _CHUNKS, _GROUP_KEY = 0, 1, 8
_ENTRY, _SOFT_LINK = 40, 2
_MOST_OBJECTS, _DEEPEST = 200_000, 64
#: Of the oldest superblock: zeros, the ranks of its trees, a driver, what is cached.
_ZEROS, _RANKS, _DRIVER, _CACHED = (9, 10, 12, 21, 22, 23), (16, 18), 48, 72


def require_groups(data: memoryview) -> None:
    """Refuse a file whose groups lead nowhere, or whose data lies beyond its end.

    Raises:
        Unreadable: it is damaged.
        Unfollowed: this reader does not know how its superblock is read.
    """
    data = behind_user_block(data)
    header = root_header(data)
    if data[8] == 0 and (
        any(data[place] for place in _ZEROS)
        or not all(number(data, place, 2) for place in _RANKS)
        or number(data, _DRIVER, 8) != _UNDEFINED
        or number(data, _CACHED, 4) > _SOFT_LINK
    ):
        raise Unreadable("its superblock has values that no library writes")
    seen = {header}
    waiting = [header]
    while waiting:
        for child in _children(data, waiting.pop()):
            if child not in seen:
                seen.add(child)
                waiting.append(child)
        if len(seen) > _MOST_OBJECTS:
            raise Unreadable(f"it has more than {_MOST_OBJECTS:,} objects")


def _children(data: memoryview, header: int) -> Iterator[int]:
    """The headers of what is in a group; none of what is no group."""
    found = {kind: body for kind, flags, body in messages(data, header) if not flags & SHARED}
    if _SYMBOL_TABLE in found:
        table = found[_SYMBOL_TABLE]
        names = _heap(data, number(table, 8, 8))
        before = b""
        for node in _Tree(data, _GROUP, _GROUP_KEY, len(names)).leaves(number(table, 0, 8)):
            for name, child in _entries(data, node, names):
                if name <= before:
                    raise Unreadable("a group's names are in no order")
                before = name
                if child is not None:
                    yield child
    elif _LAYOUT in found:
        _require_data(data, found[_LAYOUT], _extent(found))


def _heap(data: memoryview, address: int) -> memoryview:
    """The names of a group; its list of free space must be one."""
    if bytes(take(data, address, 5)) != b"HEAP\0":
        raise Unreadable("a group has no names")
    size, free = number(data, address + 8, 8), number(data, address + 16, 8)
    names = take(data, number(data, address + 24, 8), size)
    for _ in range(len(names)):
        if free in {_LAST_FREE, _UNDEFINED}:
            return names
        following, room = number(names, free, 8), number(names, free + 8, 8)
        take(names, free, room)
        if room < 16:  # noqa: PLR2004  (the two numbers themselves)
            break
        free = following
    raise Unreadable("a group's free space does not end")


class _Tree(NamedTuple):
    """A tree of version 1.

    Attributes:
        kind: what its lowest nodes point to, tables of a group or chunks of a dataset.
        key: bytes of a key.
        names: bytes of a group's names, which its keys point into.
    """

    data: memoryview
    kind: int
    key: int
    names: int = 0

    def leaves(self, address: int, depth: int = 0) -> Iterator[int]:
        """What its lowest nodes point to, below a node."""
        data = self.data
        if bytes(take(data, address, 5)) != b"TREE" + bytes([self.kind]):
            raise Unreadable("a tree of a group or of a dataset is not there")
        level, used = number(data, address + 5, 1), number(data, address + 6, 2)
        siblings = (number(data, address + place, 8) for place in (8, 16))
        if depth > _DEEPEST or level > _DEEPEST or any(len(data) <= each != _UNDEFINED for each in siblings):
            raise Unreadable("a tree does not end")
        for index in range(used):
            place = address + 24 + index * (self.key + 8)
            child = number(data, place + self.key, 8)
            if self.kind == _GROUP and max(number(data, place, 8), number(data, place + 16, 8)) >= self.names:
                raise Unreadable("a tree's key is no name of its group")
            if level:
                if bytes(take(data, child, 6))[5:] != bytes([level - 1]):
                    raise Unreadable("a tree's node is of the wrong level")
                yield from self.leaves(child, depth + 1)
            elif self.kind == _CHUNKS:
                take(data, child, number(data, place, 4))
            else:
                yield child


def _entries(data: memoryview, node: int, names: memoryview) -> Iterator[tuple[bytes, int | None]]:
    """Name and header of each object that a symbol table node lists; no header for a link by name."""
    if bytes(take(data, node, 5)) != b"SNOD\1":
        raise Unreadable("a group has lost its list of objects")
    for index in range(number(data, node + 6, 2)):
        entry = take(data, node + 8 + index * _ENTRY, _ENTRY)
        start, kind = number(entry, 0, 8), number(entry, 16, 4)
        end = bytes(names[start : start + (1 << 16)]).find(b"\0")
        if start >= len(names) or end <= 0 or kind > _SOFT_LINK:
            raise Unreadable("an object of a group has no name")
        yield bytes(names[start : start + end]), None if kind == _SOFT_LINK else number(entry, 8, 8)


def _extent(found: dict[int, memoryview]) -> int:
    """The bytes that a dataset's values take; none where that is not told."""
    space, kind = found.get(_DATASPACE), found.get(_DATATYPE)
    start = _DATASPACE_VERSIONS.get(number(space, 0, 1)) if space is not None else None
    if space is None or kind is None or start is None:
        return 0
    sizes = (number(space, start + 8 * index, 8) for index in range(number(space, 1, 1)))
    return math.prod(sizes) * number(kind, 4, 4)


def _require_data(data: memoryview, layout: memoryview, size: int) -> None:
    if number(layout, 0, 1) != _LAYOUT_VERSION:
        return
    kind = number(layout, 1, 1)
    if kind == _COMPACT:
        _require_room(layout, 4, number(layout, 2, 2), size)
    elif kind == _CONTIGUOUS:
        _require_room(data, number(layout, 2, 8), number(layout, 10, 8), size)
    elif kind == _CHUNKED:
        address, rank = number(layout, 3, 8), number(layout, 2, 1)
        if address != _UNDEFINED:
            for _ in _Tree(data, _CHUNKS, 8 + 8 * rank).leaves(address):
                pass
    else:
        raise Unreadable(f"a dataset is stored in the way {kind}, which there is not")


def _require_room(data: memoryview, address: int, stored: int, size: int) -> None:
    if address == _UNDEFINED:  # nothing was written yet
        return
    take(data, address, stored)
    if stored < size:
        raise Unreadable(f"a dataset has {stored} bytes, where {size} are needed")

"""Reads an ELF member of a wheel from its head and its tail.

The linker writes header, symbols, strings and versions first, then code, then .dynamic. The head is inflated as far as
the strings go; .dynamic is taken from the tail, where copies of unknown bytes can be deduced: the upper bytes of tags
and values are zero in every file that a loader maps, and a place that was copied from is the same byte wherever it was
copied to.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.binaries.elf import LOADER_TAGS, read_elf
from envdoctor.binaries.elf_header import PT_DYNAMIC, read_header
from envdoctor.binaries.elf_summary import summarize
from envdoctor.binaries.window import Window
from envdoctor.wheels.tail import UNKNOWN

if TYPE_CHECKING:
    from envdoctor.binaries.library import NativeLibrary
    from envdoctor.support.bytes import RandomAccess
    from envdoctor.wheels.member import PackedBytes

AHEAD = 64  # bytes: what lies behind a string may not be known

_ENTRY = 16  # of an Elf64_Dyn: eight bytes of tag, eight of value
# Tags are below 2**32, and addresses, sizes and string indexes in files below 2**40.
_ALWAYS_ZERO = frozenset({4, 5, 6, 7, 13, 14, 15})
_LARGEST = 64 * 1024
_TAG_TOP, _TAG_MIDDLE = 3, (1, 2)


def read_packed_elf(source: PackedBytes) -> NativeLibrary:
    """What an ELF member needs, exactly as `read_elf` reads it, with few of its bytes.

    Raises:
        NotLoadable: as `read_elf`.
        Unreadable: as `read_elf`, or damaged as a member.
    """
    known = _with_dynamic(source)
    if known is None:
        return read_elf(source, AHEAD)
    return replace(read_elf(known, AHEAD, partial=True), symbols=summarize(known, partial=True))


def _with_dynamic(source: PackedBytes) -> _Overlaid | None:
    """The member with its .dynamic known; None where that can't be deduced from a part of it."""
    header = read_header(Window(source, AHEAD))
    dynamic = header.of_kind(PT_DYNAMIC)
    if not dynamic or not (header.encoding.wide and header.encoding.little):
        return None
    offset, size = dynamic[0].offset, dynamic[0].file_size
    end = min(offset + size, source.size)
    if size % _ENTRY or size > _LARGEST or end - offset < size:
        return None
    return _Overlaid(source, offset, source.solve(offset, end, solve_dynamic))


def solve_dynamic(values: list[int]) -> bytes | None:
    """The bytes of a little-endian 64-bit .dynamic, from what `DeflateTail.read` gives.

    What no reader asks for (an address of relocations, say) is zero if any byte of it is not known.

    Returns:
        None where a tag, or the value of a tag that matters, can't be deduced.
    """
    zeros = {value for place, value in enumerate(values) if place % _ENTRY in _ALWAYS_ZERO and value >= UNKNOWN}
    for _ in range(len(_TAG_MIDDLE) + 1):  # what one entry proves can help another
        values = [0 if value in zeros else value for value in values]
        tops = range(_TAG_TOP, len(values), _ENTRY)
        # A tag whose upper byte is zero is one of the first 39; the rest begin at 0x6000000D.
        zeros = {values[top - back] for top in tops if values[top] == 0 for back in _TAG_MIDDLE} - set(range(UNKNOWN))
    for place in range(0, len(values), _ENTRY):
        tag, value = values[place : place + 8], values[place + 8 : place + _ENTRY]
        if max(tag) >= UNKNOWN:
            return None
        number = int.from_bytes(bytes(tag), "little")
        if number == 0:
            values[place:] = [0] * (len(values) - place)
            break
        if number in LOADER_TAGS and max(value) >= UNKNOWN:
            return None
        values[place + 8 : place + _ENTRY] = value if max(value) < UNKNOWN else [0] * len(value)
    return bytes(values)


class _Overlaid:
    """A source with one stretch of it known from elsewhere."""

    def __init__(self, source: RandomAccess, offset: int, data: bytes) -> None:
        self._source = source
        self._offset = offset
        self._data = data
        self.size = source.size

    def read_at(self, offset: int, length: int) -> bytes:
        low = offset - self._offset
        if low >= 0 and low + length <= len(self._data):
            return self._data[low : low + length]
        return self._source.read_at(offset, length)

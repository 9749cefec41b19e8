"""Reads a PE member of a wheel from its head and the few bytes around its import table.

The table stands after the code, in the middle of the constants, and where that is in the compressed bytes can only be
guessed. The stream is entered a little before the guess (see `tail`); what comes out has no place yet. The table gives
it one: the head says how long it is and at which address, and each of its rows the address of a name, so that all
names stand where they must only if the table is this one and the place is right.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.binaries.pe import DESCRIPTOR, find_import_table, read_pe
from envdoctor.binaries.window import Window
from envdoctor.wheels.packed_elf import AHEAD
from envdoctor.wheels.tail import enter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.binaries.library import NativeLibrary
    from envdoctor.wheels.member import PackedBytes
    from envdoctor.wheels.tail import Entered

#: Of the member's compressed bytes, how much further back than its share the table stands: code compresses worse than
#: what follows it (47 of 50 modules of TensorFlow 2.19.1 within 0.012 of this).
_SHIFT, _UNSURE = 0.041, 0.012
#: How far it was off in the same file of the same release, and of another one.
_SURE = 0.0005, 0.0015, 0.004
#: Compressed bytes: a block, in which the stream may have to be entered, and what is read behind the guess besides.
#: What is copied from before the place of entry is not known: the further back that is, the less is left of it.
_BEFORE, _BEHIND, _MOST_UNSURE = (40 * 1024, 88 * 1024, 144 * 1024, 208 * 1024), 16 * 1024, 3 << 20
_NAME = re.compile(rb"[\x21-\x7e]{1,250}\.(?:dll|pyd|exe|drv|so)\0", re.IGNORECASE)
_MOST_REMEMBERED, _MOST_ROWS = 4096, 4096
# Where the table was in files of the same name (the same module for another Python, or of the release before), and from
# how far before that the stream had to be entered.
_remembered: dict[str, tuple[float, int]] = {}


def read_packed_pe(source: PackedBytes, name: str) -> NativeLibrary:
    """What a PE member imports, exactly as `read_pe` reads it, with few of its bytes.

    Args:
        source: the member.
        name: of the file, for which it is remembered where the table was.

    Raises:
        NotLoadable: as `read_pe`.
        Unreadable: as `read_pe`, or damaged as a member.
    """
    source.expect_imports()
    table = find_import_table(Window(source, AHEAD))
    found = _with_imports(source, name, table) if table else None
    library = read_pe(found or source, 1 if found else AHEAD, in_parts=True)  # what lies behind a row may not be known
    if table and not found and (place := source.packed_place(table[2])) is not None:
        _remember(source, name, table[2], (place, _BEFORE[1]))
    return library


def _remember(source: PackedBytes, name: str, offset: int, found: tuple[int, int]) -> None:
    """Keeps where the table was, and from how far before it was entered."""
    if len(_remembered) < _MOST_REMEMBERED:
        place, before = found
        _remembered[name] = (place - source.packed_bytes_before(offset)) / source.packed_size, before


def _with_imports(source: PackedBytes, name: str, table: tuple[int, int, int]) -> _Overlaid | None:
    """The member with the surroundings of its import table known; None where they are not where they are expected."""
    address, size, offset = table
    total, share = source.packed_size, source.packed_bytes_before(offset)
    for first, last, before in _stretches(total, share, name):
        compressed = source.read_packed(first, last - first)
        found = enter(compressed)
        place = None if found is None else _place_of(found, address, size)
        if found is not None and place is not None:
            left = found.packed_from(place)
            shorter = 0 if name in _remembered else _least(compressed, len(compressed) - left, (address, size))
            _remember(source, name, offset, (last - left, shorter or before))
            return _Overlaid(source, offset - place, found)
    return None


def _least(compressed: bytes, at: int, table: tuple[int, int]) -> int:
    """From how little before the table it is known, where the guess was off and more was read; 0 where from none."""
    for before in _BEFORE:
        found = enter(compressed[at - before :]) if before < at else None
        if found is not None and _place_of(found, *table) is not None:
            return before
    return 0


def _stretches(total: int, share: int, name: str) -> Iterator[tuple[int, int, int]]:
    """Where to enter the stream, one after the other, and how far before the guess that is."""
    shift, enough = _remembered.get(name, (_SHIFT, 0))
    guess = min(total, share + int(total * shift))  # the table of a library of code alone stands at the very end
    for doubt in (*_SURE, _UNSURE) if enough else (_UNSURE,):
        unsure = min(_MOST_UNSURE, int(total * doubt))
        for before in _BEFORE if unsure < _BEFORE[-1] else _BEFORE[:1]:  # a long stretch is long before as well
            if before >= enough or unsure >= _BEFORE[-1]:
                yield max(0, guess - unsure - before), min(total, guess + unsure + _BEHIND), before


def _place_of(found: Entered, address: int, size: int) -> int | None:
    """Where the table is: rows without a time stamp, one of zeros, and each name, all of it known, where it must be."""
    data = found.first
    rows = size // DESCRIPTOR - 1
    if size % DESCRIPTOR or not 0 < rows < _MOST_ROWS:
        return None
    for place in _first_rows(data, address):
        starts = _rows(place, rows)
        if any(data[at + 4 : at + 12].strip(b"\0") for at in starts) or data[starts.stop : place + size].strip(b"\0"):
            continue
        addresses = [int.from_bytes(data[at + 12 : at + 16], "little") for at in starts]
        names = [_NAME.match(data, max(0, place + each - address)) for each in addresses]
        spans = [(name.start(), name.end()) for name in names if name] + [(place, place + size)]
        if all(names) and all(found.knows(*span) for span in spans):
            return place
    return None


def _first_rows(data: bytes, address: int) -> Iterator[int]:
    """Where the first row may be: eight zeros, and the address of a name that lies in these bytes, too.

    The zeros are looked for as they stand, which takes a tenth of the time of a look at every row of every place.
    """
    low, high = max(0, address - len(data)), address + len(data)
    third = _between(low >> 16 & 0xFF, high >> 16 & 0xFF) if low >> 24 == high >> 24 else b"."
    pattern = re.compile(rb"(?s)\0\0\0\0\0\0\0\0(?!\0\0\0\0).." + third + _between(low >> 24, high >> 24))
    match = pattern.search(data, 4)
    while match:
        yield match.start() - 4
        match = pattern.search(data, match.start() + 1)


def _between(low: int, high: int) -> bytes:
    """A byte in a range, as a pattern."""
    return b"[" + re.escape(bytes([low])) + b"-" + re.escape(bytes([min(high, 0xFF)])) + b"]"


def _rows(place: int, count: int) -> range:
    return range(place, place + count * DESCRIPTOR, DESCRIPTOR)


class _Overlaid:
    """A source with a stretch of it known from elsewhere, but for what was copied from before it."""

    def __init__(self, source: PackedBytes, start: int, found: Entered) -> None:
        self._source = source
        self._start = start
        self._found = found
        self.size = source.size

    def read_at(self, offset: int, length: int) -> bytes:
        low = offset - self._start
        if self._found.knows(low, low + length):
            return self._found.first[low : low + length]
        return self._source.read_at(offset, length)

"""Reads a PE member of a wheel from its head and the few bytes around its import table.

The table stands after the code, in the middle of the constants, and where that is in the compressed bytes can only be
guessed. The stream is entered a little before the guess (see `tail`); what comes out has no place yet. The table gives
it one: the head says how long it is and at which address, and each of its rows the address of a name, so that all
names stand where they must only if the table is this one and the place is right. Names repeat each other, and much of
one may be copied from far back: a name that other files showed whole is taken for it where no other one fits.
"""

from __future__ import annotations

import re
from dataclasses import replace
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
_BEFORE, _BEHIND = (32 * 1024, 56 * 1024, 88 * 1024, 144 * 1024, 208 * 1024), 16 * 1024
_LEAST_UNSURE, _MOST_UNSURE = 4 * 1024, 3 << 20
_NAME = re.compile(rb"[\x21-\x7e]{1,250}\.(?:dll|pyd|exe|drv|so)\0", re.IGNORECASE)
_MOST_REMEMBERED, _MOST_ROWS, _LONGEST_NAME = 4096, 4096, 250
# Where the table was in files of the same name (the same module for another Python, or of the release before), and from
# how far before that the stream had to be entered.
_remembered: dict[str, tuple[float, int]] = {}
# Names of libraries that were read whole.
_whole_names: dict[bytes, None] = {}


def learn_names(library: NativeLibrary) -> None:
    """Keeps the names of the libraries that a PE file imports, each of which was read whole."""
    if len(_whole_names) < _MOST_REMEMBERED:
        _whole_names.update((need.name.encode("ascii", "ignore"), None) for need in library.needed)


def read_packed_pe(source: PackedBytes, name: str, *, exact: bool = False) -> NativeLibrary:
    """What a PE member imports, as `read_pe` reads it, with few of its bytes.

    Args:
        source: the member.
        name: of the file, for which it is remembered where the table was.
        exact: each byte of a name must be known; else the answer is `inferred` where one was not.

    Raises:
        NotLoadable: as `read_pe`.
        Unreadable: as `read_pe`, or damaged as a member.
    """
    source.expect_imports()
    table = find_import_table(Window(source, AHEAD))
    found = _with_imports(source, name, table, exact=exact) if table else None
    library = read_pe(found or source, 1 if found else AHEAD, in_parts=True)  # what lies behind a row may not be known
    if found and found.is_inferred:
        library = replace(library, inferred=True)
    else:
        learn_names(library)
    if table and not found and (place := source.packed_place(table[2])) is not None:
        _remember(source, name, table[2], (place, _BEFORE[1]))
    return library


def _remember(source: PackedBytes, name: str, offset: int, found: tuple[int, int]) -> None:
    """Keeps where the table was, and from how far before it was entered."""
    if len(_remembered) < _MOST_REMEMBERED:
        place, before = found
        _remembered[name] = (place - source.packed_bytes_before(offset)) / source.packed_size, before


def _with_imports(source: PackedBytes, name: str, table: tuple[int, int, int], *, exact: bool) -> _Overlaid | None:
    """The member with the surroundings of its import table known; None where they are not where they are expected."""
    address, size, offset = table
    total, share = source.packed_size, source.packed_bytes_before(offset)
    for first, last, before in _stretches(total, share, name):
        compressed = source.read_packed(first, last - first)
        found = enter(compressed)
        known = None if found is None else _place_of(found, address, size, exact=exact)
        if found is not None and known is not None:
            place, names = known
            left = found.packed_from(place)
            shorter = 0 if name in _remembered else _least(compressed, len(compressed) - left, (address, size))
            _remember(source, name, offset, (last - left, shorter or before))
            return _Overlaid(source, offset - place, found, names)
    return None


def _least(compressed: bytes, at: int, table: tuple[int, int]) -> int:
    """From how little before the table it is known, where the guess was off and more was read; 0 where from none."""
    for before in _BEFORE:
        found = enter(compressed[at - before :]) if before < at else None
        if found is not None and _place_of(found, *table, exact=False) is not None:
            return before
    return 0


def _stretches(total: int, share: int, name: str) -> Iterator[tuple[int, int, int]]:
    """Where to enter the stream, one after the other, and how far before the guess that is."""
    shift, enough = _remembered.get(name, (_SHIFT, 0))
    guess = min(total, share + int(total * shift))  # the table of a library of code alone stands at the very end
    shares = (*_SURE, _UNSURE) if enough else (_UNSURE,)
    doubts = dict.fromkeys(min(_MOST_UNSURE, max(_LEAST_UNSURE, int(total * each))) for each in shares)
    least, *more = [before for before in _BEFORE if before >= enough] or _BEFORE[-1:]
    last = max(doubts)
    for unsure, before in [*((unsure, least) for unsure in doubts), *((last, before) for before in more)]:
        if before == least or unsure < _BEFORE[-1]:  # a long stretch is long before as well
            yield max(0, guess - unsure - before), min(total, guess + unsure + _BEHIND), before


def _place_of(found: Entered, address: int, size: int, *, exact: bool) -> tuple[int, dict[int, bytes]] | None:
    """Where the table is, and the names by place that are inferred.

    Its rows are without a time stamp, and one of zeros, all of them known; each name stands where it must.
    """
    data = found.first
    rows = size // DESCRIPTOR - 1
    if size % DESCRIPTOR or not 0 < rows < _MOST_ROWS:
        return None
    for place in _first_rows(data, address):
        starts = _rows(place, rows)
        if any(data[at + 4 : at + 12].strip(b"\0") for at in starts) or data[starts.stop : place + size].strip(b"\0"):
            continue
        if not found.knows(place, place + size):
            continue
        addresses = [place + int.from_bytes(data[at + 12 : at + 16], "little") - address for at in starts]
        names = {at: _name_at(found, at, exact=exact) if at >= 0 else b"" for at in addresses}
        if all(names.values()):
            return place, {at: name for at, name in names.items() if name and not found.knows(at, at + len(name) + 1)}
    return None


def _name_at(found: Entered, at: int, *, exact: bool) -> bytes:
    """The name of a library that stands at a place: all of it known, or the only one that fits; empty if none does.

    What tells versions apart is never inferred, nor a name of which more than a third is not known.
    """
    pairs = zip(found.first[at : at + _LONGEST_NAME], found.second[at : at + _LONGEST_NAME], strict=False)
    values = [one if one == other else None for one, other in pairs]
    end = values.index(0) if 0 in values else 0
    unknown = [place for place in range(end) if values[place] is None]
    if not unknown:
        name = found.first[at : at + end]
        return name if _NAME.fullmatch(name + b"\0") else b""
    if exact or 3 * len(unknown) > end:
        return b""
    known = [(place, value) for place, value in enumerate(values[:end]) if value is not None]
    fitting = [
        name
        for name in tuple(_whole_names)
        if len(name) == end
        and all(name[place] == value for place, value in known)
        and not any(name[place : place + 1].isdigit() for place in unknown)
    ]
    return fitting[0] if len(fitting) == 1 else b""


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

    def __init__(self, source: PackedBytes, start: int, found: Entered, names: dict[int, bytes]) -> None:
        """`names`: what is inferred, by its place in the stretch."""
        self._source = source
        self._start = start
        self.is_inferred = bool(names)
        self._found = replace(found, first=_written(found.first, names), second=_written(found.second, names))
        self.size = source.size

    def read_at(self, offset: int, length: int) -> bytes:
        low = offset - self._start
        if self._found.knows(low, low + length):
            return self._found.first[low : low + length]
        return self._source.read_at(offset, length)


def _written(data: bytes, names: dict[int, bytes]) -> bytes:
    """The same with some names in it."""
    written = bytearray(data)
    for at, name in names.items():
        written[at : at + len(name)] = name
    return bytes(written)

"""Inflates the end of a DEFLATE stream without what comes before it.

A linker puts .dynamic and a PE file's import table near the end of a file, and DEFLATE can't be entered in the middle:
unless one finds where a block begins. A block with dynamic Huffman codes (RFC 1951, 3.2.7) begins with a description of
a complete prefix code, which noise hardly ever is, a stored block (3.2.4) with its length and the complement of that;
from such a place the stream is inflated with an unknown 32 KiB window before it, and it is taken for a block only if
the stream then ends exactly where the member ends. The size of what came out, counted from the member's end, tells
where in the file each byte belongs.

A match can copy out of the unknown window. The stream is therefore inflated with two different windows, in which a pair
of bytes says where in the window it stands: where the two outputs differ, a byte is not known, but where it was copied
from is; and bytes copied from the same place are equal.
"""

from __future__ import annotations

import functools
import zlib
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

UNKNOWN = 256

_WINDOW = 32 * 1024
_CHUNK = 1 << 20
_KEPT = 4 << 20  # inflated bytes behind a place that was asked for, kept for the next question
#: Compressed bytes in which a block is looked for: nearly all are shorter.
SEARCHED = 256 * 1024
_MOST_ENTERED = 64 << 20  # inflated bytes
_STORED = b"\0"  # what stands before the length of a stored block that is not the last: its type, up to the next byte
_TRIAL = 4096  # compressed bytes: noise does not inflate this far
_MOST_CODE_LENGTHS = 29  # HLIT and HDIST: 30 and 31 do not occur
_HEADER_BITS = 3 + 5 + 5 + 4 + 19 * 3
_HEADER_BYTES = (_HEADER_BITS + 7) // 8 + 1
_DYNAMIC = 0b10
_COMPLETE = 128  # of 2**7, the Kraft sum of a complete code of lengths up to 7
# For each HCLEN, the bits of the code lengths that follow.
_LENGTHS = tuple((1 << 3 * (count + 4)) - 1 for count in range(16))


@functools.cache
def _begins() -> tuple[tuple[int, ...], ...]:
    """In ten bits: the places 0 to 7 where a block header with dynamic codes may begin."""
    return tuple(tuple(bit for bit in range(8) if word >> bit + 1 & 3 == _DYNAMIC) for word in range(1 << 10))


@functools.cache
def _kraft() -> tuple[int, ...]:
    """In twelve bits, four code lengths: their part of the Kraft sum."""
    return tuple(
        sum(_COMPLETE >> length for length in (word & 7, word >> 3 & 7, word >> 6 & 7, word >> 9) if length)
        for word in range(1 << 12)
    )


@frozen(kw_only=False)
class Entered:
    """What comes out of a stretch of a stream, from the first block on that begins in it.

    Attributes:
        stream: the stretch from that block on.
        first: what it inflates to with one window before it.
        second: with the other; where both are equal they are the file's own bytes.
    """

    stream: bytes
    first: bytes
    second: bytes

    def knows(self, start: int, end: int) -> bool:
        """Whether bytes that came out are the file's own."""
        return 0 <= start <= end <= len(self.first) and self.first[start:end] == self.second[start:end]

    def packed_from(self, place: int) -> int:
        """How many compressed bytes stand from where a place comes out to the end of the stretch."""
        return _packed_from(self.stream, place)


def enter(compressed: bytes) -> Entered | None:
    """Enters a stretch of a stream; None where no block begins in it."""
    for stream in _streams(compressed):
        try:
            return Entered(stream, *(_inflater(window).decompress(stream, _MOST_ENTERED) for window in _windows()))
        except zlib.error:
            continue
    return None


class DeflateTail:
    """The end of a DEFLATE stream, entered at the first block that its last bytes hold."""

    def __init__(self, compressed: bytes, size: int) -> None:
        """Finds the first block.

        Args:
            compressed: the last bytes of the stream, up to its end.
            size: what the whole stream inflates to.

        Raises:
            Unreadable: no block begins in these bytes; more of them may help.
        """
        for stream in _streams(compressed):
            length = _length_to_end(stream)
            if length is not None and length <= size:
                self._stream = stream
                self.start = size - length
                self._kept = (0, b"", b"")
                return
        raise Unreadable(f"no block of the DEFLATE stream begins in its last {len(compressed)} bytes")

    def read(self, start: int, end: int) -> list[int] | None:
        """The bytes from `start` to `end` of the inflated file, None where that begins before the first block.

        Returns:
            For each byte its value, or, from `UNKNOWN` on, a number for the place that it was copied from: equal
            numbers are equal bytes.
        """
        if start < self.start:
            return None
        base, first, second = self._kept
        if not base <= start <= end <= base + len(first):
            base = start
            first, second = (self._inflate(base, max(end, base + _KEPT), window) for window in _windows())
            self._kept = base, first, second
        pairs = zip(first[start - base : end - base], second[start - base : end - base], strict=True)
        return [one if one == other else _place(one, other) for one, other in pairs]

    def packed_from(self, place: int) -> int:
        """How many compressed bytes stand from where a place of the file comes out to the end."""
        return _packed_from(self._stream, place - self.start)

    def _inflate(self, start: int, end: int, window: bytes) -> bytes:
        inflater = _inflater(window)
        wanted = bytearray()
        position = self.start
        for piece in _pieces(inflater, self._stream):
            low, high = max(start - position, 0), end - position
            if high > 0 and low < len(piece):
                wanted += piece[low:high]
            position += len(piece)
            if position >= end:
                break
        return bytes(wanted)


def _packed_from(stream: bytes, place: int) -> int:
    inflater, data = _inflater(_windows()[0]), stream
    while place > 0 and data:
        place -= len(inflater.decompress(data, min(place, _CHUNK)))
        data = inflater.unconsumed_tail
    return len(data)


def known(values: list[int]) -> bytes | None:
    """The bytes that `DeflateTail.read` gave, if all of them are known."""
    return bytes(values) if max(values, default=0) < UNKNOWN else None


def _place(one: int, other: int) -> int:
    return UNKNOWN + ((other - one - 1 & 0xFF) << 8 | one)


def _streams(compressed: bytes) -> Iterator[bytes]:
    """What may be the stream from the beginning of a block on."""
    for bit in _block_starts(compressed[:SEARCHED]):
        if _inflates(_shifted(compressed[bit // 8 : bit // 8 + _TRIAL], bit % 8)):
            yield _shifted(compressed[bit // 8 :], bit % 8)
    for place in _stored_lengths(compressed[:SEARCHED]):
        yield _STORED + compressed[place:]


def _stored_lengths(data: bytes) -> Iterator[int]:
    """The bytes at which the length of a stored block may stand, in order: its complement follows."""
    for place, (low, high, not_low, not_high) in enumerate(zip(data, data[1:], data[2:], data[3:], strict=False)):
        if low ^ not_low == high ^ not_high == 0xFF:  # noqa: PLR2004
            yield place


def _block_starts(data: bytes) -> Iterator[int]:
    """The bits at which a block with dynamic codes may begin, in order.

    HLIT, HDIST, HCLEN and the code lengths that follow are possible there, and the code is complete.
    """
    # Nearly all of a million places fail: a call of a function for each would take half as long again.
    begins, kraft, complete = _begins(), _kraft(), _COMPLETE
    for place in range(len(data) - _HEADER_BYTES):
        word = int.from_bytes(data[place : place + _HEADER_BYTES], "little")
        for bit in begins[word & 0x3FF]:
            header = word >> bit + 3
            lengths = header >> 14 & _LENGTHS[header >> 10 & 15]
            total = 0
            while lengths and total <= complete:
                total += kraft[lengths & 0xFFF]
                lengths >>= 12
            if total == complete and not lengths and _counts_codes(header):
                yield place * 8 + bit


def _counts_codes(header: int) -> bool:
    """Whether HLIT and HDIST are possible."""
    return header & 31 <= _MOST_CODE_LENGTHS and header >> 5 & 31 <= _MOST_CODE_LENGTHS


def _shifted(data: bytes, bits: int) -> bytes:
    """The stream from a bit on, moved to a byte's boundary."""
    return (int.from_bytes(data, "little") >> bits).to_bytes(len(data), "little") if bits else data


def _inflater(window: bytes) -> zlib._Decompress:
    return zlib.decompressobj(-zlib.MAX_WBITS, zdict=window)


def _inflates(data: bytes) -> bool:
    try:
        _inflater(_windows()[0]).decompress(data, _CHUNK)
    except zlib.error:
        return False
    return True


def _length_to_end(stream: bytes) -> int | None:
    """How many bytes come out, if the stream ends where its bytes do; None if it is no stream or ends elsewhere."""
    inflater = _inflater(_windows()[0])
    try:
        length = sum(len(piece) for piece in _pieces(inflater, stream))
    except zlib.error:
        return None
    # Moving the stream by some bits can leave one byte of padding behind its end.
    return length if inflater.eof and len(inflater.unused_data) <= 1 else None


def _pieces(inflater: zlib._Decompress, stream: bytes) -> Iterator[bytes]:
    """What comes out, at most _CHUNK bytes at a time."""
    data = stream
    while data and not inflater.eof:
        yield inflater.decompress(data, _CHUNK)
        data = inflater.unconsumed_tail
    if not inflater.eof:
        yield inflater.flush()


@functools.cache
def _windows() -> tuple[bytes, bytes]:
    """Two windows that differ everywhere; the bytes of a place, one out of each, tell the place."""
    places = range(_WINDOW)
    return bytes(place & 0xFF for place in places), bytes((place & 0xFF) + 1 + (place >> 8) & 0xFF for place in places)

"""A member of a wheel as bytes that can be read anywhere, fetching and inflating as little of it as will do."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.support.bounded import refuse_bomb
from envdoctor.wheels.directory import DEFLATED, LOCAL_HEADER_SIZE, SMALL, STORED, UNREADABLE
from envdoctor.wheels.tail import SEARCHED, DeflateTail, known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envdoctor.support.bytes import RandomAccess
    from envdoctor.wheels.directory import Member

FIRST_READ, FIRST_READ_OF_PE = 16 * 1024, 4 * 1024
WHOLE_BELOW = 96 * 1024

_LOCAL_HEADER = struct.Struct("<4s5H3I2H")  # APPNOTE.TXT, 4.3.7
_SIZES_FOLLOW = 0x0008  # a data descriptor behind the content has them
_FIRST_TAIL = 64 * 1024
_SHORT_STEPS = 4
#: Of its share of the compressed bytes, what is fetched first. What follows .dynamic compresses far better than code;
#: what follows import tables took 0.64 to 0.9 of its share in 48 modules for Windows.
_SHARE_BEHIND_DYNAMIC, _SHARE_BEHIND_IMPORTS = 0.125, 0.75
_MOST_HEAD = 160 << 20  # inflated bytes kept
_CHUNK = 1 << 20


def first_read(name: str) -> int:
    """Compressed bytes of a member's head that are fetched first: of a PE file only its sections stand there."""
    return FIRST_READ_OF_PE if name.lower().endswith((".pyd", ".dll")) else FIRST_READ


def content_offset(source: RandomAccess, member: Member) -> int:
    """Where a member's bytes begin, behind its local header, which must say the same as the directory.

    Some installers read a wheel by its directory, others by the local headers: both must come to the same files.

    Raises:
        Unreadable: no local header there, or one that says another name, size, checksum or method.
    """
    guess = len(member.raw_name)
    data = source.read_at(member.offset, LOCAL_HEADER_SIZE + guess)
    if len(data) < LOCAL_HEADER_SIZE:
        raise Unreadable(f"{member.name} lies outside the archive")
    magic, _, flags, method, _, _, *numbers, name_size, extra_size = _LOCAL_HEADER.unpack_from(data)
    if magic != b"PK\3\4" or name_size != guess or data[LOCAL_HEADER_SIZE:] != member.raw_name:
        raise Unreadable(f"{member.name}: its local header is damaged or belongs to another member")
    said = (member.crc, member.compressed_size, member.size)
    differs = any(number not in {SMALL, known} for number, known in zip(numbers, said, strict=True))
    if method != member.method or flags & UNREADABLE or (differs and not flags & _SIZES_FOLLOW):
        raise Unreadable(f"{member.name}: its local header says something else of it than the archive's directory")
    start: int = member.offset + LOCAL_HEADER_SIZE + name_size + extra_size
    if start + member.compressed_size > source.size:
        raise Unreadable(f"{member.name} lies outside the archive")
    return start


def inflated(source: RandomAccess, member: Member) -> Iterator[bytes]:
    """A member's whole content in pieces of at most 1 MiB.

    Raises:
        Unreadable: damaged, of another size or CRC than the directory says, or packed by an unknown method.
    """
    start = content_offset(source, member)
    refuse_bomb(member.compressed_size, member.size, member.name)
    crc, size = 0, 0
    for piece in _raw(source, member, start) if member.method == STORED else _unpacked(source, member, start):
        crc, size = zlib.crc32(piece, crc), size + len(piece)
        if size > member.size:
            break
        yield piece
    if (crc, size) != (member.crc, member.size):
        raise Unreadable(f"{member.name}: its content is not what the archive's directory says")


def _raw(source: RandomAccess, member: Member, start: int) -> Iterator[bytes]:
    for offset in range(0, member.compressed_size, _CHUNK):
        yield source.read_at(start + offset, min(_CHUNK, member.compressed_size - offset))


def _unpacked(source: RandomAccess, member: Member, start: int) -> Iterator[bytes]:
    if member.method != DEFLATED:
        raise Unreadable(f"{member.name} is packed by method {member.method}, which wheels do not use")
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for piece in _raw(source, member, start):
            data = piece
            while data and not inflater.eof:
                yield inflater.decompress(data, _CHUNK)
                data = inflater.unconsumed_tail
        yield inflater.flush()
    except zlib.error as error:
        raise Unreadable(f"{member.name} can't be inflated: {error}") from error


class PackedBytes:
    """A compressed member as a `RandomAccess`: from its head, or, for what stands late in it, from its tail.

    A member that is small is inflated whole, and its CRC is held against the directory's. Of a larger one damage is
    noticed where it breaks the stream; the reader's own checks must do the rest.
    """

    def __init__(self, source: RandomAccess, member: Member, whole_below: int = WHOLE_BELOW) -> None:
        """Opens a member that is DEFLATED.

        Args:
            source: the archive.
            member: its entry.
            whole_below: the compressed size up to which a member is fetched whole.
        """
        self._source = source
        self._member = member
        self._start = content_offset(source, member)
        refuse_bomb(member.compressed_size, member.size, member.name)
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._consumed = 0
        self._head = bytearray()
        self._tail: DeflateTail | None = None
        self._tail_size = 0
        self._head_only = False
        self._least_share = _SHARE_BEHIND_DYNAMIC
        self.size = member.size
        if member.compressed_size <= whole_below:
            self._head += b"".join(inflated(source, member))

    def read_at(self, offset: int, length: int) -> bytes:
        """The bytes from `offset` on.

        Raises:
            Unreadable: damaged, or it would take too much memory to get there.
        """
        end = min(offset + length, self.size)
        if not 0 <= offset < end:
            return b""
        return self.solve(offset, end, known)

    def solve(self, offset: int, end: int, solution: Callable[[list[int]], bytes | None]) -> bytes:
        """The bytes from `offset` to `end`, of which some may be deduced from others.

        Args:
            offset: the first.
            end: behind the last.
            solution: makes bytes of what `DeflateTail.read` gives, or None if that does not suffice; then more is
            fetched.

        Raises:
            Unreadable: as `read_at`.
        """
        if end > len(self._head) and self._tail_is_nearer(offset, end):
            found = self._from_tail(offset, end, solution)
            if found is not None:
                return found
        try:
            while end > len(self._head):
                self._inflate_more(end)
        except Unreadable:  # what lies between can be too much to be held
            found = None if self._head_only else self._from_tail(offset, end, solution)
            if found is None:
                raise
            return found
        return bytes(self._head[offset:end])

    @property
    def packed_size(self) -> int:
        """The member's size in the archive."""
        return self._member.compressed_size

    def read_packed(self, offset: int, length: int) -> bytes:
        """Compressed bytes of the member, which must be within it."""
        return self._source.read_at(self._start + offset, length)

    def packed_place(self, offset: int) -> int | None:
        """Where a place stands in the compressed bytes, if it was read from the tail."""
        if self._tail is None or offset < self._tail.start:
            return None
        return self.packed_size - self._tail.packed_from(offset)

    def read_from_head(self) -> None:
        """Never enters the member from its tail: what is wanted stands at the head, or in the middle."""
        self._head_only = True

    def expect_imports(self) -> None:
        """What is wanted is the import table of a PE file: what follows it compresses nearly as the rest does."""
        self._least_share = _SHARE_BEHIND_IMPORTS

    def packed_bytes_before(self, offset: int) -> int:
        """A guess of how many compressed bytes lie before a place, as if all parts compressed alike."""
        return self._member.compressed_size * offset // self.size

    def _tail_is_nearer(self, offset: int, end: int) -> bool:
        if self._tail is not None and offset >= self._tail.start:
            return True
        by_head = self.packed_bytes_before(end) - self._consumed
        by_tail = self._member.compressed_size - self.packed_bytes_before(offset) - self._tail_size
        return by_tail < 2 * by_head and not self._head_only  # what stands last mostly compresses best

    def _inflate_more(self, end: int) -> None:
        left = self._member.compressed_size - self._consumed
        if left == 0 or end > _MOST_HEAD:
            raise Unreadable(f"{self._member.name}: its content ends early, or is too large to hold up to byte {end}")
        first = first_read(self._member.name)
        ratio = max(1.0, len(self._head) / max(1, self._consumed))
        guess = int((end - len(self._head)) / ratio / 2) + first  # half: tables of symbols compress ever better
        wanted = max(first, self._consumed // 16, min(guess, self._consumed))
        data = self._source.read_at(self._start + self._consumed, min(wanted, left, _CHUNK))
        try:
            self._head += self._inflater.decompress(data, _MOST_HEAD + _CHUNK - len(self._head))
        except zlib.error as error:
            raise Unreadable(f"{self._member.name} can't be inflated: {error}") from error
        if not data or self._inflater.unconsumed_tail:
            raise Unreadable(f"{self._member.name} is cut off, or expands beyond {_MOST_HEAD} bytes")
        self._consumed += len(data)

    def _from_tail(self, offset: int, end: int, solution: Callable[[list[int]], bytes | None]) -> bytes | None:
        """From the compressed end, more and more of it, until the place is in it and known; None if it never is."""
        total = self._member.compressed_size
        missed, unsure = 0, 0
        while True:
            values = self._tail.read(offset, end) if self._tail else None
            found = None if values is None else solution(values)
            if found is not None or self._tail_size == total:
                return found
            share = int((total - self.packed_bytes_before(offset)) * self._least_share)
            # Where no block begins, one may do so a little before: the next steps are short. So they are where the
            # place is reached, and what stands there was copied from a little before.
            missed = 0 if self._tail or not self._tail_size else missed + 1
            unsure += values is not None
            step = SEARCHED if 0 < missed <= _SHORT_STEPS else max(_CHUNK, self._tail_size // 2)
            if 0 < unsure <= _SHORT_STEPS:
                step = _FIRST_TAIL << unsure
            grown = self._tail_size + min(self._tail_size, step)
            self._tail_size = min(total, max(share + _FIRST_TAIL, grown))
            place = self._start + total - self._tail_size
            try:
                self._tail = DeflateTail(self._source.read_at(place, self._tail_size), self.size)
            except Unreadable:
                self._tail = None

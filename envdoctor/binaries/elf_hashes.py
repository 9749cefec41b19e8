"""The hash tables of an ELF file's dynamic symbols: which symbols a name may be.

Sources: the System V ABI (gABI), chapter 5 "Hash Table"; glibc's elf/dl-lookup.c (`do_lookup_x`), elf/dl-setup_hash.c.
"""

from __future__ import annotations

import functools
import re
import struct
import sys
from array import array
from operator import lt, mul
from typing import TYPE_CHECKING, Protocol, TypeVar

from envdoctor.binaries.elf_versions import elf_hash
from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_LONGEST_CHAIN = 100_000
_CHAIN_READ = 16
_MOST_TABLE_BYTES = 256 << 20
_STRETCH, _HEAD = 1 << 20, 16
#: The second half of the table's head: a power of two, and a number below 64.
_HEAD_LOOKS = re.compile(
    b"(?=(?:" + b"|".join(re.escape(struct.pack("<I", 1 << bit)) for bit in range(24)) + rb")[\x01-\x3f]\0\0\0)"
)
_POWERS_STEP = 64


class _Named(Protocol):
    @property
    def name(self) -> bytes: ...


N = TypeVar("N", bound=_Named)


class GnuHash:
    """DT_GNU_HASH.

    Attributes:
        first: the first symbol that is hashed: all that a file defines stand behind it, those that it lacks before.
        heads: the first symbol of each chain.
    """

    def __init__(self, read: Callable[[int, int], bytes], place: int, *, wide: bool) -> None:
        """Reads all but the chains.

        Args:
            read: gives bytes of the file: an offset and a length, fewer where the file ends.
            place: where the table is in the file.
            wide: whether the file is of 64 bits.

        Raises:
            Unreadable: it lies outside the file, or has no chain.
        """
        self._read = read
        buckets, self.first, masks, self._shift = struct.unpack("<IIII", _exactly(read, place, 16))
        if not buckets or not masks:
            raise Unreadable("ELF hash table without buckets")
        size = masks * (8 if wide else 4)
        self._filter = _words(_exactly(read, place + 16, size), "Q" if wide else "I")
        self.heads = _words(_exactly(read, place + 16 + size, 4 * buckets), "I")
        self._chains = place + 16 + size + 4 * buckets
        self._values: array[int] | None = None

    def possible(self, wanted: Iterable[N], hashes: Mapping[bytes, int]) -> Iterator[tuple[N, int]]:
        """What the table's filter lets through, each with the first symbol of its chain."""
        heads, shift, bloom = self.heads, self._shift, self._filter
        buckets, masks, bits = len(heads), len(bloom), bloom.itemsize * 8
        for each in wanted:
            number = hashes[each.name]
            mask = bloom[number // bits % masks]
            if mask >> number % bits & mask >> (number >> shift) % bits & 1:
                head = heads[number % buckets]
                if head >= self.first:
                    yield each, head

    def all_hashes(self, *, marked: bool = True) -> bytes:
        """The hashes of all symbols of all chains; the lowest bit of each set, or (not `marked`) as it is.

        Raises:
            Unreadable: the chains lie outside the file.
        """
        last = max(self.heads)
        if last < self.first:
            return b""
        data = bytearray(_exactly(self._read, self._chains, 4 * (last - self.first + 1)))
        longest = len(data) + 4 * _LONGEST_CHAIN
        while not data[-4] & 1:
            data += _exactly(self._read, self._chains + len(data), 4)
            if len(data) > longest:
                raise Unreadable("ELF hash table has no end")
        if marked:
            data[::4] = bytes(byte | 1 for byte in data[::4])
        return bytes(data)

    def read_chains(self, index: int, wanted: int) -> list[int]:
        """What `chain` gives, out of all chains at once: for many symbols of a file.

        Raises:
            Unreadable: the chains lie outside the file.
        """
        if self._values is None:
            self._values = _words(self.all_hashes(marked=False), "I")
        values, place, wanted = self._values, index - self.first, wanted | 1
        found = []
        while True:
            value = values[place]
            if value | 1 == wanted:
                found.append(self.first + place)
            if value & 1:
                return found
            place += 1

    def chain(self, index: int, wanted: int) -> Iterator[int]:
        """The symbols of a chain whose hashes are the same but for the lowest bit, which ends the chain.

        Raises:
            Unreadable: it has no end.
        """
        place = self._chains + 4 * (index - self.first)
        for _ in range(_LONGEST_CHAIN):
            part = self._read(place, 4 * _CHAIN_READ)  # may go beyond the end of the file
            for (value,) in struct.iter_unpack("<I", part[: len(part) // 4 * 4]):
                if value | 1 == wanted | 1:
                    yield index
                if value & 1:
                    return
                index += 1
            place += 4 * _CHAIN_READ
        raise Unreadable("ELF hash table has no end")


def find_gnu_hash(read: Callable[[int, int], bytes], end: int) -> GnuHash | None:
    """The table of a little-endian file of 64 bits by its looks, where no dynamic section tells its place.

    Args:
        read: as of `GnuHash`.
        end: where the string table of the symbols ends, which stands behind it.
    """
    for start in range(0, end, _STRETCH):
        data = read(start, _STRETCH + _HEAD)
        for match in _HEAD_LOOKS.finditer(data):
            place = start + match.start() - 8
            if place % 8 == 0 and place >= 0 and (found := _table_at(read, place, end)) is not None:
                return found
    return None


def _table_at(read: Callable[[int, int], bytes], place: int, end: int) -> GnuHash | None:
    """The table at a place, if each of its chains begins behind the one before and the last is inside."""
    buckets, first, masks, _ = struct.unpack("<IIII", _exactly(read, place, 16))
    if not 0 < buckets < _MOST_TABLE_BYTES // 4 or place + 16 + 8 * masks + 4 * buckets > end or not first:
        return None
    table = GnuHash(read, place, wide=True)
    heads = [head for head in table.heads if head]
    is_one = bool(heads) and heads[0] == first and all(map(lt, heads, heads[1:]))
    return table if is_one and 4 * (heads[-1] - first) < end else None


class SysvHash:
    """DT_HASH, which tells how many symbols there are."""

    def __init__(self, read: Callable[[int, int], bytes], place: int) -> None:
        """Prepares to read; nothing is read before it is asked."""
        self._read = read
        self._place = place

    @property
    def count(self) -> int:
        """The number of symbols."""
        return self._head()[1]

    def chain(self, name: bytes) -> Iterator[int]:
        """The symbols that share a name's chain.

        Raises:
            Unreadable: it has no end, or lies outside the file.
        """
        buckets, chains = self._head()
        place = 2 + elf_hash(name.decode("utf-8", "surrogateescape")) % buckets
        for _ in range(chains + 1):
            (index,) = struct.unpack("<I", _exactly(self._read, self._place + 4 * place, 4))
            if index == 0:
                return
            yield index
            place = 2 + buckets + index
        raise Unreadable("ELF hash table has no end")

    def check(self) -> None:
        """Looks at the whole table.

        Raises:
            Unreadable: it lies outside the file, or names a symbol that is not there.
        """
        buckets, chains = self._head()
        if max(_words(_exactly(self._read, self._place + 8, 4 * (buckets + chains)), "I"), default=0) >= chains:
            raise Unreadable("ELF hash table that names a symbol which is not there")

    def _head(self) -> tuple[int, int]:
        buckets, chains = struct.unpack("<II", _exactly(self._read, self._place, 8))
        if not buckets:
            raise Unreadable("ELF hash table without buckets")
        return buckets, chains


def gnu_hash_of(name: bytes) -> int:
    """The hash of a name in DT_GNU_HASH: `hash * 33 + byte` for each byte, from 5381 on."""
    powers = _powers(-(-len(name) // _POWERS_STEP) * _POWERS_STEP)
    total: int = 5381 * powers[-len(name) - 1] + sum(map(mul, name, powers[-len(name) :] if name else ()))
    return total & 0xFFFFFFFF


@functools.cache
def _powers(most: int) -> tuple[int, ...]:
    """The powers of 33 modulo 2**32, the highest first."""
    powers = [1]
    for _ in range(most):
        powers.append(powers[-1] * 33 & 0xFFFFFFFF)
    return tuple(reversed(powers))


def _exactly(read: Callable[[int, int], bytes], place: int, size: int) -> bytes:
    data = read(place, size) if size <= _MOST_TABLE_BYTES else b""
    if len(data) != size:
        raise Unreadable(f"ELF hash table of {size} bytes at {place:#x} is too long, or outside the file")
    return data


def _words(data: bytes, kind: str) -> array[int]:
    words = array(kind, data)
    if sys.byteorder == "big":
        words.byteswap()
    return words

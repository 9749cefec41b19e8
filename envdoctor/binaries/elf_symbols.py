"""Reads which symbols an ELF file must find the moment it is loaded, and looks up whether another defines a name.

Sources: the System V ABI (gABI), chapter 4 "Symbol Table" and "Relocation", chapter 5 "Hash Table"; glibc's
elf/dl-lookup.c (`do_lookup_x`, `check_match`) and elf/dynamic-link.h. ld.so looks for the symbols of DT_REL(A) when
it maps a file, for those of DT_JMPREL only where the file asks for that (DF_BIND_NOW, DF_1_NOW), else at the first
call. Versions are not compared: a name that is there in any version counts as defined.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from envdoctor.binaries.elf_header import PT_DYNAMIC, read_header
from envdoctor.binaries.window import Window
from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.support.bytes import RandomAccess

_PLTRELSZ, _HASH, _STRTAB, _SYMTAB, _RELA, _RELASZ, _STRSZ = 2, 4, 5, 6, 7, 8, 10
_REL, _RELSZ, _PLTREL, _JMPREL, _BIND_NOW, _FLAGS = 17, 18, 20, 23, 24, 30
_GNU_HASH, _RELACOUNT, _RELCOUNT, _FLAGS_1 = 0x6FFFFEF5, 0x6FFFFFF9, 0x6FFFFFFA, 0x6FFFFFFB
_DF_BIND_NOW, _DF_1_NOW = 0x8, 0x1
_GLOBAL, _WEAK, _UNIQUE = 1, 2, 10
_DEFINING_TYPES = {0, 1, 2, 5, 6, 10}  # no type, object, function, common, thread-local, indirect function
_THREAD_LOCAL = 6
_MOST_TABLE_BYTES = 256 << 20
_LONGEST_NAME = 64 * 1024
_LONGEST_CHAIN = 100_000
_CHAIN_READ = 16
#: Whose relocations are told by their symbols alone; MIPS binds its global offset table without any.
JUDGED = frozenset({"x86_64", "aarch64", "i686", "armv7l"})


class ElfSymbols:
    """The dynamic symbols of one file, each looked at when it is asked for."""

    def __init__(self, source: RandomAccess) -> None:
        """Reads the dynamic section and the heads of the hash table.

        Raises:
            Unreadable: damaged, of a processor that is not judged, or without a dynamic section.
        """
        self._source = source
        window = Window(source)
        self._header = read_header(window)
        dynamic = self._header.of_kind(PT_DYNAMIC)
        if self._header.architecture not in JUDGED or not dynamic:
            raise Unreadable("ELF file whose symbols can't be judged")
        rows = window.read(dynamic[0].offset, dynamic[0].file_size // 16 * 16, "ELF dynamic section")
        self._tags: dict[int, int] = {}
        for tag, value in self._header.encoding.tag.iter_unpack(rows):
            if tag == 0:
                break
            self._tags.setdefault(tag, value)
        wide = self._header.encoding.wide
        self._symbol = struct.Struct("<IBBHQQ" if wide else "<IIIBBH")
        self._symbols = self._place(_SYMTAB)
        self._strings = self._place(_STRTAB)
        self._strings_end = self._strings + self._tags.get(_STRSZ, 0)
        self._gnu = self._gnu_hash() if _GNU_HASH in self._tags else None

    def needed_at_load(self) -> frozenset[bytes]:
        """The undefined names that are bound when the file is mapped; without one of them ld.so refuses it.

        Weak ones, and those that are not visible outside the file, are not looked for or may be absent.

        Raises:
            Unreadable: a table lies outside the file.
        """
        indices = self._bound_at_load()
        if not indices:
            return frozenset()
        size = self._symbol.size
        table = self._bytes(self._symbols, (max(indices) + 1) * size)
        names = []
        for index in indices:
            name, info, other, section, value = self._fields(table, index * size)
            if section == 0 and value == 0 and info >> 4 in {_GLOBAL, _UNIQUE} and not other & 3:
                names.append(name)
        return frozenset(self._name(name) for name in names)

    def defines(self, name: bytes, gnu_hash: int) -> bool:
        """Whether another file would find that name here, in whatever version.

        Args:
            name: of the symbol.
            gnu_hash: of the name, see `gnu_hash_of`.

        Raises:
            Unreadable: a table lies outside the file, or has no end.
        """
        indices = self._gnu_chain(gnu_hash) if self._gnu else self._sysv_chain(name)
        return any(self._is_definition(index, name) for index in indices)

    def _bound_at_load(self) -> set[int]:
        tags = self._tags
        now = _BIND_NOW in tags or tags.get(_FLAGS, 0) & _DF_BIND_NOW or tags.get(_FLAGS_1, 0) & _DF_1_NOW
        lazy = (tags.get(_JMPREL, 0), tags.get(_PLTRELSZ, 0))
        found: set[int] = set()
        for start, size, count, addends in ((_RELA, _RELASZ, _RELACOUNT, True), (_REL, _RELSZ, _RELCOUNT, False)):
            address, length = tags.get(start, 0), tags.get(size, 0)
            if address and lazy[1] and address + length == lazy[0] + lazy[1]:
                length -= lazy[1]  # glibc: the lazy ones may be the end of the others
            found |= self._symbols_of(address, length, addends=addends, skipped=tags.get(count, 0))
        if now and lazy[1]:
            found |= self._symbols_of(*lazy, addends=tags.get(_PLTREL) == _RELA, skipped=0)
        return found - {0}

    def _symbols_of(self, address: int, length: int, *, addends: bool, skipped: int) -> set[int]:
        """The symbols that a table of relocations names; the first `skipped` have none (DT_RELACOUNT)."""
        wide = self._header.encoding.wide
        entry = struct.Struct(("<8xQ" if wide else "<4xI") + (("8x" if wide else "4x") if addends else ""))
        skip = skipped * entry.size
        if length <= skip:
            return set()
        start = self._header.offset_of(address, "ELF relocations")[0]
        table = self._bytes(start + skip, (length - skip) // entry.size * entry.size)
        shift, kinds = (32, 0xFFFFFFFF) if wide else (8, 0xFF)
        return {info >> shift for (info,) in entry.iter_unpack(table) if info & kinds}

    def _is_definition(self, index: int, name: bytes) -> bool:
        text, info, other, section, value = self._fields(
            self._bytes(self._symbols + index * self._symbol.size, self._symbol.size), 0
        )
        kind, binding = info & 15, info >> 4
        if section == 0 or (value == 0 and kind != _THREAD_LOCAL and section != 0xFFF1):  # noqa: PLR2004 - SHN_ABS
            return False
        if kind not in _DEFINING_TYPES or binding not in {_GLOBAL, _WEAK, _UNIQUE} or other & 3 in {1, 2}:
            return False
        return self._source.read_at(self._strings + text, len(name) + 1) == name + b"\0"

    def _fields(self, table: bytes, offset: int) -> tuple[int, int, int, int, int]:
        """Name, info, other, section and value of a symbol."""
        row = self._symbol.unpack_from(table, offset)
        if self._header.encoding.wide:
            return row[0], row[1], row[2], row[3], row[4]
        return row[0], row[3], row[4], row[5], row[1]

    def _gnu_hash(self) -> tuple[int, int, int, memoryview, memoryview, int]:
        start = self._place(_GNU_HASH)
        buckets, first, masks, shift = struct.unpack("<IIII", self._bytes(start, 16))
        word = 8 if self._header.encoding.wide else 4
        if not buckets or not masks:
            raise Unreadable("ELF hash table without buckets")
        bloom = memoryview(self._bytes(start + 16, masks * word))
        heads = memoryview(self._bytes(start + 16 + masks * word, 4 * buckets))
        return buckets, first, shift, bloom, heads, start + 16 + masks * word + 4 * buckets

    def _gnu_chain(self, wanted: int) -> Iterator[int]:  # noqa: C901 - the steps of `do_lookup_x`, in its order
        if self._gnu is None:
            return
        buckets, first, shift, bloom, heads, chains = self._gnu
        word = 8 if self._header.encoding.wide else 4
        bits = word * 8
        place = wanted // bits % (len(bloom) // word) * word
        mask = int.from_bytes(bloom[place : place + word], "little")
        if not (mask >> wanted % bits) & (mask >> (wanted >> shift) % bits) & 1:
            return
        bucket = wanted % buckets * 4
        index = int.from_bytes(heads[bucket : bucket + 4], "little")
        if index < first:
            return
        for _ in range(_LONGEST_CHAIN):
            part = self._source.read_at(chains + 4 * (index - first), 4 * _CHAIN_READ)
            if len(part) < 4:  # noqa: PLR2004 - a word
                break
            for (value,) in struct.iter_unpack("<I", part[: len(part) // 4 * 4]):
                if value | 1 == wanted | 1:
                    yield index
                if value & 1:
                    return
                index += 1
        raise Unreadable("ELF hash table has no end")

    def _sysv_chain(self, name: bytes) -> Iterator[int]:
        start = self._place(_HASH)
        buckets, chains = struct.unpack("<II", self._bytes(start, 8))
        if not buckets:
            raise Unreadable("ELF hash table without buckets")
        place = 2 + _sysv_hash_of(name) % buckets
        for _ in range(chains + 1):
            (index,) = struct.unpack("<I", self._bytes(start + 4 * place, 4))
            if index == 0:
                return
            yield index
            place = 2 + buckets + index
        raise Unreadable("ELF hash table has no end")

    def _name(self, offset: int) -> bytes:
        size = 256
        while True:
            text = self._source.read_at(self._strings + offset, min(size, self._strings_end - self._strings - offset))
            end = text.find(b"\0")
            if end >= 0:
                return text[:end]
            if size >= _LONGEST_NAME or len(text) < size:
                raise Unreadable("ELF symbol's name has no end")
            size *= 8

    def _place(self, tag: int) -> int:
        if tag not in self._tags:
            raise Unreadable(f"ELF file without the table {tag:#x}")
        return self._header.offset_of(self._tags[tag], "ELF table")[0]

    def _bytes(self, offset: int, length: int) -> bytes:
        if length > _MOST_TABLE_BYTES or offset + length > self._source.size:
            raise Unreadable(f"ELF table of {length} bytes at {offset:#x} is too long, or outside the file")
        data = self._source.read_at(offset, length)
        if len(data) < length:
            raise Unreadable(f"ELF table at {offset:#x} is cut off")
        return data


def gnu_hash_of(name: bytes) -> int:
    """The hash of a name in DT_GNU_HASH."""
    value = 5381
    for byte in name:
        value = (value * 33 + byte) & 0xFFFFFFFF
    return value


def _sysv_hash_of(name: bytes) -> int:
    value = 0
    for byte in name:
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ high >> 24) & ~high & 0xFFFFFFFF
    return value

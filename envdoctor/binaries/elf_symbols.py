"""Reads which symbols an ELF file must find when it is loaded, and looks up whether another defines one of them.

Sources: the System V ABI (gABI), chapter 4 "Symbol Table" and "Relocation", chapter 5 "Hash Table"; the Linux Standard
Base, "Symbol Versioning"; glibc's elf/dl-lookup.c (`do_lookup_x`, `check_match`). CPython and ctypes open files with
RTLD_NOW: functions that would be bound at their first call count as data does, in the file and in all that it brings.
"""

from __future__ import annotations

import struct
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from envdoctor.binaries.elf_hashes import GnuHash, SysvHash, gnu_hash_of
from envdoctor.binaries.elf_header import PT_DYNAMIC, read_header
from envdoctor.binaries.elf_versions import VersionTables
from envdoctor.binaries.window import Window
from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from envdoctor.support.bytes import RandomAccess

_PLTRELSZ, _HASH, _STRTAB, _SYMTAB, _RELA, _RELASZ, _STRSZ = 2, 4, 5, 6, 7, 8, 10
_REL, _RELSZ, _PLTREL, _JMPREL = 17, 18, 20, 23
_GNU_HASH, _VERSYM, _RELACOUNT, _RELCOUNT = 0x6FFFFEF5, 0x6FFFFFF0, 0x6FFFFFF9, 0x6FFFFFFA
_VERDEF, _VERDEFNUM, _VERNEED, _VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
_SOUGHT, _DEFINING = frozenset({1, 10}), frozenset({1, 2, 10})  # bindings: global, weak, unique
_DEFINING_TYPES = {0, 1, 2, 5, 6, 10}  # no type, object, function, common, thread-local, indirect function
_THREAD_LOCAL, _ABSOLUTE = 6, 0xFFF1
_INVISIBLE = {1, 2}  # STV_INTERNAL, STV_HIDDEN
_HIDDEN_VERSION, _FIRST_OWN_VERSION = 0x8000, 3
_VERSION = struct.Struct("<H")
_FEW = 16  # symbols for which not all of a hash table is read
_MOST_TABLE_BYTES, _MOST_SYMBOLS = 256 << 20, 1 << 22
_LONGEST_NAME = 64 * 1024
_NAME_READ, _NEAR, _MOST_AT_ONCE = 256, 2048, 1 << 20  # bytes
#: Whose relocations are told by their symbols alone; MIPS binds its global offset table without any.
JUDGED = frozenset({"x86_64", "aarch64", "i686", "armv7l"})


class Wanted(NamedTuple):
    """A symbol that a file must find: its name, and the version and the library that it was linked with, if any."""

    name: bytes
    version: str = ""
    library: str = ""

    @property
    def shown(self) -> str:
        """The name for a person, as glibc tells it."""
        name = self.name.decode("utf-8", "backslashreplace")
        return f"{name}, version {self.version}" if self.version else name


class ElfSymbols:
    """The dynamic symbols of one file, each looked at when it is asked for."""

    def __init__(self, source: RandomAccess, *, partial: bool = False) -> None:
        """Reads the dynamic section and the heads of the hash table.

        Args:
            source: the file.
            partial: a value of 0 in the dynamic section is one that could not be read.

        Raises:
            Unreadable: damaged, of a processor that is not judged, or without a dynamic section.
        """
        self._source = source
        self._partial = partial
        self._window = Window(source)
        self._header = read_header(self._window)
        dynamic = self._header.of_kind(PT_DYNAMIC)
        if self._header.architecture not in JUDGED or not dynamic:
            raise Unreadable("ELF file whose symbols can't be judged")
        rows = self._bytes(dynamic[0].offset, dynamic[0].file_size // 16 * 16)
        self._tags: dict[int, int] = {}
        for tag, value in self._header.encoding.tag.iter_unpack(rows):
            if tag == 0:
                break
            self._tags.setdefault(tag, value)
        wide = self._header.encoding.wide
        self._symbol = struct.Struct("<IBBHQQ" if wide else "<IIIBBH")
        self._columns = itemgetter(0, 1, 2, 3, 4) if wide else itemgetter(0, 3, 4, 5, 1)
        self._symbols = self._place(_SYMTAB)
        self._strings = self._place(_STRTAB)
        self._strings_end = self._strings + self._tags.get(_STRSZ, 0)
        self._gnu = GnuHash(source.read_at, self._place(_GNU_HASH), wide=wide) if _GNU_HASH in self._tags else None
        self._sysv = SysvHash(source.read_at, self._place(_HASH) if self._gnu is None else 0)
        self._definitions: dict[int, str] | None = None
        self._versions: int | None = None

    def wanted(self) -> frozenset[Wanted]:
        """The undefined symbols; without one of them ld.so refuses the file, if a relocation names it.

        Weak ones may be absent, and those that are not visible outside the file are not looked for.

        Raises:
            Unreadable: a table lies outside the file.
        """
        table = self._bytes(self._symbols, self._undefined_end() * self._symbol.size)
        rows = self._rows(table)
        found = [
            (index, name)
            for index, (name, info, other, section, _) in enumerate(rows)
            if section == 0 and info >> 4 in _SOUGHT and other & 3 not in _INVISIBLE and index
        ]
        needs = self._needed_versions() if found and _VERSYM in self._tags else {}
        indices = self._versions_of([index for index, _ in found]) if needs else {}
        names = self._names({name for _, name in found})
        return frozenset(Wanted(names[name], *needs.get(indices.get(index, 0), ())) for index, name in found)

    def bound(self, names: Collection[bytes]) -> frozenset[bytes]:
        """Of some names those that a relocation looks for: one that nothing uses need not be anywhere.

        Raises:
            Unreadable: a table lies outside the file.
        """
        indices = sorted(self._bound_symbols())
        if not indices:
            return frozenset()
        rows = list(self._rows(self._bytes(self._symbols, (indices[-1] + 1) * self._symbol.size)))
        return frozenset(self._names({rows[index][0] for index in indices}).values()).intersection(names)

    def defined(self, wanted: Collection[Wanted], hashes: Mapping[bytes, int]) -> set[Wanted]:
        """Those of some symbols that another file would find here.

        Args:
            wanted: the symbols; one with a version is met by that version, or by a definition without one, one without
                a version by a definition that is not hidden, as the default version of a name is not.
            hashes: of their names, see `elf_hashes.gnu_hash_of`.

        Raises:
            Unreadable: a table lies outside the file, or has no end.
        """
        if self._gnu is None:
            return {each for each in wanted if self._meets(each, self._sysv.chain(each.name))}
        possible = list(self._gnu.possible(wanted, hashes))
        chain = self._gnu.chain if len(possible) < _FEW else self._gnu.read_chains
        return {each for each, head in possible if self._meets(each, chain(head, hashes[each.name]))}

    def defined_hashes(self) -> bytes:
        """The hashes of what is defined here, as numbers of 32 bits, little endian, the lowest bit set.

        Raises:
            Unreadable: a table lies outside the file.
        """
        if self._gnu is not None:
            return self._gnu.all_hashes()
        rows = self._rows(self._bytes(self._symbols, self._limited(self._sysv.count) * self._symbol.size))
        names = self._names({name for name, _, _, section, _ in rows if section})
        return struct.pack(f"<{len(names)}I", *(gnu_hash_of(name) | 1 for name in names.values()))

    def _meets(self, wanted: Wanted, indices: Iterable[int]) -> bool:
        name, version = wanted.name, wanted.version
        for index in indices:  # noqa: SIM110 - a generator takes as long as a look
            if self._is_definition(index, name) and self._fits(index, version):
                return True
        return False

    def _undefined_end(self) -> int:
        """The index before which all undefined symbols stand: those that are hashed are behind them.

        The table of a file that defines nothing says nothing of the others; then relocations tell.
        """
        if self._gnu is None:
            return self._limited(self._sysv.count)
        return self._limited(self._gnu.first if any(self._gnu.heads) else max(self._bound_symbols(), default=0) + 1)

    @staticmethod
    def _limited(count: int) -> int:
        if count > _MOST_SYMBOLS:
            raise Unreadable(f"ELF symbol table of {count} symbols")
        return count

    def _bound_symbols(self) -> set[int]:
        tags = self._tags
        plt = (tags.get(_JMPREL, 0), tags.get(_PLTRELSZ, 0))
        found = self._symbols_of(*plt, addends=tags.get(_PLTREL) == _RELA, skipped=0)
        for start, size, count, addends in ((_RELA, _RELASZ, _RELACOUNT, True), (_REL, _RELSZ, _RELCOUNT, False)):
            skipped = tags.get(count, 0)
            found |= self._symbols_of(tags.get(start, 0), tags.get(size, 0), addends=addends, skipped=skipped)
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
        size, read = self._symbol.size, self._source.read_at
        row = read(self._symbols + index * size, size)
        if len(row) < size:
            raise Unreadable(f"ELF symbol {index} lies outside the file")
        text, info, other, section, value = self._columns(self._symbol.unpack(row))
        kind, binding = info & 15, info >> 4
        if section == 0 or (value == 0 and kind != _THREAD_LOCAL and section != _ABSOLUTE):
            return False
        if kind not in _DEFINING_TYPES or binding not in _DEFINING or other & 3 in _INVISIBLE:
            return False
        return read(self._strings + text, len(name) + 1) == name + b"\0"

    def _fits(self, index: int, version: str) -> bool:
        """Whether a definition is of the version that is asked for, as `check_match` has it."""
        if _VERSYM not in self._tags:
            return True
        (own,) = _VERSION.unpack(self._bytes(self._versions_place() + 2 * index, 2))
        hidden, number = own & _HIDDEN_VERSION, own & ~_HIDDEN_VERSION
        if not version:
            return not hidden or number < _FIRST_OWN_VERSION
        if self._definitions is None:
            self._definitions = dict(self._defined_versions())
        name = self._definitions.get(number, "")
        return name == version or not (name or hidden)

    def _versions_place(self) -> int:
        if self._versions is None:
            self._versions = self._place(_VERSYM)
        return self._versions

    def _versions_of(self, indices: Collection[int]) -> dict[int, int]:
        """Of each symbol the number of its version."""
        if not indices:
            return {}
        first, last = min(indices), max(indices)
        data = self._bytes(self._versions_place() + 2 * first, 2 * (last - first + 1))
        numbers = struct.unpack(f"<{len(data) // 2}H", data)
        return {index: numbers[index - first] & ~_HIDDEN_VERSION for index in indices}

    def _needed_versions(self) -> dict[int, tuple[str, str]]:
        """Version and library by the number that symbols have."""
        if _VERNEED not in self._tags:
            return {}
        if not self._tags.get(_VERNEEDNUM, 0):
            raise Unreadable("ELF version table without its count")
        rows = self._version_tables().needs(self._place(_VERNEED), self._tags[_VERNEEDNUM])
        return {number: (version, file) for file, version, _, number in rows}

    def _defined_versions(self) -> Iterator[tuple[int, str]]:
        if _VERDEF in self._tags:
            rows = self._version_tables().definitions(self._place(_VERDEF), self._tags.get(_VERDEFNUM, 0))
            yield from ((number, name) for name, number, is_own in rows if not is_own)

    def _version_tables(self) -> VersionTables:
        return VersionTables(self._window, lambda index: self._name(index).decode("utf-8", "replace"), little=True)

    def _rows(self, table: bytes) -> Iterator[tuple[int, int, int, int, int]]:
        """Name, info, other, section and value of symbols."""
        return map(self._columns, self._symbol.iter_unpack(table))

    def _names(self, offsets: Collection[int]) -> dict[int, bytes]:
        """The texts at offsets of the string table; those that are near each other are read at once."""
        found: dict[int, bytes] = {}
        for group in _neighbours(sorted(offsets)):
            start = group[0]
            text = self._source.read_at(self._strings + start, self._limit(start, group[-1] - start + _NAME_READ))
            for offset in group:
                end = text.find(b"\0", offset - start)
                found[offset] = text[offset - start : end] if end >= 0 else self._name(offset)
        return found

    def _name(self, offset: int) -> bytes:
        size = _NAME_READ
        while True:
            text = self._source.read_at(self._strings + offset, self._limit(offset, size))
            end = text.find(b"\0")
            if end >= 0:
                return text[:end]
            if size >= _LONGEST_NAME or len(text) < size:
                raise Unreadable("ELF symbol's name has no end")
            size *= 8

    def _limit(self, offset: int, size: int) -> int:
        return max(0, min(size, self._strings_end - self._strings - offset))

    def _place(self, tag: int) -> int:
        if tag not in self._tags or (self._partial and not self._tags[tag]):
            raise Unreadable(f"ELF file without the table {tag:#x}")
        return self._header.offset_of(self._tags[tag], "ELF table")[0]

    def _bytes(self, offset: int, length: int) -> bytes:
        if length > _MOST_TABLE_BYTES or offset + length > self._source.size:
            raise Unreadable(f"ELF table of {length} bytes at {offset:#x} is too long, or outside the file")
        data = self._source.read_at(offset, length)
        if len(data) < length:
            raise Unreadable(f"ELF table at {offset:#x} is cut off")
        return data


def _neighbours(offsets: Sequence[int]) -> Iterator[list[int]]:
    group: list[int] = []
    for offset in offsets:
        if group and (offset - group[-1] > _NEAR or offset - group[0] > _MOST_AT_ONCE):
            yield group
            group = []
        group.append(offset)
    if group:
        yield group

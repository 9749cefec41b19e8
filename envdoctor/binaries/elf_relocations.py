"""Holds an ELF file's relocations against its segments and symbols: the loader dies of what does not fit, or refuses.

Sources: glibc's elf/do-rel.h (`elf_dynamic_do_Rel`, which asserts that the first DT_RELACOUNT entries are relative),
sysdeps/*/dl-machine.h (`elf_machine_rela`: which types there are; others end in "unexpected reloc type"), the
processors' supplements to the System V ABI. Whole tables are read: this is for files on the disk.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, NamedTuple

from envdoctor.binaries.elf_hashes import gnu_hash_of
from envdoctor.binaries.elf_header import PT_DYNAMIC, PT_INTERP, PT_LOAD, read_header
from envdoctor.binaries.elf_symbols import JUDGED, ElfSymbols, Wanted
from envdoctor.binaries.window import Window
from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.support.bytes import RandomAccess

_PLTRELSZ, _SYMTAB, _RELA, _RELASZ, _REL, _RELSZ, _PLTREL, _TEXTREL, _JMPREL = 2, 6, 7, 8, 17, 18, 20, 22, 23
_INIT_ARRAY, _FINI_ARRAY, _INIT_ARRAYSZ, _FINI_ARRAYSZ, _FLAGS = 25, 26, 27, 28, 30
_FLAGS_1, _RELACOUNT, _RELCOUNT, _VERSYM = 0x6FFFFFFB, 0x6FFFFFF9, 0x6FFFFFFA, 0x6FFFFFF0
#: Relocations in packed tables (DT_RELR, and Android's), which are not read.
_PACKED = frozenset({36, 0x6000000F, 0x60000011, 0x6FFFE000})
_DF_TEXTREL, _DF_1_PIE = 4, 0x08000000
_PF_X, _PF_W = 1, 2
_MOST_SEARCHED = 1000  # evenly of a larger library's symbols: each takes some microseconds
_GLOBAL_BINDINGS, _THREAD_LOCAL = {1, 2, 10}, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Machine:
    """The types of relocations that a loader applies."""

    relative: int
    copy: int
    indirect: int
    others: frozenset[int]


_MACHINES = {
    "x86_64": _Machine(relative=8, copy=5, indirect=37, others=frozenset({0, 1, 2, 6, 7, 10, 16, 17, 18, 32, 33, 36})),
    "aarch64": _Machine(
        relative=1027, copy=1024, indirect=1032, others=frozenset({0, 256, 257, 258, *range(1025, 1032)})
    ),
    "i686": _Machine(relative=8, copy=5, indirect=42, others=frozenset({0, 1, 2, 6, 7, 14, 35, 36, 37, 38, 41})),
    "armv7l": _Machine(relative=23, copy=20, indirect=160, others=frozenset({0, 1, 2, 3, 13, 17, 18, 19, 21, 22})),
}


class _Table(NamedTuple):
    """A table of relocations: its columns, what is in the second, and how many are said to be relative."""

    offsets: Sequence[int]
    infos: Sequence[int]
    addends: Sequence[int]
    distinct: frozenset[int]
    relative: int


def check_relocations(source: RandomAccess, most: int | None = None) -> None:
    """Looks at every relocation of a file, and at the symbols that they name.

    Files of processors that are not judged (see `elf_symbols.JUDGED`) and programs that nothing relocates pass.

    Args:
        source: the file.
        most: bytes of relocations; a file that has more passes unseen.

    Raises:
        Unreadable: a relocation is of a type that no loader knows, writes where nothing may be written, calls what is
            no code, or names a symbol that is not there or that the file's own hash table does not lead to.
    """
    header = read_header(Window(source))
    if header.architecture in JUDGED and header.of_kind(PT_DYNAMIC):
        relocated = _Relocated(source)
        if most is None or relocated.size <= most:
            relocated.check()


class _Relocated(ElfSymbols):
    """A file whose relocations are looked at."""

    @property
    def size(self) -> int:
        """The bytes of all its relocations, as it says itself."""
        return sum(self._tags.get(tag, 0) for tag in (_PLTRELSZ, _RELASZ, _RELSZ))

    def check(self) -> None:
        machine = _MACHINES[self._header.architecture]
        wide = self._header.encoding.wide
        shift, mask = (32, 0xFFFFFFFF) if wide else (8, 0xFF)
        symbols: set[int] = set()
        tables = list(self._tables())
        for table in tables:
            kinds = {info & mask for info in table.distinct}
            self._check_kinds(kinds, table, machine, mask)
            self._check_places(table, mask)
            self._check_code(table, machine, mask)
            symbols |= {info >> shift for info in table.distinct if info & mask}
        self._check_arrays(tables, mask)
        self._check_symbols(symbols - {0})

    def _tables(self) -> Iterator[_Table]:
        tags, wide = self._tags, self._header.encoding.wide
        rows = [
            (tags.get(_JMPREL, 0), tags.get(_PLTRELSZ, 0), tags.get(_PLTREL) == _RELA, 0),
            (tags.get(_RELA, 0), tags.get(_RELASZ, 0), True, tags.get(_RELACOUNT, 0)),
            (tags.get(_REL, 0), tags.get(_RELSZ, 0), False, tags.get(_RELCOUNT, 0)),
        ]
        for address, length, addends, relative in rows:
            if length:
                start = self._header.offset_of(address, "ELF relocations")[0]
                columns = 3 if addends else 2
                words = array("Q" if wide else "I")
                words.frombytes(self._bytes(start, length // (columns * words.itemsize) * columns * words.itemsize))
                if sys.byteorder == "big":
                    words.byteswap()
                infos, rest = words[1::columns], words[2::columns] if addends else array("Q")
                yield _Table(words[0::columns], infos, rest, frozenset(infos), relative)

    def _check_kinds(self, kinds: set[int], table: _Table, machine: _Machine, mask: int) -> None:
        known = machine.others | {machine.relative, machine.indirect} | ({machine.copy} if self._is_program else set())
        if unknown := kinds - known:
            raise Unreadable(f"ELF relocation of the unknown type {min(unknown)}")
        if {info & mask for info in set(table.infos[: table.relative])} - {machine.relative}:
            raise Unreadable("ELF relocations that are said to be relative, and are not")

    @property
    def _is_program(self) -> bool:
        marked = self._tags.get(_FLAGS_1, 0) & _DF_1_PIE
        return self._header.is_program or bool(marked) or bool(self._header.of_kind(PT_INTERP))

    def _check_places(self, table: _Table, mask: int) -> None:
        """All of them lie in segments that may be written to; those of type 0 are passed over."""
        anywhere = _TEXTREL in self._tags or self._tags.get(_FLAGS, 0) & _DF_TEXTREL
        size = 8 if self._header.encoding.wide else 4
        room = [
            (segment.address, segment.address + segment.memory_size - size)
            for segment in self._header.of_kind(PT_LOAD)
            if anywhere or segment.flags & _PF_W
        ]
        first, last = min(table.offsets), max(table.offsets)
        if any(start <= first and last <= end for start, end in room):
            return
        places = sorted(place for place, info in zip(table.offsets, table.infos, strict=True) if info & mask)
        inside = sum(max(0, bisect_right(places, end) - bisect_left(places, start)) for start, end in room)
        if inside < len(places):
            raise Unreadable(f"{len(places) - inside} ELF relocations of what lies in no segment to be written to")

    def _check_arrays(self, tables: list[_Table], mask: int) -> None:
        """Every slot of the arrays of functions is relocated: the loader calls what stands there as it is."""
        size = 8 if self._header.encoding.wide else 4
        passed = self._is_program or not self._tags.keys().isdisjoint(_PACKED)
        for start, length in ((_INIT_ARRAY, _INIT_ARRAYSZ), (_FINI_ARRAY, _FINI_ARRAYSZ)):
            slots = range(self._tags.get(start, 0), self._tags.get(start, 0) + self._tags.get(length, 0), size)
            if slots and slots.start % size:
                raise Unreadable(f"ELF array of functions at {slots.start:#x}, which is not aligned")
            inside: set[int] = set()
            for table in tables:
                rows = compress(zip(table.offsets, table.infos, strict=True), map(slots.__contains__, table.offsets))
                inside |= {place for place, info in rows if info & mask}
            if len(inside) < len(slots) and not passed:
                raise Unreadable(f"ELF array of functions at {slots.start:#x}, of which not all are relocated")

    def _check_code(self, table: _Table, machine: _Machine, mask: int) -> None:
        """What the loader calls: functions that choose a function, and those of the arrays that begin and end."""
        if not table.addends:
            return
        called: list[int] = []
        for start, size in ((_INIT_ARRAY, _INIT_ARRAYSZ), (_FINI_ARRAY, _FINI_ARRAYSZ)):
            slots = range(self._tags.get(start, 0), self._tags.get(start, 0) + self._tags.get(size, 0))
            rows = zip(table.infos, table.addends, strict=True)
            inside = compress(rows, map(slots.__contains__, table.offsets))
            called += [addend for info, addend in inside if info & mask == machine.relative]
        if any(info & mask == machine.indirect for info in table.distinct):
            rows = zip(table.infos, table.addends, strict=True)
            called += [addend for info, addend in rows if info & mask == machine.indirect]
        for address in called:
            if not self._is_code(address):
                raise Unreadable(f"ELF function that the loader calls, at {address:#x}, is no code")

    def _is_code(self, address: int) -> bool:
        return any(
            segment.flags & _PF_X and segment.address <= address < segment.address + segment.file_size
            for segment in self._header.of_kind(PT_LOAD)
        )

    def _check_symbols(self, indices: set[int]) -> None:
        """The symbols are in the table, their names in the strings, and the file's own in its hash table."""
        if not indices:
            return
        place, end = self._header.offset_of(self._tags[_SYMTAB], "ELF symbol table")
        if place + (max(indices) + 1) * self._symbol.size > end:
            raise Unreadable(f"ELF relocation of symbol {max(indices)}, which is not there")
        rows = list(self._rows(self._bytes(place, (max(indices) + 1) * self._symbol.size)))
        size = self._strings_end - self._strings
        if any(rows[index][0] >= size for index in indices):
            raise Unreadable("ELF symbol whose name lies outside the names")
        self._check_versions(indices)
        self._check_hashes()
        own = [index for index in sorted(indices) if _is_own(*rows[index])]
        own = own[:: len(own) // _MOST_SEARCHED + 1]
        names = self._names({rows[index][0] for index in own})
        if lost := self._lost([(index, names[rows[index][0]]) for index in own]):
            raise Unreadable(
                f"ELF hash table does not lead to the file's own {lost.decode('utf-8', 'backslashreplace')}"
            )

    def _check_versions(self, indices: set[int]) -> None:
        """Each symbol is of a version that the file defines or needs, or of none."""
        if _VERSYM in self._tags:
            known = {0, 1} | self._needed_versions().keys() | dict(self._defined_versions()).keys()
            if unknown := set(self._versions_of(indices).values()) - known:
                raise Unreadable(f"ELF symbol of the version {min(unknown)}, which is not there")

    def _check_hashes(self) -> None:
        """Whatever name is looked for, the search stays in the table."""
        if self._gnu is None:
            self._sysv.check()
        elif any(0 < head < self._gnu.first for head in self._gnu.heads):
            raise Unreadable("ELF hash table with a chain of symbols that are not hashed")
        else:
            self._gnu.all_hashes()

    def _lost(self, own: list[tuple[int, bytes]]) -> bytes:
        """A symbol of the file that a search by its name and version does not find in the file."""
        versions = dict(self._defined_versions())
        numbers = self._versions_of([index for index, _ in own]) if versions else {}
        wanted = {Wanted(name, versions.get(numbers.get(index, 0), "")) for index, name in own}
        found = self.defined(wanted, {each.name: gnu_hash_of(each.name) for each in wanted})
        return min((each.name for each in wanted - found), default=b"")


def _is_own(_name: int, info: int, other: int, section: int, value: int) -> bool:
    """Whether others find a symbol in this file."""
    defined = section != 0 and (value != 0 or info & 15 == _THREAD_LOCAL)
    return defined and info >> 4 in _GLOBAL_BINDINGS and other & 3 in {0, 3}

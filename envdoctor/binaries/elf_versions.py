"""The version tables of an ELF file: which symbol versions it asks of which library, and which it defines.

Sources: the Linux Standard Base, "Symbol Versioning"; glibc's elf/dl-version.c. The tables are linked lists whose
length the dynamic section promises; a list of another length, one that goes backwards, a structure of another version
than 1 or a name that is not the one of its hash is damage: the loader refuses it, or looks for what is not there.
"""

from __future__ import annotations

import functools
import struct
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envdoctor.binaries.window import Window

_MOST = 65536
_WEAK, _BASE = 2, 1  # VER_FLG_WEAK, VER_FLG_BASE
_NUMBER = 0x7FFF  # the bit above says that the version is not the default one
_LAYOUTS = {
    "need": "HHIII",  # vn_version, vn_cnt, vn_file, vn_aux, vn_next
    "need entry": "IHHII",  # vna_hash, vna_flags, vna_other, vna_name, vna_next
    "definition": "HHHHIII",  # vd_version, vd_flags, vd_ndx, vd_cnt, vd_hash, vd_aux, vd_next
    "definition entry": "II",  # vda_name, vda_next
}
_STRUCTURES = {
    little: {name: struct.Struct(("<" if little else ">") + layout) for name, layout in _LAYOUTS.items()}
    for little in (True, False)
}


class VersionTables:
    """Reads both tables."""

    __slots__ = ("_name", "_structures", "_tables")

    def __init__(self, tables: Window, name: Callable[[int], str], *, little: bool) -> None:
        """Prepares to read.

        Args:
            tables: the file.
            name: the text at an index of the dynamic string table.
            little: the byte order.
        """
        self._tables = tables
        self._name = name
        self._structures = _STRUCTURES[little]

    def needs(self, offset: int, count: int) -> Iterator[tuple[str, str, bool, int]]:
        """(file, version, weak, number in .gnu.version) of each entry of .gnu.version_r."""
        for place, (version, entries, file, first, _) in self._list("need", offset, count):
            _check_version(version, entries)
            for _, (hashed, flags, number, name, _) in self._list("need entry", place + first, entries):
                yield self._name(file), self._hashed_name(name, hashed), bool(flags & _WEAK), number & _NUMBER

    def definitions(self, offset: int, count: int) -> Iterator[tuple[str, int, bool]]:
        """(version, number in .gnu.version, is the file's own name) of each entry of .gnu.version_d."""
        for place, (version, flags, number, entries, hashed, first, _) in self._list("definition", offset, count):
            _check_version(version, entries)
            names = [name for _, (name, _) in self._list("definition entry", place + first, entries)]
            yield self._hashed_name(names[0], hashed), number & _NUMBER, bool(flags & _BASE)

    def _hashed_name(self, index: int, hashed: int) -> str:
        name = self._name(index)
        if elf_hash(name) != hashed:
            raise Unreadable(f"ELF version table with the name {name}, which is not that of its hash")
        return name

    def _list(self, kind: str, offset: int, count: int) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The structures of a linked list of `count`, whose last field is the distance to the next one."""
        layout = self._structures[kind]
        if count > _MOST:
            raise Unreadable(f"ELF version table with {count} entries")
        for left in range(count - 1, -1, -1):
            fields = layout.unpack(self._tables.read(offset, layout.size, "ELF version table"))
            yield offset, fields
            if (left and fields[-1] < layout.size) or (not left and fields[-1]):
                raise Unreadable("ELF version table ends before or after its count, or overlaps itself")
            offset += fields[-1]


def _check_version(version: int, entries: int) -> None:
    if version != 1 or not entries:
        raise Unreadable(f"ELF version table of the unknown version {version}, or without an entry")


@functools.lru_cache(maxsize=4096)  # the same few names of versions, in one file after the other
def elf_hash(name: str) -> int:
    """The hash of a name in version tables and in DT_HASH tables (gABI, "Hash Table")."""
    value = 0
    for byte in name.encode("utf-8", "surrogateescape"):
        value = (value << 4) + byte
        value = (value ^ (value & 0xF0000000) >> 24) & 0x0FFFFFFF
    return value

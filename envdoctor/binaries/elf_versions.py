"""The version tables of an ELF file: which symbol versions it asks of which library, and which it defines.

Source: the Linux Standard Base, "Symbol Versioning". The tables are linked lists whose length the dynamic section
promises; a list of another length, or one that goes backwards, is damage.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.binaries.window import Window

_MOST = 65536
_WEAK = 2  # VER_FLG_WEAK
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
    """Reads both tables; names are given as indexes into the dynamic string table."""

    __slots__ = ("_structures", "_tables")

    def __init__(self, tables: Window, *, little: bool) -> None:
        self._tables = tables
        self._structures = _STRUCTURES[little]

    def needs(self, offset: int, count: int) -> Iterator[tuple[int, int, bool]]:
        """(file, version, weak) of each entry of .gnu.version_r."""
        for place, (_, entries, file, first, _) in self._list("need", offset, count):
            for _, (_, flags, _, name, _) in self._list("need entry", place + first, entries):
                yield file, name, bool(flags & _WEAK)

    def definitions(self, offset: int, count: int) -> Iterator[int]:
        """The name of each entry of .gnu.version_d; the first is the file's own."""
        for place, fields in self._list("definition", offset, count):
            for _, (name, _) in self._list("definition entry", place + fields[5], 1):
                yield name

    def _list(self, kind: str, offset: int, count: int) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The structures of a linked list of `count`, whose last field is the distance to the next one."""
        layout = self._structures[kind]
        if count > _MOST:
            raise Unreadable(f"ELF version table with {count} entries")
        for left in range(count - 1, -1, -1):
            fields = layout.unpack(self._tables.read(offset, layout.size, "ELF version table"))
            yield offset, fields
            if left and fields[-1] < layout.size:
                raise Unreadable("ELF version table ends before its count, or overlaps itself")
            offset += fields[-1]

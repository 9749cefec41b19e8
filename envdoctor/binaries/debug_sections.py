"""How much of an ELF file is for debuggers, by its section headers, which loaders do not read.

Source: the System V ABI (gABI), chapter 4 "Sections"; DWARF 5, section 7.3; GNU ld's compressed `.zdebug_*`.
"""

from __future__ import annotations

import struct

from envdoctor.binaries import magic

_WIDE, _NARROW = "QIHHHHHH", "IIHHHHHH"  # e_shoff to e_shstrndx
_SECTION_WIDE, _SECTION_NARROW = "IIQQQQIIQQ", "IIIIIIIIII"
_PLACE_OF_TABLE = {2: 40, 1: 32}  # of e_shoff, by class
_MOST_SECTIONS = 10_000
_DEBUG = (b".debug_info", b".debug_line", b".debug_str", b".debug_abbrev", b".debug_loc", b".debug_ranges", b".zdebug_")
_NO_BITS = 8
_IDENTIFICATION = 16
_OFFSET, _SIZE = 4, 5


def debug_bytes(data: bytes) -> int:
    """The bytes that debug sections take in an ELF file; 0 for another format, or where its table can't be read."""
    kind = data[4] if len(data) > _IDENTIFICATION else 0
    if data[:4] != magic.ELF or kind not in _PLACE_OF_TABLE:
        return 0
    order = "<" if data[5] == 1 else ">"
    layout = struct.Struct(order + (_SECTION_WIDE if kind == 2 else _SECTION_NARROW))  # noqa: PLR2004 - ELFCLASS64
    head = struct.Struct(order + (_WIDE if kind == 2 else _NARROW))  # noqa: PLR2004
    try:
        fields = head.unpack_from(data, _PLACE_OF_TABLE[kind])
        start, entry, count, names_index = fields[0], *fields[5:]
        if entry != layout.size or not 0 < count <= _MOST_SECTIONS:
            return 0
        rows = [layout.unpack_from(data, start + index * entry) for index in range(count)]
        names = data[rows[names_index][_OFFSET] :][: rows[names_index][_SIZE]]
    except (struct.error, IndexError):
        return 0
    return sum(row[_SIZE] for row in rows if row[1] != _NO_BITS and names.startswith(_DEBUG, row[0]))

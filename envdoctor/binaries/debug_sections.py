"""How much of a native file is for debuggers: of ELF by its section headers, of Mach-O by its symbol table.

Source: the System V ABI (gABI), chapter 4 "Sections"; DWARF 5, section 7.3; GNU ld's compressed `.zdebug_*`; Apple's
`mach-o/loader.h` and `mach-o/stab.h`: ld64 leaves DWARF in the object files and writes a map of them as stabs.
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
_MACHO = {b"\xcf\xfa\xed\xfe": (32, 16), b"\xce\xfa\xed\xfe": (28, 12)}  # sizes of the header and of a symbol
_MOST_COMMANDS, _SYMBOL_TABLE, _STAB = 10_000, 2, 0xE0


def debug_bytes(data: bytes) -> int:
    """The bytes that debug sections or stabs take; 0 for another format, or where its table can't be read."""
    if data[:4] in _MACHO:
        return _stab_bytes(data)
    if data[:4] == magic.UNIVERSAL[0]:
        return sum(_stab_bytes(part) for part in _slices(data))
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


def _slices(data: bytes) -> list[bytes]:
    count = min(int.from_bytes(data[4:8], "big"), magic.MOST_ARCHITECTURES)
    parts = [struct.unpack_from(">5I", data, 8 + 20 * index) for index in range(count) if len(data) >= 28 + 20 * index]
    return [data[start : start + length] for _, _, start, length, _ in parts]


def _stab_bytes(data: bytes) -> int:
    if data[:4] not in _MACHO:
        return 0
    place, width = _MACHO[data[:4]]
    commands = min(int.from_bytes(data[16:20], "little"), _MOST_COMMANDS)
    for _ in range(commands):
        if place + 16 > len(data):
            return 0
        command, length, start, count = struct.unpack_from("<4I", data, place)
        if command == _SYMBOL_TABLE:
            kinds = data[start + 4 : start + count * width : width]
            return width * sum(1 for kind in kinds if kind & _STAB)
        place += max(length, magic.MOST_ARCHITECTURES)
    return 0

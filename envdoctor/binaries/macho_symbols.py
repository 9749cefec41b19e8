"""Reads which symbols a Mach-O file expects of whatever is in the process, rather than of a library that it names.

Source: <mach-o/nlist.h> and <mach-o/loader.h> of Apple's cctools. A file of the two-level namespace says for each
symbol by which of its libraries it is met; one that was linked with `-undefined dynamic_lookup` says of some that any
image may (DYNAMIC_LOOKUP_ORDINAL). For an extension module that is right for the functions of Python, and for nothing
else: whatever else stands there was forgotten by the linker's caller, and dyld refuses the module.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.binaries import magic
from envdoctor.binaries.window import Window
from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import BytesRange

if TYPE_CHECKING:
    from envdoctor.binaries.library import NativeLibrary
    from envdoctor.support.bytes import RandomAccess

_TWO_LEVEL = 0x80  # MH_TWOLEVEL
_LC_SYMTAB, _SYMTAB = 0x02, struct.Struct("<IIII")
_NLIST = struct.Struct("<IBBHQ")
_STAB, _TYPE, _EXTERNAL = 0xE0, 0x0E, 0x01  # N_STAB, N_TYPE (0: N_UNDF), N_EXT
_WEAK_REFERENCE, _ANY_IMAGE = 0x40, 0xFE  # N_WEAK_REF, DYNAMIC_LOOKUP_ORDINAL
_MOST_SYMBOLS, _MOST_NAMES = 1 << 18, 32
_LONGEST_NAME = 4096
_OF_PYTHON = ("_Py", "__Py", "_PYPY")
_FAT = {magic.UNIVERSAL[0]: struct.Struct(">IIIII"), magic.UNIVERSAL[1]: struct.Struct(">IIQQII")}


def with_flat_symbols(library: NativeLibrary, source: RandomAccess) -> NativeLibrary:
    """A library that `read_macho` read, with its `flat_symbols`; one without a symbol table as it is.

    Raises:
        Unreadable: the symbol table lies outside the file.
    """
    head = Window(source).read(0, 8, "Mach-O header")
    layout = _FAT.get(head[:4])
    if layout is None:
        return replace(library, flat_symbols=_flat_symbols(source))
    rows = layout.iter_unpack(Window(source).read(8, int.from_bytes(head[4:], "big") * layout.size, "universal header"))
    parts = [BytesRange(source, row[2], row[3]) for row in sorted(rows, key=lambda row: row[2])]
    slices = [
        replace(part, flat_symbols=_flat_symbols(bytes_)) for part, bytes_ in zip(library.slices, parts, strict=True)
    ]
    return replace(library, slices=tuple(slices))


def _flat_symbols(source: RandomAccess) -> tuple[str, ...]:
    """The first symbols of one architecture that any image may meet, and that are not Python's."""
    window = Window(source)
    if window.read(0, 4, "Mach-O header") != b"\xcf\xfa\xed\xfe":  # 64 bits, little endian: all that macOS still loads
        return ()
    count, size, flags = struct.unpack("<III", window.read(16, 12, "Mach-O header"))
    table = _symbol_table(window.read(32, size, "Mach-O load commands"), count) if flags & _TWO_LEVEL else None
    if table is None:
        return ()
    symbols, number, strings, length = table
    if number > _MOST_SYMBOLS:
        raise Unreadable(f"Mach-O symbol table of {number} symbols")
    entries = source.read_at(symbols, number * _NLIST.size)
    if len(entries) != number * _NLIST.size or strings + length > source.size:
        raise Unreadable("Mach-O symbol table lies outside the file")
    found: list[str] = []
    for index, kind, _, description, value in _NLIST.iter_unpack(entries):
        if len(found) < _MOST_NAMES and _is_any_images(kind, description, value) and index < length:
            name = window.string(strings + index, strings + min(length, index + _LONGEST_NAME), "Mach-O symbol")
            if not name.startswith(_OF_PYTHON):
                found.append(name)
    return tuple(found)


def _is_any_images(kind: int, description: int, value: int) -> bool:
    """Whether a symbol is undefined, must be there, and may be in any image (a value makes it a common block)."""
    undefined = not kind & (_STAB | _TYPE) and bool(kind & _EXTERNAL) and value == 0
    return undefined and description >> 8 == _ANY_IMAGE and not description & _WEAK_REFERENCE


def _symbol_table(commands: bytes, count: int) -> tuple[int, int, int, int] | None:
    """Offset and number of the symbols, offset and size of their names."""
    place = 0
    for _ in range(count):
        kind, size = struct.unpack_from("<II", commands, place)
        if kind == _LC_SYMTAB and size >= 8 + _SYMTAB.size:
            symbols, number, strings, length = _SYMTAB.unpack_from(commands, place + 8)
            return symbols, number, strings, length
        place += size
    return None

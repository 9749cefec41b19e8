"""Reads what a Mach-O file's symbol tables come to: what it exports, and what it expects of whom.

Source: <mach-o/nlist.h> and <mach-o/loader.h> of Apple's cctools, and dyld's export trie (`MachOLoaded::trieWalk`). A
file of the two-level namespace says for each symbol by which of its libraries it is met; one that was linked with
`-undefined dynamic_lookup` says of some that any image may (DYNAMIC_LOOKUP_ORDINAL). For an extension module that is
right for the functions of Python, and for nothing else: whatever else stands there the linker's caller forgot.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from envdoctor.binaries import magic
from envdoctor.binaries.library import NeedKind, SymbolSummary
from envdoctor.binaries.macho_signature import changed_pages
from envdoctor.binaries.window import Window
from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import BytesRange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from envdoctor.binaries.library import NativeLibrary, Need
    from envdoctor.support.bytes import RandomAccess

_TWO_LEVEL = 0x80  # MH_TWOLEVEL
_LC_SYMTAB, _LC_EXPORTS_TRIE, _LC_DYLD_INFO = 0x02, 0x80000033, (0x22, 0x80000022)
_LC_CODE_SIGNATURE = 0x1D
_SYMTAB, _EXTENT = struct.Struct("<IIII"), struct.Struct("<II")
_TRIE_IN_DYLD_INFO = 32  # bytes into the command's body: export_off and export_size
_NLIST = struct.Struct("<IBBHQ")
_STAB, _TYPE, _EXTERNAL, _PRIVATE = 0xE0, 0x0E, 0x01, 0x10  # N_STAB, N_TYPE (0: N_UNDF), N_EXT, N_PEXT
_WEAK_REFERENCE, _TO_WEAK, _ANY_IMAGE = 0x40, 0x80, 0xFE  # N_WEAK_REF, N_REF_TO_WEAK, DYNAMIC_LOOKUP_ORDINAL
_MOST_LIBRARIES = 0xFC  # ordinals above mean something else, or more than a byte tells
_MOST_SYMBOLS, _MOST_BYTES, _MOST_NAMES = 1 << 21, 160 << 20, 32
_MOST_WANTED = 4096
_OF_PYTHON = (b"_Py", b"__Py", b"_PYPY")
_OF_MACOS = ("/usr/lib/", "/System/")
_FAT = {magic.UNIVERSAL[0]: struct.Struct(">IIIII"), magic.UNIVERSAL[1]: struct.Struct(">IIQQII")}


def with_symbols(library: NativeLibrary, source: RandomAccess) -> NativeLibrary:
    """A library that `read_macho` read, with its `symbols`; None there for want of tables, or of room for them.

    What is not as it was signed is told with them, since all of the file is at hand.

    Raises:
        Unreadable: a table lies outside the file, or is damaged.
    """
    parts = _parts(source)
    if parts == [source]:
        return _whole(library, source)
    slices = [part if part.unread else _whole(part, bytes_) for part, bytes_ in zip(library.slices, parts, strict=True)]
    return replace(library, slices=tuple(slices))


def _whole(library: NativeLibrary, source: RandomAccess) -> NativeLibrary:
    """One architecture with what stands at its end."""
    signature = _load_commands(source).get(_LC_CODE_SIGNATURE) if library.architectures == ("arm64",) else None
    changed = changed_pages(source, *_EXTENT.unpack_from(signature)) if signature else None
    unsigned = f"{changed} of its pages were changed after it was signed" if changed else library.unsigned
    return replace(library, symbols=_summary(library, source), unsigned=unsigned)


def wanted_of_any(source: RandomAccess) -> frozenset[bytes]:
    """The symbols that any image may have and one must, Python's included, of all architectures of a file.

    Raises:
        Unreadable: a table lies outside the file, is damaged, or larger than is read.
    """
    found: set[bytes] = set()
    for part in _parts(source):
        place = _symbol_table(_load_commands(part))
        wanted = (symbol for symbol in _symbols(part, place) if symbol.is_wanted) if place else ()
        found.update(symbol.name for symbol in wanted if symbol.description >> 8 == _ANY_IMAGE)
    return frozenset(found)


def _parts(source: RandomAccess) -> list[RandomAccess]:
    """The architectures of a universal file in the order of the file; a thin one is its only part."""
    head = Window(source).read(0, 8, "Mach-O header")
    layout = _FAT.get(head[:4])
    if layout is None:
        return [source]
    rows = layout.iter_unpack(Window(source).read(8, int.from_bytes(head[4:], "big") * layout.size, "universal header"))
    return [BytesRange(source, row[2], row[3]) for row in sorted(rows, key=lambda row: row[2])]


def lacking(names: Iterable[str], defined: Iterable[bytes]) -> tuple[str, ...]:
    """Those of some names that none of several Mach-O files defines; one that shares its hash counts as defined."""
    numbers = {name: macho_hash(name.encode()) for name in names}
    left = set(numbers.values())
    for hashes in defined:
        left.difference_update(struct.unpack(f"<{len(hashes) // 4}I", hashes))
    return tuple(name for name, number in numbers.items() if number in left)


class _TooLarge(Unreadable):
    """Not damaged, but more than is read."""


class _Symbol(NamedTuple):
    name: bytes
    kind: int
    description: int
    value: int

    @property
    def is_wanted(self) -> bool:
        """Whether it is undefined and must be somewhere (a value makes it a common block)."""
        undefined = not self.kind & (_STAB | _TYPE) and bool(self.kind & _EXTERNAL) and self.value == 0
        return undefined and not self.description & (_WEAK_REFERENCE | _TO_WEAK)

    @property
    def is_exported(self) -> bool:
        return not self.kind & (_STAB | _PRIVATE) and bool(self.kind & _EXTERNAL) and bool(self.kind & _TYPE)


def _summary(library: NativeLibrary, source: RandomAccess) -> SymbolSummary | None:
    """Of one architecture."""
    commands = _load_commands(source)
    place, trie = _symbol_table(commands), _trie(commands)
    if place is None:
        return None
    try:
        symbols = list(_symbols(source, place))
        exported = set(_trie_names(_table(source, *trie))) if trie else {one.name for one in symbols if one.is_exported}
    except _TooLarge:
        return None
    is_two_level = int.from_bytes(source.read_at(24, 4), "little") & _TWO_LEVEL
    wanted = [symbol for symbol in symbols if symbol.is_wanted] if is_two_level else []
    flat = (symbol.name for symbol in wanted if symbol.description >> 8 == _ANY_IMAGE)
    return SymbolSummary(
        wanted=tuple(_text(name) for name in flat if not name.startswith(_OF_PYTHON))[:_MOST_NAMES],
        named=_by_library(wanted, library.needed),
        defined=b"".join(number.to_bytes(4, "little") for number in sorted(set(map(macho_hash, exported)))),
    )


def _by_library(wanted: Iterable[_Symbol], needed: Sequence[Need]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The symbols that a library which is not the system's must have, by its name."""
    found: dict[str, list[str]] = {}
    for symbol in wanted:
        ordinal = symbol.description >> 8
        if 0 < ordinal <= min(_MOST_LIBRARIES, len(needed)):
            need = needed[ordinal - 1]
            if need.kind is NeedKind.REQUIRED and not need.name.startswith(_OF_MACOS):
                found.setdefault(need.name, []).append(_text(symbol.name))
    return tuple((name, tuple(symbols[:_MOST_WANTED])) for name, symbols in found.items())


def _symbols(source: RandomAccess, place: tuple[int, int, int, int]) -> Iterator[_Symbol]:
    symbols, number, strings, length = place
    if number > _MOST_SYMBOLS:
        raise _TooLarge(f"Mach-O symbol table of {number} symbols")
    entries, names = _table(source, symbols, number * _NLIST.size), _table(source, strings, length)
    for index, kind, _, description, value in _NLIST.iter_unpack(entries):
        if kind & _EXTERNAL and not kind & _STAB and index < length:
            end = names.find(b"\0", index)
            yield _Symbol(names[index : end if end >= 0 else length], kind, description, value)


def _table(source: RandomAccess, offset: int, size: int) -> bytes:
    if size > _MOST_BYTES:
        raise _TooLarge(f"Mach-O table of {size} bytes")
    found = source.read_at(offset, size) if size else b""
    if len(found) != size:
        raise Unreadable("Mach-O symbol table lies outside the file")
    return found


def _load_commands(source: RandomAccess) -> dict[int, bytes]:
    """The bodies of the load commands; none of a file that is not of 64 bits and little endian, as macOS wants it."""
    window = Window(source)
    if window.read(0, 4, "Mach-O header") != b"\xcf\xfa\xed\xfe":
        return {}
    count, size = struct.unpack("<II", window.read(16, 8, "Mach-O header"))
    return dict(_commands(window.read(32, size, "Mach-O load commands"), count))


def _symbol_table(commands: Mapping[int, bytes]) -> tuple[int, int, int, int] | None:
    """Offset and number of the symbols, offset and size of their names."""
    return _SYMTAB.unpack_from(commands[_LC_SYMTAB]) if _LC_SYMTAB in commands else None


def _commands(commands: bytes, count: int) -> Iterator[tuple[int, bytes]]:
    """The bodies of the load commands by their kind; `read_macho` has checked how they fill their space."""
    place = 0
    for _ in range(count):
        kind, size = struct.unpack_from("<II", commands, place)
        yield kind, commands[place + 8 : place + size].ljust(_TRIE_IN_DYLD_INFO + _EXTENT.size, b"\0")
        place += size


def _trie(commands: Mapping[int, bytes]) -> tuple[int, int] | None:
    """Offset and size of the export trie, which dyld goes by where there is one."""
    found = [_EXTENT.unpack_from(commands[_LC_EXPORTS_TRIE])] if _LC_EXPORTS_TRIE in commands else []
    found += [_EXTENT.unpack_from(commands[kind], _TRIE_IN_DYLD_INFO) for kind in _LC_DYLD_INFO if kind in commands]
    return next(((offset, size) for offset, size in found if size), None)


def _trie_names(trie: bytes) -> Iterator[bytes]:
    """The names in an export trie.

    Raises:
        Unreadable: damaged.
    """
    waiting, met = [(0, b"")], set()
    try:
        while waiting:
            place, name = waiting.pop()
            if place in met:
                raise Unreadable("Mach-O export trie that leads back to itself")
            met.add(place)
            size, place = _uleb(trie, place)
            if size:
                yield name
            place += size
            children, place = trie[place], place + 1
            for _ in range(children):
                end = trie.index(b"\0", place)
                child, after = _uleb(trie, end + 1)
                waiting.append((child, name + trie[place:end]))
                place = after
    except (IndexError, ValueError):
        raise Unreadable("Mach-O export trie is cut off") from None


def _uleb(data: bytes, place: int) -> tuple[int, int]:
    """An unsigned LEB128 number, and the place behind it."""
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 0x7F) << shift
        shift, place = shift + 7, place + 1
        if byte < 0x80:  # noqa: PLR2004 - the last has its upper bit clear
            return value, place


def macho_hash(name: bytes) -> int:
    """The number by which a symbol is kept in `SymbolSummary.defined`."""
    return zlib.crc32(name) | 1


def _text(name: bytes) -> str:
    text = name.decode("utf-8", "replace")
    if not text.isprintable():
        raise Unreadable(f"Mach-O symbol is not a printable name: {text[:40]!r}")
    return text

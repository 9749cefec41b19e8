"""Reads the load commands of a Mach-O file: thin or universal, for macOS and its relatives.

Source: <mach-o/loader.h> and <mach-o/fat.h> of Apple's cctools, and the checks of dyld (`MachOFile`, `MachOAnalyzer`).
As in dyld, the commands fill their space exactly, a command that may stand once stands once, and a program or a
library without a name of its own links at least one; what breaks these rules is `Unreadable`, not a file without needs.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from envdoctor.binaries import magic
from envdoctor.binaries.library import BinaryFormat, NativeLibrary, Need, NeedKind, NotLoadable
from envdoctor.binaries.window import READ_AHEAD, Window
from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import BytesRange

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.support.bytes import RandomAccess

_FAT_LAYOUTS = dict(zip(magic.UNIVERSAL, (struct.Struct(">IIIII"), struct.Struct(">IIQQII")), strict=True))
_ARCHITECTURES = {
    (0x01000007, 3): "x86_64",
    (0x01000007, 8): "x86_64h",
    (0x0100000C, 0): "arm64",
    (0x0100000C, 1): "arm64",
    (0x0100000C, 2): "arm64e",
    (0x0200000C, 1): "arm64_32",
    (0x00000007, 3): "i386",
    (0x00000012, 0): "ppc",
    (0x01000012, 0): "ppc64",
}
_SUBTYPE = 0x00FFFFFF
_ARCHIVE_MAGIC = b"!<arch>\n"
_PROGRAM, _DYNAMIC_LIBRARY, _BUNDLE = 2, 6, 8
_NO_LIBRARY_TYPES = {1: "an object file", 4: "a core dump", 9: "a stub", 10: "debug symbols", 11: "a kernel extension"}
_PLATFORMS = {1: "macos", 2: "ios", 3: "tvos", 4: "watchos", 6: "maccatalyst", 7: "ios-simulator", 11: "visionos"}
_OLD_PLATFORMS = {0x24: "macos", 0x25: "ios", 0x2F: "tvos", 0x30: "watchos"}  # LC_VERSION_MIN_*
_LC_CODE_SIGNATURE = 0x1D
_LC_ID_DYLIB, _LC_RPATH, _LC_BUILD_VERSION, _LC_REEXPORT_DYLIB = 0x0D, 0x8000001C, 0x32, 0x8000001F
_LOADS = {
    0x0000000C: NeedKind.REQUIRED,  # LC_LOAD_DYLIB
    0x80000018: NeedKind.WEAK,  # LC_LOAD_WEAK_DYLIB
    _LC_REEXPORT_DYLIB: NeedKind.REQUIRED,
    0x00000020: NeedKind.DELAYED,  # LC_LAZY_LOAD_DYLIB
    0x80000023: NeedKind.REQUIRED,  # LC_LOAD_UPWARD_DYLIB: breaks a cycle, is needed all the same
}
_ONCE = {
    0x02,
    0x0B,
    _LC_ID_DYLIB,
    0x1B,
    0x1D,
    0x22,
    0x80000022,
}  # SYMTAB, DYSYMTAB, ID, UUID, CODE_SIGNATURE, DYLD_INFO
_LC_SYMTAB, _SMALLEST_SYMBOL = 0x02, 12
_EXTENTS = {0x01: "24xIIII", 0x19: "24xQQQQ", _LC_SYMTAB: "8xIIII"}  # SEGMENT, SEGMENT_64, SYMTAB
#: Bytes of the commands that dyld and the kernel read at fixed places (DYSYMTAB, tables of the linker, UUID, MAIN ...).
_LEAST_SIZES = {
    **dict.fromkeys((0x1D, 0x1E, 0x26, 0x29, 0x2B, 0x2E, 0x80000033, 0x80000034, 0x24, 0x25, 0x2F, 0x30, 0x2A), 16),
    0x0B: 80,
    0x1B: 24,
    0x22: 48,
    0x80000022: 48,
    0x80000028: 24,
    0x32: 24,
    0x21: 20,
    0x2C: 24,
    0x11: 20,
    0x1A: 72,
}
_REQUIRED_BY_DYLD = 0x80000000
_LAST_KNOWN_REQUIRED, _LAST_PLAUSIBLE = 0x80000035, 0x7F
_USE_MARKER, _USE_WEAK = 0x1A741800, 0x01  # dylib_use_command, macOS 15
_MOST_COMMANDS, _MOST_COMMAND_BYTES = 4096, 1024 * 1024


class _Command(NamedTuple):
    kind: int
    body: bytes  # the whole command, its first 8 bytes included


def read_macho(source: RandomAccess, ahead: int = READ_AHEAD, farthest: int | None = None) -> NativeLibrary:
    """What a Mach-O library, bundle or program needs; of a universal file the union, each architecture in `slices`.

    Args:
        source: the file.
        ahead: how many bytes to read at once at least.
        farthest: an architecture of a universal file that begins beyond it is `unread`, unless it is the first; None to
            read all.

    Raises:
        NotLoadable: an object file, debug symbols, a static archive.
        Unreadable: not Mach-O, damaged, or against dyld's rules.
    """
    window = Window(source, ahead)
    layout = _FAT_LAYOUTS.get(window.read(0, 4, "Mach-O header"))
    if layout is None:
        return _read_thin(source, ahead)
    rows = _slice_rows(source, window, layout)
    near = [row for row in rows if farthest is None or row[2] <= farthest] or rows[:1]
    return _union(_read_slices(source, near, ahead), rows[len(near) :])


def _slice_rows(source: RandomAccess, window: Window, layout: struct.Struct) -> list[tuple[int, ...]]:
    """The table of a universal file in the order of the file: processor, subtype, offset, size."""
    count = int.from_bytes(window.read(4, 4, "universal header"), "big")
    if not 0 < count <= magic.MOST_ARCHITECTURES:
        raise Unreadable(f"universal file with {count} architectures (a Java class file begins with the same bytes)")
    rows = sorted(layout.iter_unpack(window.read(8, count * layout.size, "universal header")), key=lambda row: row[2])
    end = 8 + count * layout.size
    for offset, size in (row[2:4] for row in rows):
        if offset < end or offset + size > source.size:
            raise Unreadable("universal file whose architectures overlap or lie outside it")
        end = offset + size
    if len({(row[0], row[1] & _SUBTYPE) for row in rows}) < count:
        raise Unreadable("universal file that holds an architecture twice")
    return rows


def _read_slices(source: RandomAccess, rows: Iterable[tuple[int, ...]], ahead: int) -> list[NativeLibrary]:
    libraries = [
        _read_thin(BytesRange(source, row[2], row[3]), ahead, expected=(row[0], row[1] & _SUBTYPE)) for row in rows
    ]
    if len({library.architectures[0] for library in libraries}) < len(libraries):
        raise Unreadable("universal file that holds an architecture twice")
    return libraries


def _union(read: list[NativeLibrary], unread: Iterable[tuple[int, ...]]) -> NativeLibrary:
    """One library of all architectures; of those that were not read nothing is known."""
    first = read[0]
    names = [_ARCHITECTURES.get((row[0], row[1] & _SUBTYPE)) for row in unread]
    if None in names:
        raise Unreadable("universal file for an unknown processor")
    slices = list(read)
    slices += [NativeLibrary(format=BinaryFormat.MACHO, architectures=(name,), unread=True) for name in names if name]
    return NativeLibrary(
        format=BinaryFormat.MACHO,
        architectures=tuple(architecture for part in slices for architecture in part.architectures),
        needed=tuple(dict.fromkeys(need for part in slices for need in part.needed)),
        own_name=first.own_name,
        rpath=tuple(dict.fromkeys(path for part in slices for path in part.rpath)),
        is_program=first.is_program,
        minimum_os=max((part.minimum_os for part in slices if part.minimum_os), default=None),
        platform=first.platform,
        slices=tuple(slices),
    )


def _read_thin(source: RandomAccess, ahead: int, expected: tuple[int, int] | None = None) -> NativeLibrary:
    window = Window(source, ahead)
    head = window.read(0, 4, "Mach-O header")
    if head not in magic.MACHO:
        if window.read(0, min(8, source.size), "Mach-O header") == _ARCHIVE_MAGIC:
            raise NotLoadable("a static archive, not a library")
        raise Unreadable("not a Mach-O file: wrong magic number")
    order = "<" if head in magic.MACHO[:2] else ">"
    wide = b"\xcf" in head
    fields = struct.unpack(order + "IIIIII", window.read(4, 24, "Mach-O header"))
    processor, subtype, kind, count, size = fields[:5]
    architecture = _ARCHITECTURES.get((processor, subtype & _SUBTYPE))
    if kind in _NO_LIBRARY_TYPES:
        raise NotLoadable(f"Mach-O file is {_NO_LIBRARY_TYPES[kind]}, not a library")
    if architecture is None or kind not in {_PROGRAM, _DYNAMIC_LIBRARY, _BUNDLE}:
        raise Unreadable(f"Mach-O file of unknown type {kind} or processor {processor:#x}/{subtype:#x}")
    if expected not in {None, (processor, subtype & _SUBTYPE)}:
        raise Unreadable("universal file whose table names another architecture than its slice")
    if count > _MOST_COMMANDS or size > _MOST_COMMAND_BYTES:
        raise Unreadable(f"Mach-O file with {count} load commands in {size} bytes")
    table = window.read(32 if wide else 28, size, "Mach-O load commands")
    commands = _commands(table, count, order)
    _check_extents(commands, order, source.size)
    found = _library(commands, order, architecture, is_program=kind == _PROGRAM)
    # What only calculates or holds a number, as modules and a named library of scipy's, links nothing.
    if not found.needed and kind != _BUNDLE and found.own_name is None:
        raise Unreadable("Mach-O file that links no library at all, not even libSystem: dyld would refuse it")
    return found


def _commands(table: bytes, count: int, order: str) -> list[_Command]:
    """The load commands, which must fill their space exactly."""
    header = struct.Struct(order + "II")
    commands, place = [], 0
    for _ in range(count):
        if place + header.size > len(table):
            raise Unreadable("Mach-O load commands end before their count")
        kind, size = header.unpack_from(table, place)
        if size < _LEAST_SIZES.get(kind, header.size) or size % 4 or place + size > len(table):
            raise Unreadable(f"Mach-O load command {kind:#x} with an impossible size of {size} bytes")
        commands.append(_Command(kind, table[place : place + size]))
        place += size
    if place != len(table):
        raise Unreadable("Mach-O load commands do not fill their space")
    kinds = [command.kind for command in commands]
    for kind in set(kinds):
        if kind in _ONCE and kinds.count(kind) > 1:
            raise Unreadable(f"Mach-O load command {kind:#x} stands twice")
        if kind == 0 or kind > (_LAST_KNOWN_REQUIRED if kind & _REQUIRED_BY_DYLD else _LAST_PLAUSIBLE):
            raise Unreadable(f"Mach-O load command {kind:#x} is unknown")
    return commands


def _check_extents(commands: list[_Command], order: str, size: int) -> None:
    """Segments and symbols lie in the file; of a file that was cut off they do not, and dyld refuses it."""
    for command in commands:
        layout = _EXTENTS.get(command.kind)
        if layout is None:
            continue
        if len(command.body) < struct.calcsize(order + layout):
            raise Unreadable(f"Mach-O load command {command.kind:#x} is too short")
        first, second, third, fourth = struct.unpack_from(order + layout, command.body)
        if command.kind == _LC_SYMTAB:  # offset and number of symbols, offset and size of their names
            end = max(first + second * _SMALLEST_SYMBOL, third + fourth)
        else:  # address, size in memory, offset, size in the file
            end = third + fourth
            if second and fourth > second:
                raise Unreadable("Mach-O segment that is larger in the file than in memory")
        if end > size:
            raise Unreadable(f"Mach-O segment or symbol table ends at {end:#x}, outside the file: it is cut off")


def _library(commands: list[_Command], order: str, architecture: str, *, is_program: bool) -> NativeLibrary:
    own_names = [_text(command, order) for command in commands if command.kind == _LC_ID_DYLIB]
    needed = tuple(
        Need(name=_text(command, order), kind=_need_kind(command, order))
        for command in commands
        if command.kind in _LOADS
    )
    platform, minimum_os, sdk = _made_for(commands, order)
    is_signed = any(command.kind == _LC_CODE_SIGNATURE for command in commands)
    return NativeLibrary(
        format=BinaryFormat.MACHO,
        architectures=(architecture,),
        needed=needed,
        own_name=own_names[0] if own_names else None,
        rpath=tuple(_text(command, order) for command in commands if command.kind == _LC_RPATH),
        is_program=is_program,
        reexported=tuple(_text(command, order) for command in commands if command.kind == _LC_REEXPORT_DYLIB),
        minimum_os=minimum_os,
        sdk=sdk,
        platform=platform,
        unsigned="" if is_signed or not architecture.startswith("arm64") else "it has no code signature",
    )


def _need_kind(command: _Command, order: str) -> NeedKind:
    """The command's kind, or what the flags of a dylib_use_command (marked by its time stamp) say."""
    words = struct.unpack_from(order + "III", command.body, 12) if len(command.body) >= 28 else ()  # noqa: PLR2004 - its size
    if words and words[0] == _USE_MARKER and struct.unpack_from(order + "I", command.body, 24)[0] & _USE_WEAK:
        return NeedKind.WEAK
    return _LOADS[command.kind]


def _text(command: _Command, order: str) -> str:
    """The string of a command (union lc_str): its third word is the string's offset in the command."""
    if len(command.body) < 12:  # noqa: PLR2004 - three words
        raise Unreadable(f"Mach-O load command {command.kind:#x} is too short for a name")
    start = struct.unpack_from(order + "I", command.body, 8)[0]
    name, end, _ = command.body[start:].partition(b"\0")
    text = name.decode("utf-8", "surrogateescape")
    if not 12 <= start < len(command.body) or not end or not text.isprintable() or not text:  # noqa: PLR2004
        raise Unreadable(f"Mach-O load command {command.kind:#x} has no printable name inside it")
    return text


def _made_for(commands: list[_Command], order: str) -> tuple[str, tuple[int, ...] | None, tuple[int, ...] | None]:
    """The platform, its oldest version and the SDK; macOS where a file is built for macOS and Catalyst at once."""
    found = []
    for command in commands:
        if command.kind == _LC_BUILD_VERSION or command.kind in _OLD_PLATFORMS:
            modern = command.kind == _LC_BUILD_VERSION
            if len(command.body) < (20 if modern else 16):
                raise Unreadable("Mach-O version command is too short")
            first, version, sdk = struct.unpack_from(order + "III", command.body.ljust(20, b"\0"), 8)
            if not modern:
                version, sdk = first, version
            name = _PLATFORMS.get(first, f"platform-{first}") if modern else _OLD_PLATFORMS[command.kind]
            found.append((name, _version(version), _version(sdk) if sdk else None))
    found.sort(key=lambda each: each[0] != "macos")
    return found[0] if found else ("", None, None)


def _version(packed: int) -> tuple[int, ...]:
    return packed >> 16, packed >> 8 & 0xFF, packed & 0xFF

"""Reads the import tables of a Windows DLL, extension module or program.

Source: Microsoft's "PE Format". An image that has code and imports nothing, a table that does not end, or a name that
can't be one is `Unreadable`, not a file without needs.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from envdoctor.binaries import magic
from envdoctor.binaries.library import BinaryFormat, NativeLibrary, Need, NeedKind, NotLoadable
from envdoctor.binaries.window import READ_AHEAD, Window
from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.support.bytes import RandomAccess

_ARCHITECTURES = {0x014C: "win32", 0x8664: "amd64", 0xAA64: "arm64", 0x01C4: "arm32"}
_WIDE = frozenset({0x8664, 0xAA64})  # machines of PE32+
_IS_DLL = 0x2000
_IMPORTS, _LOAD_CONFIGURATION, _ADDRESS_TABLE, _DELAY_IMPORTS, _MANAGED = 1, 10, 12, 13, 14
_MOST_SECTIONS, _MOST_DIRECTORIES, _MOST_DESCRIPTORS, _LONGEST_NAME = 96, 16, 4096, 512
_IMPOSSIBLE = frozenset('<>:"/\\|?*') | {chr(code) for code in range(32)}  # in a name of a file
DESCRIPTOR = 20  # bytes of an IMAGE_IMPORT_DESCRIPTOR
_HYBRID_POINTER = 200  # IMAGE_LOAD_CONFIG_DIRECTORY64.CHPEMetadataPointer: set in ARM64X images


class _Section(NamedTuple):
    address: int
    size: int
    offset: int


class _Directory(NamedTuple):
    address: int
    size: int


class _Image(NamedTuple):
    """The headers of an image, and where its addresses are in the file."""

    window: Window
    machine: int
    is_dll: bool
    base: int
    code_size: int
    header_size: int
    subsystem_version: tuple[int, int]
    directories: tuple[_Directory, ...]
    sections: tuple[_Section, ...]

    def directory(self, index: int) -> _Directory:
        return self.directories[index] if index < len(self.directories) else _Directory(0, 0)

    def offset_of(self, address: int, what: str) -> tuple[int, int]:
        """Where a relative virtual address is in the file, and where the file's part of its section ends."""
        for section in self.sections:
            if section.address <= address < section.address + section.size:
                return address - section.address + section.offset, section.offset + section.size
        if 0 < address < self.header_size:
            return address, self.header_size
        raise Unreadable(f"{what}: address {address:#x} is in no section")


def read_pe(source: RandomAccess, ahead: int = READ_AHEAD, *, in_parts: bool = False) -> NativeLibrary:
    """What a DLL, an extension module (.pyd) or a program imports.

    An ARM64X image, which native and emulated processes both load, has the architectures arm64 and arm64ec.

    Args:
        source: the file.
        ahead: see `Window`.
        in_parts: only what names libraries is known of it: where the functions are named is not looked at.

    Raises:
        NotLoadable: a DOS program.
        Unreadable: not PE, damaged, or of an unknown machine.
    """
    image = _read_image(Window(source, ahead))
    needed = tuple(Need(name=name) for name in _imports(image, in_parts=in_parts))
    delayed = tuple(Need(name=name, kind=NeedKind.DELAYED) for name in _delay_imports(image))
    is_managed = image.directory(_MANAGED).address != 0  # .NET runs it, and imports what it asks for
    if not (needed or is_managed) and (
        image.code_size or image.directory(_IMPORTS).address or image.directory(_ADDRESS_TABLE).address
    ):
        raise Unreadable("PE file that has code or an import table and imports nothing")
    return NativeLibrary(
        format=BinaryFormat.PE,
        architectures=(_ARCHITECTURES[image.machine], "arm64ec")
        if _is_hybrid(image)
        else (_ARCHITECTURES[image.machine],),
        needed=needed + delayed,
        is_program=not image.is_dll,
        minimum_os=image.subsystem_version,
        platform="windows",
    )


def find_import_table(window: Window) -> tuple[int, int, int] | None:
    """Address, size and place in the file of the import table; None where there is none.

    Raises:
        NotLoadable, Unreadable: as `read_pe`.
    """
    image = _read_image(window)
    address, size = image.directory(_IMPORTS)
    return (address, size, image.offset_of(address, "PE import table")[0]) if address else None


def _read_image(window: Window) -> _Image:
    if window.read(0, 2, "PE header") != magic.PE:
        raise Unreadable("not a PE file: it does not begin with MZ")
    start = int.from_bytes(window.read(0x3C, 4, "PE header"), "little")
    signature = window.read(start, 4, "PE header")
    if signature != b"PE\0\0":
        raise (NotLoadable if signature[:2] in {b"NE", b"LE"} else Unreadable)("an MZ file without a PE header")
    machine, count, _, _, _, size, flags = struct.unpack("<HHIIIHH", window.read(start + 4, 20, "PE header"))
    if machine not in _ARCHITECTURES or not 0 < count <= _MOST_SECTIONS:
        raise Unreadable(f"PE file of unknown machine {machine:#x} or with {count} sections")
    optional = window.read(start + 24, size, "PE optional header")
    wide = optional[:2] == b"\x0b\x02"
    places = 112 if wide else 96
    if optional[:2] not in {b"\x0b\x01", b"\x0b\x02"} or size < places:
        raise Unreadable("PE file with an unknown optional header")
    directories = struct.unpack_from("<I", optional, places - 4)[0]
    if wide is not (machine in _WIDE):
        raise Unreadable("PE file whose optional header is for another width than its machine's")
    if not _IMPORTS < directories <= _MOST_DIRECTORIES or places + directories * 8 > size:  # linkers write sixteen
        raise Unreadable(f"PE file with {directories} data directories")
    return _Image(
        window=window,
        machine=machine,
        is_dll=bool(flags & _IS_DLL),
        base=struct.unpack_from("<Q" if wide else "<I", optional, 24 if wide else 28)[0],
        code_size=struct.unpack_from("<I", optional, 4)[0],
        header_size=struct.unpack_from("<I", optional, 60)[0],
        subsystem_version=struct.unpack_from("<HH", optional, 48),
        directories=tuple(
            _Directory(*struct.unpack_from("<II", optional, places + 8 * index)) for index in range(directories)
        ),
        sections=_sections(window.read(start + 24 + size, count * 40, "PE section table"), window.size),
    )


def _sections(table: bytes, file_size: int) -> tuple[_Section, ...]:
    """The sections, which lie in the file and in ascending order in memory; Windows refuses what is cut off."""
    rows = list(struct.iter_unpack("<8sIIIIIIHHI", table))
    end = 0
    for _, size, address, raw_size, offset, *_ in rows:
        if raw_size and offset + raw_size > file_size:
            raise Unreadable(f"PE section at {offset:#x} lies outside the file of {file_size} bytes: it is cut off")
        if address < end:
            raise Unreadable("PE sections overlap in memory")
        end = address + (size or raw_size)
    return tuple(_Section(row[2], min(row[1] or row[3], row[3]), row[4]) for row in rows)


def _imports(image: _Image, *, in_parts: bool) -> Iterator[str]:
    # IMAGE_IMPORT_DESCRIPTOR: name table, time stamp, forwarder chain, name, address table
    for row in _descriptors(image, _IMPORTS, "<IIIII", "PE import table"):
        if not row[3] or not row[4]:
            raise Unreadable("PE import table with half an entry")
        if not in_parts:
            _require_functions(image, row[0] or row[4])
        yield _name(image, row[3])


def _require_functions(image: _Image, address: int) -> None:
    """Looks whether the first function that is asked of a library has a number, or a name that is in the image."""
    what, size = "PE table of imported functions", 8 if image.machine in _WIDE else 4
    offset, end = image.offset_of(address, what)
    if offset + size > end:
        raise Unreadable(f"{what} runs out of its section")
    first = int.from_bytes(image.window.read(offset, size, what), "little")
    if first and not first >> (8 * size - 1):
        image.offset_of(first, what)


def _delay_imports(image: _Image) -> Iterator[str]:
    # IMAGE_DELAYLOAD_DESCRIPTOR: attributes (bit 0: relative addresses), name, ...
    for row in _descriptors(image, _DELAY_IMPORTS, "<IIIIIIII", "PE delay import table"):
        yield _name(image, row[1] if row[0] & 1 else row[1] - image.base)


def _descriptors(image: _Image, index: int, layout: str, what: str) -> Iterator[tuple[int, ...]]:
    """The rows of a table that ends with one of zeros."""
    address, _ = image.directory(index)
    if not address:
        return
    offset, end = image.offset_of(address, what)
    size = struct.calcsize(layout)
    for place in range(offset, min(end, offset + _MOST_DESCRIPTORS * size) - size + 1, size):
        row = struct.unpack(layout, image.window.read(place, size, what))
        if not any(row):
            return
        yield row
    raise Unreadable(f"{what} has no end")


def _name(image: _Image, address: int) -> str:
    offset, end = image.offset_of(address, "PE name of an imported library")
    name = image.window.string(offset, min(end, offset + _LONGEST_NAME), "PE name of an imported library")
    if not name or not _IMPOSSIBLE.isdisjoint(name):
        raise Unreadable(f"PE import of {name!r}, which is no name of a file")
    return name


def _is_hybrid(image: _Image) -> bool:
    """Whether an ARM64 image also holds code for emulated x64 processes (ARM64X)."""
    address, size = image.directory(_LOAD_CONFIGURATION)
    if _ARCHITECTURES[image.machine] != "arm64" or not address or size < _HYBRID_POINTER + 8:
        return False
    offset, _ = image.offset_of(address, "PE load configuration")
    return any(image.window.read(offset + _HYBRID_POINTER, 8, "PE load configuration"))

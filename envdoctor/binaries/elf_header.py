"""The head of an ELF file: what it is, for which processor, and which parts of it are loaded where.

Sources: the System V ABI (gABI), chapter 4 "Object Files" and chapter 5 "Program Header"; the processor supplements;
glibc's elf/dl-load.c (`open_verify`, `_dl_map_object_from_fd`), which refuses what is refused here or dies of it.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from envdoctor.binaries.magic import ELF, NotLoadable
from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from envdoctor.binaries.window import Window

PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_TLS = 1, 2, 3, 7
PT_GNU_STACK, PT_GNU_RELRO, PT_GNU_PROPERTY = 0x6474E551, 0x6474E552, 0x6474E553

_NO_LIBRARY_TYPES = {1: "an object file", 4: "a core dump"}
_NO_HOST_MACHINES = {164: "Hexagon DSP code", 190: "CUDA code", 224: "AMD GPU code", 247: "eBPF code"}
_PROGRAM, _SHARED = 2, 3
_GNU_ABI, _NEWEST_GNU_ABI, _MIPS = 3, 3, 8  # EI_OSABI, EI_ABIVERSION; MIPS numbers its calling conventions there
_LARGEST_IMAGE = 1 << 36  # bytes of address space: 64 GiB
_MOST_HEADER_BYTES = 64 * 1024
#: The largest page of a kernel that Linux has.
LARGEST_PAGE = 64 * 1024
# (e_machine, 64-bit, little-endian) -> the architecture in wheel tags
_ARCHITECTURES = {
    (3, False, True): "i686",
    (62, True, True): "x86_64",
    (62, False, True): "x32",
    (40, False, True): "armv7l",
    (40, False, False): "armeb",
    (183, True, True): "aarch64",
    (183, True, False): "aarch64_be",
    (8, False, True): "mipsel",
    (8, True, True): "mips64el",
    (21, True, True): "ppc64le",
    (21, True, False): "ppc64",
    (22, True, False): "s390x",
    (243, True, True): "riscv64",
    (258, True, True): "loongarch64",
}


class Encoding(NamedTuple):
    """The structures of one class and byte order."""

    header: struct.Struct
    segment: struct.Struct
    tag: struct.Struct
    wide: bool
    little: bool


def _encoding(byte_order: str, *, wide: bool) -> Encoding:
    layouts = ("HHIQQQIHHHHHH", "IIQQQQQQ", "QQ") if wide else ("HHIIIIIHHHHHH", "IIIIIIII", "II")
    header, segment, tag = (struct.Struct(byte_order + layout) for layout in layouts)
    return Encoding(header, segment, tag, wide, byte_order == "<")


_ENCODINGS = {
    (size, order): _encoding("<" if order == 1 else ">", wide=size == 2)  # noqa: PLR2004 - ELFCLASS64
    for size in (1, 2)
    for order in (1, 2)
}


class Segment(NamedTuple):
    """A program header."""

    kind: int
    flags: int
    offset: int
    address: int
    file_size: int
    memory_size: int
    alignment: int


class ElfHeader(NamedTuple):
    """The file header and the program headers."""

    encoding: Encoding
    architecture: str
    is_program: bool
    segments: tuple[Segment, ...]

    def of_kind(self, kind: int) -> list[Segment]:
        """The program headers of one type."""
        return [segment for segment in self.segments if segment.kind == kind]

    def offset_of(self, address: int, what: str) -> tuple[int, int]:
        """Where an address is in the file, and where the file's part of its segment ends."""
        for segment in self.segments:
            if segment.kind == PT_LOAD and segment.address <= address < segment.address + segment.file_size:
                return address - segment.address + segment.offset, segment.offset + segment.file_size
        raise Unreadable(f"{what}: address {address:#x} is in no loaded segment")


def read_header(tables: Window) -> ElfHeader:
    """The file header and program headers.

    Raises:
        NotLoadable: an object file, a core dump, or code that no host processor runs.
        Unreadable: not ELF, damaged, or of an unknown kind.
    """
    ident = tables.read(0, 16, "ELF header")
    encoding = _ENCODINGS.get((ident[4], ident[5]))
    if ident[:4] != ELF or encoding is None or ident[6] != 1:
        raise Unreadable("not an ELF file: wrong identification")
    fields = encoding.header.unpack(tables.read(16, encoding.header.size, "ELF header"))
    kind, machine, version, table_offset, entry_size, count = (fields[place] for place in (0, 1, 2, 4, 8, 9))
    if kind in _NO_LIBRARY_TYPES or machine in _NO_HOST_MACHINES:
        raise NotLoadable(f"ELF file is {_NO_LIBRARY_TYPES.get(kind) or _NO_HOST_MACHINES[machine]}, not a library")
    architecture = _ARCHITECTURES.get((machine, encoding.wide, encoding.little))
    if kind not in {_PROGRAM, _SHARED}:
        raise Unreadable(f"ELF file of unknown type {kind}")
    if architecture is None:
        raise NotLoadable(f"ELF file for machine {machine}, for which no wheels are made")
    if version != 1 or not _is_linux(ident, machine):
        raise Unreadable("ELF file of an unknown version, or for a system that is not Linux")
    size = encoding.segment.size
    if entry_size != size or not 0 < count * size <= _MOST_HEADER_BYTES:
        raise Unreadable(f"ELF file with {count} program headers of {entry_size} bytes")
    rows = encoding.segment.iter_unpack(tables.read(table_offset, count * size, "ELF program headers"))
    segments = tuple(_segment(row, wide=encoding.wide) for row in rows)
    _check_segments(segments, tables.size)
    return ElfHeader(encoding, architecture, kind == _PROGRAM, segments)


def _is_linux(ident: bytes, machine: int) -> bool:
    """Whether the rest of the identification is what glibc takes."""
    system, abi_version, padding = ident[7], ident[8], ident[9:]
    newest = _NEWEST_GNU_ABI if system == _GNU_ABI else 0
    return system in {0, _GNU_ABI} and (abi_version <= newest or machine == _MIPS) and not any(padding)


def _check_segments(segments: tuple[Segment, ...], size: int) -> None:
    """The loaded segments lie in the file, in ascending order of their addresses, and do not overlap."""
    loads = [segment for segment in segments if segment.kind == PT_LOAD]
    if not loads:
        raise Unreadable("ELF file without a segment to load")
    end = loads[0].address
    for segment in loads:
        if segment.offset + segment.file_size > size:
            raise Unreadable(f"ELF segment at {segment.offset:#x} lies outside the file of {size} bytes: it is cut off")
        if segment.file_size > segment.memory_size or segment.address < end:
            raise Unreadable("ELF segments overlap, or are larger in the file than in memory")
        if segment.alignment & segment.alignment - 1:
            raise Unreadable(f"ELF segment with an alignment of {segment.alignment:#x}, which is no power of two")
        end = segment.address + segment.memory_size
    if end - loads[0].address > _LARGEST_IMAGE:
        raise Unreadable(f"ELF file that would take {end - loads[0].address} bytes of memory")
    _check_special_segments(segments, loads[0].address, end)


def _check_special_segments(segments: tuple[Segment, ...], start: int, end: int) -> None:
    """What the loader protects or aligns by program headers of their own."""
    for segment in segments:
        inside = start <= segment.address and segment.address + segment.memory_size <= end + LARGEST_PAGE
        if segment.kind == PT_GNU_RELRO and not inside:
            raise Unreadable("ELF segment to be made read-only lies outside the loaded ones")
        if segment.kind == PT_TLS and segment.alignment & segment.alignment - 1:
            raise Unreadable("ELF thread-local data with an alignment that is no power of two")


def _segment(row: tuple[int, ...], *, wide: bool) -> Segment:
    if wide:
        kind, flags, offset, address, _, file_size, memory_size, alignment = row
    else:
        kind, offset, address, _, file_size, memory_size, flags, alignment = row
    return Segment(kind, flags, offset, address, file_size, memory_size, alignment)

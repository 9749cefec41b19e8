"""Reads the dynamic section of an ELF file as a loader sees it: by program headers and addresses, never by sections.

Sources: the System V ABI (gABI), chapter 5 "Dynamic Section"; ld.so(8). The checks that the ABI allows (a tag that may
occur once occurs once, mandatory tags are there, versions are asked of libraries that are needed) turn damage into
`Unreadable` where a laxer reader would see a shorter list of needs.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from envdoctor.binaries.elf_header import (
    LARGEST_PAGE,
    PT_DYNAMIC,
    PT_GNU_PROPERTY,
    PT_GNU_STACK,
    PT_INTERP,
    PT_LOAD,
    Segment,
    read_header,
)
from envdoctor.binaries.elf_tables import check_tables
from envdoctor.binaries.elf_versions import VersionTables
from envdoctor.binaries.library import BinaryFormat, NativeLibrary, Need, NeedKind, VersionNeed
from envdoctor.binaries.window import READ_AHEAD, Window
from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from envdoctor.support.bytes import RandomAccess

_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_SYMTAB, _DT_STRSZ, _DT_SYMENT = 0, 1, 5, 6, 10, 11
_DT_SONAME, _DT_RPATH, _DT_RUNPATH = 14, 15, 29
_DT_TEXTREL, _DT_FLAGS, _DF_TEXTREL = 22, 30, 4
_DT_VERSYM = 0x6FFFFFF0
_DT_FLAGS_1, _DT_VERDEF, _DT_VERDEFNUM, _DT_VERNEED, _DT_VERNEEDNUM = range(0x6FFFFFFB, 0x70000000)
_DT_AUXILIARY, _DT_FILTER = 0x7FFFFFFD, 0x7FFFFFFF
_NEEDS = {_DT_NEEDED: NeedKind.REQUIRED, _DT_FILTER: NeedKind.REQUIRED, _DT_AUXILIARY: NeedKind.WEAK}
#: The tags whose values `read_elf` must know; of others a value of 0 may stand for one that could not be read.
LOADER_TAGS = frozenset(
    {*_NEEDS, _DT_STRTAB, _DT_STRSZ, _DT_SONAME, _DT_RPATH, _DT_RUNPATH, *range(_DT_FLAGS_1, _DT_VERNEEDNUM + 1)}
)
_LAST_STANDARD_TAG, _FIRST_SYSTEM_TAG = 38, 0x6000000D
_DF_1_NOOPEN, _DF_1_NODEFLIB, _DF_1_PIE = 0x40, 0x800, 0x08000000
_PF_X = 1
_ISA_NEEDED, _GNU_PROPERTIES = 0xC0008002, struct.pack("<I4s", 5, b"GNU\0")  # x86-64 psABI, "Program Property"
_MOST_PROPERTY_BYTES = 4096
_MOST_DYNAMIC_BYTES = 1024 * 1024


def read_elf(source: RandomAccess, ahead: int = READ_AHEAD, *, partial: bool = False) -> NativeLibrary:
    """What an ELF shared library, extension module or program needs.

    Args:
        source: the file.
        ahead: see `Window`.
        partial: not every value of the dynamic section could be read, see `LOADER_TAGS`.

    Raises:
        NotLoadable: an object file, a core dump or code that no host processor runs.
        Unreadable: not ELF, damaged, or with a structure that contradicts another.
    """
    return _Elf(source, ahead, partial=partial).library()


def read_version_definitions(source: RandomAccess) -> tuple[str, ...]:
    """The symbol versions that a library defines, such as every GLIBCXX_x.y.z of a libstdc++.so.6; its own name first.

    Raises:
        Unreadable: as `read_elf`.
    """
    return _Elf(source).version_definitions()


class _Elf:
    """One file being read: its header, its dynamic tags and its string table."""

    def __init__(self, source: RandomAccess, ahead: int = READ_AHEAD, *, partial: bool = False) -> None:
        self._tables, self._strings = Window(source, ahead), Window(source, ahead)
        self._header = read_header(self._tables)
        self._interpreter = self._read_interpreter()
        self._tags: dict[int, list[int]] = {}
        self._string_start = self._string_end = 0
        dynamic = self._header.of_kind(PT_DYNAMIC)
        if dynamic:
            self._tags = self._read_tags(dynamic)
            _check_tags(self._tags)
            first = {tag: values[0] for tag, values in self._tags.items()}
            check_tables(first, self._header, self._tables, partial=partial)
            self._string_start, self._string_end = self._string_table()
        elif not self._header.is_program or self._interpreter:
            raise Unreadable("ELF file without a dynamic section: what it needs can't be known")

    def library(self) -> NativeLibrary:
        flags = self._one(_DT_FLAGS_1) or 0
        soname = self._one(_DT_SONAME)
        stack = self._header.of_kind(PT_GNU_STACK)
        loads = self._header.of_kind(PT_LOAD)
        needed = tuple(Need(name=self._name(index, "needed library"), kind=kind) for index, kind in self._needs())
        return NativeLibrary(
            format=BinaryFormat.ELF,
            architectures=(self._header.architecture,),
            needed=needed,
            own_name=None if soname is None else self._name(soname, "soname"),
            rpath=() if _DT_RUNPATH in self._tags else self._path(_DT_RPATH),
            runpath=self._path(_DT_RUNPATH),
            has_empty_runpath=_DT_RUNPATH in self._tags and not self._path(_DT_RUNPATH),
            versions=self._version_needs(needed),
            interpreter=self._interpreter,
            is_program=self._header.is_program or bool(flags & _DF_1_PIE) or self._interpreter is not None,
            skips_default_directories=bool(flags & _DF_1_NODEFLIB),
            refuses_dlopen=bool(flags & _DF_1_NOOPEN),
            executable_stack=bool(stack[0].flags & _PF_X) if stack else None,
            text_relocations=_DT_TEXTREL in self._tags or bool((self._one(_DT_FLAGS) or 0) & _DF_TEXTREL),
            segment_alignment=segment_alignment(loads),
            processor_level=self._processor_level(),
            provides=self.version_definitions()[1:],
            declared_alignment=min((segment.alignment for segment in loads), default=None),
        )

    def version_definitions(self) -> tuple[str, ...]:
        offset, count = self._version_table(_DT_VERDEF, _DT_VERDEFNUM)
        return tuple(name for name, _, _ in self._versions("defined version").definitions(offset, count))

    def _processor_level(self) -> int:
        """The highest of the bits for x86-64, x86-64-v2, -v3 and -v4 among the properties that are needed."""
        for segment in self._header.of_kind(PT_GNU_PROPERTY) if self._header.architecture == "x86_64" else ():
            size = min(segment.file_size, _MOST_PROPERTY_BYTES)
            note = self._tables.read(segment.offset, size, "ELF program properties")
            place = 16 if note[8:16] == _GNU_PROPERTIES else size
            while place + 12 <= size:
                kind, length, value = map(int, struct.unpack_from("<III", note, place))
                if kind == _ISA_NEEDED:
                    return (value & 0xF).bit_length()
                place += 8 + length + -length % 8
        return 0

    def _read_interpreter(self) -> str | None:
        for segment in self._header.of_kind(PT_INTERP):
            return self._tables.string(segment.offset, segment.offset + segment.file_size, "ELF interpreter")
        return None

    def _read_tags(self, dynamic: list[Segment]) -> dict[int, list[int]]:
        segment = dynamic[0]
        size = self._header.encoding.tag.size
        if len(dynamic) > 1 or not size <= segment.file_size <= _MOST_DYNAMIC_BYTES:
            raise Unreadable(f"ELF file with {len(dynamic)} dynamic sections, the first of {segment.file_size} bytes")
        if self._header.offset_of(segment.address, "ELF dynamic section")[0] != segment.offset:
            raise Unreadable("ELF dynamic section is not where the loader would look for it")
        table = self._tables.read(segment.offset, segment.file_size // size * size, "ELF dynamic section")
        tags: dict[int, list[int]] = {}
        rows = self._header.encoding.tag.iter_unpack(table)
        for tag, value in rows:
            if tag == _DT_NULL:
                break
            tags.setdefault(tag, []).append(value)
        else:
            raise Unreadable("ELF dynamic section has no end")
        if any(tag for tag, _ in rows):
            raise Unreadable("ELF dynamic section goes on after its end")
        return tags

    def _string_table(self) -> tuple[int, int]:
        start, room = self._header.offset_of(self._tags[_DT_STRTAB][0], "ELF string table")
        end = start + self._tags[_DT_STRSZ][0]
        if end > room or self._strings.read(start, 1, "ELF string table") != b"\0":
            raise Unreadable("ELF string table does not fit its segment, or does not begin with a NUL")
        return start, end

    def _one(self, tag: int) -> int | None:
        return self._tags.get(tag, (None,))[0]

    def _needs(self) -> list[tuple[int, NeedKind]]:
        return [(index, kind) for tag, kind in _NEEDS.items() for index in self._tags.get(tag, ())]

    def _text(self, index: int, what: str) -> str:
        return self._strings.string(self._string_start + index, self._string_end, f"ELF {what}")

    def _name(self, index: int, what: str) -> str:
        name = self._text(index, what)
        if not name:
            raise Unreadable(f"ELF {what} without a name")
        return name

    def _path(self, tag: int) -> tuple[str, ...]:
        """The directories of a search path; an empty one is the working directory, an empty path is none (ld.so(8))."""
        texts = [self._text(index, "search path") for index in self._tags.get(tag, ())]
        # Linkers write the same directory many times over; the first counts.
        return tuple(dict.fromkeys(part or "." for text in texts if text for part in text.split(":")))

    def _versions(self, what: str) -> VersionTables:
        names: dict[int, str] = {}

        def name(index: int) -> str:
            if index not in names:
                names[index] = self._name(index, what)
            return names[index]

        return VersionTables(self._tables, name, little=self._header.encoding.little)

    def _version_table(self, tag: int, count_tag: int) -> tuple[int, int]:
        address, count = self._one(tag), self._one(count_tag)
        if address is None and count is None:
            return 0, 0
        if address is None or not count or _DT_VERSYM not in self._tags:
            raise Unreadable("ELF version table without its address, its count, or the versions of the symbols")
        return self._header.offset_of(address, "ELF version table")[0], count

    def _version_needs(self, needed: tuple[Need, ...]) -> tuple[VersionNeed, ...]:
        offset, count = self._version_table(_DT_VERNEED, _DT_VERNEEDNUM)
        rows = self._versions("needed version").needs(offset, count)
        found = tuple(VersionNeed(file=file, version=version, weak=weak) for file, version, weak, _ in rows)
        strangers = {need.file for need in found} - {need.name for need in needed}
        if strangers:
            raise Unreadable(f"ELF file asks versions of {min(strangers)}, which it does not need")
        self.version_definitions()  # the loader reads them too, and dies of damage in them
        return found


def _check_tags(tags: dict[int, list[int]]) -> None:
    missing = [tag for tag in (_DT_STRTAB, _DT_SYMTAB, _DT_STRSZ, _DT_SYMENT) if tag not in tags]
    twice = [tag for tag, values in tags.items() if len(values) > 1 and tag not in _NEEDS]
    unknown = [tag for tag in tags if _LAST_STANDARD_TAG < tag < _FIRST_SYSTEM_TAG or tag > _DT_FILTER]
    for wrong, problem in ((missing, "lacks the"), (twice, "repeats the"), (unknown, "has the unknown")):
        if wrong:
            raise Unreadable(f"ELF dynamic section {problem} tag {wrong[0]:#x}")


def segment_alignment(loads: list[Segment]) -> int:
    """The largest power of two, up to 64 KiB, that divides address minus offset of every loaded segment."""
    alignment = LARGEST_PAGE
    for segment in loads:
        while (segment.address - segment.offset) % alignment:
            alignment //= 2
    return alignment

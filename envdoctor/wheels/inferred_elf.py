"""Guesses what a giant ELF member needs from its string table alone, without its dynamic section.

The dynamic section of a library of a gigabyte costs tens of megabytes to reach. Its needs, its search path and its
versions are names in .dynstr, which stands in the head, and every need is there: so the names that look like libraries
hold all needs, and at most some that are not. A guess that leaves nothing missing is enough; where a name is missing,
or the table can't be told from its surroundings, the caller must read the member exactly.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.binaries.elf import segment_alignment
from envdoctor.binaries.elf_header import PT_DYNAMIC, PT_GNU_STACK, PT_LOAD, read_header
from envdoctor.binaries.elf_summary import summarize_head
from envdoctor.binaries.library import BinaryFormat, NativeLibrary, Need, VersionNeed
from envdoctor.binaries.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.binaries.elf_header import ElfHeader
    from envdoctor.wheels.member import PackedBytes

_LARGEST_EXACT = 8 << 20  # compressed bytes behind .dynamic, as far as one can guess
_STEP, _OVERLAP, _MOST = 1 << 20, 8 * 1024, 160 << 20
_LIBRARY = re.compile(rb"\0((?:lib|ld-)[^\0/\s]{1,200}\.so(?:\.[0-9a-zA-Z_.-]{1,40})?)(?=\0)")
_SEARCH_PATH = re.compile(rb"\0([^\0\n]{0,4000}\$(?:ORIGIN|\{ORIGIN\})[^\0\n]{0,8000})(?=\0)")
_VERSION = re.compile(rb"\0((?:GLIBC|GLIBCXX|CXXABI|GCC)_[0-9.]+)(?=\0)")
_TABLE_END = re.compile(rb"[^\x20-\x7e\0]|\0\0")
_DEFINED_BY = {"GLIBC": "libc.so.6", "GLIBCXX": "libstdc++.so.6", "CXXABI": "libstdc++.so.6", "GCC": "libgcc_s.so.1"}


def is_giant(source: PackedBytes) -> bool:
    """Whether the way to the member's dynamic section is too long to be gone without need."""
    if source.packed_size <= _LARGEST_EXACT:
        return False
    dynamic = read_header(Window(source, 64)).of_kind(PT_DYNAMIC)
    return bool(dynamic) and source.packed_size - source.packed_bytes_before(dynamic[0].offset) > _LARGEST_EXACT


def infer_elf(source: PackedBytes, file_name: str) -> NativeLibrary | None:
    """A guess at what the member needs, marked as `inferred`; None where its string table is not recognized.

    The table is known by the library's own soname in it, which must be the member's file name.
    """
    header = read_header(Window(source, 64))
    end = _table_end(source, header, file_name.encode())
    if end is None:
        return None
    libraries = [name for name in _names(source, end, _LIBRARY) if name != file_name]
    search_paths = _names(source, end, _SEARCH_PATH)
    loads, stack = header.of_kind(PT_LOAD), header.of_kind(PT_GNU_STACK)
    return NativeLibrary(
        format=BinaryFormat.ELF,
        architectures=(header.architecture,),
        needed=tuple(Need(name=name) for name in libraries),
        own_name=file_name,
        runpath=tuple(dict.fromkeys(directory for path in search_paths for directory in path.split(":"))),
        versions=tuple(
            VersionNeed(file=_DEFINED_BY[name.partition("_")[0]], version=name)
            for name in _names(source, end, _VERSION)
        ),
        executable_stack=bool(stack[0].flags & 1) if stack else None,
        segment_alignment=segment_alignment(loads),
        declared_alignment=min((segment.alignment for segment in loads), default=None),
        inferred=True,
        symbols=summarize_head(source, end) if header.encoding.wide and header.encoding.little else None,
    )


def _table_end(source: PackedBytes, header: ElfHeader, own_name: bytes) -> int | None:
    """Where the string table ends that holds the library's own name; None where there is none in the first segment."""
    loads = header.of_kind(PT_LOAD)
    most = min(loads[0].offset + loads[0].file_size, _MOST, source.size) if loads else 0
    found = False
    for start, piece in _pieces(source, most):
        at = 0 if found else piece.find(b"\0" + own_name + b"\0")
        found = at >= 0
        end = _TABLE_END.search(piece, at) if found else None
        if end:
            return start + end.start() + 1
    return None


def _names(source: PackedBytes, end: int, pattern: re.Pattern[bytes]) -> list[str]:
    """The names of one kind before `end`, each once, in order."""
    found = (match for _, piece in _pieces(source, end) for match in pattern.findall(piece))
    return list(dict.fromkeys(match.decode("utf-8", "surrogateescape") for match in found))


def _pieces(source: PackedBytes, end: int) -> Iterator[tuple[int, bytes]]:
    """(offset, bytes) of stretches that overlap by more than any name is long."""
    for position in range(0, end, _STEP):
        start = max(0, position - _OVERLAP)
        yield start, source.read_at(start, min(position + _STEP, end) - start)

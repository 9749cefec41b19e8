"""Holds the tables that a dynamic section names against the segments: what leaves them kills the loader.

Sources: the System V ABI (gABI), chapter 5 "Dynamic Section" and "Hash Table"; glibc's elf/get-dynamic-info.h and
elf/dl-setup_hash.c, whose assertions end the process. What the tables hold, symbols and relocations, is not read.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from envdoctor.binaries.elf_header import PT_LOAD
from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envdoctor.binaries.elf_header import ElfHeader
    from envdoctor.binaries.window import Window

_PLTRELSZ, _HASH, _SYMTAB, _SYMENT, _INIT, _FINI, _PLTREL, _JMPREL = 2, 4, 6, 11, 12, 13, 20, 23
_RELA, _RELASZ, _RELAENT, _REL, _RELSZ, _RELENT = 7, 8, 9, 17, 18, 19
_INIT_ARRAY, _FINI_ARRAY, _INIT_ARRAYSZ, _FINI_ARRAYSZ = 25, 26, 27, 28
_RELRSZ, _RELR, _RELRENT = 35, 36, 37
_GNU_HASH, _MIPS_XHASH, _VERSYM, _RELACOUNT, _RELCOUNT = 0x6FFFFEF5, 0x70000036, 0x6FFFFFF0, 0x6FFFFFF9, 0x6FFFFFFA
# (address, size in bytes), and what else stands where either does
_SIZED = (
    *((_RELA, _RELASZ, _RELAENT), (_REL, _RELSZ, _RELENT), (_RELR, _RELRSZ, _RELRENT), (_JMPREL, _PLTRELSZ, _PLTREL)),
    *((_INIT_ARRAY, _INIT_ARRAYSZ, _INIT_ARRAY), (_FINI_ARRAY, _FINI_ARRAYSZ, _FINI_ARRAY)),
)
# tag -> the size of an entry, in files of 64 and of 32 bits
_ENTRY_SIZES = {_RELAENT: (24, 12), _RELENT: (16, 8), _SYMENT: (24, 16), _RELRENT: (8, 4)}
_COUNTS = ((_RELACOUNT, _RELASZ, _RELAENT), (_RELCOUNT, _RELSZ, _RELENT))
_PLAIN_CALLS, _PF_X = frozenset({"x86_64", "i686", "aarch64", "armv7l"}), 1
_WIDE_HASHES = "s390x"  # whose DT_HASH has words of 64 bits


def check_tables(tags: Mapping[int, int], header: ElfHeader, tables: Window, *, partial: bool) -> None:
    """Looks at the addresses, sizes and counts of a dynamic section, and at the heads of its hash tables.

    Args:
        tags: the first value of each tag.
        header: the file's.
        tables: the file.
        partial: a value of 0 is one that could not be read.

    Raises:
        Unreadable: a table lies outside the segments, contradicts another, or is of an impossible size.
    """
    if not {_HASH, _GNU_HASH, _MIPS_XHASH} & tags.keys():
        raise Unreadable("ELF file without a hash table: nothing in it can be found by name")
    for group in _SIZED:
        if {*group} & tags.keys() not in (set(), {*group}):
            raise Unreadable(f"ELF dynamic section with a part of the tags {', '.join(map(hex, group))}")
    known = {tag: value for tag, value in tags.items() if value or not partial}
    _check_sizes(known, wide=header.encoding.wide)
    for address, size, _ in _SIZED:
        if known.get(size, 0) and address in known:
            _require_loaded(header, known[address], known[size])
    for tag in (_SYMTAB, _VERSYM):
        if known.get(tag, 0):
            _require_loaded(header, known[tag], 1)
    _check_calls(known, header)
    _check_hashes(known, header, tables)


def _check_sizes(tags: Mapping[int, int], *, wide: bool) -> None:
    for tag, sizes in _ENTRY_SIZES.items():
        if tags.get(tag, sizes[not wide]) != sizes[not wide]:
            raise Unreadable(f"ELF dynamic section with entries of {tags[tag]} bytes (tag {tag:#x})")
    for count, size, entry in _COUNTS:
        if {count, size, entry} <= tags.keys() and tags[count] * tags[entry] > tags[size]:
            raise Unreadable("ELF dynamic section that counts more relocations than there are")
    for _, size, entry in _SIZED:
        if size in tags and tags[size] % (tags[entry] if entry in _ENTRY_SIZES and entry in tags else 4):
            raise Unreadable(f"ELF dynamic section with a table of {tags[size]} bytes (tag {size:#x})")
    if tags.get(_PLTREL, _RELA) not in {_RELA, _REL}:
        raise Unreadable(f"ELF dynamic section with relocations of the unknown kind {tags[_PLTREL]}")


def _check_hashes(tags: Mapping[int, int], header: ElfHeader, tables: Window) -> None:
    order = "<" if header.encoding.little else ">"
    if _HASH in tags and header.architecture != _WIDE_HASHES:
        buckets, chains = _words(tables, header, tags[_HASH], order + "II")
        if not buckets or not chains:
            raise Unreadable(f"ELF hash table of {buckets} buckets for {chains} symbols")
        _require_loaded(header, tags[_HASH], 8 + 4 * (buckets + chains))
        _require_symbols(tags, header, chains)
    if _GNU_HASH in tags:
        buckets, first, masks, _ = _words(tables, header, tags[_GNU_HASH], order + "IIII")
        if not buckets or not masks or masks & masks - 1:
            raise Unreadable(f"ELF hash table of {buckets} buckets and {masks} words of its filter")
        _require_loaded(header, tags[_GNU_HASH], 16 + (8 if header.encoding.wide else 4) * masks + 4 * buckets)
        _require_symbols(tags, header, first)


def _words(tables: Window, header: ElfHeader, address: int, layout: str) -> Iterable[int]:
    size = struct.calcsize(layout)
    offset = _require_loaded(header, address, size)
    return struct.unpack(layout, tables.read(offset, size, "ELF hash table"))


def _require_symbols(tags: Mapping[int, int], header: ElfHeader, count: int) -> None:
    """Room for so many symbols, and for their versions."""
    for tag, size in ((_SYMTAB, _ENTRY_SIZES[_SYMENT][not header.encoding.wide]), (_VERSYM, 2)):
        if tag in tags:
            _require_loaded(header, tags[tag], count * size)


def _check_calls(tags: Mapping[int, int], header: ElfHeader) -> None:
    """The loader calls what lies there, be it at 0; on other machines it is a descriptor among the data."""
    code = [segment for segment in header.of_kind(PT_LOAD) if segment.flags & _PF_X]
    for address in (tags[tag] for tag in (_INIT, _FINI) if tag in tags):
        if header.architecture not in _PLAIN_CALLS:
            _require_loaded(header, address, 1)
        elif not any(segment.address <= address < segment.address + segment.file_size for segment in code):
            raise Unreadable(f"ELF file whose first or last function, at {address:#x}, is no code")


def _require_loaded(header: ElfHeader, address: int, size: int) -> int:
    """Where a table is in the file, all of it in one segment."""
    offset, end = header.offset_of(address, "ELF table")
    if offset + size > end:
        raise Unreadable(f"ELF table at {address:#x} runs out of its segment")
    return offset

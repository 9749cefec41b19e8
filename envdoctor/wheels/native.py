"""Reads a native member of a wheel, with as few of its bytes as its format allows."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.binaries import magic
from envdoctor.binaries.elf_summary import summarize
from envdoctor.binaries.library import BinaryFormat
from envdoctor.binaries.macho import read_macho
from envdoctor.binaries.macho_symbols import with_symbols
from envdoctor.binaries.native import read_native
from envdoctor.wheels.inferred_elf import infer_elf, is_giant
from envdoctor.wheels.member import PackedBytes
from envdoctor.wheels.packed_elf import AHEAD, read_packed_elf
from envdoctor.wheels.packed_pe import learn_names, read_packed_pe

if TYPE_CHECKING:
    from envdoctor.binaries.library import NativeLibrary
    from envdoctor.support.bytes import RandomAccess
    from envdoctor.wheels.archive import WheelArchive

_FARTHEST = 8 << 20  # inflated bytes that are worth their price to come to an architecture of a universal file


def read_member(archive: WheelArchive, name: str, whole_below: int, *, exact: bool = False) -> NativeLibrary | None:
    """What a member needs; None if it is not a native file at all.

    Args:
        archive: the wheel.
        name: the member.
        whole_below: see `PackedBytes`.
        exact: read even a giant ELF member exactly, which may cost a tenth of its size, and of a universal file every
            architecture; else the one is `inferred`, and of the other what stands far back is `unread`.

    Raises:
        NotLoadable: a native file that no loader maps.
        Unreadable: damaged.
    """
    source = archive.open(name, whole_below)
    head = source.read_at(0, 8)
    if not magic.is_native(head):
        return None
    if archive.members[name].compressed_size <= whole_below and head[:4] in {*magic.MACHO, *magic.UNIVERSAL}:
        return with_symbols(read_native(source), source)
    if not isinstance(source, PackedBytes) or archive.members[name].compressed_size <= whole_below:
        return _with_symbols(read_native(source), source)
    return _read_packed(source, head, posixpath.basename(name), exact=exact)


def _with_symbols(library: NativeLibrary, source: RandomAccess) -> NativeLibrary:
    """The same with its symbols, where it is an ELF file."""
    if library.format is BinaryFormat.PE:
        learn_names(library)
    return replace(library, symbols=summarize(source)) if library.format is BinaryFormat.ELF else library


def _read_packed(source: PackedBytes, head: bytes, name: str, *, exact: bool) -> NativeLibrary:
    """The same of a member of which as little as possible is inflated."""
    if head[:2] == magic.PE:
        return read_packed_pe(source, name, exact=exact)
    if head[:4] != magic.ELF:
        source.read_from_head()
        return read_macho(source, AHEAD, farthest=None if exact else _FARTHEST)
    if not exact and is_giant(source):
        return infer_elf(source, name) or read_packed_elf(source)
    return read_packed_elf(source)

"""Reads a native file of any of the three formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.binaries import magic
from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from envdoctor.binaries.library import NativeLibrary
    from envdoctor.support.bytes import RandomAccess


def read_native(source: RandomAccess) -> NativeLibrary:
    """What a file needs, whichever its format.

    Raises:
        NotLoadable: a native file that no loader maps.
        Unreadable: none of the three formats, or damaged.
    """
    head = source.read_at(0, 8)
    if not magic.is_native(head):
        raise Unreadable("neither ELF nor Mach-O nor PE")
    if head[:4] == magic.ELF:
        from envdoctor.binaries.elf import read_elf

        return read_elf(source)
    if head[:2] == magic.PE:
        from envdoctor.binaries.pe import read_pe

        return read_pe(source)
    from envdoctor.binaries.macho import read_macho

    return read_macho(source)

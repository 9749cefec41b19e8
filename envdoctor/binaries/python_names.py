"""Which functions and data of Python a native file asks of the process that loads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.binaries import magic
from envdoctor.binaries.elf_symbols import ElfSymbols
from envdoctor.binaries.macho_symbols import wanted_of_any

if TYPE_CHECKING:
    from envdoctor.support.bytes import RandomAccess

_PREFIXES = ("Py", "_Py")


def python_names(source: RandomAccess) -> frozenset[str] | None:
    """The names of Python's that an ELF or Mach-O file needs to be defined; None for any other format.

    Raises:
        Unreadable: a table is damaged, or larger than is read.
    """
    head = source.read_at(0, 4)
    if head == magic.ELF:
        names = {each.name.decode("utf-8", "replace") for each in ElfSymbols(source).wanted()}
    elif head in {*magic.MACHO, *magic.UNIVERSAL}:
        names = {name.decode("utf-8", "replace").removeprefix("_") for name in wanted_of_any(source)}
    else:
        return None
    return frozenset(name for name in names if name.startswith(_PREFIXES))

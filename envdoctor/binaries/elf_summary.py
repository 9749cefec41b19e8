"""What an ELF file's dynamic symbols come to, short enough to be kept for every file of every wheel."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from envdoctor.binaries.elf_hashes import find_gnu_hash, gnu_hash_of
from envdoctor.binaries.elf_symbols import ElfSymbols
from envdoctor.binaries.library import SymbolSummary
from envdoctor.binaries.python_names import change_of
from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.support.bytes import RandomAccess

#: Its names are all known, without versions: a version's own table tells nothing of the names below it.
_KNOWN_WHOLE = "libz.so.1"
_OF_PYTHON = (b"Py", b"_Py")


def summarize(source: RandomAccess, *, partial: bool = False) -> SymbolSummary | None:
    """The summary of a file; None if its tables can't be read, or not all of what leads to them is known.

    Args:
        source: the file.
        partial: see `ElfSymbols`.
    """
    try:
        symbols = ElfSymbols(source, partial=partial)
        wanted = [each.name for each in symbols.wanted() if not each.version or each.library == _KNOWN_WHOLE]
        texts = (name.decode() for name in wanted if not name.startswith(_OF_PYTHON) or change_of(name.decode()))
        return SymbolSummary(wanted=tuple(sorted(texts)), defined=symbols.defined_hashes())
    except (Unreadable, struct.error, UnicodeDecodeError):
        return None


def summarize_head(source: RandomAccess, end: int) -> SymbolSummary | None:
    """What a file of 64 bits defines, by the looks of its head up to the end of its names; what it wants is not known.

    Args:
        source: the file.
        end: where the string table of its symbols ends.
    """
    try:
        table = find_gnu_hash(source.read_at, end)
        return SymbolSummary(defined=table.all_hashes(), is_whole=False) if table else None
    except (Unreadable, struct.error):
        return None


def undefined_in(wanted: Iterable[str], defined: Iterable[bytes]) -> tuple[str, ...]:
    """Those of some names that none of several files defines, as their `defined` has it.

    A name whose hash another name has counts as defined.
    """
    numbers = {name: gnu_hash_of(name.encode()) | 1 for name in wanted}
    left = set(numbers.values())
    for hashes in defined:
        if left:
            left.difference_update(struct.unpack(f"<{len(hashes) // 4}I", hashes))
    return tuple(name for name, number in numbers.items() if number in left)

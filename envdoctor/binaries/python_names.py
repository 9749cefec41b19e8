"""Which functions and data of Python a native file asks of the process that loads it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from envdoctor.binaries import magic
from envdoctor.binaries.elf_symbols import ElfSymbols
from envdoctor.binaries.macho_symbols import wanted_of_any
from envdoctor.core.data import load_table
from envdoctor.support.text import version_tuple

if TYPE_CHECKING:
    from envdoctor.support.bytes import RandomAccess

_PREFIXES = ("Py", "_Py")
_UNICODE_BEFORE_3 = "PyUnicodeUCS"  # with a 2 or a 4, by the width of the build's characters


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


def change_of(name: str) -> tuple[tuple[int, ...], bool] | None:
    """The version of Python where a name came or went, and whether it is there since; None if it is in all, or in none.

    Sources: the exports of released Pythons on Linux, in data/python_names.toml.
    """
    return _changes().get(_UNICODE_BEFORE_3 if name.startswith(_UNICODE_BEFORE_3) else name)


def why_not_in(name: str, python: tuple[int, int]) -> str:
    """Why a CPython does not export a name, as the end of a sentence; "" where it does, or that is not known."""
    changed = change_of(name)
    if changed is None or (python >= changed[0]) is changed[1]:
        return ""
    version = ".".join(map(str, changed[0]))
    return f"Python {version} brought" if changed[1] else f"Python {version} and later lack"


@functools.cache
def _changes() -> dict[str, tuple[tuple[int, ...], bool]]:
    table: dict[str, dict[str, str]] = load_table("python_names")
    return {
        name: (version_tuple(key), kind == "brought")
        for kind, rows in table.items()
        for key, text in rows.items()
        for name in text.split()
    }

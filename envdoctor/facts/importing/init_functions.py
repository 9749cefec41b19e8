"""Whether an extension module has the function that importing it calls (PEP 489: `PyInit_` and its last name)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envdoctor.binaries.elf import read_elf
from envdoctor.binaries.elf_hashes import gnu_hash_of
from envdoctor.binaries.elf_symbols import ElfSymbols, Wanted
from envdoctor.binaries.files import FileBytes
from envdoctor.binaries.python_abi import init_name
from envdoctor.core.errors import Unreadable
from envdoctor.imports.exports import system_may_have

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts.natives import NativeFile


def init_function(path: str) -> str:
    """The name of the function; "" where the module's name is spelled in another way there (Punycode)."""
    stem = init_name(path)
    return f"PyInit_{stem}" if stem.isascii() else ""


class InitFunctions:
    """Those of the native files of an environment; only ELF files are looked into."""

    def __init__(self, files: Iterable[NativeFile]) -> None:
        self._needed = {
            one.path: tuple(os.path.basename(need.name) for need in one.library.needed)
            for one in files
            if one.library is not None
        }
        self._own = frozenset(os.path.basename(path) for path in self._needed)

    def lacks(self, path: str) -> bool:
        """Whether a file certainly does not have its function, nor a library of the environment that it brings.

        The loader asks for the function in a file and in all that it needs; the system's libraries have none.
        """
        return self._lacks(path, init_function(path).encode())

    def lacks_function(self, path: str, name: str) -> bool:
        """The same of any function, which a library of the system may have too."""
        needed = self._needed.get(path)
        return needed is not None and not system_may_have(name, needed) and self._lacks(path, name.encode())

    def _lacks(self, path: str, name: bytes) -> bool:
        wanted = Wanted(name)
        try:
            with FileBytes(path) as source:
                if path not in self._needed:  # a stray one, which no distribution lists
                    self._needed[path] = tuple(os.path.basename(need.name) for need in read_elf(source).needed)
                if not name or not self._own.isdisjoint(self._needed[path]):
                    return False
                return not ElfSymbols(source).defined((wanted,), {name: gnu_hash_of(name)})
        except (Unreadable, OSError):
            return False

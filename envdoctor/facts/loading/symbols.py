"""Undefined symbols: names that a module must find when it is loaded, and that nothing which could be there defines."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.binaries.elf_symbols import ElfSymbols, gnu_hash_of
from envdoctor.binaries.files import FileBytes
from envdoctor.core.errors import Unreadable
from envdoctor.core.finding import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from envdoctor.facts.natives import NativeFile


@dataclass(frozen=True, slots=True, kw_only=True)
class UndefinedSymbols:
    """Names that a file binds when it is mapped, and that nothing defines.

    Attributes:
        file: an extension module.
        holder: the path of the file that needs the names: the module, or a library that it loads.
        names: in order.
        searched: how many files were asked for them.
        imported: whether importing the distribution's packages surely loads the module.
    """

    file: NativeFile
    holder: str
    names: tuple[str, ...]
    searched: int
    imported: bool = True

    @property
    def proof(self) -> tuple[Evidence, ...]:
        """Where the names are needed, and where they were looked for."""
        words = f"{self.searched} files: all that the loader maps, the environment's other native files, ld.so.cache"
        return (
            Evidence(source=self.holder, excerpt="\n".join(f"undefined symbol: {name}" for name in self.names[:12])),
            Evidence(source=words, excerpt="none defines it, in any version"),
        )


def undefined_symbols(
    modules: Sequence[tuple[NativeFile, Sequence[str]]], own: Iterable[str], providers: Sequence[str]
) -> tuple[UndefinedSymbols, ...]:
    """What the loads of modules fail for.

    A name that any of the providers defines is not told, whether the loader would look there or not: what is loaded
    before, with RTLD_GLOBAL, can bring it. A provider that can't be read may define anything. So what is told is
    missing in every order of loading.

    Args:
        modules: each with the files that loading it maps.
        own: the environment's files, whose needs are looked at; the system's own files are taken to be sound.
        providers: the files in which names are looked for, the likeliest first.
    """
    mapped = {path for _, files in modules for path in files}
    needed = {path: _needed(path) for path in sorted(mapped.intersection(own))}
    left = {name: gnu_hash_of(name) for name in frozenset().union(*needed.values())}
    for path in providers:
        if not left:
            break
        left = _not_defined(path, left)
    lacking = {path: sorted(names & left.keys()) for path, names in needed.items()}
    found = []
    for module, files in modules:
        holder = next((path for path in files if lacking.get(path)), "")
        if holder:
            names = tuple(name.decode("utf-8", "backslashreplace") for name in lacking[holder])
            found.append(UndefinedSymbols(file=module, holder=holder, names=names, searched=len(providers)))
    return tuple(found)


def _needed(path: str) -> frozenset[bytes]:
    """What a file binds when it is mapped; nothing if that can't be read, which is no proof of anything."""
    try:
        with FileBytes(path) as source:
            return ElfSymbols(source).needed_at_load()
    except (Unreadable, struct.error):
        return frozenset()


def _not_defined(path: str, names: Mapping[bytes, int]) -> dict[bytes, int]:
    """Those of the names that a file does not define; none if it can't be read."""
    try:
        with FileBytes(path) as source:
            symbols = ElfSymbols(source)
            return {name: number for name, number in names.items() if not symbols.defines(name, number)}
    except (Unreadable, struct.error):
        return {}

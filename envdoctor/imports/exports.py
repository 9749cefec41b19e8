"""Whether a library that ctypes loaded lacks a function: it is looked for there, and in all that the library needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.binaries.elf_hashes import gnu_hash_of
from envdoctor.binaries.library import BinaryFormat
from envdoctor.binaries.macho_symbols import macho_hash
from envdoctor.imports.macho_names import BARE
from envdoctor.imports.symbols import is_known_library, names_of_libc
from envdoctor.wheels.contents import install_path
from envdoctor.wheels.layout import process_architecture, runs_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envdoctor.binaries.library import NativeLibrary
    from envdoctor.core.target import Platform
    from envdoctor.wheels.contents import NativeFile


def system_may_have(name: str, needed: Iterable[str]) -> bool:
    """Whether one of the libraries of the system that a file needs may have a function.

    Args:
        name: of the function.
        needed: the libraries, as the file names them; not those that lie beside it.
    """
    known = all(each in BARE or is_known_library(each.rpartition("/")[2]) for each in needed)
    return not known or name.startswith("_") or name in names_of_libc()


def lacks_function(natives: Sequence[NativeFile], path: str, name: str, platform: Platform) -> bool:
    """Whether a library of a wheel, from site-packages, certainly has no function of a name, nor what it needs.

    What any file of the wheel defines counts as there. Windows' files are not looked into.
    """
    here = [one for one in natives if one.library and runs_on(one.library, platform)]
    parts = [(install_path(one.path), _part(one.library, platform)) for one in here if one.library]
    file = next((part for where, part in parts if where == path), None)
    if file is None or any(part is None or part.symbols is None for _, part in parts):
        return False
    number = macho_hash(f"_{name}".encode()) if file.format is BinaryFormat.MACHO else gnu_hash_of(name.encode()) | 1
    if any(part.symbols.has(number) for _, part in parts if part and part.symbols):
        return False
    own = {where.rpartition("/")[2] for where, _ in parts}
    needed = [need.name for _, part in parts if part for need in part.needed]
    return not system_may_have(name, (each for each in needed if each.rpartition("/")[2] not in own))


def _part(library: NativeLibrary, platform: Platform) -> NativeLibrary | None:
    return library if library.format is BinaryFormat.ELF else library.for_architecture(process_architecture(platform))

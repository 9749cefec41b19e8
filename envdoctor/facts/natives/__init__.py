"""The native files of the installed distributions: what they need, and which Python and numpy they were built for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.facts.natives.numpy_build import NumpyBuild, NumpyUse, find_numpy_uses

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.binaries.library import NativeLibrary
    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution

__all__ = ["NativeFile", "Natives", "NumpyBuild", "NumpyUse", "derive", "module_stem"]

# What stands between a module's name and .so or .pyd where its builder named the Python: cpython-311-x86_64-linux-gnu,
# cp311-win_amd64, pypy310-pp73-x86_64-linux-gnu, abi3 (PEP 3149 and what grew out of it)
_TAGGED = re.compile(r"\.(?:cpython-|cp\d|pypy|graalpy|abi3).*$")
_NUMPY_2 = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeFile:
    """One native file of a distribution.

    Attributes:
        path: absolute.
        is_module: True if its name is that of an extension module, of whatever Python, rather than of a library.
        is_tagged: True if the name tells the Python it is for; TensorFlow's modules, for one, have plain names.
        importable: True if the examined Python would take it for a module.
        library: what it says of itself; None if that could not be read.
        problem: why it could not be read; empty if it could.
        is_native: False if it is not even in a native format: an empty file, a page of text.
    """

    distribution: Distribution
    path: str
    is_module: bool = True
    is_tagged: bool = True
    importable: bool = True
    library: NativeLibrary | None = None
    problem: str = ""
    is_native: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Natives:
    """All native files, by distribution in the order of the search path.

    Attributes:
        wheel_tags: for each metadata folder of a distribution with modules, the tags of the wheel it came from.
        numpy_uses: what the distributions' modules were built against; empty unless numpy 2 or newer is installed.
    """

    files: tuple[NativeFile, ...] = ()
    wheel_tags: tuple[tuple[Distribution, tuple[str, ...]], ...] = ()
    numpy_uses: tuple[NumpyUse, ...] = ()


def derive(facts: Facts) -> Natives:
    """Read every native file of every distribution in use.

    Raises:
        FactUnavailable: the RECORDs could not be read.
    """
    from envdoctor.facts.natives.listing import list_native_paths, read_wheel_tags

    rows = {record.distribution.metadata: record.rows for record in facts.records.records}
    suffixes = facts.python.extension_suffixes
    active = facts.packages.active()
    files: list[NativeFile] = []
    tags: list[tuple[Distribution, tuple[str, ...]]] = []
    for distribution in active.values():
        paths = list_native_paths(distribution, rows.get(distribution.metadata))
        found = list(_read_all(distribution, paths, suffixes))
        files += found
        if any(one.is_module for one in found):
            tags.append((distribution, read_wheel_tags(distribution)))
    numpy = active.get("numpy")
    uses = find_numpy_uses(files) if numpy is not None and _major(numpy.version) >= _NUMPY_2 else ()
    return Natives(files=tuple(files), wheel_tags=tuple(tags), numpy_uses=uses)


def _major(version: str) -> int:
    digits = re.match(r"\d+", version)
    return int(digits[0]) if digits else 0


def _read_all(distribution: Distribution, paths: Sequence[str], suffixes: Sequence[str]) -> Iterator[NativeFile]:
    for path in paths:
        name = path.rpartition("/")[2]
        library, problem, is_native = _read(path)
        stem = module_stem(name)
        is_tagged = bool(_TAGGED.search(name))
        yield NativeFile(
            distribution=distribution,
            path=path,
            is_module=bool(stem) and (is_tagged or not name.startswith("lib")),
            is_tagged=is_tagged,
            importable=any(name == stem + suffix for suffix in suffixes),
            library=library,
            problem=problem,
            is_native=is_native,
        )


def module_stem(name: str) -> str:
    """The module's name in the name of a file; empty if no Python would import a file with such a name."""
    stem, _, ending = name.rpartition(".")
    return _TAGGED.sub("", "." + stem)[1:] if ending in {"so", "pyd"} else ""


def _read(path: str) -> tuple[NativeLibrary | None, str, bool]:
    from envdoctor.binaries.files import FileBytes
    from envdoctor.binaries.magic import is_native
    from envdoctor.binaries.native import read_native
    from envdoctor.core.errors import Unreadable

    native = True
    try:
        with FileBytes(path) as source:
            native = is_native(source.read_at(0, 8))
            return read_native(source), "", True
    except Unreadable as error:
        return None, str(error), native

"""The native files of the installed distributions: what they need, and which Python and numpy they were built for."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.binaries.numpy_build import NumpyBuild
from envdoctor.core.frozen import frozen
from envdoctor.facts.natives.numpy_use import NumpyUse, find_numpy_uses
from envdoctor.support.text import read_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.binaries.library import NativeLibrary
    from envdoctor.core.request import Request
    from envdoctor.executors import Executor
    from envdoctor.facts import Facts
    from envdoctor.facts.natives.relocations import Relocations
    from envdoctor.facts.packages import Distribution
    from envdoctor.facts.python import Python
    from envdoctor.facts.records import Record

__all__ = [
    "NativeFile",
    "Natives",
    "NumpyBuild",
    "NumpyUse",
    "ask",
    "fits_machine",
    "fits_python",
    "is_of_other_machine",
    "module_stem",
]

# What stands between a module's name and .so or .pyd where its builder named the Python: cpython-311-x86_64-linux-gnu,
# cp311-win_amd64, pypy310-pp73-x86_64-linux-gnu, abi3 (PEP 3149 and what grew out of it)
#: ld(1), "Implicit Linker Scripts": a comment, then commands with their arguments in parentheses.
_SCRIPT = re.compile(rb"\s*(?:/\*.*?\*/\s*)*(?:INPUT|GROUP|OUTPUT_FORMAT|AS_NEEDED)\s*\(", re.DOTALL)
_SCRIPT_HEAD = 4096
_TAGGED = re.compile(r"\.(?:cpython-|cp\d|pypy|graalpy|abi3).*$")
#: The Python in such a name, without its platform.
_PYTHON_IN_NAME = re.compile(r"\.(?:cpython-\d+\w*|cp\d+\w*)(?=[-.])")
_NUMPY_2 = 2


@frozen
class NativeFile:
    """One native file of a distribution.

    Attributes:
        path: absolute.
        is_module: True if its name is that of an extension module, of whatever Python, rather than of a library.
        is_tagged: True if the name tells the Python it is for; TensorFlow's modules, for one, have plain names.
        importable: True if the examined Python would take it for a module.
        size: bytes.
        library: what it says of itself; None if that could not be read.
        problem: why it could not be read; empty if it could.
        is_damaged: True if it is an ELF file of which a part is missing or contradicts another: no loader takes it.
        is_linker_script: True for the text that a linker reads in a library's place (`INPUT(-lfoo)`), and no import.
        is_native: False if it is not even in a native format: an empty file, a page of text.
    """

    distribution: Distribution
    path: str
    is_module: bool = True
    is_tagged: bool = True
    importable: bool = True
    size: int = 0
    library: NativeLibrary | None = None
    problem: str = ""
    is_native: bool = True
    is_damaged: bool = False
    is_linker_script: bool = False


@frozen
class Natives:
    """All native files, by distribution in the order of the search path.

    Attributes:
        wheel_tags: for each metadata folder of a distribution with modules, the tags of the wheel it came from.
        numpy_uses: what the distributions' modules were built against; empty unless numpy 2 or newer is installed.
    """

    files: tuple[NativeFile, ...] = ()
    wheel_tags: tuple[tuple[Distribution, tuple[str, ...]], ...] = ()
    numpy_uses: tuple[NumpyUse, ...] = ()

    def modules_of(self, distribution: Distribution) -> tuple[NativeFile, ...]:
        """The files of a distribution that have the names of extension modules, of whatever Python."""
        whose = distribution.metadata, distribution.name
        return tuple(
            one for one in self.files if one.is_module and (one.distribution.metadata, one.distribution.name) == whose
        )


def ask(facts: Facts, request: Request, executor: Executor) -> Natives:  # noqa: ARG001 - files tell all
    """Read every native file of every distribution in use.

    Raises:
        FactUnavailable: the RECORDs could not be read.
    """
    from envdoctor.facts.natives.listing import list_native_paths, read_wheel_tags
    from envdoctor.facts.natives.relocations import Relocations

    relocations = Relocations(facts.python, request)
    records = {record.distribution.metadata: record for record in facts.records.records}
    suffixes = facts.python.extension_suffixes
    active = facts.packages.active()
    files: list[NativeFile] = []
    tags: list[tuple[Distribution, tuple[str, ...]]] = []
    for distribution in active.values():
        record = records.get(distribution.metadata)
        listed = _of_others(record, facts) if record is not None and record.problem else frozenset()
        found = list(_read_all(distribution, list_native_paths(distribution, record, listed), suffixes, relocations))
        files += found
        if any(one.is_module for one in found):
            tags.append((distribution, read_wheel_tags(distribution)))
    relocations.save()
    numpy = active.get("numpy")
    uses = find_numpy_uses(files) if numpy is not None and _major(numpy.version) >= _NUMPY_2 else ()
    return Natives(files=tuple(files), wheel_tags=tuple(tags), numpy_uses=uses)


def _of_others(record: Record, facts: Facts) -> frozenset[str]:
    """The native files that all other RECORDs list."""
    from envdoctor.facts.natives.listing import native_rows

    return frozenset(path for one in facts.records.records if one is not record for path in native_rows(one))


def fits_python(tag: str, minor: tuple[int, int], *, free_threaded: bool) -> bool:
    """Whether a wheel's tag admits a CPython, its platform left aside (PEP 425).

    Args:
        tag: `cp311-cp311-manylinux_2_27_x86_64`.
        minor: major and minor version.
        free_threaded: True for a build without the global interpreter lock.
    """
    pythons, abis, _ = (*tag.split("-", 2), "", "")[:3]
    own = f"cp{minor[0]}{minor[1]}"
    for abi in abis.split("."):
        for python in pythons.split("."):
            version = re.fullmatch(r"(?:cp|py)(\d)(\d*)", python)
            asked = (int(version[1]), read_number(version[2] or "0")) if version else (99, 0)
            if abi == "none" and (python == own if python.startswith("cp") else asked <= minor):
                return True
            if abi == "abi3" and asked <= minor and not free_threaded:
                return True
            if python == own and abi.startswith(own) and ("t" in abi) == free_threaded:
                return True
    return False


#: The containers that the platforms' loaders take, by `sys.platform`.
_FORMATS = {"linux": "ELF", "android": "ELF", "darwin": "Mach-O", "win32": "PE"}
#: The architectures of PE files whose name in wheel tags is not the one used here; arm64ec runs in both worlds.
_SPELLINGS = {"amd64": ("x86_64",), "win32": ("x86",), "arm64ec": ("arm64", "x86_64")}


def fits_machine(library: NativeLibrary, machine: str, system: str) -> bool:
    """Whether a Python for that machine could load the file.

    Args:
        library: what the file says of itself.
        machine: spelled as `Host.machine` is.
        system: as `sys.platform` has it; the format counts only on systems where it is known.
    """
    if _FORMATS.get(system, library.format.value) != library.format.value:
        return False
    return any(machine in _SPELLINGS.get(one, (one,)) for one in library.architectures)


def is_of_other_machine(file: NativeFile, python: Python) -> bool:
    """Whether a module is for this very Python by its name, and for another machine by its name and content.

    Args:
        file: an extension module.
        python: the one that is examined.
    """
    own = _PYTHON_IN_NAME.search(python.extension_suffixes[0] if python.extension_suffixes else "")
    named = _PYTHON_IN_NAME.search(file.path)
    if file.importable or file.library is None or own is None or named is None or own[0] != named[0]:
        return False
    return not fits_machine(file.library, python.machine, python.markers.get("sys_platform", ""))


def _major(version: str) -> int:
    digits = re.match(r"\d{1,9}", version)
    return int(digits[0]) if digits else 0


def _read_all(
    distribution: Distribution, paths: Sequence[str], suffixes: Sequence[str], relocations: Relocations
) -> Iterator[NativeFile]:
    for path in paths:
        name = path.rpartition("/")[2]
        stem = module_stem(name)
        is_tagged = bool(_TAGGED.search(name))
        yield _read(
            NativeFile(
                distribution=distribution,
                path=path,
                is_module=bool(stem) and (is_tagged or not name.startswith("lib")),
                is_tagged=is_tagged,
                importable=any(name == stem + suffix for suffix in suffixes),
            ),
            relocations,
        )


def module_stem(name: str) -> str:
    """The module's name in the name of a file; empty if no Python would import a file with such a name."""
    stem, _, ending = name.rpartition(".")
    return _TAGGED.sub("", "." + stem)[1:] if ending in {"so", "pyd"} else ""


def _read(file: NativeFile, relocations: Relocations) -> NativeFile:
    """The file with its content read."""
    from envdoctor.binaries.files import FileBytes
    from envdoctor.binaries.library import BinaryFormat, NotLoadable
    from envdoctor.binaries.magic import ELF, is_native
    from envdoctor.binaries.native import read_native
    from envdoctor.core.errors import Unreadable
    from envdoctor.support.bugs import describe_bug

    size, native, script, elf = 0, True, False, False
    try:
        with FileBytes(file.path) as source:
            size = source.size
            native, elf = is_native(source.read_at(0, 8)), source.read_at(0, 4) == ELF
            script = not native and _SCRIPT.match(source.read_at(0, min(size, _SCRIPT_HEAD))) is not None
            library = read_native(source)
            if library.format is BinaryFormat.ELF:
                relocations.check(file.path, source)
            return replace(file, size=size, library=library)
    except Unreadable as error:
        special = os.path.exists(file.path) and not os.path.isfile(file.path)  # a FIFO is no library
        damaged = elf and not isinstance(error, NotLoadable)
        file = replace(file, is_native=native and not special, is_damaged=damaged, is_linker_script=script)
        return replace(file, size=size, problem=str(error))
    except Exception as error:  # noqa: BLE001  (whatever is in a file: all others are read)
        return replace(file, size=size, problem=describe_bug(error), is_native=native)

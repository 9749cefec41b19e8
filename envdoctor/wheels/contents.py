"""What a wheel installs: native files and what they need, import names, commands; and what it cost to look."""

from __future__ import annotations

import functools
import posixpath
import re
from typing import TYPE_CHECKING

from envdoctor.binaries.elf_hashes import gnu_hash_of
from envdoctor.binaries.elf_relocations import check_relocations
from envdoctor.binaries.library import BinaryFormat, NativeLibrary, NotLoadable
from envdoctor.binaries.macho_symbols import macho_hash
from envdoctor.binaries.python_abi import PythonAbi, init_name, is_module_name, module_abi
from envdoctor.core.errors import Unreadable
from envdoctor.core.frozen import frozen
from envdoctor.support.parallel import in_parallel
from envdoctor.wheels.archive import WheelArchive
from envdoctor.wheels.completeness import check_completeness
from envdoctor.wheels.directory import Member  # noqa: TC001 - resolved when contents are read back from a cache
from envdoctor.wheels.member import FIRST_READ, FIRST_READ_OF_PE, WHOLE_BELOW, first_read
from envdoctor.wheels.metadata import WheelMetadata, read_metadata
from envdoctor.wheels.native import read_member

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.support.bytes import RandomAccess

_NATIVE_NAME = re.compile(r".*\.(?:so|dylib|pyd|dll|exe|bundle)(?:\.(?!pyi?$|txt$|json$|md$|h$)[^/]*)?", re.IGNORECASE)
# Without a suffix, or with one that says nothing: looked into if it may be executed.
_PLAIN_NAME = re.compile(r"(?:.*/)?[^/.]+")
_EXECUTABLE_BITS = 0o111
_IN_FRAMEWORK = re.compile(r"(?:.*/)?(?P<name>[^/]+)\.framework/(?:Versions/[^/]+/)?(?P=name)")  # whatever its mode
_SMALLEST_NATIVE = 64  # bytes: an ELF header
_LINKER_SCRIPT = re.compile(rb"\s*(?:/\*|INPUT|GROUP|AS_NEEDED|OUTPUT_FORMAT)")  # of ld, under any name.so
_NOT_NATIVE = "it is neither ELF nor Mach-O nor PE"
_SYMBOLS_BUDGET = 4 << 20  # compressed bytes of all native files for macOS
_LARGEST_WHOLE = 64 << 20
_MOST_RELOCATIONS = 1 << 20  # bytes: of the few libraries with more, it would take most of the time
_GAP = 8 * 1024
_READERS = 4
_DATA_FOLDER = re.compile(r"(?P<distribution>[^/]+)\.data/(?P<scheme>[^/]+)/(?P<path>.+)")
_SITE_PACKAGES = re.compile(r"lib/(?:python3\.[0-9]+/)?site-packages/(?P<path>.+)", re.IGNORECASE)
_INTO_SITE_PACKAGES = {"purelib", "platlib"}


@frozen
class NativeFile:
    """A native file of a wheel.

    Attributes:
        member: its path in the archive.
        path: where an installer puts it: from site-packages, or below `../` where that is elsewhere (`install_path`).
        size: in bytes.
        library: what it says of itself; None where it can't be read or is not loadable.
        problem: why it can't be read; "" where it can.
        not_loadable: why no loader maps it (an object file, GPU code); such a file needs nothing.
        python: which Python it is for, if it is named as an extension module.
    """

    member: str
    path: str
    size: int
    library: NativeLibrary | None = None
    problem: str = ""
    not_loadable: str = ""
    python: PythonAbi | None = None

    @property
    def parts(self) -> tuple[NativeLibrary, ...]:
        """The library of each architecture."""
        return (self.library.slices or (self.library,)) if self.library else ()

    @property
    def is_module(self) -> bool:
        """Whether Python is meant to import it, by its name, and, where that says little, by what it defines."""
        name = posixpath.basename(self.path)
        return is_module_name(name) and (name.count(".") > 1 or self._may_begin())

    @property
    def lacks_init(self) -> bool:
        """Whether CPython can't begin it, though its name is that of an extension module."""
        name = posixpath.basename(self.path)
        is_for_cpython = self.python is not None and self.python.implementation in {"", "cp"}
        return is_for_cpython and is_module_name(name) and not self._may_begin()

    def _may_begin(self) -> bool:
        """Whether it may define `PyInit_NAME`; any library for ctypes may be called `NAME.so` too."""
        library, stem = self.library, init_name(self.path)
        known = [part.symbols for part in self.parts if part.symbols and part.symbols.is_whole]
        if not known or not stem.isascii():
            return True
        on_macos = library is not None and library.format is BinaryFormat.MACHO
        name = f"PyInit_{stem}".encode()
        number = macho_hash(b"_" + name) if on_macos else gnu_hash_of(name) | 1
        return any(symbols.has(number) for symbols in known)


@frozen
class Effort:
    """What looking into a wheel cost, and how large it is."""

    size: int
    bytes_read: int
    reads: int


@frozen
class WheelContents:
    """What is in a wheel.

    Attributes:
        metadata: what it says of itself.
        members: its files by path in the archive.
        imports: the names that can be imported from it, packages and modules at the top.
        natives: its native files.
        effort: what it cost.
        damage: what its parts contradict each other in, as the part of a sentence; "" if nothing was found.
        not_compared: which of its parts were not held against each other, as a sentence; "" if all were.
    """

    metadata: WheelMetadata
    members: dict[str, Member]
    imports: tuple[str, ...]
    natives: tuple[NativeFile, ...]
    effort: Effort
    damage: str = ""
    not_compared: str = ""

    @property
    def label(self) -> str:
        """Name and version, as in `numpy 2.3.4`."""
        return f"{self.metadata.name} {self.metadata.version}"


def read_contents(source: RandomAccess, *, exact: bool = False, parallel: bool = False) -> WheelContents:
    """Looks into a wheel.

    Args:
        source: the wheel, local or remote.
        exact: read giant ELF files exactly, and all of universal files (see `NativeLibrary.inferred`, `unread`).
        parallel: each read is a request: read several members at once, and only what is worth it; the source must be
            safe to share among threads, as `RemoteFile` is.

    Raises:
        Unreadable: not a wheel, too damaged to look into, or beyond the limits. A native file that can't be read does
            not raise; it is in `natives` with its problem.
        NetworkProblem: a remote source did not answer.
    """
    archive = WheelArchive(source)
    metadata = read_metadata(archive)
    natives = tuple(_natives(archive, metadata, exact=exact, parallel=parallel))
    compared = check_completeness(archive, metadata, in_parts=parallel)
    counted = archive.source
    return WheelContents(
        metadata=metadata,
        members=archive.members,
        imports=import_names(archive.members),
        natives=natives,
        effort=Effort(size=counted.size, bytes_read=counted.bytes_read, reads=counted.reads),
        damage=compared.damage,
        not_compared=compared.not_compared,
    )


def install_path(member: str) -> str:
    """Where an installer puts a member, from site-packages (PEP 427); commands and data go below the environment.

    `X.data/platlib/a.so` is `a.so`; `X.data/data/lib/b.so` is `../../../lib/b.so`, as on POSIX. Of data that lies where
    site-packages is, `Lib/site-packages` on Windows, it is known.
    """
    match = _DATA_FOLDER.fullmatch(member)
    if match is None:
        return member
    scheme, path = match["scheme"], match["path"]
    if scheme in _INTO_SITE_PACKAGES:
        return path
    packages = _SITE_PACKAGES.fullmatch(path) if scheme == "data" else None
    if packages:
        return packages["path"]
    folder = {"scripts": "bin/", "headers": f"include/{match['distribution']}/"}.get(scheme, "")
    return f"../../../{folder}{path}"


def module_path(path: str) -> str:
    """A path from the folder that Python searches: a site-packages folder inside a wheel is meant to be one (cmeel)."""
    return path.rpartition("/site-packages/")[2]


def import_names(members: dict[str, Member]) -> tuple[str, ...]:
    """The packages and modules at the top of site-packages, in the order of the archive.

    A folder counts if Python can find something in it: modules, or folders that hold some (a namespace package).
    """
    names: dict[str, None] = {}
    for member in members:
        path = module_path(install_path(member))
        top, slash, rest = path.partition("/")
        if path.startswith("../") or top.endswith((".dist-info", ".libs", ".data")):
            continue
        module = posixpath.basename(rest) if slash else top
        stem = module.partition(".")[0]
        if stem.isidentifier() and (module == f"{stem}.py" or module_abi(module)) and (not slash or top.isidentifier()):
            names[top if slash else stem] = None
    return tuple(names)


def _natives(archive: WheelArchive, metadata: WheelMetadata, *, exact: bool, parallel: bool) -> list[NativeFile]:
    names = [name for name, member in archive.members.items() if _may_be_native(member)]
    packed = [(name, archive.members[name].compressed_size) for name in names]
    macos = any("-macosx_" in tag for tag in metadata.tags)
    whole_below = _whole_macho(packed, parallel=parallel) if macos else WHOLE_BELOW
    read = functools.partial(_native, archive, whole_below=whole_below, exact=exact, local=not parallel)
    workers = _READERS if parallel else 1
    run = functools.partial(in_parallel, workers=workers, name="member")
    at_once = min(whole_below, _SYMBOLS_BUDGET)
    archive.prefetch((name for name, size in packed if size <= at_once), at_once, _GAP, run)
    for first in (FIRST_READ, FIRST_READ_OF_PE):
        heads = (name for name, size in packed if size > whole_below and first_read(name) == first)
        archive.prefetch(heads, first, _GAP, run)
    return [native for native in in_parallel(read, names, workers, "member") if native]


def _whole_macho(packed: Iterable[tuple[str, int]], *, parallel: bool) -> int:
    """The compressed size up to which files for macOS are read whole, for the symbols at their end.

    Load commands stand at their head: over the network the rest is only read where it is little.
    """
    if not parallel:
        return _LARGEST_WHOLE
    total = sum(size for _, size in packed)
    return _LARGEST_WHOLE if total <= _SYMBOLS_BUDGET else FIRST_READ


def _may_be_native(member: Member) -> bool:
    if member.size < _SMALLEST_NATIVE:
        return _is_tagged_module(member.name)
    may_start = bool(member.mode & _EXECUTABLE_BITS) or ".data/scripts/" in member.name
    plain = may_start and bool(_PLAIN_NAME.fullmatch(member.name))
    return plain or bool(_NATIVE_NAME.fullmatch(member.name) or _IN_FRAMEWORK.fullmatch(member.name))


def _is_tagged_module(name: str) -> bool:
    """Whether a file's name says which Python is to load it."""
    base = posixpath.basename(name)
    return base.count(".") > 1 and is_module_name(base)


def _not_native(archive: WheelArchive, name: str, whole_below: int) -> tuple[str, str]:
    """What a file is that is named as a module and is no native file: certainly damaged, or perhaps something else."""
    if _is_tagged_module(name):
        return _NOT_NATIVE, ""
    if not is_module_name(posixpath.basename(name)):
        return "", ""
    is_script = _LINKER_SCRIPT.match(archive.open(name, whole_below).read_at(0, _SMALLEST_NATIVE))
    return "", "" if is_script else _NOT_NATIVE


def _native(archive: WheelArchive, name: str, *, whole_below: int, exact: bool, local: bool) -> NativeFile | None:
    library, problem, not_loadable = None, "", ""
    try:
        library = read_member(archive, name, whole_below, exact=exact)
        if library is None:
            not_loadable, problem = _not_native(archive, name, whole_below)
            if not (not_loadable or problem):
                return None
        elif local and library.format is BinaryFormat.ELF:  # it is inflated whole for its checksum, too
            check_relocations(archive.open(name, _LARGEST_WHOLE), _MOST_RELOCATIONS)
    except NotLoadable as error:
        not_loadable = str(error)
    except Unreadable as error:
        problem = str(error)
    return NativeFile(
        member=name,
        path=install_path(name),
        size=archive.members[name].size,
        library=library,
        problem=problem,
        not_loadable=not_loadable,
        python=module_abi(posixpath.basename(name), library),
    )

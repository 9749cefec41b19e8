"""How the loader of this machine searches for libraries: its cache, its folders, the environment, the program."""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING

from envdoctor.binaries.policy import SystemPolicy
from envdoctor.binaries.resolve import Image
from envdoctor.core.errors import FactUnavailable, Unreadable
from envdoctor.core.frozen import frozen
from envdoctor.core.target import Interpreter, Libc, Platform, System, Target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envdoctor.binaries.policy import SystemLibrary
    from envdoctor.binaries.resolve import Search
    from envdoctor.binaries.tree import LibraryTree
    from envdoctor.facts import Facts
    from envdoctor.facts.host import Host
    from envdoctor.facts.python import Python

_MUSL_PATHS = "/etc/ld-musl-{}.path"
_LD_CACHE = "/etc/ld.so.cache"
#: As `Host` and `Python` spell architectures, and as wheels for Windows do.
_WINDOWS = {"x86_64": "amd64", "x86": "x86", "arm64": "arm64"}
#: The middle of glibc's folders on Debian and its kind, where it is not the architecture's name alone.
_MULTIARCH = {"armv7l": "arm-linux-gnueabihf", "i686": "i386-linux-gnu"}
_API_SETS = ("api-ms-win-", "ext-ms-")


@frozen
class Loader:
    """What a search depends on, on this machine.

    Attributes:
        system: `linux`, `macos` or `windows`.
        architecture: of the process, as `NativeLibrary.architectures` names it.
        musl: whether musl's loader searches.
        program: the real path of the Python program; empty to search as for no program.
        library_path: LD_LIBRARY_PATH's or DYLD_LIBRARY_PATH's directories.
        cache: ld.so.cache, soname to path; empty where there is none.
        folders: that are searched last: the loader's own, or System32.
        sources: what was read to know this, and for a file that could not be read the reason.
    """

    system: System
    architecture: str
    musl: bool = False
    program: str = ""
    library_path: tuple[str, ...] = ()
    cache: Mapping[str, str]
    folders: tuple[str, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()


def target_of(host: Host, python: Python) -> Target:
    """The examined interpreter on this machine.

    Raises:
        FactUnavailable: the system is none that wheels are built for.
    """
    try:
        system = System(host.system)
    except ValueError:
        raise FactUnavailable("loading", f"how {host.system} loads libraries is not known") from None
    arch = _WINDOWS.get(python.machine, python.machine) if system is System.WINDOWS else python.machine
    told = (host.libc_version if system is System.LINUX else host.version) or ""
    numbers = [int(part) for part in told.split(".")[:2] if part.isdecimal()]
    version = (numbers[0], numbers[1] if len(numbers) > 1 else 0) if numbers and system is not System.WINDOWS else None
    libc = (Libc.MUSL if host.libc == "musl" else Libc.GLIBC) if system is System.LINUX else None
    release = "".join(character for character in python.version.split(".")[2] if character.isdecimal())
    return Target(
        platform=Platform(system=system, arch=arch, version=version, libc=libc),
        interpreter=Interpreter(
            implementation="pp" if python.implementation == "pypy" else "cp",
            version=python.minor,
            patch=int(release or 0),
            free_threaded=python.free_threaded,
        ),
    )


def read_loader(facts: Facts, environment: Mapping[str, str] = os.environ) -> Loader:
    """Find out how libraries are searched for by the examined interpreter.

    Args:
        facts: the host and the interpreter are read.
        environment: the variables that its processes are started with.

    Raises:
        FactUnavailable: the system is none that wheels are built for.
    """
    platform = target_of(facts.host, facts.python).platform
    program = _slashes(os.path.realpath(facts.python.executable))
    if platform.system is System.WINDOWS:
        return _windows(platform, facts.python, program, environment)
    variable = "DYLD_LIBRARY_PATH" if platform.system is System.MACOS else "LD_LIBRARY_PATH"
    told = environment.get(variable, "")
    musl = platform.libc is Libc.MUSL
    cache, source = _ld_cache(platform.arch) if platform.libc is Libc.GLIBC else ({}, ())
    return Loader(
        system=platform.system,
        architecture=platform.arch,
        musl=musl,
        program=program,
        library_path=tuple(part or "." for part in told.replace(";", ":").split(":")) if told else (),
        cache=cache,
        folders=_folders(platform) if platform.system is System.LINUX else (),
        sources=((variable, told or "not set"), *source),
    )


def search_of(loader: Loader, tree: LibraryTree, added: Sequence[str] = ()) -> Search:
    """The loader's order, on this machine.

    Args:
        loader: what it depends on.
        tree: the files, to read the program's own search path.
        added: folders that packages pass to os.add_dll_directory on Windows.
    """
    from envdoctor.binaries.resolve_elf import ElfSearch, MuslSearch
    from envdoctor.binaries.resolve_macho import MachoSearch
    from envdoctor.binaries.resolve_pe import PeSearch

    hidden = HiddenLibraries(Platform(system=loader.system, arch=loader.architecture))
    if loader.system is System.WINDOWS:
        home, system32 = loader.folders
        return PeSearch(policy=hidden, added_directories=added, program_directory=home, system_directory=system32)
    program = _image(loader, tree)
    if loader.system is System.MACOS:
        return MachoSearch(policy=hidden, program=program, library_path=loader.library_path)
    kind = MuslSearch if loader.musl else ElfSearch
    return kind(
        program=program,
        library_path=loader.library_path,
        cache=loader.cache,
        default_directories=loader.folders,
    )


class HiddenLibraries(SystemPolicy):
    """What a real system has without a file that could be seen: macOS's shared cache, the API sets of Windows."""

    def provides(self, name: str) -> SystemLibrary | None:
        """What the platform says of a library that no path held; the rest of Windows lies in System32 or is missing."""
        seen = self.system is System.WINDOWS and not name.lower().startswith(_API_SETS)
        return None if seen else super().provides(name)


def _image(loader: Loader, tree: LibraryTree) -> Image | None:
    """The program, whose own search path every library inherits; None if there is none, or it can't be read."""
    try:
        library = tree.library(loader.program) if loader.program else None
    except Unreadable:
        return None
    fitting = library.for_architecture(loader.architecture) if library else None
    return Image(loader.program, fitting) if fitting else None


def _ld_cache(architecture: str) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    from envdoctor.binaries.files import FileBytes
    from envdoctor.binaries.ldcache import read_ld_cache

    try:
        with FileBytes(_LD_CACHE) as source:
            cache = read_ld_cache(source, architecture)
    except Unreadable as error:
        return {}, ((_LD_CACHE, str(error)),)
    return cache, ((_LD_CACHE, f"{len(cache)} names"),)


def _folders(platform: Platform) -> tuple[str, ...]:
    """The loader's default folders: of every layout that is in use, since one that is absent does no harm."""
    if platform.libc is Libc.MUSL:
        return _musl_folders(platform.arch)
    multiarch = _MULTIARCH.get(platform.arch, f"{platform.arch}-linux-gnu")
    middle = (f"/lib/{multiarch}", f"/usr/lib/{multiarch}")
    narrow = platform.arch in _MULTIARCH
    return (*middle, *(() if narrow else ("/lib64", "/usr/lib64")), "/lib", "/usr/lib")


def _musl_folders(architecture: str) -> tuple[str, ...]:
    """The folders of musl's path file, separated by colons or lines; without one those that are built in."""
    names = {"armv7l": "armhf", "i686": "i386"}
    try:
        with open(_MUSL_PATHS.format(names.get(architecture, architecture)), encoding="utf-8") as stream:
            told = stream.read(1 << 16).replace("\n", ":")
    except (OSError, UnicodeDecodeError):
        return ("/lib", "/usr/local/lib", "/usr/lib")
    return tuple(part for part in told.split(":") if part)


def _windows(platform: Platform, python: Python, program: str, environment: Mapping[str, str]) -> Loader:
    root = _slashes(environment.get("SystemRoot", "C:\\Windows"))
    # python.exe of a virtual environment starts the one it was made with, whose folder counts.
    home = _slashes(python.base_prefix)
    narrow = posixpath.join(root, "SysWOW64")  # what 32-bit programs see under the name of System32
    libraries = narrow if platform.arch == "x86" and os.path.isdir(narrow) else posixpath.join(root, "System32")
    return Loader(
        system=platform.system,
        architecture="win32" if platform.arch == "x86" else platform.arch,
        program=program,
        cache={},
        folders=(home, libraries),
        sources=(("SystemRoot", root),),
    )


def _slashes(path: str) -> str:
    return path.replace("\\", "/") if os.sep == "\\" else path

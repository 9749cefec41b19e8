"""Where the files of wheels lie, and the loader that searches there; planned ones as an installer would lay them."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Protocol

from envdoctor.binaries.library import BinaryFormat
from envdoctor.binaries.policy import SystemPolicy
from envdoctor.binaries.resolve import LoadSession
from envdoctor.binaries.resolve_elf import ElfSearch, MuslSearch
from envdoctor.binaries.resolve_macho import MachoSearch
from envdoctor.binaries.resolve_pe import PeSearch
from envdoctor.binaries.tree import PlannedTree
from envdoctor.core.errors import Unreadable
from envdoctor.core.target import Libc, System

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envdoctor.binaries.library import NativeLibrary
    from envdoctor.binaries.resolve import Search
    from envdoctor.binaries.tree import LibraryTree
    from envdoctor.core.target import Interpreter, Platform
    from envdoctor.wheels.contents import WheelContents

#: The format of each system's native files; others are data to it.
FORMATS = {System.LINUX: BinaryFormat.ELF, System.MACOS: BinaryFormat.MACHO, System.WINDOWS: BinaryFormat.PE}
_OF_MACS = {"", "macos", "maccatalyst"}  # what a process on macOS may map, as files say it
#: Three folders deep, so that `../../..` from site-packages is the environment, as in a POSIX layout.
SITE_PACKAGES = "/environment/lib/python3/site-packages"


class Site(Protocol):
    """Where the files of wheels lie, and how a process there looks for libraries."""

    @property
    def tree(self) -> LibraryTree:
        """The files."""
        ...

    def locate(self, wheel: WheelContents, path: str) -> str:
        """The full path of a file of a wheel that is given from site-packages."""
        ...

    def show(self, path: str) -> str:
        """A full path as a person should read it: from site-packages where it is in it or near it."""
        ...

    def session(self, added: Sequence[WheelContents] = ()) -> LoadSession:
        """A new process; on Windows one that searches every folder of the added wheels."""
        ...

    def may_be_named(self, wheel: WheelContents, path: str) -> bool:
        """Whether a module of a wheel may name a library, given by its full path, and so load it on import."""
        ...


class PlannedSite:
    """An environment that all wheels of a set make together, on a system that its policy describes."""

    def __init__(self, wheels: Sequence[WheelContents], platform: Platform, python: Interpreter | None = None) -> None:
        self.tree = planned_tree(wheels, platform)
        self._wheels = wheels
        self._platform = platform
        self._python = python
        self._architecture = process_architecture(platform)
        self._search = planned_search(wheels, platform, (), python)

    def locate(self, wheel: WheelContents, path: str) -> str:  # noqa: ARG002 - all wheels have one site-packages here
        """The path in the one site-packages."""
        return planned_path(path)

    def show(self, path: str) -> str:
        """The path from site-packages."""
        return shown_path(path)

    def session(self, added: Sequence[WheelContents] = ()) -> LoadSession:
        """A new process in the environment."""
        search = planned_search(self._wheels, self._platform, added, self._python) if added else self._search
        return LoadSession(self.tree, search, self._architecture)

    def may_be_named(self, wheel: WheelContents, path: str) -> bool:  # noqa: ARG002 - nothing was read to know
        """True: to read every module of a wheel only to know this would be too dear."""
        return True


def planned_path(path: str) -> str:
    """The full path of a file that is given from site-packages."""
    return posixpath.normpath(posixpath.join(SITE_PACKAGES, path))


def shown_path(path: str) -> str:
    """A full path as a person should read it: from site-packages where it is in it or near it."""
    return posixpath.relpath(path, SITE_PACKAGES) if path.startswith("/environment/") else path


def planned_tree(wheels: Iterable[WheelContents], platform: Platform) -> PlannedTree:
    """The native files of several wheels in one environment. Of two wheels with the same path the later one wins."""
    files: dict[str, NativeLibrary | Unreadable] = {}
    for wheel in wheels:
        for native in wheel.natives:
            found = native.library or (Unreadable(native.problem) if native.problem else None)
            if found and (isinstance(found, Unreadable) or found.format is FORMATS[platform.system]):
                files[planned_path(native.path)] = found
    return PlannedTree(files, ignore_case=platform.system is System.WINDOWS)


def planned_search(
    wheels: Iterable[WheelContents],
    platform: Platform,
    added: Iterable[WheelContents] = (),
    python: Interpreter | None = None,
) -> Search:
    """The loader of a platform that is only described: what it brings is told by its policy.

    Args:
        wheels: of the environment.
        platform: it.
        added: wheels that pass folders of theirs to os.add_dll_directory; which ones can't be told, so all count.
        python: the CPython there; see `SystemPolicy`.
    """
    policy = SystemPolicy(platform, python)
    if platform.system is System.MACOS:
        return MachoSearch(policy=policy)
    if platform.system is System.WINDOWS:
        return PeSearch(policy=policy, added_directories=_library_folders(wheels, added))
    return MuslSearch(policy=policy) if platform.libc is Libc.MUSL else ElfSearch(policy=policy)


def _library_folders(wheels: Iterable[WheelContents], added: Iterable[WheelContents]) -> list[str]:
    """The folders that delvewheel makes (`NAME.libs`) and registers, and every folder of the added wheels."""
    repaired = [wheel for wheel in wheels if f"{wheel.metadata.folder}/DELVEWHEEL" in wheel.members]
    made = [folder for wheel in repaired for folder in _folders(wheel) if folder.endswith(".libs")]
    return list(dict.fromkeys([*made, *(folder for wheel in added for folder in _folders(wheel))]))


def _folders(wheel: WheelContents) -> list[str]:
    return [posixpath.dirname(planned_path(native.path)) for native in wheel.natives]


def runs_on(library: NativeLibrary, platform: Platform) -> bool:
    """Whether a process of the platform can map the file."""
    part = library.for_architecture(process_architecture(platform))
    is_of_system = library.format is FORMATS[platform.system]
    return part is not None and is_of_system and (platform.system is not System.MACOS or part.platform in _OF_MACS)


def process_architecture(platform: Platform) -> str:
    """The architecture of a platform's processes, as `NativeLibrary.architectures` names it."""
    if platform.system is System.WINDOWS and platform.arch == "x86":
        return "win32"
    return "arm64" if platform.arch == "universal2" else platform.arch  # on a new Mac

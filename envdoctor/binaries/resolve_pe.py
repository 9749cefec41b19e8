"""The search of Windows for the DLLs of an extension module, as CPython 3.8 and later load it.

Sources: Microsoft's "Dynamic-link library search order" for LOAD_LIBRARY_SEARCH_DEFAULT_DIRS and
LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR; CPython's Python/dynload_win.c. PATH and the working directory do not count.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from envdoctor.binaries.resolve import Candidate, Search

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from envdoctor.binaries.policy import SystemPolicy
    from envdoctor.binaries.resolve import Image


class PeSearch(Search):
    """The folder of the module that Python loads, the program's, those of os.add_dll_directory, and the system's."""

    prefers_loaded = True

    def __init__(
        self,
        *,
        policy: SystemPolicy | None = None,
        added_directories: Sequence[str] = (),
        program_directory: str = "",
        system_directory: str = "",
    ) -> None:
        """Describes the system.

        Args:
            policy: what Windows and Python bring.
            added_directories: what packages pass to os.add_dll_directory, such as delvewheel's NAME.libs folders.
            program_directory: the folder of python.exe, "" where it is only described.
            system_directory: System32, "" where it is only described.
        """
        super().__init__(policy)
        self._added = tuple(added_directories)
        self._program_directory = program_directory
        self._system_directory = system_directory

    def with_folders(self, added: Sequence[str]) -> PeSearch:
        """The same search after more calls of os.add_dll_directory."""
        return PeSearch(
            policy=self._policy,
            added_directories=(*self._added, *added),
            program_directory=self._program_directory,
            system_directory=self._system_directory,
        )

    def candidates(self, name: str, image: Image) -> Iterator[Candidate]:
        """The paths that Windows would open, in order."""
        first = list(image.chain())[-1]
        yield Candidate(posixpath.join(posixpath.dirname(first.path), name), "the folder of the loaded module")
        if self._program_directory:
            yield Candidate(posixpath.join(self._program_directory, name), "the folder of python.exe")
        for directory in self._added:
            yield Candidate(posixpath.join(directory, name), "os.add_dll_directory")
        if self._system_directory:
            yield Candidate(posixpath.join(self._system_directory, name), "System32")

    def context(self, image: Image) -> Hashable:
        """The folder of the module that Python loads."""
        return posixpath.dirname(list(image.chain())[-1].path)

    def names(self, image: Image) -> list[str]:
        """The file's name: a DLL is known by it, whatever its folder."""
        return [posixpath.basename(image.path)]

    def key(self, name: str) -> str:
        """Names are compared without case."""
        return name.lower()

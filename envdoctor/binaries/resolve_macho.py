"""The search of dyld for the libraries of a Mach-O file.

Sources: dyld(1); dyld's dyld4 `Loader::getLoader` and `forEachPath`. The LC_RPATHs of every image on the way from the
program to the one that asks count. Of the fall-back folders only /usr/lib does, and only for files linked before macOS
13 (`pre2022Binary`): no wheel can count on what lies in ~/lib and /usr/local/lib.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from envdoctor.binaries.resolve import Candidate, Search

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from envdoctor.binaries.policy import SystemLibrary, SystemPolicy
    from envdoctor.binaries.resolve import Image

_RPATH, _LOADER, _EXECUTABLE = "@rpath/", "@loader_path", "@executable_path"
_FALL_BACK, _FIRST_WITHOUT = "/usr/lib", (13,)
_UNKNOWN_PROGRAM = "/<the folder of the Python program>"


class MachoSearch(Search):
    """dyld's order: the path as written, `@rpath` along the chain of loaders, then images loaded under that name."""

    prefers_loaded = False

    def __init__(
        self, *, policy: SystemPolicy | None = None, program: Image | None = None, library_path: Sequence[str] = ()
    ) -> None:
        """Describes the system.

        Args:
            policy: what macOS brings in its shared cache, where no file can be seen.
            program: the Python executable, for `@executable_path` and its LC_RPATHs.
            library_path: DYLD_LIBRARY_PATH's directories.
        """
        super().__init__(policy)
        self._program = program
        self._library_path = tuple(library_path)

    def candidates(self, name: str, image: Image) -> Iterator[Candidate]:
        """The paths that dyld would open, in order."""
        for directory in self._library_path:
            yield Candidate(posixpath.join(directory, posixpath.basename(name)), "DYLD_LIBRARY_PATH")
        if name.startswith(_RPATH):
            rest = name[len(_RPATH) :]
            for loader in self._chain(image):
                for directory in loader.library.rpath:
                    path = posixpath.join(self._expand(directory, loader), rest)
                    yield Candidate(path, f"LC_RPATH {directory} of {loader.path}")
            leaf, sdk = posixpath.basename(name), image.library.sdk
            if sdk and sdk < _FIRST_WITHOUT and self.system(leaf):  # of a path in /usr/lib the policy believes any name
                yield Candidate(posixpath.join(_FALL_BACK, leaf), "dyld's fall-back for files linked before macOS 13")
        else:
            rule = name.partition("/")[0] if name.startswith("@") else "the path itself"
            yield Candidate(self._expand(name, image), rule)

    def context(self, image: Image) -> Hashable:
        """The folders that the loaders above pass on."""
        folders = (self._expand(folder, loader) for loader in image.chain() for folder in loader.library.rpath)
        return tuple(dict.fromkeys(folders))

    def _chain(self, image: Image) -> Iterator[Image]:
        yield from image.chain()
        if self._program is not None:
            yield self._program

    def _expand(self, path: str, image: Image) -> str:
        if path.startswith(_LOADER):
            return posixpath.join(posixpath.dirname(image.path), path[len(_LOADER) :].lstrip("/"))
        if path.startswith(_EXECUTABLE):
            folder = posixpath.dirname(self._program.path) if self._program else _UNKNOWN_PROGRAM
            return posixpath.join(folder, path[len(_EXECUTABLE) :].lstrip("/"))
        return path

    def brings(self, path: str) -> SystemLibrary | None:
        """Whether macOS has the library in its shared cache, where no file can be seen."""
        return self.system(path)

"""Where a loader looks for files: a folder of installed files, or files that are not installed anywhere yet."""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING, Protocol

from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envdoctor.binaries.library import NativeLibrary


class LibraryTree(Protocol):
    """Native files by path. Paths are absolute and written with slashes, on Windows too."""

    def library(self, path: str) -> NativeLibrary | None:
        """What the native file at `path` says of itself; None where there is no file.

        Raises:
            Unreadable: there is a file, and it can't be read as a native library.
        """
        ...

    def canonical(self, path: str) -> str:
        """One name for one file, however a path leads to it."""
        ...


class PlannedTree:
    """Files that an installation would put in place, as the union of the wheels of a resolved set.

    Paths are compared after resolving `..` in the text, since there are no links in a wheel; without case on Windows.
    """

    def __init__(self, libraries: Mapping[str, NativeLibrary | Unreadable], *, ignore_case: bool = False) -> None:
        self._ignore_case = ignore_case
        self._names: dict[str, str] = {}
        self._libraries = {self.canonical(path): library for path, library in libraries.items()}

    def library(self, path: str) -> NativeLibrary | None:
        """The library planned for `path`.

        Raises:
            Unreadable: the file is there, and could not be read when its wheel was.
        """
        found = self._libraries.get(self.canonical(path))
        if isinstance(found, Unreadable):
            raise found
        return found

    def canonical(self, path: str) -> str:
        """The path without `..`; in small letters where case does not count."""
        name = self._names.get(path)
        if name is None:
            name = posixpath.normpath(path)
            name = self._names[path] = name.lower() if self._ignore_case else name
        return name


class InstalledTree:
    """The files of this machine, each read at most once."""

    def __init__(self, known: Mapping[str, NativeLibrary | Unreadable] | None = None) -> None:
        """Begins with what is known already, by path."""
        self._known: dict[str, NativeLibrary | Unreadable | None] = dict(known or {})
        self._real: dict[str, str] = {}
        self._folders: dict[str, bool] = {}

    @property
    def asked(self) -> tuple[str, ...]:
        """The paths that were asked for, or were known, whether there is a file or not."""
        return tuple(self._known)

    def library(self, path: str) -> NativeLibrary | None:
        """The library installed at `path`.

        Raises:
            Unreadable: the file is there and can't be read.
        """
        if path not in self._known:
            self._known[path] = self._read(path) if self._has_folder(path) else None
        found = self._known[path]
        if isinstance(found, Unreadable):
            raise found
        return found

    def _has_folder(self, path: str) -> bool:
        """Whether the folder of a path is there: search paths name many that are not, and each for many libraries."""
        folder = path.rpartition("/")[0]
        found = self._folders.get(folder)
        if found is None:
            found = self._folders[folder] = not folder or os.path.isdir(folder)  # noqa: PTH112 - as in _read
        return found

    def canonical(self, path: str) -> str:
        """The path with every link resolved."""
        if path not in self._real:
            self._real[path] = os.path.realpath(path)
        return self._real[path]

    @staticmethod
    def _read(path: str) -> NativeLibrary | Unreadable | None:
        from envdoctor.binaries.files import FileBytes
        from envdoctor.binaries.native import read_native

        if not os.path.isfile(path):  # noqa: PTH113 - a quarter of pathlib's cost, thousands of times
            return None
        try:
            with FileBytes(path) as source:
                return read_native(source)
        except Unreadable as error:
            return error

"""The installed distributions as a site in which libraries are looked for."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from envdoctor.binaries.resolve import LoadSession
from envdoctor.binaries.resolve_pe import PeSearch
from envdoctor.facts.loading.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envdoctor.binaries.resolve import Search
    from envdoctor.binaries.tree import LibraryTree
    from envdoctor.facts.loading.machine import Loader
    from envdoctor.wheels.contents import WheelContents


class InstalledSite:
    """Real files, searched as the loader of this machine does; a `Site`."""

    def __init__(
        self,
        loader: Loader,
        tree: LibraryTree,
        search: Search,
        roots: Mapping[str, str],
        folders: Sequence[str] = (),
    ) -> None:
        """Describes the environment.

        Args:
            loader: of this machine.
            tree: its files.
            search: the loader's order.
            roots: the folder that each distribution is installed in, by its label (`WheelContents.label`).
            folders: all such folders.
        """
        self.tree = tree
        self._texts: dict[str, Texts] = {}
        self._folders = folders or tuple(roots.values())
        self._loader = loader
        self._search = search
        self._roots = roots

    def locate(self, wheel: WheelContents, path: str) -> str:
        """The path in the folder that the distribution is installed in."""
        return posixpath.normpath(posixpath.join(self._roots[wheel.label], path))

    def show(self, path: str) -> str:
        """The path from site-packages if it is in one, else the path itself."""
        folder = next((root for root in self._folders if path.startswith(root + "/")), "")
        return path[len(folder) :].lstrip("/") if folder else path

    def session(self, added: Sequence[WheelContents] = ()) -> LoadSession:
        """A new process that runs the examined Python: what that has loaded is there before anything else."""
        search = self._search
        if added and isinstance(search, PeSearch):
            search = search.with_folders(self._library_folders(added))
        process = LoadSession(self.tree, search, self._loader.architecture)
        process.load(self._loader.program)
        return process

    def may_be_named(self, wheel: WheelContents, path: str) -> bool:
        """Whether any module of the distribution has the library's name in its text."""
        if wheel.label not in self._texts:
            self._texts[wheel.label] = Texts(self._roots[wheel.label], wheel.members)
        return self._texts[wheel.label].name(posixpath.basename(path))

    def _library_folders(self, added: Sequence[WheelContents]) -> list[str]:
        natives = [self.locate(wheel, native.path) for wheel in added for native in wheel.natives]
        return list(dict.fromkeys(map(posixpath.dirname, natives)))

"""Which files load alone, with all that they need: each file looked at once, however many others need it.

`LoadSession` tells the whole story of one process and costs its length; here is the short answer that lets it be asked
only of the files for which it is not "all found".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.binaries.resolve import Finder, Image
from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from envdoctor.binaries.resolve import Search
    from envdoctor.binaries.tree import LibraryTree

_DEEPEST = 100  # libraries that load each other in a row: none is known with a tenth of it


class Closures:
    """Files and all that they need, on one machine.

    Attributes:
        found: for each file that was looked at, the names that it needs and the file that each was found in.
    """

    def __init__(self, tree: LibraryTree, search: Search, architecture: str) -> None:
        """Prepares to look; see `LoadSession`."""
        self.found: dict[str, dict[str, str]] = {}
        self._search = search
        self._finder = Finder(tree, search, architecture)
        self._known: dict[tuple[str, Hashable], bool] = {}
        self._loaded: dict[str, str] = {}

    def preload(self, path: str) -> None:
        """Notes what a program has loaded before anything else is: later needs of those names are met by it."""
        self.loads(path)
        for needs in list(self.found.values()):
            for name, file in needs.items():
                self._loaded.setdefault(self._search.key(name), file)

    def loads(self, path: str) -> bool:
        """Whether the loader finds and maps a file and all that it needs in a process where nothing else is loaded.

        False also means that it is not known: a file in its way can't be read.
        """
        self._finder.tries = 0
        try:
            return self._is_complete(Image(path, self._finder.usable(path)), 0)
        except Unreadable:
            return False

    def _is_complete(self, image: Image, depth: int) -> bool:
        key = image.path, self._search.context(image)
        if key not in self._known:
            self._known[key] = True  # of files that need each other none stands in the way of the others
            self._known[key] = depth < _DEEPEST and all(list(self._needs_met(image, depth)))
        return self._known[key]

    def _needs_met(self, image: Image, depth: int) -> Iterator[bool]:
        found = self.found.setdefault(image.path, {})
        for need in image.library.needed:
            loaded = self._loaded.get(self._search.key(need.name))
            if loaded is not None and self._search.prefers_loaded:
                found[need.name] = loaded
                continue
            other = self._finder.find(need, image)
            if other is not None:
                found.setdefault(need.name, other.path)
                yield self._is_complete(other, depth + 1)
                continue
            resolution, _ = self._finder.look(need, image)
            if resolution.path:
                found.setdefault(need.name, resolution.path)
            unread = bool(resolution.path) and bool(resolution.considered[-1].problem)
            yield not (resolution.breaks or unread or self._finder.is_spent)

"""Which files load alone, with all that they need: each file looked at once, however many others need it.

`LoadSession` tells the whole story of one process and costs its length; here is the short answer that lets it be asked
only of the files for which it is not "all found".
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from envdoctor.binaries.resolve import Finder, Image
from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from envdoctor.binaries.resolve import Search
    from envdoctor.binaries.tree import LibraryTree

# Ways to files that are followed for one file: a bound against graphs in which each way brings other search paths.
_MOST_WAYS = 5000


class Closures:
    """Files and all that they need, on one machine.

    Attributes:
        found: for each file that was looked at, the names that it needs and the file that each was found in.
    """

    def __init__(self, tree: LibraryTree, search: Search, architecture: str) -> None:
        """Prepares to look; see `LoadSession`."""
        self.found: dict[str, dict[str, str]] = {}
        self._tree = tree
        self._search = search
        self._finder = Finder(tree, search, architecture)
        self._whole: set[tuple[str, Hashable]] = set()
        self._steps: dict[tuple[str, Hashable], tuple[bool, list[Image]]] = {}
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
            return self._is_whole(Image(path, self._finder.usable(path)))
        except Unreadable:
            return False

    def _is_whole(self, first: Image) -> bool:
        """Whether nothing is missing on any way from a file; all ways are followed even if something is."""
        seen: set[tuple[str, Hashable]] = set()
        whole = True
        queue = deque([first])
        while queue:
            image = queue.popleft()
            key = image.path, self._search.context(image)
            if key in self._whole or key in seen:
                continue
            seen.add(key)
            step = self._steps.get(key) or self._step(image)
            if self._finder.is_spent or len(seen) > _MOST_WAYS:
                return False
            self._steps[key] = step
            whole = whole and step[0]
            queue += step[1]
        if whole:
            self._whole |= seen
        return whole

    def _step(self, image: Image) -> tuple[bool, list[Image]]:
        """Whether all that a file itself needs is found, and what of it is to be followed."""
        needs = list(self._needs(image))
        return all(met for met, _ in needs), [other for _, other in needs if other is not None]

    def _needs(self, image: Image) -> Iterator[tuple[bool, Image | None]]:
        found = self.found.setdefault(image.path, {})
        for need in image.library.needed:
            loaded = self._loaded.get(self._search.key(self._search.asked(need.name, image)))
            if loaded is not None and self._search.prefers_loaded:
                found[need.name] = loaded
                continue
            other = self._finder.find(need, image)
            if other is not None:
                other = self._plain(other)
                found.setdefault(need.name, other.path)
                yield True, other
                continue
            resolution, _ = self._finder.look(need, image)
            if resolution.path:
                found.setdefault(need.name, resolution.path)
            unread = bool(resolution.path) and bool(resolution.considered[-1].problem)
            yield not (resolution.breaks or unread), None

    def _plain(self, image: Image) -> Image:
        """The same file without detours in its folder: `$ORIGIN/../lib` in a circle makes an ever longer path."""
        folder, _, name = image.path.rpartition("/")
        detour = "/." in folder or "//" in image.path
        return image._replace(path=f"{self._tree.canonical(folder)}/{name}") if detour else image

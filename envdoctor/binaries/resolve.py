"""Loads a native file in thought: looks for every library it needs, as the platform's loader would.

The order of the search is the platform's (`resolve_elf`, `resolve_macho`, `resolve_pe`); what all have in common is
here: the walk over needs, libraries that are loaded already, and the list of paths considered, which is the best
explanation of a missing library.
"""

from __future__ import annotations

import abc
import enum
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from envdoctor.binaries.library import Need, NeedKind
from envdoctor.core.errors import Unreadable
from envdoctor.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from envdoctor.binaries.library import NativeLibrary
    from envdoctor.binaries.policy import SystemLibrary, SystemPolicy
    from envdoctor.binaries.tree import LibraryTree

# Bounds against hostile input, for loading one file: libraries mapped, and paths tried.
_MOST_LIBRARIES, _MOST_TRIED = 5000, 200_000
_ABSENT, _UNREADABLE = "not there", "can't be read"


class Outcome(enum.Enum):
    """What became of one need."""

    FOUND = "found"
    LOADED = "already loaded"
    PROMISED = "brought by the system"
    ASSUMED = "usually there"
    DESKTOP = "promised by nothing, there on desktops"
    MISSING = "missing"


@frozen
class Considered:
    """One path that the loader tries, by what rule, and why it went on ("" for the one it took)."""

    path: str
    rule: str
    problem: str = ""


@frozen
class Resolution:
    """One need of one file, and what the search came to.

    Attributes:
        loader: the path of the file that needs it.
        need: what it needs.
        outcome: what became of it.
        path: the file found, "" where there is none or the system keeps it out of sight.
        rule: by what it was found.
        considered: the paths tried, in order; the last one is the file found.
    """

    loader: str
    need: Need
    outcome: Outcome
    path: str = ""
    rule: str = ""
    considered: tuple[Considered, ...] = ()

    @property
    def breaks(self) -> bool:
        """Whether the file does not load for want of this library."""
        return self.outcome is Outcome.MISSING and self.need.kind is NeedKind.REQUIRED


@frozen
class LoadResult:
    """What loading one file comes to, its libraries' own needs included.

    Attributes:
        path: the file.
        resolutions: every need that was looked up on the way.
        files: the files that were mapped, this one first.
        unusable: files on the way that could not be read or used, with the reason; their own needs are not known.
    """

    path: str
    resolutions: tuple[Resolution, ...] = ()
    files: tuple[str, ...] = ()
    unusable: tuple[tuple[str, str], ...] = ()

    @property
    def missing(self) -> tuple[Resolution, ...]:
        """The needs for whose want the file does not load."""
        return tuple(each for each in self.resolutions if each.breaks)


class Image(NamedTuple):
    """A file that is being loaded, and the one that asked for it."""

    path: str
    library: NativeLibrary
    loader: Image | None = None

    def chain(self) -> Iterator[Image]:
        """This image, the one that loaded it, and so on up to the first."""
        image: Image | None = self
        while image is not None:
            yield image
            image = image.loader


class Candidate(NamedTuple):
    """A path to try, and the rule that leads there."""

    path: str
    rule: str


class Search(abc.ABC):
    """One platform's way to look for a library."""

    #: Whether loaded libraries are asked before the paths (ld.so, Windows) or after them (dyld).
    prefers_loaded = True
    #: Whether the search goes on behind a file of the right name for another architecture.
    passes_over_others = True

    def __init__(self, policy: SystemPolicy | None) -> None:
        self._policy = policy

    @abc.abstractmethod
    def candidates(self, name: str, image: Image) -> Iterator[Candidate]:
        """The paths to try for a need of `image`, in order."""

    def context(self, image: Image) -> Hashable:
        """What the search for its needs, and for theirs, takes from an image and the loaders above it.

        Two ways to one file that agree in it find the same libraries.
        """
        return tuple(loader.path for loader in image.chain())

    def system(self, name: str) -> SystemLibrary | None:
        """Whether the platform brings a library that no path held."""
        return self._policy.provides(name) if self._policy else None

    def brings(self, path: str) -> SystemLibrary | None:  # noqa: ARG002 - platforms that hide files look at the path
        """Whether the platform has a file at `path` that can't be seen."""
        return None

    def names(self, image: Image) -> list[str]:
        """The names by which a loaded image answers later needs: its own and its path, here."""
        return [name for name in (image.library.own_name, image.path) if name]

    def asked(self, name: str, image: Image) -> str:  # noqa: ARG002 - only ELF has names that depend on who asks
        """The name by which a need of `image` is looked for."""
        return name

    def key(self, name: str) -> str:
        """A name as loaded libraries are compared by it."""
        return name


class Finder:
    """Looks for one library at a time, whatever is loaded."""

    def __init__(self, tree: LibraryTree, search: Search, architecture: str) -> None:
        """Prepares to look.

        Args:
            tree: the files.
            search: the platform's order.
            architecture: of the process, named as `NativeLibrary.architectures` are.
        """
        self.tries = 0
        self._tree = tree
        self._search = search
        self._architecture = architecture

    @property
    def is_spent(self) -> bool:
        """Whether more paths were tried than any sound file makes the loader try."""
        return self.tries > _MOST_TRIED

    def find(self, need: Need, image: Image) -> Image | None:
        """The file that meets a need in the plain case, in which the first file of that name can be mapped.

        None stands for every other case; `look` tells which.
        """
        for path, _ in self._search.candidates(need.name, image):
            self.tries += 1
            try:
                library = self._tree.library(path)
                fitting = library and self._fitting(library)
            except Unreadable:
                return None
            if fitting:
                return Image(path, fitting, image)
            last = self._search.brings(path) if library is None else not self._search.passes_over_others
            if self.is_spent or last:
                return None
        return None

    def look(self, need: Need, image: Image) -> tuple[Resolution, Image | None]:
        """What became of a need of an image, and the file found.

        A file that is there and can't be read counts as found: the loader would stop at it. It has no image.
        """
        considered: list[Considered] = []
        tried: set[str] = set()
        for path, rule in self._search.candidates(need.name, image):
            self.tries += 1
            if self.is_spent:
                break
            if path in tried:
                continue
            tried.add(path)
            library, problem = self._try(path)
            brought = self._search.brings(path) if problem == _ABSENT else None
            considered.append(Considered(path=path, rule=rule, problem="" if brought else problem))
            if library or brought or problem.startswith(_UNREADABLE):
                outcome = Outcome[brought.promise.name] if brought else Outcome.FOUND
                found = Resolution(
                    loader=image.path, need=need, outcome=outcome, path=path, rule=rule, considered=tuple(considered)
                )
                return found, Image(path, library, image) if library else None
            if problem != _ABSENT and not self._search.passes_over_others:
                break
        system = self._search.system(need.name)
        outcome = Outcome[system.promise.name] if system else Outcome.MISSING
        rule = system.rule if system else ""
        missing = Resolution(loader=image.path, need=need, outcome=outcome, rule=rule, considered=tuple(considered))
        return missing, None

    def _try(self, path: str) -> tuple[NativeLibrary | None, str]:
        """The library at a path if the loader would take it, else why it would go on."""
        try:
            library = self._tree.library(path)
            if library is None:
                return None, _ABSENT
            fitting = self._fitting(library)
        except Unreadable as error:
            return None, f"{_UNREADABLE}: {error}"
        return fitting, "" if fitting else f"is for {', '.join(library.architectures)}"

    def usable(self, path: str) -> NativeLibrary:
        """The file at a path, as a process of the architecture maps it.

        Raises:
            Unreadable: it is not there, can't be read, or is for others.
        """
        library = self._tree.library(path)
        fitting = library and self._fitting(library)
        if library is None:
            raise Unreadable("there is no such file")
        if fitting is None:
            raise Unreadable(f"is for {', '.join(library.architectures)}, not for {self._architecture}")
        return fitting

    def _fitting(self, library: NativeLibrary) -> NativeLibrary | None:
        """What of a file the process maps, None if it has nothing for it.

        Raises:
            Unreadable: that part was not read.
        """
        fitting = library.for_architecture(self._architecture)
        if fitting is not None and fitting.unread:
            raise Unreadable(f"its part for {self._architecture} was not read")
        return fitting


class LoadSession:
    """One process: files are loaded into it one after another, and what is loaded stays."""

    def __init__(self, tree: LibraryTree, search: Search, architecture: str) -> None:
        """Starts an empty process.

        Args:
            tree: the files.
            search: the platform's order.
            architecture: of the process, named as `NativeLibrary.architectures` are.
        """
        self._tree = tree
        self._search = search
        self._finder = Finder(tree, search, architecture)
        self._loaded: dict[str, str] = {}
        self._paths: set[str] = set()

    def load(self, path: str) -> LoadResult:
        """Loads a file; if something it can't do without is missing, nothing of it stays loaded."""
        before, paths = dict(self._loaded), set(self._paths)
        self._finder.tries = 0
        result = self._walk(path)
        if result.missing:
            self._loaded, self._paths = before, paths
        return result

    def _walk(self, path: str) -> LoadResult:
        try:
            first = self._finder.usable(path)
        except Unreadable as error:
            return LoadResult(path=path, unusable=((path, str(error)),))
        resolutions: list[Resolution] = []
        files: list[str] = []
        queue = deque([self._register(Image(path, first), path)])
        while queue and len(files) < _MOST_LIBRARIES and not self._finder.is_spent:
            image = queue.popleft()
            files.append(image.path)
            for need in image.library.needed:
                resolution, found = self._resolve(need, image)
                resolutions.append(resolution)
                if found is None:
                    continue
                name = self._search.asked(need.name, image)
                if self._tree.canonical(found.path) not in self._paths:
                    queue.append(self._register(found, name))
                else:  # mapped before by another name: it answers to this one too from now on
                    self._loaded.setdefault(self._search.key(name), found.path)
        tried = (each for resolution in resolutions for each in resolution.considered)
        unusable = dict.fromkeys((each.path, each.problem) for each in tried if each.problem.startswith(_UNREADABLE))
        if queue or self._finder.is_spent:
            unusable[path, "needs more libraries, or more places to look for them, than are followed"] = None
        return LoadResult(path=path, resolutions=tuple(resolutions), files=tuple(files), unusable=tuple(unusable))

    def _register(self, image: Image, need: str) -> Image:
        self._paths.add(self._tree.canonical(image.path))
        for name in (*self._search.names(image), need):
            self._loaded.setdefault(self._search.key(name), image.path)
        return image

    def _resolve(self, need: Need, image: Image) -> tuple[Resolution, Image | None]:
        loaded = self._loaded.get(self._search.key(self._search.asked(need.name, image)))
        if loaded is None:
            return self._finder.look(need, image)
        already = Resolution(loader=image.path, need=need, outcome=Outcome.LOADED, path=loaded, rule="already loaded")
        if self._search.prefers_loaded:
            return already, None
        resolution, found = self._finder.look(need, image)
        missing = resolution.outcome is Outcome.MISSING
        return (replace(already, considered=resolution.considered), None) if missing else (resolution, found)

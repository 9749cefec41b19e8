"""A wheel as it is installed, among others and beside Python's own modules: where one package's import finds things."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Protocol

from envdoctor.imports.site import Found, Presence
from envdoctor.imports.standard_library import standard_found, standard_lacks
from envdoctor.imports.system import SystemLibraries, brings_library
from envdoctor.wheels.contents import install_path

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from envdoctor.core.target import Target
    from envdoctor.wheels.module_index import ModuleIndex


class Beside(Protocol):
    """What lies beside a wheel: the others of its set."""

    def find(self, module: str) -> Found:
        """What there is of a module that is neither Python's nor the wheel's own; never TEXT."""
        ...

    def lacks(self, module: str, name: str) -> bool:
        """See `Site.lacks`."""
        ...

    def brings_library(self, name: str) -> bool:
        """Whether any of them may bring a library."""
        ...


class Alone:
    """A wheel beside which everything may be."""

    def find(self, _module: str) -> Found:
        """See `Beside`."""
        return Found(presence=Presence.UNKNOWN)

    def lacks(self, _module: str, _name: str) -> bool:
        """See `Beside`."""
        return False

    def brings_library(self, _name: str) -> bool:
        """See `Beside`."""
        return False


class WheelSite:
    """The modules of one wheel are followed, those of others are not."""

    def __init__(  # noqa: PLR0913 - a site is made of this much
        self,
        index: ModuleIndex,
        read: Callable[[str], str],
        target: Target,
        beside: Beside | None = None,
        *,
        desktop: bool = True,
        failing: Collection[str] = (),
    ) -> None:
        """Prepares.

        Args:
            index: the wheel's modules.
            read: the text of a member.
            target: the Python that imports.
            beside: what lies beside it; None for anything.
            desktop: whether the system has what systems with a desktop have.
            failing: native files of the wheel, from site-packages, that don't load.
        """
        self.target = target
        self._index = index
        self._read = read
        self._beside = beside or Alone()
        self._system = SystemLibraries(target, desktop=desktop)
        self._failing = failing

    def find(self, module: str) -> Found:
        """See `Site`."""
        standard = standard_found(module, self.target)
        if standard is not None:
            return standard
        member = self._index.find(module)
        if member is not None:
            path = install_path(member)
            if not member.endswith(".py"):
                return Found(presence=Presence.NATIVE, path=path, fails=path in self._failing)
            return Found(presence=Presence.TEXT, is_package=self._index.is_package(module), path=path)
        if self._index.is_folder(module):
            return Found(presence=Presence.NAMESPACE, is_package=True)
        if self._index.exists(module):  # a file of some other kind
            return Found(presence=Presence.UNKNOWN)
        return self._missing(module)

    def _missing(self, module: str) -> Found:
        """A module that the wheel does not have where it would be looked for."""
        top = module.partition(".")[0]
        found = self._beside.find(module)
        if found.presence is Presence.ABSENT and self._index.natives_may_find(top):
            return Found(presence=Presence.UNKNOWN)
        return found

    def read(self, module: str) -> str:
        """See `Site`."""
        return self._read(self._index.find(module) or "")

    def lacks(self, module: str, name: str) -> bool:
        """See `Site`."""
        if standard_found(module, self.target) is not None:
            return standard_lacks(module, name, self.target)
        return self._beside.lacks(module, name)

    def has_library(self, name: str, *, whole: bool) -> bool | None:
        """See `Site`: what a wheel brings itself, it may make the loader find."""
        if brings_library(self._index.natives, name) or self._beside.brings_library(name):
            return None
        return self._system.has(name, whole=whole)

    def files_named(self, name: str, beside: str) -> tuple[str, ...]:
        """See `Site`."""
        paths = self._index.natives.get(name.lower(), [])
        folder = posixpath.dirname(beside)
        near = [path for path in paths if posixpath.dirname(path) == folder]
        return tuple(near or paths)

    def fails_to_load(self, path: str) -> bool:
        """See `Site`."""
        return path in self._failing


def own_names(members: Iterable[str]) -> frozenset[str]:
    """The names of every folder and every module in a wheel."""
    paths = [install_path(member) for member in members]
    folders = {part for path in paths for part in posixpath.dirname(path).split("/")}
    return frozenset(folders | {posixpath.basename(path).partition(".")[0] for path in paths})

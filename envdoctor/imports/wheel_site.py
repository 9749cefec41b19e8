"""A wheel as it is installed, among others and beside Python's own modules: where one package's import finds things."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Protocol

from envdoctor.core.errors import Unreadable
from envdoctor.core.target import System
from envdoctor.imports.exports import lacks_function
from envdoctor.imports.library_names import NamesInTexts, brings_library, is_library
from envdoctor.imports.paths import inside
from envdoctor.imports.site import Found, Presence
from envdoctor.imports.standard_library import standard_found
from envdoctor.imports.standard_names import standard_lacks
from envdoctor.imports.system import SystemLibraries
from envdoctor.imports.targets import ENVIRONMENT
from envdoctor.wheels.contents import install_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from envdoctor.core.target import Target
    from envdoctor.wheels.contents import NativeFile


class ModuleFiles(Protocol):
    """The modules of a wheel, or of a package that is installed; see `wheels.module_index.ModuleIndex`."""

    @property
    def natives(self) -> Mapping[str, Sequence[str]]:
        """The files that are no Python text, by their name in small letters."""
        ...

    @property
    def path_files(self) -> Sequence[str]:
        """The `.pth` files, by which other modules may come in."""
        ...

    def find(self, name: str) -> str | None:
        """The file that importing a module executes; None where there is none."""
        ...

    def exists(self, name: str) -> bool:
        """Whether a module may be there in any form."""
        ...

    def is_source(self, name: str) -> bool:
        """Whether a module is there as Cython's source alone."""
        ...

    def is_folder(self, name: str) -> bool:
        """Whether there is a folder of a module's name."""
        ...

    def is_package(self, name: str) -> bool:
        """Whether a module is a package with an `__init__.py`."""
        ...

    def lacks_path(self, path: str) -> bool:
        """Whether there is certainly no file or folder at a path from site-packages."""
        ...

    def lacks_match(self, pattern: str) -> bool:
        """Whether there is certainly no file whose path matches a pattern."""
        ...

    def natives_may_find(self, module: str) -> bool:
        """Whether a native module may make a module importable that has no file of its own."""
        ...


class Beside(Protocol):
    """What lies beside a wheel: the others of its set."""

    def find(self, module: str) -> Found:
        """What there is of a module that is neither Python's nor the wheel's own; never TEXT."""
        ...

    def lacks(self, module: str, name: str) -> bool:
        """See `Site.lacks`."""
        ...

    def lacks_itself(self, module: str, name: str) -> bool:
        """See `Site.lacks_itself`."""
        ...

    def binds(self, module: str, name: str) -> bool:
        """See `Site.binds`."""
        ...

    def gives(self, module: str, name: str) -> bool:
        """Whether any of them may give a name to a module of Python's own."""
        ...

    def brings_library(self, name: str) -> bool:
        """Whether any of them may bring a library."""
        ...

    def brings_file(self, path: str) -> bool:
        """Whether any of them may bring a file or a folder, by its path in site-packages."""
        ...

    def version_of(self, name: str) -> str:
        """See `Site`."""
        ...

    def told_version(self, module: str, name: str) -> tuple[str, str]:
        """See `Site`."""
        ...

    def has_distribution(self, name: str) -> bool | None:
        """See `Site`."""
        ...


class Anything:
    """A wheel beside which everything may be."""

    def find(self, _module: str) -> Found:
        """See `Beside`."""
        return Found(presence=Presence.UNKNOWN)

    def lacks(self, _module: str, _name: str) -> bool:
        """See `Beside`."""
        return False

    def lacks_itself(self, _module: str, _name: str) -> bool:
        """See `Beside`."""
        return False

    def binds(self, _module: str, _name: str) -> bool:
        """See `Beside`."""
        return False

    def gives(self, _module: str, _name: str) -> bool:
        """See `Beside`."""
        return True

    def brings_library(self, _name: str) -> bool:
        """See `Beside`."""
        return False

    def brings_file(self, _path: str) -> bool:
        """See `Beside`."""
        return True

    def version_of(self, _name: str) -> str:
        """See `Beside`."""
        return ""

    def told_version(self, _module: str, _name: str) -> tuple[str, str]:
        """See `Beside`."""
        return "", ""

    def has_distribution(self, _name: str) -> bool | None:
        """See `Beside`."""
        return None


class WheelSite:
    """The modules of one wheel are followed, those of others are not."""

    def __init__(  # noqa: PLR0913 - a site is made of this much
        self,
        index: ModuleFiles,
        read: Callable[[str], str],
        target: Target,
        beside: Beside | None = None,
        *,
        desktop: bool = True,
        fails: Callable[[str], bool] | None = None,
        natives: Sequence[NativeFile] = (),
    ) -> None:
        """Prepares.

        Args:
            index: the wheel's modules.
            read: the text of a member.
            target: the Python that imports.
            beside: what lies beside it; None for anything.
            desktop: whether the system has what systems with a desktop have.
            fails: whether a native file of the wheel, from site-packages, fails to load at this moment; None if none
                does, so that it does not matter which are loaded by names that are worked out.
            natives: the wheel's native files, as far as they were read.
        """
        self.target = target
        self._index = index
        self._read = read
        self._beside = beside or Anything()
        self._system = SystemLibraries(target, desktop=desktop)
        self._fails = fails
        self._natives = natives
        self._without_init = frozenset(native.path for native in natives if native.lacks_init)

    def find(self, module: str) -> Found:
        """See `Site`."""
        standard = standard_found(module, self.target)
        if standard is not None:
            return standard
        member = self._index.find(module)
        if member is not None:
            path = install_path(member)
            if not member.endswith(".py"):
                return Found(presence=Presence.NATIVE, path=path, fails=member in self._without_init)
            return Found(presence=Presence.TEXT, is_package=self._index.is_package(module), path=path)
        if self._index.is_folder(module):
            return self._folder(module)
        is_source = self._index.is_source(module) and self._beside.find("pyximport").presence is Presence.ABSENT
        if self._index.exists(module) and not is_source:  # a file of some other kind
            return Found(presence=Presence.UNKNOWN)
        return self._missing(module)

    def _folder(self, module: str) -> Found:
        """A folder without `__init__`: a namespace, unless another wheel has a package of that name."""
        beside = self._beside.find(module)
        return beside if beside.is_package else Found(presence=Presence.NAMESPACE, is_package=True)

    def _missing(self, module: str) -> Found:
        """A module that the wheel does not have where it would be looked for."""
        found = self._beside.find(module)
        if found.presence is Presence.ABSENT and self._index.natives_may_find(module):
            return Found(presence=Presence.UNKNOWN, waits=True)
        return found

    def read(self, module: str) -> str:
        """See `Site`."""
        return self._read(self._index.find(module) or "")

    def may_be_compiled(self, module: str) -> bool:  # noqa: ARG002
        """See `Site`: installers compile what can be."""
        return False

    def lacks(self, module: str, name: str) -> bool:
        """See `Site`."""
        if standard_found(module, self.target) is not None:
            return standard_lacks(module, name, self.target) and not self._beside.gives(module, name)
        return self._beside.lacks(module, name)

    def lacks_itself(self, module: str, name: str) -> bool:
        """See `Site`."""
        return self._beside.lacks_itself(module, name)

    def binds(self, module: str, name: str) -> bool:
        """See `Site`."""
        return self._beside.binds(module, name)

    def lacks_file(self, path: str) -> bool:
        """See `Site`: of a folder that no other wheel has, too."""
        if self.target.platform.system is System.WINDOWS:
            path = path.replace("\\", "/")
        plain = inside(path)
        return plain not in {None, "", "__pycache__"} and self._is_own(plain) and self._index.lacks_path(plain)

    def lacks_match(self, pattern: str) -> bool:
        """See `Site`."""
        plain = inside(pattern)
        return plain is not None and self._is_own(plain) and self._index.lacks_match(plain)

    def _is_own(self, path: str) -> bool:
        """Whether a path is in a folder that no other wheel has, or is itself no other wheel's."""
        top, slash, _ = path.partition("/")
        return self._beside.find(top).presence is Presence.ABSENT if slash else not self._beside.brings_file(path)

    def modules_in(self, folder: str) -> tuple[tuple[str, bool], ...] | None:  # noqa: ARG002
        """See `Site`."""
        return None

    def has_distribution(self, name: str) -> bool | None:
        """See `Site`."""
        return self._beside.has_distribution(name)

    def variable(self, name: str) -> str | None:  # noqa: ARG002
        """See `Site`."""
        return None

    def may_set(self, setting: str) -> bool:
        """See `Site`."""
        return self._beside.gives(ENVIRONMENT, setting)

    def version_of(self, name: str) -> str:
        """See `Site`."""
        return self._beside.version_of(name)

    def told_version(self, module: str, name: str) -> tuple[str, str]:
        """See `Site`."""
        return self._beside.told_version(module, name)

    def has_library(self, name: str, *, whole: bool) -> bool | None:
        """See `Site`: what a wheel brings itself, it may make the loader find."""
        if brings_library(self._index.natives, name) or self._beside.brings_library(name):
            return None
        return self._system.has(name, whole=whole)

    def alone_brings(self, name: str) -> bool:
        """See `Site`."""
        own = name.lower() in self._index.natives and not self._beside.brings_library(name)
        return own and self._system.has(name, whole=True) is False

    def files_named(self, name: str, beside: str) -> tuple[str, ...]:
        """See `Site`."""
        paths = self._index.natives.get(name.lower(), [])
        folder = posixpath.dirname(beside)
        near = [path for path in paths if posixpath.dirname(path) == folder]
        return tuple(near or paths)

    def fails_to_load(self, path: str) -> bool:
        """See `Site`."""
        return self._fails is not None and self._fails(path)

    def lacks_function(self, path: str, name: str) -> bool:
        """See `Site`."""
        return lacks_function(self._natives, path, name, self.target.platform)

    def files_mentioned(self, modules: Sequence[str]) -> tuple[str, ...]:
        """See `Site`."""
        if self._fails is None:
            return ()
        members = (self._index.find(module) for module in modules)
        texts = NamesInTexts(self._text(member) for member in members if member and member.endswith(".py"))
        paths = (path for paths in self._index.natives.values() for path in paths if is_library(path))
        return tuple(path for path in paths if texts.name(posixpath.basename(path)))

    def _text(self, member: str) -> str:
        try:
            return self._read(member)
        except Unreadable:
            return ""


def own_names(members: Iterable[str]) -> frozenset[str]:
    """The names of every folder and every module in a wheel."""
    paths = [install_path(member) for member in members]
    folders = {part for path in paths for part in posixpath.dirname(path).split("/")}
    return frozenset(folders | {posixpath.basename(path).partition(".")[0] for path in paths})

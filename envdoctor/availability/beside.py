"""The other wheels of a set, as the import of one meets them: their modules, names, files and versions."""

from __future__ import annotations

import functools
import posixpath
import threading
from typing import TYPE_CHECKING

from envdoctor.availability.requiring import required_names
from envdoctor.imports.library_names import brings_library
from envdoctor.imports.names import ModuleNames
from envdoctor.imports.removed_names import removed_since
from envdoctor.imports.site import Found, Presence
from envdoctor.imports.versions import version_told
from envdoctor.support.requirement import normal_name
from envdoctor.wheels.contents import install_path
from envdoctor.wheels.module_index import ModuleIndex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.availability.import_survey import ReadText, Survey
    from envdoctor.core.target import Target
    from envdoctor.wheels.contents import WheelContents

#: What `python -m venv` and others put into an environment before anybody asks for it.
_BEGUN_WITH = frozenset({"pip", "setuptools", "wheel"})


class WheelNames:
    """The names in the modules of all wheels, each worked out when it is first asked about.

    Attributes:
        given: names that packages of the set may give to modules of others.
    """

    def __init__(self, wheels: Sequence[WheelContents], target: Target, read: ReadText) -> None:
        self._wheels = wheels
        self._target = target
        self._read = read
        self._known: dict[int, ModuleNames] = {}
        self._indexes: dict[int, ModuleIndex] = {}
        self._lock = threading.RLock()
        self.given: set[tuple[str, str]] = set()

    def index(self, place: int) -> ModuleIndex:
        """The modules of a wheel."""
        with self._lock:
            if place not in self._indexes:
                self._indexes[place] = ModuleIndex(self._wheels[place].members, self._target)
            return self._indexes[place]

    def has_text(self, place: int, module: str) -> bool:
        """Whether importing a module of a wheel runs a Python text."""
        return (self.index(place).find(module) or "").endswith(".py")

    def lacks_module(self, place: int, module: str) -> bool:
        """See `ModuleNames`."""
        with self._lock:
            return self._names(place).lacks_module(module)

    def lacks(self, place: int, module: str, name: str) -> bool:
        """See `ModuleNames`; a version is known to have dropped some names."""
        if (module, name) in self.given:
            return False
        metadata = self._wheels[place].metadata
        if removed_since(metadata.name, metadata.version, module, name):
            return True
        with self._lock:
            return self._names(place).lacks(module, name)

    def lacks_itself(self, place: int, module: str, name: str) -> bool:
        """See `ModuleNames`."""
        with self._lock:
            return (module, name) not in self.given and self._names(place).lacks_itself(module, name)

    def binds(self, place: int, module: str, name: str) -> bool:
        """See `ModuleNames`."""
        with self._lock:
            return self._names(place).binds(module, name)

    def told(self, place: int, module: str, name: str) -> str:
        """The version that a module of a wheel tells under a name; "" where that is not known."""
        with self._lock:
            text = self._names(place).told(module, name)
        return version_told(text, module, name, self._wheels[place].metadata.version)

    def _names(self, place: int) -> ModuleNames:
        if place not in self._known:
            wheel = self._wheels[place]
            read = functools.cache(functools.partial(self._read, wheel))
            self._known[place] = ModuleNames(self.index(place), read, self._target)
        return self._known[place]


class BesideWheel:
    """The other wheels of a set, as the import of one meets them (`Beside`)."""

    def __init__(self, survey: Survey, place: int, others: WheelNames) -> None:
        self._survey = survey
        self._place = place
        self._others = others
        self._files = [
            posixpath.basename(native.path)
            for index, wheel in enumerate(survey.wheels)
            for native in wheel.natives
            if index != place
        ]

    def find(self, module: str) -> Found:
        """What there is of a module."""
        bringers = self._survey.bringers
        having = self._having(module)
        if not having:
            unknown = bringers.excuse(module) or not (self._survey.complete or self._is_own(module))
            return Found(presence=Presence.UNKNOWN if unknown else Presence.ABSENT)
        if any(
            self._others.index(index).find(module) or self._others.index(index).is_folder(module) for index in having
        ):
            failing = self._failing(module)
            packed = any(self._others.index(index).is_package(module) for index in having)
            return Found(
                presence=Presence.ELSEWHERE,
                is_package=packed,
                fails=failing is not None,
                raises=failing or "",
                loads=failing is None and len(having) == 1 and self._is_taken_to_load(module, having[0]),
            )
        if len(having) > 1:  # a namespace, or two that overwrite each other
            return Found(presence=self._in_namespace(module, having))
        absent = self._others.lacks_module(having[0], module) or self._in_namespace(module, having) is Presence.ABSENT
        return Found(presence=Presence.ABSENT if absent else Presence.UNKNOWN)

    def _having(self, module: str) -> list[int]:
        """The places of the other wheels that have the package that a module is in."""
        return [index for index in self._survey.bringers.having(module.partition(".")[0]) if index != self._place]

    def _is_own(self, module: str) -> bool:
        """Whether a module lies in a package of the wheel, into which nothing that it requires is likely to install."""
        top, wheel = module.partition(".")[0], self._survey.wheels[self._place]
        related = any(normal_name(top) in name for name in required_names(wheel))
        return self._others.index(self._place).is_package(top) and not related

    def _in_namespace(self, module: str, having: Sequence[int]) -> Presence:
        """What nobody has directly in a namespace is not there."""
        top, _, rest = module.partition(".")
        spaces = all(self._others.index(index).find(top) is None for index in having)
        below = any(self._others.index(index).exists(f"{top}.{rest.partition('.')[0]}") for index in having)
        return Presence.ABSENT if rest and spaces and not below else Presence.UNKNOWN

    def _failing(self, module: str) -> str | None:
        """The exception that importing a module of another wheel raises; None if it may raise none."""
        for index, name in self._survey.bringers.of(module):
            for package, verdict in self._survey.packages.items():
                is_it = package.wheel == index and package.name in {name, module}
                if is_it and index != self._place and verdict.failures:
                    return verdict.failures[0].raises
        return None

    def _is_taken_to_load(self, module: str, place: int) -> bool:
        """Whether nothing is known against a package, or a module that it imports itself; native files may not load."""
        known = (verdict for package, verdict in self._survey.packages.items() if package.wheel == place)
        is_seen = "." not in module or any(module in verdict.ended for verdict in known)
        return is_seen and not self._survey.wheels[place].natives

    def lacks(self, module: str, name: str) -> bool:
        """Whether a module is proven to have no such name."""
        having = self._having(module)
        return len(having) == 1 and self._others.lacks(having[0], module, name)

    def lacks_itself(self, module: str, name: str) -> bool:
        """Whether a module is proven to bind no such name; a package may have a submodule of it."""
        having = self._having(module)
        return len(having) == 1 and self._others.lacks_itself(having[0], module, name)

    def binds(self, module: str, name: str) -> bool:
        """Whether a module has a name wherever it can be imported."""
        having = self._having(module)
        return len(having) == 1 and self._others.binds(having[0], module, name)

    def gives(self, module: str, name: str) -> bool:
        """Whether any of them may give a name to a module of Python's own."""
        return (module, name) in self._others.given or not self._survey.complete

    def brings_library(self, name: str) -> bool:
        """Whether any of them may bring a library."""
        return brings_library(self._files, name) or not self._survey.complete

    def brings_file(self, path: str) -> bool:
        """Whether any of them may bring a file or a folder, by its path in site-packages."""
        paths = (install_path(member) for wheel in self._survey.wheels for member in wheel.members)
        return not self._survey.complete or any(f"{each}/".startswith(f"{path}/") for each in paths)

    def version_of(self, name: str) -> str:
        """The version of a distribution of the set that `importlib.metadata` finds; "" where that is not known."""
        every = (wheel.metadata for wheel in self._survey.wheels)
        having = [one.version for one in every if normal_name(one.name) == normal_name(name)]
        return having[0] if self._survey.complete and len(having) == 1 else ""

    def told_version(self, module: str, name: str) -> tuple[str, str]:
        """The distribution that has a module, and the version that it tells; "" and "" where that is not known."""
        having = self._having(module)
        if len(having) != 1 or self._others.lacks(having[0], module, name):
            return "", ""
        text = self._others.told(having[0], module, name)
        return (self._survey.wheels[having[0]].metadata.name, text) if text else ("", "")

    def has_distribution(self, name: str) -> bool | None:
        """Whether `importlib.metadata` finds a distribution; None for those that environments mostly begin with."""
        key = normal_name(name)
        known = self._survey.complete and key not in _BEGUN_WITH
        return key in self._survey.bringers.names if known else None

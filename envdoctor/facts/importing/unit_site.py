"""A package of an environment as one that is imported, and all others as its import meets them."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.facts.importing.ground import digest_of
from envdoctor.facts.importing.unit import is_gone, is_linked, matches_nothing, may_take_bytecode, modules_of
from envdoctor.facts.packages.metadata import normalize
from envdoctor.imports.removed_names import removed_since
from envdoctor.imports.site import Found, Presence
from envdoctor.imports.standard_library import module_provider
from envdoctor.imports.versions import version_told
from envdoctor.imports.wheel_site import WheelSite

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from envdoctor.facts.importing.modules import Place
    from envdoctor.facts.importing.rehearsal import Rehearsal

#: By which a function may give names to the module that calls it.
_FRAMES = "f_globals"
#: Characters of texts for one import.
_MOST_CHARACTERS = 12 << 20
#: A version that has nothing of which modules tell less than their distribution.


class BesideUnit:
    """All other packages of the environment, as the import of one meets them (`imports.wheel_site.Beside`)."""

    def __init__(self, rehearsal: Rehearsal, unit: str) -> None:
        self._rehearsal = rehearsal
        self._around = rehearsal.surroundings
        self._unit = unit
        self._ground = rehearsal.grounds[unit]

    def find(self, module: str) -> Found:
        """What there is of a module."""
        modules = self._around.modules
        place = self._ground.places[module] = modules.find(module)
        unit = modules.unit(module)
        if place.presence is Presence.UNKNOWN or unit == self._unit:
            return Found(presence=place.presence, is_package=bool(place.folders))
        top = modules.find(unit)
        if place.presence is Presence.ABSENT:
            return Found(presence=Presence.ABSENT if self._is_absent(module, unit, top) else Presence.UNKNOWN)
        if place.presence is Presence.NAMESPACE:
            return Found(presence=Presence.NAMESPACE, is_package=True)
        raised = self._raised(module, unit)
        return Found(
            presence=Presence.ELSEWHERE,
            is_package=bool(place.folders),
            fails=raised is not None,
            raises=raised or "",
            loads=raised is None and self._is_taken_to_load(module, unit),
        )

    def _is_taken_to_load(self, module: str, unit: str) -> bool:
        """Whether nothing is known against an installed package, or a module that it imports itself.

        Else what depends on an optional package would never be certain; one that fails for what nobody sees is rare.
        """
        natives = self._around.natives.get(unit, {})
        is_seen = module == unit or module in self._rehearsal.ended(unit)
        return is_seen and self._around.failing.isdisjoint(path for paths in natives.values() for path in paths)

    def _is_absent(self, module: str, unit: str, top: Place) -> bool:
        if top.presence is Presence.ABSENT:
            provider = module_provider(module.partition(".")[0])
            return not (provider and provider.beside in self._around.distributions)
        self._ground.units.add(unit)
        return self._rehearsal.names(unit).lacks_module(module)

    def _raised(self, module: str, unit: str) -> str | None:
        """The exception that importing a module of another unit raises; None if it may raise none."""
        self._ground.units.add(unit)
        verdict = self._rehearsal.judge(unit)
        if not verdict.failures and verdict.complete and module not in self._rehearsal.ended(unit):
            verdict = self._rehearsal.judge(module)
        return verdict.failures[0].raises if verdict.failures else None

    def lacks(self, module: str, name: str) -> bool:
        """Whether a module is proven to have no such name."""
        unit = self._around.modules.unit(module)
        if unit == self._unit or (module, name) in self._rehearsal.given:
            return False  # what a package of one distribution asks of its own modules, it mostly has
        self._ground.units.add(unit)
        owner = self._around.owners.get(unit)
        if owner is not None and removed_since(owner.key, owner.version, module, name):
            return True
        return self._rehearsal.names(unit).lacks(module, name)

    def lacks_itself(self, module: str, name: str) -> bool:
        """See `Site`."""
        unit = self._around.modules.unit(module)
        self._ground.units.add(unit)
        return unit != self._unit and self._rehearsal.names(unit).lacks_itself(module, name)

    def binds(self, module: str, name: str) -> bool:
        """See `Site`."""
        unit = self._around.modules.unit(module)
        self._ground.units.add(unit)
        return unit != self._unit and self._rehearsal.names(unit).binds(module, name)

    def told_version(self, module: str, name: str) -> tuple[str, str]:
        """See `Beside`."""
        unit = self._around.modules.unit(module)
        owner = self._around.owners.get(unit)
        if unit == self._unit or owner is None or self._rehearsal.names(unit).lacks(module, name):
            return "", ""
        self._ground.units.add(unit)
        self._ground.texts.add(owner.metadata)
        text = version_told(self._rehearsal.names(unit).told(module, name), module, name, owner.version)
        return (owner.key, text) if text else ("", "")

    def version_of(self, _name: str) -> str:
        """Not asked: see `UnitSite.version_of`."""
        return ""

    def gives(self, module: str, name: str) -> bool:
        """Whether any of them may give a name to a module of Python's own."""
        return (module, name) in self._rehearsal.given

    def brings_library(self, _name: str) -> bool:
        """Not asked: see `UnitSite.has_library`."""
        return False

    def brings_file(self, _path: str) -> bool:
        """Not asked: see `UnitSite.lacks_file`."""
        return True

    def has_distribution(self, _name: str) -> bool | None:
        """Not asked: see `UnitSite.has_distribution`."""
        return None


class UnitSite(WheelSite):
    """A package among all others of its environment, on this machine (`imports.site.Site`)."""

    def __init__(self, rehearsal: Rehearsal, unit: str, settled: Container[str], *, without: bool = False) -> None:
        """Prepares.

        Args:
            rehearsal: to ask about others.
            unit: the package.
            settled: modules of it that are imported before, and need not be followed.
            without: as in a process without this one's variables.
        """
        around = rehearsal.surroundings
        self._others = BesideUnit(rehearsal, unit)
        super().__init__(
            rehearsal.index(unit),
            rehearsal.reader(unit),
            around.target,
            self._others,
            fails=around.failing.__contains__,
        )
        self._unit = unit
        self._settled = settled
        self._without = without
        self._characters = 0
        self._ground = rehearsal.grounds[unit]
        self._rehearsal = rehearsal
        self._around = around

    def find(self, module: str) -> Found:
        """See `Site`; a folder of PYTHONPATH may hide a module of Python's own."""
        if module in self._settled:
            return Found(presence=Presence.ELSEWHERE, is_package=bool(self._around.modules.find(module).folders))
        if module.partition(".")[0] in self._around.hidden:
            return Found(presence=Presence.UNKNOWN)
        if self._around.is_left_out(module):
            return Found(presence=Presence.ABSENT)
        found = super().find(module)
        if found.presence is not Presence.NATIVE:
            return found
        self._ground.texts.add(found.path)
        return replace(found, fails=self._around.inits.lacks(found.path))

    def read(self, module: str) -> str:
        """See `Site`.

        Raises:
            Unreadable: there is none, or it is one too many.
        """
        if self._characters > _MOST_CHARACTERS:
            raise Unreadable("the texts before it are long enough")
        text = super().read(module)
        self._characters += len(text)
        self._rehearsal.effort.read(text)
        if _FRAMES in text:
            self._rehearsal.binding.add(module)
        return text

    def may_be_compiled(self, module: str) -> bool:
        """See `Site`."""
        return may_take_bytecode(self._index.find(module) or "")

    def files_mentioned(self, modules: Sequence[str]) -> tuple[str, ...]:
        """See `Site`; where all files of the unit load, it does not matter which are meant."""
        natives = self._around.natives.get(self._unit, {})
        if self._around.failing.isdisjoint(path for paths in natives.values() for path in paths):
            return ()
        known = self._rehearsal.mentioned
        for module in modules:
            if module not in known:
                known[module] = super().files_mentioned((module,))
        return tuple(dict.fromkeys(path for module in modules for path in known[module]))

    def lacks_file(self, path: str) -> bool:
        """See `Site`."""
        gone = is_gone(path) and not is_linked(self._ground.texts)
        self._ground.texts.add(path)
        return gone

    def lacks_function(self, path: str, name: str) -> bool:
        """See `Site`."""
        self._ground.texts.add(path)
        return self._around.inits.lacks_function(path, name)

    def lacks_match(self, pattern: str) -> bool:
        """See `Site`; in a folder that is there."""
        nothing = matches_nothing(pattern) and not is_linked(self._ground.texts)
        self._ground.texts.add(pattern.rpartition("/")[0])
        return nothing

    def modules_in(self, folder: str) -> tuple[tuple[str, bool], ...] | None:
        """See `Site`."""
        self._ground.texts.add(folder)
        return modules_of(folder)

    def variable(self, name: str) -> str | None:
        """See `Site`."""
        if self._without:
            return None
        value = os.environ.get(name)
        self._ground.variables[name] = digest_of(value)
        return value

    def has_distribution(self, name: str) -> bool | None:
        """See `Site`."""
        answer = self._ground.distributions[name] = self._around.modules.has_distribution(name)
        return answer

    def version_of(self, name: str) -> str:
        """See `Site`."""
        one = self._around.distributions.get(normalize(name))
        if one is None:
            return ""
        self._ground.texts.add(one.metadata)
        return one.version

    def lacks_itself(self, module: str, name: str) -> bool:
        """See `Site`."""
        return self._others.lacks_itself(module, name)

    def told_version(self, module: str, name: str) -> tuple[str, str]:
        """See `Site`."""
        return self._others.told_version(module, name)

    def has_library(self, name: str, *, whole: bool) -> bool | None:
        """See `Site`."""
        answer = self._around.libraries.has(name, whole=whole)
        self._ground.libraries[name, whole] = answer
        return answer

"""Imports the modules of an environment in thought: each package by itself, the others asked about as it meets them."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.facts.importing.ground import Ground, Rehearsed
from envdoctor.facts.importing.unit import UnitIndex, is_gone, may_take_bytecode, read_module, stems_of
from envdoctor.imports.events import Certainty, What
from envdoctor.imports.names import ModuleNames
from envdoctor.imports.removed_names import removed_since
from envdoctor.imports.site import Found, Presence
from envdoctor.imports.standard_library import module_provider
from envdoctor.imports.targets import ENVIRONMENT
from envdoctor.imports.verdict import judge_import
from envdoctor.imports.wheel_site import WheelSite

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from envdoctor.facts.importing.modules import Place
    from envdoctor.facts.importing.surroundings import Surroundings
    from envdoctor.facts.packages import Distribution
    from envdoctor.imports.events import Event

#: Seconds of computing for one module.
_MOST_SECONDS = 4.0
#: Modules of a package that are read for one import: few at first, so that large packages leave time for all others.
DEPTHS = (8, 40)
#: The same for a package that is not large.
WHOLE = 400
_MOST_CAUSES = 2


class Rehearsal:
    """Verdicts on imports, worked out when they are first asked for.

    Attributes:
        grounds: of the units that were looked at.
        given: names that modules may have from others, told so far.
        mentioned: the native libraries that the text of a module names.
        is_new: whether anything was worked out that was not known.
        is_late: whether the deadline passed before all was worked out.
        most: modules of a package that are read for one import.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        deadline: float,
        known: Mapping[str, Ground] | None = None,
        given: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Prepares.

        Args:
            surroundings: the environment.
            deadline: by `time.thread_time` of the thread that asks; it ends everything.
            known: grounds that still hold.
            given: names that modules have from others.
        """
        self.surroundings = surroundings
        self.grounds: dict[str, Ground] = defaultdict(Ground, known or {})
        self.given = {pair for each in self.grounds.values() for one in each.verdicts.values() for pair in one.given}
        self.given.update(given)
        self.is_new = False
        self.is_late = False
        self.most = DEPTHS[-1]
        self.mentioned: dict[str, tuple[str, ...]] = {}
        self._deadline = deadline
        self._running: list[str] = []
        self._names: dict[str, ModuleNames] = {}
        self._indexes: dict[str, UnitIndex] = {}

    def judge(self, module: str) -> Rehearsed:
        """What `import module` comes to; of one that is being judged, that nothing speaks against it."""
        unit = self.surroundings.modules.unit(module)
        verdicts = self.grounds[unit].verdicts
        known = verdicts.get(module)
        if known is not None and (known.complete or known.failures or known.most >= self.most):
            return known
        self.is_late |= time.thread_time() > self._deadline
        if module in self._running or self.is_late:
            return known or Rehearsed(complete=False)
        settled = frozenset() if module == unit else self._settled(unit, module)
        self._running.append(module)
        began = time.thread_time()
        try:
            site = UnitSite(self, unit, settled, self._deadline)
            verdict = judge_import(module, site, self.most, _MOST_CAUSES)
        finally:
            self._running.pop()
        outside = [event for event in verdict.events if self.surroundings.modules.unit(event.subject) != unit]
        certain = [event for event in verdict.events if event.certainty is Certainty.CERTAIN]
        sure = [event for event in outside if event.certainty is Certainty.CERTAIN]
        found = Rehearsed(
            failures=verdict.failures,
            imports=frozenset(each.subject for each in certain if each.what is What.IMPORT),
            given=frozenset((each.subject, each.name) for each in outside if each.what is What.SET),
            variables=frozenset(
                (each.name, each.via[-1]) for each in sure if each.what is What.SET and each.subject == ENVIRONMENT
            ),
            asked=frozenset(
                (each.subject, each.name, each.via[-1]) for each in sure if each.what is What.USE and each.via
            ),
            complete=verdict.complete,
            most=WHOLE if time.thread_time() - began > _MOST_SECONDS else self.most,
        )
        if known is not None and not (found.complete or found.failures):
            found = found.beside(known)
        self.given |= found.given
        self.is_late |= time.thread_time() > self._deadline
        if not self.is_late:  # else it is worked out again the next time
            verdicts[module] = found
            self.is_new = True
        return found

    def _settled(self, unit: str, module: str) -> frozenset[str]:
        """Modules that a package itself imports, so that they are there by then, and need not be followed again.

        Those above the module are: which of their submodules are names in them already, their texts alone tell.
        """
        parts = module.split(".")
        verdict = self.judge(unit)
        if verdict.failures:
            return frozenset()
        return verdict.imports - {".".join(parts[:depth]) for depth in range(1, len(parts) + 1)}

    @property
    def is_contradicted(self) -> bool:
        """Whether a name was held to be lacking that a module looked at later may give."""
        verdicts = (one for each in self.grounds.values() for one in each.verdicts.values())
        causes = (failure.cause for one in verdicts for failure in one.failures)
        return any(cause.what is What.USE and (cause.subject, cause.name) in self.given for cause in causes)

    def again(self) -> Rehearsal:
        """The same from the beginning, with what is known of given names."""
        return Rehearsal(self.surroundings, self._deadline, given=self.given)

    def owner(self, module: str) -> Distribution | None:
        """The distribution that has a module's package; None where none has."""
        return self.surroundings.owners.get(self.surroundings.modules.unit(module))

    def failing_behind(self, module: str, cause: Event) -> str:
        """The module of another package whose own failure is the cause of this one's; "" for none."""
        modules = self.surroundings.modules
        unit = modules.unit(cause.subject)
        if cause.what is not What.IMPORT or unit == modules.unit(module):
            return ""
        known = self.grounds[unit].verdicts
        return next((each for each in (unit, cause.subject) if each in known and known[each].failures), "")

    def lacks(self, module: str, name: str) -> bool:
        """Whether a module certainly has no such name, nor a submodule of it; NAME.NAME of a class in it."""
        place = self.surroundings.modules.find(module)
        if place.presence is not Presence.TEXT or (module, name) in self.given:
            return False
        unit = self.surroundings.modules.unit(module)
        known = self.grounds[unit].lacking
        if (module, name) not in known:
            first, _, attribute = name.partition(".")
            names = self.names(unit)
            known[module, name] = (
                names.lacks_in_class(module, first, attribute) if attribute else names.lacks(module, name)
            )
            self.is_new = True
        return known[module, name]

    def index(self, unit: str) -> UnitIndex:
        """The modules of a unit."""
        if unit not in self._indexes:
            around = self.surroundings
            self._indexes[unit] = UnitIndex(
                unit,
                around.modules,
                around.natives.get(unit, {}),
                functools.cache(functools.partial(self._findable, unit)),
                self.grounds[unit].places.__setitem__,
            )
        return self._indexes[unit]

    def _findable(self, unit: str) -> frozenset[str]:
        """Names that extension modules of a unit may make importable: those of any of its distribution's files."""
        around = self.surroundings
        owner = around.owners.get(unit) if unit in around.extended else None
        return frozenset() if owner is None else stems_of(around.paths.get(owner.metadata, ()))

    def reader(self, unit: str) -> Callable[[str], str]:
        """Reads the texts of a unit."""
        texts = self.grounds[unit].texts

        def read(path: str) -> str:
            texts.add(path)
            self.is_new = True
            return read_module(path)

        return read

    def names(self, unit: str) -> ModuleNames:
        """The names in a unit's modules."""
        if unit not in self._names:
            self._names[unit] = ModuleNames(self.index(unit), self.reader(unit), self.surroundings.target)
        return self._names[unit]


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
            presence=Presence.ELSEWHERE, is_package=bool(place.folders), fails=raised is not None, raises=raised or ""
        )

    def _is_absent(self, module: str, unit: str, top: Place) -> bool:
        if top.presence is Presence.ABSENT:
            provider = module_provider(module.partition(".")[0])
            return not (provider and provider.beside in self._around.names)
        self._ground.units.add(unit)
        return self._rehearsal.names(unit).lacks_module(module)

    def _raised(self, module: str, unit: str) -> str | None:
        """The exception that importing a module of another unit raises; None if it may raise none."""
        self._ground.units.add(unit)
        verdict = self._rehearsal.judge(unit)
        if not verdict.failures and verdict.complete and module not in verdict.imports:
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

    def gives(self, module: str, name: str) -> bool:
        """Whether any of them may give a name to a module of Python's own."""
        return (module, name) in self._rehearsal.given

    def brings_library(self, _name: str) -> bool:
        """Not asked: see `UnitSite.has_library`."""
        return False


class UnitSite(WheelSite):
    """A package among all others of its environment, on this machine (`imports.site.Site`)."""

    def __init__(self, rehearsal: Rehearsal, unit: str, settled: Collection[str], deadline: float) -> None:
        """Prepares.

        Args:
            rehearsal: to ask about others.
            unit: the package.
            settled: modules of it that are imported before, and need not be followed.
            deadline: by `time.thread_time`.
        """
        around = rehearsal.surroundings
        super().__init__(
            rehearsal.index(unit),
            rehearsal.reader(unit),
            around.target,
            BesideUnit(rehearsal, unit),
            fails=around.failing.__contains__,
        )
        self._unit = unit
        self._settled = settled
        self._deadline = min(deadline, time.thread_time() + _MOST_SECONDS)
        self._ground = rehearsal.grounds[unit]
        self._rehearsal = rehearsal
        self._around = around

    def find(self, module: str) -> Found:
        """See `Site`; a folder of PYTHONPATH may hide a module of Python's own."""
        if module in self._settled:
            return Found(presence=Presence.ELSEWHERE, is_package=bool(self._around.modules.find(module).folders))
        if module.partition(".")[0] in self._around.hidden:
            return Found(presence=Presence.UNKNOWN)
        found = super().find(module)
        if found.presence is not Presence.NATIVE:
            return found
        self._ground.texts.add(found.path)
        return replace(found, fails=self._around.inits.lacks(found.path))

    def read(self, module: str) -> str:
        """See `Site`.

        Raises:
            Unreadable: there is none, or it is too late.
        """
        if time.thread_time() > self._deadline:
            raise Unreadable("out of time")
        return super().read(module)

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
        self._ground.texts.add(path)
        return is_gone(path)

    def has_distribution(self, name: str) -> bool | None:
        """See `Site`."""
        answer = self._ground.distributions[name] = self._around.modules.has_distribution(name)
        return answer

    def has_library(self, name: str, *, whole: bool) -> bool | None:
        """See `Site`."""
        answer = self._around.libraries.has(name, whole=whole)
        self._ground.libraries[name, whole] = answer
        return answer

"""Imports the modules of an environment in thought: each package by itself, the others asked about as it meets them."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from envdoctor.binaries.python_abi import is_module_name
from envdoctor.facts.importing.effort import Effort
from envdoctor.facts.importing.ground import Ground, Rehearsed
from envdoctor.facts.importing.unit import UnitIndex, names_held, read_module, stems_of
from envdoctor.facts.importing.unit_site import UnitSite
from envdoctor.imports.events import Certainty, What
from envdoctor.imports.names import ModuleNames
from envdoctor.imports.site import Presence
from envdoctor.imports.targets import ENVIRONMENT
from envdoctor.imports.verdict import judge_import

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable, Mapping

    from envdoctor.facts.importing.surroundings import Surroundings
    from envdoctor.facts.packages import Distribution
    from envdoctor.imports.events import Event

#: Modules of a package that are read for one import, and of a large one, so that this leaves time for all others.
WHOLE, PART = 400, 40
#: Modules of a distribution that is not large.
_FEW = 200
_MOST_CAUSES = 2
#: One package takes no more of the effort before all others had theirs, however many of its modules they import.
_PART_OF_ONE = 20
_DOT = re.compile(r"\.")


class Rehearsal:
    """Verdicts on imports, worked out when they are first asked for.

    Attributes:
        grounds: of the units that were looked at.
        given: names that modules may have from others, told so far.
        binding: modules of which functions may give names to those that call them.
        mentioned: the native libraries that the text of a module names.
        is_new: whether anything was worked out that was not known.
        is_further: whether a verdict was.
        is_late: whether the effort was up before all was worked out.
        deep: whether large packages are followed as far as others.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        effort: Effort | None = None,
        known: Mapping[str, Ground] | None = None,
        given: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Prepares.

        Args:
            surroundings: the environment.
            effort: for everything; it ends it.
            known: grounds that still hold.
            given: names that modules have from others.
        """
        self.surroundings = surroundings
        self.grounds: dict[str, Ground] = defaultdict(Ground, known or {})
        self.given = {pair for each in self.grounds.values() for one in each.verdicts.values() for pair in one.given}
        self.given.update(given)
        self.is_new = self.is_further = False
        self.is_late = False
        self.deep = False
        self.effort = effort or Effort()
        self.mentioned: dict[str, tuple[str, ...]] = {}
        self._running: list[str] = []
        self._held: dict[str, frozenset[str] | None] = {}
        self._stems: dict[str, frozenset[str]] = {}
        self._sizes: dict[str, int] = {}
        self._ended: dict[str, frozenset[str]] = {}
        self._spent: dict[str, int] = defaultdict(int)
        self.binding: set[str] = set()
        self._names: dict[str, ModuleNames] = {}
        self._indexes: dict[str, UnitIndex] = {}

    def judge(self, module: str) -> Rehearsed:
        """What `import module` comes to; of one that is being judged, that nothing speaks against it."""
        unit = self.surroundings.modules.unit(module)
        known, most = self.grounds[unit].verdicts.get(module), self._most(unit)
        if known is not None and (known.complete or known.failures or known.most >= most):
            return known
        self.is_late |= self.effort.is_up
        had_its_part = not self.deep and self._spent[unit] > self.effort.most // _PART_OF_ONE
        if module in self._running or self.is_late or had_its_part:
            return known or Rehearsed(complete=False)
        found = self._work_out(module, frozenset() if module == unit else self._settled(unit, module), most)
        if found.failures or not self.is_late:  # else it is worked out again the next time
            self._keep(module, found)
        return found

    def judge_wholly(self, module: str, steps: int) -> Rehearsed:
        """The same, with so many steps at least, and as far as any: where much depends on the answer."""
        self.effort.grant(steps)
        self.is_late, self.deep = self.effort.is_up, True
        found = self.judge(module)
        self.deep = False
        return found

    def judge_within(self, module: str, steps: int) -> Rehearsed:
        """The same, and of what it imports of others only as much as so many steps tell."""
        most = self.effort.most
        self.effort.leave(steps)
        found = self.judge(module)
        self.effort.most = most
        self.is_late = self.effort.is_up
        return found

    def judge_by_itself(self, module: str, way: Collection[str] = ()) -> Rehearsed:
        """What the text of a module comes to where the packages above it, and all that these import, are there.

        It is worked out even if the effort is up.

        Args:
            module: its name.
            way: of its package only these modules, and the packages that they are in, are followed, if any are given.
        """
        unit = self.surroundings.modules.unit(module)
        known = self.grounds[unit].verdicts.get(module)
        if known is not None and known.failures:
            return known
        parts = module.split(".")
        above = {".".join(parts[:depth]) for depth in range(1, len(parts))}
        settled = _AllBut(self, unit, way) if way else (self.judge(unit).ended | above) - {module}
        found = self._work_out(module, settled, PART)
        if found.failures:
            self._keep(module, found)
        return found

    def deciding_variables(self, module: str) -> tuple[str, ...]:
        """The variables of this process that a failing module's package asks for, if without them it does not fail."""
        unit = self.surroundings.modules.unit(module)
        names = tuple(sorted(name for name, value in self.grounds[unit].variables.items() if value))
        site = UnitSite(self, unit, frozenset(), without=True)
        return names if names and not judge_import(module, site, PART, 1).failures else ()

    def _keep(self, module: str, found: Rehearsed) -> None:
        unit = self.surroundings.modules.unit(module)
        verdicts = self.grounds[unit].verdicts
        self.is_further |= verdicts.get(module) != found
        verdicts[module] = found
        self._ended.pop(unit, None)
        self.is_new = True

    def _work_out(self, module: str, settled: Container[str], most: int) -> Rehearsed:
        unit = self.surroundings.modules.unit(module)
        self._running.append(module)
        try:
            verdict = judge_import(module, UnitSite(self, unit, settled), most, _MOST_CAUSES)
        finally:
            self._running.pop()
        outside = [event for event in verdict.events if self.surroundings.modules.unit(event.subject) != unit]
        sure = [event for event in outside if event.certainty is Certainty.CERTAIN]
        variables = [each for each in outside if each.what is What.SET and each.subject == ENVIRONMENT]
        unsure = {module for each in variables if each.certainty is not Certainty.CERTAIN for module in each.via}
        found = Rehearsed(
            failures=verdict.failures,
            ended=verdict.ended - self.binding - unsure,
            given=frozenset((each.subject, each.name) for each in outside if each.what is What.SET),
            variables=frozenset((each.name, each.via[-1]) for each in variables if each.certainty is Certainty.CERTAIN),
            asked=frozenset(
                (each.subject, each.name, each.via[-1]) for each in sure if each.what is What.USE and each.via
            ),
            complete=verdict.complete,
            most=most,
        )
        self.effort.spent += verdict.steps
        self._spent[unit] += verdict.steps
        self.given |= found.given
        self.is_late |= self.effort.is_up
        return found

    def _most(self, unit: str) -> int:
        """The modules of a unit that are read for one import."""
        owner = self.surroundings.owners.get(unit)
        return WHOLE if self.deep or owner is None or not self.is_large(owner) else PART

    def is_large(self, distribution: Distribution) -> bool:
        """Whether a distribution has so many modules that others come first."""
        return self.size(distribution) > _FEW

    def size(self, distribution: Distribution) -> int:
        """The modules of a distribution."""
        if distribution.metadata not in self._sizes:
            paths = self.surroundings.paths.get(distribution.metadata, ())
            self._sizes[distribution.metadata] = sum(path.endswith(".py") for path in paths)
        return self._sizes[distribution.metadata]

    def _settled(self, unit: str, module: str) -> frozenset[str]:
        """Modules of a package that were gone through, so that they need not be followed again.

        Those above the module are: which of their submodules are names in them already, their texts alone tell.
        """
        parts = module.split(".")
        if self.judge(unit).failures:
            return frozenset()
        return self.ended(unit) - {".".join(parts[:depth]) for depth in range(1, len(parts) + 1)}

    def ended(self, unit: str) -> frozenset[str]:
        """The modules of a package that imports which don't fail go through to their end, as far as that is known."""
        if unit not in self._ended:
            known = (one for one in self.grounds[unit].verdicts.values() if one.complete and not one.failures)
            self._ended[unit] = frozenset().union(*(one.ended for one in known))
        return self._ended[unit]

    @property
    def is_contradicted(self) -> bool:
        """Whether a name was held to be lacking that a module looked at later may give."""
        verdicts = (one for each in self.grounds.values() for one in each.verdicts.values())
        causes = (failure.cause for one in verdicts for failure in one.failures)
        return any(cause.what is What.USE and (cause.subject, cause.name) in self.given for cause in causes)

    def again(self) -> Rehearsal:
        """The same from the beginning, with what is known of given names."""
        return Rehearsal(self.surroundings, self.effort, given=self.given)

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
                functools.partial(self._may_make, unit),
                self.grounds[unit].places.__setitem__,
            )
        return self._indexes[unit]

    def _may_make(self, unit: str, module: str) -> bool:
        """Whether extension modules of a unit may make a module importable, as far as their distribution's files tell.

        At the top one with the name of any file; below a package one whose whole name they hold.
        """
        around = self.surroundings
        owner = around.owners.get(unit) if unit in around.extended else None
        if owner is None or "." not in module:
            if owner is not None and unit not in self._stems:
                self._stems[unit] = stems_of(around.paths.get(owner.metadata, ()))
            return module in self._stems.get(unit, ())
        if unit not in self._held:
            natives = around.natives.get(unit, {}).items()
            files = [path for name, paths in natives if is_module_name(name) for path in paths]
            self.grounds[unit].texts.update(files)
            self._held[unit] = names_held(files, unit)
        held = self._held[unit]
        return held is None or module in held

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


class _AllBut:
    """The modules of a unit that are there, but for some."""

    def __init__(self, rehearsal: Rehearsal, unit: str, others: Collection[str]) -> None:
        self._modules = rehearsal.surroundings.modules
        self._unit = unit
        self._others = {
            other[:end] for other in others for end in (*(dot.start() for dot in _DOT.finditer(other)), None)
        }

    def __contains__(self, module: object) -> bool:
        if not isinstance(module, str) or module in self._others or self._modules.unit(module) != self._unit:
            return False
        return self._modules.find(module).presence in {Presence.TEXT, Presence.NATIVE}

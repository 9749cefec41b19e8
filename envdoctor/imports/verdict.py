"""Draws a verdict from the steps of an import: what it fails for, one cause after the other.

An import that fails for want of something is gone through again as if that were there, to see whether more is wanting;
an exception that the code raises itself is laid to what it looked for in vain before, if it is not raised with all of
that.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from envdoctor.imports.events import Event, Outcome, What
from envdoctor.imports.interpreter import MOST_MODULES, import_in_thought
from envdoctor.imports.site import Found, Presence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.core.target import Target
    from envdoctor.imports.site import Site

_MOST_CAUSES = 12
_MOST_NAMES = 8  # of one library
_MOST_VERSIONS = 4  # that an import which raises may have asked for
_UNKNOWN = Found(presence=Presence.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an import fails; proven, see `Outcome.fails`.

    Attributes:
        cause: the step that fails: a module, a name or a library that is not there, or an exception that is raised.
        raises: the exception in which the import ends; "" where it is one of several.
        sought: where the code raises on its own: what it looked for before, each of which it would go on with. Where
            it asks for a library, too: other names under which it did.
    """

    cause: Event
    raises: str = ""
    sought: tuple[Event, ...] = ()

    @property
    def version(self) -> Event | None:
        """The version that the import asked for, and but for which it may not have raised; or the versions it needs."""
        return next((each for each in (self.cause, *self.sought) if each.what is What.ASK and each.name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What importing a module comes to.

    Attributes:
        events: the steps of the import, and those that it would take if what it fails for were there.
        failures: why it fails, the first cause first; () where that is not proven.
        complete: see `Outcome`.
        steps: of the interpreter, on all ways that were tried.
        ended: see `Outcome`.
    """

    events: tuple[Event, ...] = ()
    failures: tuple[Failure, ...] = ()
    complete: bool = True
    steps: int = 0
    ended: frozenset[str] = frozenset()


def judge_import(module: str, site: Site, most_modules: int = MOST_MODULES, most_causes: int = _MOST_CAUSES) -> Verdict:
    """What `import module` fails for on a site, and what it does.

    Args:
        module: its absolute name.
        site: where modules and libraries are found.
        most_modules: texts read at most.
        most_causes: looked for at most; each takes as long as the first.
    """
    supposed = _Supposing(site)
    outcome = supposed.follow(module, most_modules)
    first, events = outcome, dict.fromkeys(outcome.events)
    failures: list[Failure] = []
    while outcome.fails and outcome.cause is not None and len(failures) < most_causes:
        failure = _failure(module, outcome, supposed, most_modules)
        failures.append(failure)
        if len(failures) == most_causes or not supposed.suppose(failure.cause, *failure.sought):
            break
        outcome = supposed.follow(module, most_modules)
        events |= dict.fromkeys(outcome.events)
        if any(outcome.cause == each.cause for each in failures):
            break
    return Verdict(
        events=tuple(events),
        failures=tuple(failures),
        complete=first.complete,
        steps=supposed.steps,
        ended=first.ended,
    )


def _failure(module: str, outcome: Outcome, supposed: _Supposing, most_modules: int) -> Failure:
    if outcome.cause is None:
        raise AssertionError("a failure has a cause")
    failure = Failure(cause=outcome.cause, raises=outcome.raises)
    sought = tuple(event for event in outcome.events if event.fails and event is not outcome.cause)
    if outcome.cause.what is What.LOOK_UP:
        return replace(failure, sought=_other_names(module, outcome.cause, sought, supposed, most_modules))
    if outcome.cause.what is What.RAISE and not outcome.cause.name:
        version = _decisive_version(module, outcome, supposed, most_modules)
        sought = sought if version is None else (version,)
    if outcome.cause.fails or not sought:
        return failure
    trial = supposed.copy()
    trial.suppose(*sought)
    fails = trial.follow(module, most_modules).fails
    supposed.steps += trial.steps
    return failure if fails else replace(failure, sought=sought)


def _decisive_version(module: str, outcome: Outcome, supposed: _Supposing, most_modules: int) -> Event | None:
    """The last version that was asked for of those without which nothing would be raised for certain."""
    asked = dict.fromkeys(each for each in reversed(outcome.events) if each.what is What.ASK and each.name)
    for event in [*asked][:_MOST_VERSIONS]:
        trial = supposed.copy()
        trial.suppose(event)
        fails = trial.follow(module, most_modules).fails
        supposed.steps += trial.steps
        if not fails:
            return event
    return None


def _other_names(
    module: str, cause: Event, sought: Sequence[Event], supposed: _Supposing, most_modules: int
) -> tuple[Event, ...]:
    """Of what a module looked for in vain, each library that alone would do in place of the one that it fails for."""
    others = [each for each in sought if each.what is What.LOOK_UP and each.subject != cause.subject]
    found = []
    for event in [each for each in others if each.via == cause.via][-_MOST_NAMES:]:
        trial = supposed.copy()
        trial.suppose(event)
        if trial.follow(module, most_modules).cause != cause:
            found.append(event)
        supposed.steps += trial.steps
    return tuple(found)


@dataclass(slots=True)
class _Supposing:
    """A site on which some things are supposed to be there."""

    site: Site
    supposed: set[tuple[What, str, str]] = field(default_factory=set)
    steps: int = 0

    def copy(self) -> _Supposing:
        """The same, to suppose more."""
        return _Supposing(self.site, set(self.supposed))

    def follow(self, module: str, most_modules: int) -> Outcome:
        """What `import module` does here."""
        outcome = import_in_thought(module, self, most_modules)
        self.steps += outcome.steps
        return outcome

    def suppose(self, *events: Event) -> bool:
        """Supposes that the steps don't fail, or find a version that is not known; whether that is anything new."""
        before = len(self.supposed)
        self.supposed |= {
            (each.what, each.subject, each.name)
            for each in events
            if each.fails or (each.what is What.ASK and each.name)
        }
        return len(self.supposed) > before

    @property
    def target(self) -> Target:
        """See `Site`."""
        return self.site.target

    def find(self, module: str) -> Found:
        """See `Site`."""
        found = self.site.find(module)
        if not self.supposed:
            return found
        parts = module.split(".")
        above = (".".join(parts[: depth + 1]) for depth in range(len(parts)))
        if any((What.IMPORT, each, "") in self.supposed for each in above):
            return replace(found, fails=False) if found.presence is not Presence.ABSENT else _UNKNOWN
        of, _, name = module.rpartition(".")
        return _UNKNOWN if found.presence is Presence.ABSENT and (What.USE, of, name) in self.supposed else found

    def read(self, module: str) -> str:
        """See `Site`."""
        return self.site.read(module)

    def may_be_compiled(self, module: str) -> bool:
        """See `Site`."""
        return self.site.may_be_compiled(module)

    def lacks(self, module: str, name: str) -> bool:
        """See `Site`."""
        return (What.USE, module, name) not in self.supposed and self.site.lacks(module, name)

    def lacks_itself(self, module: str, name: str) -> bool:
        """See `Site`."""
        return self.site.lacks_itself(module, name)

    def binds(self, module: str, name: str) -> bool:
        """See `Site`."""
        return self.site.binds(module, name)

    def lacks_file(self, path: str) -> bool:
        """See `Site`."""
        return (What.OPEN, path, "") not in self.supposed and self.site.lacks_file(path)

    def lacks_match(self, pattern: str) -> bool:
        """See `Site`."""
        return (What.OPEN, pattern, "") not in self.supposed and self.site.lacks_match(pattern)

    def modules_in(self, folder: str) -> tuple[tuple[str, bool], ...] | None:
        """See `Site`."""
        return self.site.modules_in(folder)

    def has_distribution(self, name: str) -> bool | None:
        """See `Site`."""
        return None if (What.ASK, name, "") in self.supposed else self.site.has_distribution(name)

    def variable(self, name: str) -> str | None:
        """See `Site`."""
        return self.site.variable(name)

    def may_set(self, setting: str) -> bool:
        """See `Site`."""
        return self.site.may_set(setting)

    def version_of(self, name: str) -> str:
        """See `Site`."""
        supposed = any(what is What.ASK and of == name and told for what, of, told in self.supposed)
        return "" if supposed else self.site.version_of(name)

    def told_version(self, module: str, name: str) -> tuple[str, str]:
        """See `Site`."""
        told = self.site.told_version(module, name)
        return ("", "") if (What.ASK, *told) in self.supposed else told

    def has_library(self, name: str, *, whole: bool) -> bool | None:
        """See `Site`."""
        return True if (What.LOOK_UP, name, "") in self.supposed else self.site.has_library(name, whole=whole)

    def alone_brings(self, name: str) -> bool:
        """See `Site`."""
        return self.site.alone_brings(name)

    def files_named(self, name: str, beside: str) -> tuple[str, ...]:
        """See `Site`."""
        return self.site.files_named(name, beside)

    def files_mentioned(self, modules: Sequence[str]) -> tuple[str, ...]:
        """See `Site`."""
        return self.site.files_mentioned(modules)

    def lacks_function(self, path: str, name: str) -> bool:
        """See `Site`."""
        return (What.LOAD, path, name) not in self.supposed and self.site.lacks_function(path, name)

    def fails_to_load(self, path: str) -> bool:
        """See `Site`."""
        return (What.LOAD, path, "") not in self.supposed and self.site.fails_to_load(path)

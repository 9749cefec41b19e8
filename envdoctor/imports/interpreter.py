"""Imports a module in thought; see the room's own docstring."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from envdoctor.core.frozen import frozen
from envdoctor.imports.attributes import Attributes
from envdoctor.imports.calls import Calls
from envdoctor.imports.escapes import ANYTHING, is_collection
from envdoctor.imports.events import Event, Outcome, What
from envdoctor.imports.exceptions import BASES, Raised, TooLong
from envdoctor.imports.expressions import Expressions
from envdoctor.imports.heap import State
from envdoctor.imports.importing import Imports
from envdoctor.imports.machine import Machine
from envdoctor.imports.scopes import mentions
from envdoctor.imports.statements import Statements
from envdoctor.imports.values import ABSENT, UNKNOWN, External, Function, Kind, Module, Perhaps, Reference
from envdoctor.support.deep_stack import on_deep_stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from envdoctor.imports.site import Site
    from envdoctor.imports.values import Place

MOST_MODULES = 400
#: What Python calls of a module itself (PEP 562), and what with: here a name that nobody has.
_HOOKS: dict[str, tuple[object, ...]] = {"__getattr__": ("<nobody's>",), "__dir__": ()}


def _machine(site: Site, most_modules: int, watch: Callable[[Event], None] | None = None) -> Machine:
    machine = Machine(site, watch)
    machine.imports = Imports(machine, most_modules)
    machine.attributes = Attributes(machine, machine.imports)
    machine.calls = Calls(machine)
    machine.expressions = Expressions(machine)
    machine.statements = Statements(machine)
    return machine


def import_in_thought(
    module: str, site: Site, most_modules: int = MOST_MODULES, watch: Callable[[Event], None] | None = None
) -> Outcome:
    """What `import module` does in a new process; nothing is run, and nothing raised.

    Args:
        module: its absolute name.
        site: where modules and libraries are found.
        most_modules: texts read at most; what comes after is not known.
        watch: told of each step before what comes of it is known. What it raises ends the import.
    """
    machine = _machine(site, most_modules, watch)
    try:
        return on_deep_stack(lambda: _import(module, machine))
    finally:
        vars(machine).clear()  # its parts hold each other, and `check` switches off what would collect them


def _import(module: str, machine: Machine) -> Outcome:
    raised: Raised | None = None
    is_cut = False
    try:
        machine.imports.load(module, State(machine.journal))
    except Raised as error:
        raised = error
    except (TooLong, RecursionError):
        machine.complete, is_cut = False, True
    outcome = Outcome(
        events=tuple(machine.events),
        may_fail_for=frozenset(machine.escaped),
        complete=machine.complete,
        unreadable=machine.unreadable,
        steps=machine.steps,
        ended=machine.imports.ended,
        is_cut=is_cut,
    )
    if raised is None:
        return outcome
    cause = raised.exc.cause or Event(what=What.RAISE, subject=raised.exc.name, via=(module,))
    return replace(outcome, fails=True, raises=raised.exc.name, cause=cause)


@frozen(kw_only=False)
class Alone:
    """A module that was gone through by itself.

    Attributes:
        handed: what code out of sight got hold of while it was imported.
    """

    module: str
    machine: Machine
    state: State
    handed: frozenset[Place]

    @property
    def imports(self) -> tuple[str, ...]:
        """The modules that it imports, or may, and what it takes from them, which may be modules too."""
        events = self.machine.events
        taken = (f"{event.subject}.{event.name}" for event in events if event.from_import)
        imported = (event.subject for event in events if event.what is What.IMPORT)
        return tuple(dict.fromkeys((*imported, *taken)))

    @property
    def changes_finders(self) -> bool:
        """Whether it may change how modules are found, or which there are."""
        escapes = self.machine.escapes
        of_module = bool(escapes.replaced) or self.module in escapes.searched
        return escapes.finders or escapes.everything or bool(escapes.packages) or of_module

    def lacks(self, name: str) -> bool:
        """Whether it certainly has no such name in the end."""
        if self.machine.escapes.may_be_given(self.module, name) or self.machine.attributes.has_all_of_others(
            self.module
        ):
            return False
        volatile = self.machine.escapes.is_volatile(self.module, name)
        if volatile or name in self.state.names(self.module) or self.machine.escapes.replaced & {self.module, ANYTHING}:
            return False
        answer = self.state.read(self.module, "__getattr__")
        if answer is ABSENT:
            return True
        if not isinstance(answer, Function) or self.machine.escapes.is_volatile(self.module, "__getattr__"):
            return False
        return self._refuses(answer, name)

    def lacks_in_class(self, name: str, attribute: str) -> bool:
        """Whether it binds a name to a class that certainly has no such attribute in the end."""
        value = self.state.read(self.module, name)
        volatile = self.machine.escapes.is_volatile(self.module, name) or attribute in self.machine.escapes.given
        return not volatile and self._has_not(value, attribute)

    def _has_not(self, value: object, attribute: str) -> bool:
        if not isinstance(value, Reference) or value.kind is not Kind.CLASS:
            return value == External("builtins.object") and not hasattr(object, attribute)
        names = self.state.names(value.place)
        return (
            value.place not in self.handed
            and attribute not in names
            and all(self._has_not(base, attribute) for base in names.get(BASES) or (External("builtins.object"),))
        )

    def binds(self, name: str) -> bool:
        """Whether it binds a name on every way."""
        value = self.state.read(self.module, name)
        return value is not ABSENT and not isinstance(value, Perhaps)

    def value(self, name: str) -> Any:  # noqa: ANN401 - any value of Python
        """What a name is bound to in the end; UNKNOWN where that is not one known value."""
        value = self.state.read(self.module, name)
        return UNKNOWN if self.machine.escapes.is_volatile(self.module, name, value) else value

    def _refuses(self, function: Function, name: str) -> bool:
        """Whether the module's `__getattr__` (PEP 562) certainly raises for a name."""
        try:
            self.machine.calls.functions.run(function, (name,), {}, self.state.fork())
        except Raised:
            return True
        except (TooLong, RecursionError):
            return False
        return False


def _only_answers(machine: Machine, hook: Function, arguments: tuple[object, ...], state: State) -> bool:
    """Whether a function of a module, which Python asks for names, leaves all as it is."""
    found, later = mentions(hook.node), state.fork()
    if found.changes or found.shared or found.attributes:
        return False
    try:
        with contextlib.suppress(Raised):
            machine.calls.functions.run(hook, arguments, {}, later)
    except (TooLong, RecursionError):
        return False
    return not state.fork().merge(later, lambda *_: None)


def follow_alone(module: str, site: Site) -> Alone | None:
    """A module gone through by itself, without the packages above it; None where that does not come to an end.

    Args:
        module: its absolute name; it is TEXT.
        site: where it finds what it imports.
    """
    machine = _machine(site, MOST_MODULES)
    state = State(machine.journal)

    def follow() -> Alone | None:
        try:
            machine.imports.execute(module, state)
        except (Raised, TooLong, RecursionError):
            return None
        handed = frozenset(machine.escapes.wild)
        # Others may call its functions at any time; those of a project that is one module know which are its own.
        is_all = "." not in module and not machine.imports.find(module).is_package
        for name, value in list(state.names(module).items()):
            if is_all and isinstance(value, Function) and name.startswith("_"):
                continue
            if name in _HOOKS and isinstance(value, Function) and _only_answers(machine, value, _HOOKS[name], state):
                continue
            if is_collection(value):  # which they may take things from, and don't change
                machine.escapes.expose((value.place,), state)
            elif not isinstance(value, Module):
                machine.escapes.lose(value, state)
        return Alone(module, machine, state, handed) if machine.complete else None

    return on_deep_stack(follow)

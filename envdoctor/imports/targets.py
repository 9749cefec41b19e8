"""Gives values to targets and takes names away."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from envdoctor.imports.dictionaries import put
from envdoctor.imports.escapes import ANYTHING, LOADED, NAMES, PATHS, governed
from envdoctor.imports.events import What
from envdoctor.imports.values import UNKNOWN, External, Kind, Made, Mark, Module, Perhaps, Reference

if TYPE_CHECKING:
    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine
    from envdoctor.imports.scopes import Scope
    from envdoctor.imports.values import Place

ENVIRONMENT = "os.environ"


class Targets:
    """Assignments and deletions."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def bind(self, target: ast.expr, value: Any, scope: Scope, state: State) -> None:  # noqa: ANN401
        """Gives a value to a target."""
        if isinstance(target, ast.Name):
            self.name(target.id, value, scope, state)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target, value, scope, state)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, UNKNOWN, scope, state)
        elif isinstance(target, ast.Attribute):
            subject = self._machine.expressions.value(target.value, scope, state)
            self.attribute(subject, target.attr, value, state)
        elif isinstance(target, ast.Subscript):
            subject = self._machine.expressions.value(target.value, scope, state)
            self.item(subject, self._machine.expressions.value(target.slice, scope, state), value, state)

    def name(self, name: str, value: Any, scope: Scope, state: State) -> None:  # noqa: ANN401
        """Binds a name where the scope has it."""
        self.slot(place_of(name, scope), name, value, state)

    def slot(self, place: Place, name: str, value: Any, state: State) -> None:  # noqa: ANN401
        """Binds a name of a place."""
        if name == PATHS and self._machine.expressions.items(value, state) != ():
            self._machine.escapes.searched.add(place)
        value = self._machine.escapes.kept(value, state)
        self._machine.escapes.bind(place, name, value, state)
        state.write(place, name, value)

    def _unpack(self, target: ast.Tuple | ast.List, value: Any, scope: Scope, state: State) -> None:  # noqa: ANN401
        items = self._machine.expressions.items(value, state)
        starred = any(isinstance(each, ast.Starred) for each in target.elts)
        if items is None or starred or len(items) != len(target.elts):
            self._machine.opaque(state, value)
            items = (UNKNOWN,) * len(target.elts)
        for each, item in zip(target.elts, items, strict=True):
            self.bind(each, item, scope, state)

    def attribute(self, subject: Any, name: str, value: Any, state: State) -> None:  # noqa: ANN401
        """`subject.name = value`."""
        if isinstance(subject, Module):
            self._of_module(subject, name, value, state)
        elif isinstance(subject, External) and governed(External(f"{subject.name}.{name}")):
            self._machine.escapes.add_finders()
        elif isinstance(subject, Reference) and subject.kind in {Kind.CLASS, Kind.INSTANCE}:
            if self._machine.calls.classes.has_setter(subject, name, state):
                self._machine.opaque(state, subject, value)
            self.slot(subject.place, name, value, state)
        else:
            self._machine.escapes.given.add(name)
            if name in {PATHS, "__import__"}:
                self._machine.escapes.add_finders()
            self._machine.opaque(state, value)

    def _of_module(self, subject: Module, name: str, value: Any, state: State) -> None:  # noqa: ANN401
        machine = self._machine
        machine.emit(What.SET, subject.name, state, name=name)
        if name == "__class__":
            machine.escapes.lose_place(subject.name, state)
        if governed(External(f"{subject.name}.{name}")):
            machine.escapes.add_finders()
        if name == PATHS:
            machine.escapes.searched.add(subject.name)
        if state.has(subject.name):
            self.slot(subject.name, name, value, state)
        else:
            machine.escapes.given.add(name)
            machine.escapes.lose(value, state)

    def item(self, subject: Any, key: Any, value: Any, state: State) -> None:  # noqa: ANN401
        """`subject[key] = value`."""
        machine = self._machine
        if governed(subject) == LOADED:
            machine.escapes.replaced.add(key if isinstance(key, str) else ANYTHING)
            machine.opaque(state, value)
        elif isinstance(subject, Made) and subject.maker == NAMES:
            self._global(subject.arguments[0], key, value, state)
        elif is_dict(subject) and put(machine, subject, key, value, state):
            machine.surprise(state)
        else:
            if subject == External(ENVIRONMENT):
                self.setting(key, value, state)
            machine.opaque(state, subject, value)

    def setting(self, variable: Any, value: Any, state: State) -> None:  # noqa: ANN401
        """Sets a variable of the environment, or takes it away."""
        self._machine.escapes.settings.add(variable if isinstance(variable, str) else ANYTHING)
        if isinstance(variable, str):
            value = value if isinstance(value, str) else ""  # any
            self._machine.emit(What.SET, ENVIRONMENT, state, name=f"{variable}={value}")

    def _global(self, module: str, key: Any, value: Any, state: State) -> None:  # noqa: ANN401
        if isinstance(key, str):
            self.slot(module, key, value, state)
        else:
            self._machine.escapes.lose_place(module, state)
            self._machine.opaque(state, value)

    def unbind(self, target: ast.expr, scope: Scope, state: State) -> None:
        """`del target`."""
        if isinstance(target, ast.Name):
            place = place_of(target.id, scope)
            if isinstance(state.read(place, target.id), (Mark, Perhaps)):
                self._machine.may_raise(state, "NameError")
            state.delete(place, target.id)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for each in target.elts:
                self.unbind(each, scope, state)
        elif isinstance(target, ast.Attribute):
            self._unset(self._machine.expressions.value(target.value, scope, state), target.attr, state)
        elif isinstance(target, ast.Subscript):
            subject = self._machine.expressions.value(target.value, scope, state)
            key = self._machine.expressions.value(target.slice, scope, state)
            if is_dict(subject):
                self._machine.opaque(state, subject)
            else:
                self.item(subject, key, None, state)
            self._machine.surprise(state)

    def _unset(self, subject: Any, name: str, state: State) -> None:  # noqa: ANN401
        known = isinstance(subject, Module) or (isinstance(subject, Reference) and subject.kind is not Kind.LIST)
        place = (subject.name if isinstance(subject, Module) else subject.place) if known else None
        if place is not None and state.has(place) and name in state.names(place):
            state.delete(place, name)
        self._machine.opaque(state, subject if place is None else None)


def is_dict(value: Any) -> bool:  # noqa: ANN401 - any value of Python
    """Whether a value certainly is a dictionary."""
    return isinstance(value, Reference) and value.kind is Kind.DICT


def place_of(name: str, scope: Scope) -> Place:
    """Where a scope keeps a name that it binds."""
    if name in scope.shared:
        return scope.shared[name]
    if scope.body is not None:
        return scope.body
    if scope.frame is not None and name in scope.local:
        return scope.frame
    return scope.module

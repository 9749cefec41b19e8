"""Calls: of functions and classes that are followed, of what is known of Python's own, and of all the rest."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from envdoctor.imports.classes import Classes
from envdoctor.imports.distributions import call_distributions
from envdoctor.imports.files import Files
from envdoctor.imports.functions import Functions
from envdoctor.imports.known import Known
from envdoctor.imports.libraries import Libraries
from envdoctor.imports.refused_calls import refuse
from envdoctor.imports.values import UNKNOWN, External, Function, Kind, Made, Method, Reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine
    from envdoctor.imports.scopes import Scope

    Arguments = tuple[Any, ...] | None

#: Functions that use up a generator at once.
_CONSUMERS = frozenset(
    f"builtins.{name}" for name in ("any", "all", "list", "tuple", "set", "sorted", "sum", "max", "min")
)
#: What is called with a module's name and gives it nothing.
_HARMLESS = ("logging.", "warnings.", "importlib.metadata.", "importlib.resources.", "pkgutil.get_data", "builtins.")
#: Of these, what changes what it is given; and what else only reads a list or a dictionary that it is given.
_CHANGING = ("builtins.dict.", "builtins.list.")
_READING = ("copy.", "itertools.", "json.", "os.", "pkgutil.")


class Calls:
    """What calls do and return."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.functions = Functions(machine)
        self.classes = Classes(machine)
        self._known = Known(machine)
        self._files = Files(machine)
        self.libraries = Libraries(machine, self._files)

    def call(self, node: ast.Call, scope: Scope, state: State) -> Any:  # noqa: ANN401
        """A call as it stands in the text.

        Raises:
            Raised: it certainly raises.
        """
        value = self._machine.expressions.value
        subject = value(node.func, scope, state)
        arguments = self._arguments(node, subject, scope, state)
        keywords = {each.arg: value(each.value, scope, state) for each in node.keywords if each.arg}
        for each in node.keywords:
            if each.arg is None:
                self._machine.opaque(state, value(each.value, scope, state))
                self._machine.escapes.lose(arguments or (), state)
                arguments = None
        loaded = self.libraries.call(node, subject, arguments, scope, state)
        if loaded is not None:
            return loaded.value
        return self.invoke(subject, arguments, keywords, scope, state)

    def _arguments(self, node: ast.Call, subject: Any, scope: Scope, state: State) -> Arguments:  # noqa: ANN401
        """The arguments; None where they are not all known."""
        only = node.args[0] if len(node.args) == 1 else None
        if isinstance(only, ast.GeneratorExp) and isinstance(subject, External) and subject.name in _CONSUMERS:
            listed = ast.ListComp(elt=only.elt, generators=only.generators)
            return (self._machine.expressions.value(listed, scope, state),)
        found: list[Any] | None = []
        for each in node.args:
            value = self._machine.expressions.value(each, scope, state)
            items: tuple[Any, ...] | None = (value,)
            if isinstance(each, ast.Starred):
                items = self._machine.expressions.items(value, state)
            if items is None or found is None:
                self._machine.opaque(state, value, tuple(found or ()))
                found = None
            else:
                found += items
        return None if found is None else tuple(found)

    def invoke(
        self,
        subject: Any,  # noqa: ANN401
        arguments: Arguments,
        keywords: Mapping[str, Any],
        scope: Scope,
        state: State,
    ) -> Any:  # noqa: ANN401
        """Calls a value.

        Raises:
            Raised: it certainly raises.
        """
        if isinstance(subject, Function):
            return self.functions.run(subject, arguments, keywords, state)
        if isinstance(subject, Method) and isinstance(subject.function, Function):
            every = None if arguments is None else (subject.subject, *arguments)
            if every is None:
                self._machine.escapes.lose(subject.subject, state)
            return self.functions.run(subject.function, every, keywords, state)
        if isinstance(subject, Reference) and subject.kind is Kind.CLASS:
            return self.classes.instantiate(subject, arguments, keywords, state)
        late = refuse(self._machine, subject, arguments, keywords, state)
        found = self._files.call(subject, arguments, keywords, state)
        if found is None:
            found = call_distributions(self._machine, subject, arguments, keywords, state)
        if found is None:
            found = self._known.call(subject, arguments, keywords, scope, state)
        value = self.outside(subject, arguments, keywords, scope, state) if found is None else found.value
        return value if late is None else late

    def outside(
        self,
        subject: Any,  # noqa: ANN401
        arguments: Arguments,
        keywords: Mapping[str, Any],
        scope: Scope,
        state: State,
    ) -> Any:  # noqa: ANN401
        """Calls something of which nothing is known."""
        values = (*(arguments or ()), *keywords.values())
        name = subject.name if isinstance(subject, External) else ""
        harmless = name.startswith(_HARMLESS) and not name.startswith(_CHANGING)
        if not harmless and not name.startswith(_READING):
            self._machine.escapes.lose(values, state)
        if not harmless and any(value == scope.module for value in values if isinstance(value, str)):
            self._machine.escapes.opened.add(scope.module)
        if not harmless:  # by way of its caller's frame it may bind there what it is told
            texts = (value for value in values if isinstance(value, str))
            self._machine.escapes.offered.update((scope.module, name) for name in (*keywords, *texts))
        changed = subject.subject if isinstance(subject, Method) else subject
        self._machine.opaque(state, *values, changed if not isinstance(changed, (str, External, Made)) else None)
        return UNKNOWN

"""Classes of followed modules and their instances."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from envdoctor.imports.dataclass_fields import DataclassFields
from envdoctor.imports.events import What
from envdoctor.imports.exceptions import BASES, NAME, Raised, built_in, exception_of, own_name
from envdoctor.imports.flow import NEXT
from envdoctor.imports.refused_calls import BARE, refuse_model
from envdoctor.imports.scopes import Scope, declared, is_generator, own_nodes
from envdoctor.imports.standard_library import standard_modules
from envdoctor.imports.values import (
    ABSENT,
    UNKNOWN,
    External,
    Function,
    Kind,
    Made,
    Method,
    Perhaps,
    Reference,
    is_constant,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envdoctor.imports.flow import Ends
    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine

#: Names of the built-in TimeoutError, and since which Python they are (`asyncio`, `concurrent.futures`, `socket`).
_TIMEOUTS = {
    **dict.fromkeys(("asyncio.TimeoutError", "asyncio.exceptions.TimeoutError"), (3, 11)),
    "concurrent.futures.TimeoutError": (3, 11),
    "socket.timeout": (3, 10),
}
_OBJECT = External("builtins.object")
_OF_OBJECT = frozenset(dir(object)) - {"__init__", "__init_subclass__", "__setattr__", "__getattribute__", "__new__"}
_HOOKS = ("__getattribute__", "__getattr__", "__slots__")


class Classes:
    """What is known of classes."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._dataclasses = DataclassFields(machine)

    def define(self, node: ast.ClassDef, scope: Scope, state: State) -> Ends:
        """`class`, with its decorators."""
        machine, value = self._machine, self._machine.expressions.value
        decorators = [value(each, scope, state) for each in node.decorator_list]
        inner = machine.calls.functions.generic(node, scope, state)
        bases = tuple(value(base, inner, state) for base in node.bases)
        bases += (External("typing.Generic"),) if inner is not scope else ()
        keywords = [value(each.value, inner, state) for each in node.keywords]
        place = machine.place()
        names = {NAME: node.name, BASES: bases, "__module__": scope.module, "__qualname__": node.name}
        state.make(place, names)
        if self._may_be_prepared(bases, node, keywords):
            machine.escapes.opened.add(place)
        shared = {**scope.shared, **dict.fromkeys(declared(node, ast.Global), scope.module)}
        body = Scope(module=scope.module, package=scope.package, outer=inner.places, body=place, shared=shared)
        ends = machine.run(node.body, body, state)
        after = ends.normal.get(NEXT)
        if after is None:
            return ends
        state.become(after.state)
        self._refuse_duplicates(node, bases, state)
        refuse_model(machine, node, bases, state)
        made: Any = Reference(Kind.CLASS, place)
        odd = keywords or not all(self._is_plain(base, state) for base in bases) or self._is_watched(place, state)
        if odd:
            machine.opaque(state, made, *bases, *keywords)
        for each, decorator in zip(reversed(node.decorator_list), reversed(decorators), strict=True):
            if made == Reference(Kind.CLASS, place) and self._dataclasses.decorates(each, scope, state):
                self._dataclasses.make(node, each, place, scope, state)
                machine.opaque(state, made)
            else:
                made = machine.calls.functions.decorated(decorator, made, scope, state)
        machine.statements.targets.name(node.name, made, scope, state)
        ends.normal[NEXT].state = state
        return ends

    def _refuse_duplicates(self, node: ast.ClassDef, bases: Sequence[Any], state: State) -> None:
        """No class is made twice from one base, by whatever names.

        Raises:
            Raised: it is one of Python's own exceptions, or a class of the followed text.
        """
        version = self._machine.site.target.interpreter.version
        known: list[Any] = []
        for base in bases if not node.keywords else ():
            is_timeout = isinstance(base, External) and version >= _TIMEOUTS.get(base.name, (99,))
            is_class = isinstance(base, Reference) and base.kind is Kind.CLASS
            one = "TimeoutError" if is_timeout else base if is_class else own_name(base)
            if one and one in known:
                problem = f"line {node.lineno}: duplicate base class of {node.name}"
                raise Raised(built_in("TypeError", self._machine.emit(What.RAISE, "TypeError", state, name=problem)))
            known.append(one)

    def _is_plain(self, base: Any, state: State) -> bool:  # noqa: ANN401
        """Whether making a class from a base runs nothing that is not followed."""
        if isinstance(base, Reference) and base.kind is Kind.CLASS:
            return (
                base.place not in self._machine.escapes.wild and self.lookup(base, "__init_subclass__", state) is None
            )
        return base == _OBJECT or bool(own_name(base))

    def _may_be_prepared(self, bases: Sequence[Any], node: ast.ClassDef, keywords: Sequence[Any]) -> bool:
        """Whether a metaclass may give the body of a class names of its own (`__prepare__`)."""
        metaclasses = [value for each, value in zip(node.keywords, keywords, strict=True) if each.arg == "metaclass"]
        plain = {each for each in bases if isinstance(each, Reference) and each.kind is Kind.CLASS}
        if any(each.arg is None for each in node.keywords) or any(
            each.place in self._machine.escapes.opened for each in plain
        ):
            return True
        return not all(map(self._is_standard, (*metaclasses, *(each for each in bases if each not in plain))))

    def _is_standard(self, value: Any) -> bool:  # noqa: ANN401
        """Whether a class is one of Python's own, none of which gives names to bodies."""
        name = value.name if isinstance(value, External) else ""
        top = name.partition(".")[0]
        return top == "builtins" or name in BARE or top in standard_modules(self._machine.site.target)

    def _is_watched(self, place: int, state: State) -> bool:
        """Whether something in a class may hear of its making (`__set_name__`)."""
        values = [value for name, value in state.names(place).items() if name != BASES]
        return any(isinstance(value, Reference) and value.kind is Kind.INSTANCE for value in values)

    def lookup(self, of: Any, name: str, state: State) -> Any:  # noqa: ANN401
        """What a class, or one that it is made from, has under a name; None if that is certainly nothing."""
        if not isinstance(of, Reference) or of.kind is not Kind.CLASS:
            plain = of == _OBJECT or bool(own_name(of))
            return None if plain and name not in _OF_OBJECT and not self._is_of_exception(of, name) else UNKNOWN
        if of.place in self._machine.escapes.wild:
            return UNKNOWN
        names = state.names(of.place)
        if name in names:
            return UNKNOWN if isinstance(names[name], Perhaps) else names[name]
        found = [self.lookup(base, name, state) for base in names.get(BASES, ())]
        found = [value for value in found if value is not None]
        return None if not found else found[0] if len(found) == 1 else UNKNOWN

    @staticmethod
    def _is_of_exception(of: Any, name: str) -> bool:  # noqa: ANN401
        return bool(own_name(of)) and name in dir(BaseException)

    def attribute(self, subject: Reference, name: str, state: State) -> Any:  # noqa: ANN401
        """`subject.name` of an instance or a class."""
        machine = self._machine
        of = subject.of if subject.kind is Kind.INSTANCE else subject
        hooked = subject.kind is Kind.INSTANCE and any(self.lookup(of, hook, state) is not None for hook in _HOOKS)
        if name == "__dict__" or hooked or subject.place in machine.escapes.wild or subject.kind is Kind.EXCEPTION:
            machine.opaque(state, subject)
            return UNKNOWN
        own = state.read(subject.place, name) if subject.kind is Kind.INSTANCE else ABSENT
        if own is not ABSENT and not isinstance(own, Perhaps):
            return own
        return self._inherited(subject, of, name, state, unset=own is ABSENT)

    def _inherited(self, subject: Reference, of: Any, name: str, state: State, *, unset: bool) -> Any:  # noqa: ANN401
        """What a class gives for `subject.name`; `unset` if the instance certainly has nothing of that name itself."""
        machine = self._machine
        value = self.lookup(of, name, state)
        if isinstance(value, Made) and value.maker in {"builtins.staticmethod", "builtins.classmethod"}:
            function = value.arguments[0]
            bound = value.maker.endswith("classmethod") and isinstance(function, Function)
            return Method(of, function) if bound else function
        if isinstance(value, Function):
            return Method(subject, value) if subject.kind is Kind.INSTANCE else value
        named = name in state.names(of.place) if isinstance(of, Reference) else False
        if unset and (value is not None or named) and (is_constant(value) or subject.kind is Kind.CLASS):
            return value
        machine.opaque(state, subject if value is not None else None)
        return UNKNOWN

    def has_setter(self, subject: Reference, name: str, state: State) -> bool:
        """Whether `subject.name = value` may run code."""
        if subject.place in self._machine.escapes.wild:
            return True
        if subject.kind is not Kind.INSTANCE:
            return False
        known = self.lookup(subject.of, name, state)
        plain = known is None or is_constant(known) or isinstance(known, Function)
        return not plain or self.lookup(subject.of, "__setattr__", state) is not None

    def instantiate(
        self, of: Reference, arguments: Sequence[Any] | None, keywords: Mapping[str, Any], state: State
    ) -> Any:  # noqa: ANN401
        """What a call of a class returns."""
        machine = self._machine
        exc = exception_of(of, state, None)
        initial = self.lookup(of, "__init__", state)
        followed = (initial is None or isinstance(initial, Function)) and self.lookup(of, "__new__", state) is None
        wild = of.place in machine.escapes.wild
        if "BaseException" in exc.kinds:
            machine.escapes.lose((*(arguments or ()), *keywords.values()), state)
            if initial is not None or self.lookup(of, "__new__", state) is not None or wild:
                machine.opaque(state, initial)
            return Reference(Kind.EXCEPTION, machine.place(), of)
        if wild or not exc.complete or not followed:
            machine.opaque(state, of, arguments and tuple(arguments), *keywords.values())
            return UNKNOWN
        made = Reference(Kind.INSTANCE, machine.place(), of)
        state.make(made.place, {})
        if isinstance(initial, Function):
            machine.calls.functions.run(initial, None if arguments is None else (made, *arguments), keywords, state)
            if arguments is None:
                machine.opaque(state, made)
        return made

    def call_method(self, subject: Reference, name: str, arguments: tuple[Any, ...], state: State) -> Any:  # noqa: ANN401
        """Calls a method, such as `__enter__`."""
        function = self.lookup(subject.of, name, state) if subject.place not in self._machine.escapes.wild else UNKNOWN
        if isinstance(function, Function):
            return self._machine.calls.functions.run(function, (subject, *arguments), {}, state)
        self._machine.opaque(state, subject, *arguments)
        return UNKNOWN

    def lets_pass(self, subject: Reference, state: State) -> bool:
        """Whether an instance, as a context manager, certainly lets every exception pass."""
        function = self.lookup(subject.of, "__exit__", state)
        if not isinstance(function, Function) or isinstance(function.node, ast.Lambda) or is_generator(function.node):
            return False
        returns = [node for node in own_nodes(function.node.body) if isinstance(node, ast.Return)]
        return all(
            each.value is None or (isinstance(each.value, ast.Constant) and not each.value.value) for each in returns
        )

"""Functions of followed modules: what defining and calling them does, and what comprehensions do, which are alike."""

from __future__ import annotations

import ast
import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from envdoctor.core.frozen import frozen
from envdoctor.imports.dictionaries import make_dict
from envdoctor.imports.exceptions import Exc, Raised, TooLong, either
from envdoctor.imports.flow import NEXT, RETURN, Ends
from envdoctor.imports.known import CACHES
from envdoctor.imports.nodes import every_node
from envdoctor.imports.scopes import (
    FUNCTIONS,
    Scope,
    bound_names,
    declared,
    is_generator,
    local_names,
    own_nodes,
    parameters,
)
from envdoctor.imports.targets import place_of
from envdoctor.imports.values import SOMETHING, UNKNOWN, External, Function, Made, is_constant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine
    from envdoctor.imports.values import Place

_DEEPEST = 12
_MOST_ITEMS = 256
_MOST_ROUNDS = 8
_LAZY_ANNOTATIONS = (3, 14)  # PEP 649
#: Decorators that keep what they are given, for a class to look at.
WRAPPERS = frozenset({"builtins.staticmethod", "builtins.classmethod", "builtins.property"})


@frozen
class _About:
    """What the text of a function says.

    Attributes:
        names: its local names.
        is_put_off: whether a call does not run it yet.
        keeps: whether something inside may keep its names.
        of_module: the names that it declares `global`.
        of_outer: those that it declares `nonlocal`.
    """

    names: frozenset[str]
    is_put_off: bool
    keeps: bool
    of_module: tuple[str, ...]
    of_outer: tuple[str, ...]


class Functions:
    """What is known of functions."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._locals: dict[Place, frozenset[str]] = {}
        self._of_node: dict[ast.AST, _About] = {}
        self._active: list[ast.AST] = []  # the functions that are being called, the innermost last
        self.lazy: set[str] = set()  # modules that don't evaluate annotations (PEP 563)

    def locals_of(self, place: Place) -> frozenset[str]:
        """The names that a function's own names may be."""
        return self._locals.get(place, frozenset())

    def note_locals(self, place: Place, names: frozenset[str]) -> None:
        """The names that may be bound in a place."""
        self._locals[place] = names

    def takes_annotations(self, scope: Scope) -> bool:
        """Whether Python evaluates annotations at once."""
        return scope.module not in self.lazy and self._machine.site.target.interpreter.version < _LAZY_ANNOTATIONS

    def make(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope, state: State) -> Function:
        """A function as it is defined: defaults and annotations are evaluated."""
        spec, value = node.args, self._machine.expressions.value
        plain = [*spec.posonlyargs, *spec.args]
        defaulted = plain[len(plain) - len(spec.defaults) :]
        defaults = {
            each.arg: value(default, scope, state) for each, default in zip(defaulted, spec.defaults, strict=True)
        }
        for each, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True):
            if default is not None:
                defaults[each.arg] = value(default, scope, state)
        if not isinstance(node, ast.Lambda) and self.takes_annotations(scope):
            every = [*plain, *spec.kwonlyargs, *(each for each in (spec.vararg, spec.kwarg) if each)]
            for annotation in (*(each.annotation for each in every), node.returns):
                value(annotation, scope, state)
        return Function(node, scope.module, scope.places, defaults)

    def _about(self, node: Any) -> _About:  # noqa: ANN401
        if node not in self._of_node:
            keepers = (*FUNCTIONS, ast.ClassDef, ast.GeneratorExp)
            self._of_node[node] = _About(
                names=local_names(node),
                is_put_off=is_generator(node),
                keeps=any(isinstance(each, keepers) for each in every_node(node) if each is not node),
                of_module=tuple(declared(node, ast.Global)),
                of_outer=tuple(declared(node, ast.Nonlocal)),
            )
        return self._of_node[node]

    def generic(self, node: Any, scope: Scope, state: State) -> Scope:  # noqa: ANN401 - a definition
        """Where a definition's type parameters are seen (PEP 695): in annotations, bases and all that it holds."""
        names = frozenset(each.name for each in getattr(node, "type_params", ()))
        if not names:
            return scope
        place = self._machine.place()
        state.make(place, dict.fromkeys(names, SOMETHING))
        self.note_locals(place, names)
        return replace(scope, frame=place, local=names, outer=scope.places)

    def define(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope, state: State) -> None:
        """`def`, with its decorators."""
        machine = self._machine
        decorators = [machine.expressions.value(each, scope, state) for each in node.decorator_list]
        value: Any = self.make(node, self.generic(node, scope, state), state)
        for decorator in reversed(decorators):
            value = self.decorated(decorator, value, scope, state)
        machine.statements.targets.name(node.name, value, scope, state)

    def decorated(self, decorator: Any, value: Any, scope: Scope, state: State) -> Any:  # noqa: ANN401
        """What a decorator makes of a function or a class."""
        if isinstance(decorator, External) and decorator.name in WRAPPERS:
            return Made(decorator.name, (value,))
        if isinstance(decorator, Made) and decorator.maker in {"functools.wraps", *CACHES}:
            return value
        return self._machine.calls.invoke(decorator, (value,), {}, scope, state)

    def run(
        self, function: Function, arguments: Sequence[Any] | None, keywords: Mapping[str, Any], state: State
    ) -> Any:  # noqa: ANN401
        """What a call of a function returns.

        Raises:
            Raised: it certainly raises.
        """
        machine = self._machine
        about = self._about(function.node)
        if about.is_put_off or len(self._active) >= _DEEPEST or function.node in self._active:
            machine.opaque(state, function, arguments and tuple(arguments), *keywords.values())
            return SOMETHING if about.is_put_off else UNKNOWN
        place = machine.place()
        self._locals[place] = about.names
        state.make(place, self._parameters(function, arguments, keywords, state))
        node = function.node
        shared: dict[str, Place] = dict.fromkeys(about.of_module, function.module)
        for name in about.of_outer:
            shared[name] = next((each for each in function.outer if name in self.locals_of(each)), function.module)
        scope = Scope(
            module=function.module,
            package=machine.imports.package_of(function.module),
            frame=place,
            local=about.names,
            outer=function.outer,
            shared=shared,
        )
        self._active.append(node)
        machine.step()
        try:
            value = self.result(self._body(node, scope, state), state)
        finally:
            self._active.pop()
        if not about.keeps:
            state.drop(place)
        return value

    def _body(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope, state: State) -> Ends:
        if not isinstance(node, ast.Lambda):
            return self._machine.run(node.body, scope, state)
        ends = self._machine.ends()
        try:
            ends.add(RETURN, state, self._machine.expressions.value(node.body, scope, state))
        except Raised as error:
            ends.add_raised(error.exc, state)
        return ends

    def result(self, ends: Ends, state: State) -> Any:  # noqa: ANN401
        """What a call comes to; the state becomes that after it.

        Raises:
            Raised: it certainly raises.
        """
        machine, must = self._machine, state.must
        if NEXT in ends.normal:
            end = ends.normal.pop(NEXT)
            must |= end.state.must
            ends.add(RETURN, end.state, None)
        must |= any(end.state.must for end in ends.normal.values())
        if RETURN not in ends.normal:
            return self.raise_any(ends, state)
        for exc, raised in ends.raised.items():
            machine.surprise(raised, exc)
        value = ends.normal[RETURN].value
        state.become(ends.normal[RETURN].state)
        return value

    @staticmethod
    def raise_any(ends: Ends, state: State) -> Any:  # noqa: ANN401
        """An exception on every way: the one, or one of several.

        Raises:
            Raised: always.
        """
        first: Exc | None = None
        for exc, raised in ends.raised.items():
            if first is None:
                first = exc
                state.become(raised)
            else:
                first = either(first, exc)
                state.merge(raised, ends.lose)
        raise Raised(first or Exc())

    def _parameters(
        self, function: Function, arguments: Sequence[Any] | None, keywords: Mapping[str, Any], state: State
    ) -> dict[str, Any]:
        """The parameters of a function, by name; `arguments` is None where they are not known."""
        spec = function.node.args
        plain = [each.arg for each in (*spec.posonlyargs, *spec.args)]
        names: dict[str, Any] = dict.fromkeys(parameters(spec), UNKNOWN)
        if arguments is None:
            for value in keywords.values():
                self._machine.escapes.lose(value, state)
            return names
        names |= function.defaults
        names |= dict(zip(plain, arguments, strict=False))
        named = {*plain[len(spec.posonlyargs) :], *(each.arg for each in spec.kwonlyargs)}
        names |= {key: value for key, value in keywords.items() if key in named}
        if spec.vararg:
            names[spec.vararg.arg] = tuple(arguments[len(plain) :])
        else:
            self._machine.escapes.lose(tuple(arguments[len(plain) :]), state)
        if spec.kwarg:
            more = {key: value for key, value in keywords.items() if key not in named}
            values = [self._machine.escapes.kept(value, state) for value in more.values()]
            names[spec.kwarg.arg] = make_dict(self._machine, tuple(more), values, state)
        return {name: self._machine.escapes.kept(value, state) for name, value in names.items()}

    def comprehend(self, node: Any, scope: Scope, state: State) -> Any:  # noqa: ANN401
        """A comprehension: item by item where they are known; else any number of times, of a generator at any time."""
        machine = self._machine
        inner = self._inside(node, scope, state)
        if isinstance(node, ast.GeneratorExp):
            machine.opaque(state, machine.expressions.value(node.generators[0].iter, scope, state))
            machine.escapes.lose_code(node, (*scope.places, scope.module), state)
            return SOMETHING
        items = self.comprehended(node, scope, inner, state)
        if isinstance(node, ast.ListComp):
            return machine.expressions.make_list(items, state)
        if isinstance(node, ast.DictComp) and items is not None and is_constant(tuple(key for key, _ in items)):
            return make_dict(machine, [key for key, _ in items], [value for _, value in items], state)
        machine.escapes.lose(tuple(items or ()), state)
        return UNKNOWN

    def _inside(self, node: Any, scope: Scope, state: State) -> Scope:  # noqa: ANN401
        """Where a comprehension's own names are."""
        names = {name for each in node.generators for part in own_nodes([each.target]) for name in bound_names(part)}
        place = self._machine.place()
        state.make(place, {})
        # `:=` binds where the comprehension stands (PEP 572).
        walrus = [each.target.id for each in every_node(node) if isinstance(each, ast.NamedExpr)]
        inner = Scope(
            module=scope.module,
            package=scope.package,
            frame=place,
            local=frozenset(names),
            outer=scope.places,
            shared={**scope.shared, **{name: place_of(name, scope) for name in walrus}},
        )
        self.note_locals(place, inner.local)
        return inner

    def comprehended(self, node: Any, scope: Scope, inner: Scope, state: State) -> list[Any] | None:  # noqa: ANN401
        """The items that a comprehension gives, if that is known."""
        machine = self._machine
        first = machine.expressions.value(node.generators[0].iter, scope, state)
        parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)

        def element(after: State) -> list[Any] | None:
            values = tuple(machine.escapes.kept(machine.expressions.value(part, inner, after), after) for part in parts)
            return [values if len(parts) > 1 else values[0]]

        return self._each(list(node.generators), first, inner, state, element)

    def _each(
        self,
        generators: list[ast.comprehension],
        subject: Any,  # noqa: ANN401
        scope: Scope,
        state: State,
        element: Callable[[State], list[Any] | None],
    ) -> list[Any] | None:
        machine = self._machine
        first, *rest = generators
        items = machine.expressions.items(subject, state)

        def turn(item: Any, after: State) -> list[Any] | None:  # noqa: ANN401
            machine.step()
            machine.statements.targets.bind(first.target, item, scope, after)
            for index, test in enumerate(first.ifs):
                holds = machine.expressions.truth(test, scope, after)
                if holds is False:
                    return []
                if holds is None:
                    ifs = first.ifs[index + 1 :]
                    left = ast.comprehension(target=first.target, iter=first.iter, ifs=ifs, is_async=0)
                    further = functools.partial(self._each, [left, *rest], (item,), scope)
                    machine.expressions.branched(lambda inner: further(inner, element), after)  # noqa: B023
                    return None
            if not rest:
                return element(after)
            return self._each(rest, machine.expressions.value(rest[0].iter, scope, after), scope, after, element)

        if items is None or len(items) > _MOST_ITEMS:
            machine.opaque(state, subject)
            self._rounds(turn, state)
            return None
        found = [turn(item, state) for item in items]
        return None if None in found else [value for values in found if values is not None for value in values]

    def _rounds(self, turn: Callable[[Any, State], Any], state: State) -> None:
        """A turn that is taken any number of times, or not at all."""
        for _ in range(_MOST_ROUNDS):
            inner = state.fork(must=False)
            try:
                turn(UNKNOWN, inner)
            except Raised as error:
                self._machine.surprise(inner, error.exc)
                return
            if not state.merge(inner, self._machine.escapes.lose):
                return
        raise TooLong

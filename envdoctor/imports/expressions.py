"""Works out expressions, as far as that can be done without running anything."""

from __future__ import annotations

import ast
import functools
from typing import TYPE_CHECKING, Any

from envdoctor.imports import dictionaries, operations
from envdoctor.imports.exceptions import Raised, built_in
from envdoctor.imports.items import holds, item_of
from envdoctor.imports.machine import ANY
from envdoctor.imports.paths import PATH, path_object, text_of
from envdoctor.imports.scopes import COMPREHENSIONS
from envdoctor.imports.values import (
    SOMETHING,
    UNKNOWN,
    Kind,
    Made,
    Passing,
    Perhaps,
    Reference,
    is_constant,
    same,
    truth_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine
    from envdoctor.imports.scopes import Scope
    from envdoctor.imports.values import Place

_ITEMS = ""  # of a list: its only slot; of a dictionary: its keys


class Expressions:
    """What expressions are worth, and what they do."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._of: dict[type[ast.AST], Callable[[Any, Scope, State], Any]] = {
            ast.Constant: lambda node, _scope, _state: node.value,
            ast.Name: lambda node, scope, state: self.name(node.id, scope, state),
            ast.Attribute: self._attribute,
            ast.Tuple: self._tuple,
            ast.List: self._list,
            ast.Dict: self._dict,
            ast.Set: self._set,
            ast.BoolOp: self._either,
            ast.IfExp: self._choice,
            ast.BinOp: self._operation,
            ast.UnaryOp: self._unary,
            ast.Compare: self._compared,
            ast.Subscript: self._item,
            ast.Slice: self._slice,
            ast.NamedExpr: self._named,
            ast.JoinedStr: self._text,
            ast.FormattedValue: self._formatted,
            ast.Starred: self._starred,
            ast.Lambda: machine.calls.functions.make,
            ast.Call: machine.calls.call,
            **dict.fromkeys(COMPREHENSIONS, machine.calls.functions.comprehend),
        }

    def value(self, node: ast.AST | None, scope: Scope, state: State) -> Any:  # noqa: ANN401
        """The value of an expression.

        Raises:
            Raised: it certainly raises.
        """
        if node is None:
            return None
        work = self._of.get(type(node))
        if work:
            return work(node, scope, state)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._machine.opaque(state, self.value(child, scope, state))
        self._machine.surprise(state)
        return UNKNOWN

    def truth(self, node: ast.expr, scope: Scope, state: State) -> bool | None:
        """Whether a condition holds; None where it is not known.

        Raises:
            Raised: it certainly raises.
        """
        value = self.value(node, scope, state)
        holds = truth_of(value)
        if holds is None and isinstance(value, Reference):
            items = self.items(value, state)
            if items is not None:
                return bool(items)
            self._machine.opaque(state, value)
        elif holds is None:
            self._machine.surprise(state)
        return holds

    def items(self, value: Any, state: State) -> tuple[Any, ...] | None:  # noqa: ANN401
        """What iterating over a value gives; None where it is not known."""
        if isinstance(value, (tuple, str)):
            return tuple(value)
        if isinstance(value, Passing):
            return value.items
        listed = isinstance(value, Reference) and value.kind in {Kind.LIST, Kind.DICT}
        if listed and value.place not in self._machine.escapes.wild:
            items = state.names(value.place).get(_ITEMS)
            return items if isinstance(items, tuple) else None
        return None

    def make_list(self, items: Sequence[Any] | None, state: State) -> Reference:
        """A new list; of unknown contents if `items` is None."""
        place = self._machine.place()
        state.make(place, {_ITEMS: UNKNOWN if items is None else tuple(items)})
        return Reference(Kind.LIST, place)

    def name(self, name: str, scope: Scope, state: State) -> Any:  # noqa: ANN401
        """What a name stands for.

        Raises:
            Raised: there certainly is none of that name.
        """
        if name in scope.shared:
            return self._slot(scope.shared[name], name, state)
        if scope.body is not None and name in state.names(scope.body):
            return self._slot(scope.body, name, state)
        if scope.frame is not None and name in scope.local:
            return self._local(scope.frame, name, state)
        for place in scope.outer:
            if name in self._machine.calls.functions.locals_of(place):
                return self._local(place, name, state)
        try:
            return self._global(scope.module, name, state)
        except Raised as error:
            if scope.body is None or not self._machine.escapes.may_be_given(scope.body, name):
                raise
            self._machine.surprise(state, error.exc)
            return UNKNOWN

    def _local(self, place: Place, name: str, state: State) -> Any:  # noqa: ANN401
        if name in state.names(place) or self._machine.escapes.is_volatile(place, name):
            return self._slot(place, name, state)
        raise Raised(built_in("UnboundLocalError"))

    def _global(self, module: str, name: str, state: State) -> Any:  # noqa: ANN401
        if name in state.names(module) or self._machine.escapes.is_volatile(module, name):
            return self._slot(module, name, state)
        return self._machine.attributes.missing_name(module, name, state)

    def _slot(self, place: Place, name: str, state: State) -> Any:  # noqa: ANN401
        """A name of a place that may have it."""
        value = state.names(place).get(name, Perhaps(UNKNOWN))
        if isinstance(value, Perhaps):
            self._machine.may_raise(state, "NameError")
            value = value.value
        return self._machine.escapes.read(place, name, value)

    def _attribute(self, node: ast.Attribute, scope: Scope, state: State) -> Any:  # noqa: ANN401
        return self._machine.attributes.attribute(self.value(node.value, scope, state), node.attr, state)

    def _several(self, nodes: Sequence[ast.expr], scope: Scope, state: State) -> tuple[Any, ...] | None:
        """The values of several expressions; None if it is not known how many they are."""
        values: list[Any] | None = []
        for node in nodes:
            value = self.value(node, scope, state)
            items: tuple[Any, ...] | None = (self._machine.escapes.kept(value, state),)
            if isinstance(node, ast.Starred):
                items = self.items(value, state)
            if items is None or values is None:
                self._machine.opaque(state, value, values and tuple(values))
                values = None
            else:
                values += items
        return None if values is None else tuple(values)

    def _tuple(self, node: ast.Tuple, scope: Scope, state: State) -> Any:  # noqa: ANN401
        items = self._several(node.elts, scope, state)
        return UNKNOWN if items is None else items

    def _list(self, node: ast.List, scope: Scope, state: State) -> Any:  # noqa: ANN401
        return self.make_list(self._several(node.elts, scope, state), state)

    def _dict(self, node: ast.Dict, scope: Scope, state: State) -> Any:  # noqa: ANN401
        keys = [None if key is None else self.value(key, scope, state) for key in node.keys]
        values = [self._machine.escapes.kept(self.value(each, scope, state), state) for each in node.values]
        if None not in node.keys and is_constant(tuple(keys)):
            return dictionaries.make_dict(self._machine, keys, values, state)
        place = self._machine.place()
        self._machine.escapes.lose((*keys, *values), state)
        state.make(place, {_ITEMS: UNKNOWN})
        return Reference(Kind.DICT, place)

    def _set(self, node: ast.Set, scope: Scope, state: State) -> Any:  # noqa: ANN401
        self._machine.opaque(state, self._several(node.elts, scope, state))
        return SOMETHING

    def _starred(self, node: ast.Starred, scope: Scope, state: State) -> Any:  # noqa: ANN401
        return self.value(node.value, scope, state)

    def _either(self, node: ast.BoolOp, scope: Scope, state: State) -> Any:  # noqa: ANN401
        """`and` and `or`: the further values only where they are asked for."""
        ends_at = isinstance(node.op, ast.Or)
        value: Any = UNKNOWN
        for index, each in enumerate(node.values):
            value = self.value(each, scope, state)
            if index == len(node.values) - 1:
                return value
            holds = truth_of(value)
            if holds is ends_at:
                return value
            if holds is None:
                self._machine.surprise(state)
                rest = ast.BoolOp(op=node.op, values=node.values[index + 1 :])
                other = self.branched(functools.partial(self._either, rest, scope), state)
                self._machine.escapes.lose((value, other), state)
                return SOMETHING if ends_at and truth_of(other) else UNKNOWN
        return value

    def branched(self, work: Callable[[State], Any], state: State) -> Any:  # noqa: ANN401
        """The value of something that may be worked out, or not."""
        inner = state.fork(must=False)
        try:
            value = work(inner)
        except Raised as error:
            self._machine.surprise(inner, error.exc)
            if self._machine.tries:
                state.must = False
            return UNKNOWN
        state.merge(inner, self._machine.escapes.lose)
        return value

    def _choice(self, node: ast.IfExp, scope: Scope, state: State) -> Any:  # noqa: ANN401
        holds = self.truth(node.test, scope, state)
        if holds is not None:
            return self.value(node.body if holds else node.orelse, scope, state)
        other = state.fork(must=False)
        first = self._side(node.body, scope, state.fork(must=False))
        second = self._side(node.orelse, scope, other)
        if first is None and second is None:
            raise Raised(ANY)
        sides = [side for side in (first, second) if side is not None]
        must = state.must and not (self._machine.tries and len(sides) == 1)
        state.become(sides[0][1])
        state.must = must
        if len(sides) == 1:
            return sides[0][0]
        if not same(sides[0][0], sides[1][0]):
            self._machine.escapes.lose(sides[0][0], state)
            self._machine.escapes.lose(sides[1][0], sides[1][1])
        state.merge(sides[1][1], self._machine.escapes.lose)
        return sides[0][0] if same(sides[0][0], sides[1][0]) else UNKNOWN

    def _side(self, node: ast.expr, scope: Scope, state: State) -> tuple[Any, State] | None:
        try:
            return self.value(node, scope, state), state
        except Raised as error:
            self._machine.surprise(state, error.exc)
            return None

    def _operation(self, node: ast.BinOp, scope: Scope, state: State) -> Any:  # noqa: ANN401
        left, right = self.value(node.left, scope, state), self.value(node.right, scope, state)
        if isinstance(node.op, ast.Div) and isinstance(left, Made):
            path = path_object((left, right)) if left.maker == PATH else UNKNOWN
            return self._known(path, state, right)
        return self._known(operations.binary(node.op, left, right), state, left, right)

    def _unary(self, node: ast.UnaryOp, scope: Scope, state: State) -> Any:  # noqa: ANN401
        if isinstance(node.op, ast.Not):
            holds = self.truth(node.operand, scope, state)
            return UNKNOWN if holds is None else not holds
        value = self.value(node.operand, scope, state)
        return self._known(operations.unary(node.op, value), state, value)

    def _known(self, result: Any, state: State, *operands: Any) -> Any:  # noqa: ANN401
        """A result; where it is not known, the operands' own classes may have done anything."""
        if result is UNKNOWN:
            self._machine.opaque(state, *operands)
        return result

    def _compared(self, node: ast.Compare, scope: Scope, state: State) -> Any:  # noqa: ANN401
        left = self.value(node.left, scope, state)
        result: Any = True
        for op, comparator in zip(node.ops, node.comparators, strict=True):
            right = self.value(comparator, scope, state)
            found = self._pair(op, left, right, state)
            if found is False:
                return False
            result = UNKNOWN if found is None else result
            left = right
        return result

    def _pair(self, op: ast.cmpop, left: Any, right: Any, state: State) -> bool | None:  # noqa: ANN401
        if isinstance(op, (ast.In, ast.NotIn)):
            found = holds(self._machine, left, right, state)
            if found is None:
                items = self.items(right, state)
                found = operations.contained(left, right if isinstance(right, str) else items)
            answer = None if found is None else found is isinstance(op, ast.In)
        else:
            answer = operations.compared(op, left, right)
        if answer is None and not isinstance(op, (ast.Is, ast.IsNot)):
            self._machine.opaque(state, left, right)
        return answer

    def _item(self, node: ast.Subscript, scope: Scope, state: State) -> Any:  # noqa: ANN401
        subject, index = self.value(node.value, scope, state), self.value(node.slice, scope, state)
        found = item_of(self._machine, subject, index, state)
        if found is not None:
            return found
        if isinstance(subject, Reference) and subject.kind is Kind.DICT:
            return dictionaries.under_key(self._machine, subject, index, state)
        items = subject if isinstance(subject, str) else self.items(subject, state)
        if items is not None and isinstance(index, int) and not -len(items) <= index < len(items):
            raise Raised(built_in("IndexError"))
        return self._known(operations.item(items, index), state, subject, index)

    def _slice(self, node: ast.Slice, scope: Scope, state: State) -> Any:  # noqa: ANN401
        parts = [self.value(part, scope, state) for part in (node.lower, node.upper, node.step)]
        return slice(*parts) if is_constant(tuple(parts)) else UNKNOWN

    def _named(self, node: ast.NamedExpr, scope: Scope, state: State) -> Any:  # noqa: ANN401
        value = self.value(node.value, scope, state)
        self._machine.statements.targets.name(node.target.id, value, scope, state)
        return value

    def _text(self, node: ast.JoinedStr, scope: Scope, state: State) -> Any:  # noqa: ANN401
        return operations.joined([self.value(part, scope, state) for part in node.values])

    def _formatted(self, node: ast.FormattedValue, scope: Scope, state: State) -> Any:  # noqa: ANN401
        """`{value!r:form}` in a text."""
        value = text_of(self.value(node.value, scope, state))
        form = "" if node.format_spec is None else self.value(node.format_spec, scope, state)
        text = operations.formatted(value, chr(node.conversion) if node.conversion > 0 else "", form)
        return self._known(text, state, value)

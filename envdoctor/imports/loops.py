"""Loops and `match`: once through for each known item, or again and again until nothing changes any more."""

from __future__ import annotations

import ast
import functools
from typing import TYPE_CHECKING, Any

from envdoctor.imports import operations
from envdoctor.imports.exceptions import Raised, TooLong
from envdoctor.imports.flow import BREAK, CONTINUE, NEXT, Ends
from envdoctor.imports.scopes import bound_names
from envdoctor.imports.values import UNKNOWN, is_constant

if TYPE_CHECKING:
    from collections.abc import Callable

    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine
    from envdoctor.imports.scopes import Scope
    from envdoctor.imports.targets import Targets

_MOST_ITEMS = 256
_MOST_TURNS = 64
_MOST_ROUNDS = 8  # of a loop of which the number of turns is not known


class Loops:
    """Statements that go round, or choose among cases."""

    def __init__(self, machine: Machine, targets: Targets) -> None:
        self._machine = machine
        self._targets = targets

    def of_for(self, node: ast.For, scope: Scope, state: State) -> Ends:
        """`for`."""
        machine, must = self._machine, state.must
        subject = machine.expressions.value(node.iter, scope, state)
        items = machine.expressions.items(subject, state)
        ends, broken = machine.ends(), machine.ends()
        if items is None or len(items) > _MOST_ITEMS:
            machine.opaque(state, subject)
            turn = functools.partial(self._bound, node, UNKNOWN, scope)
            after: State | None = self._rounds(turn, state, ends, broken)
        else:
            after = state
            for item in items:
                after = self._turn(self._bound(node, item, scope, after), ends, broken)
                if after is None:
                    break
        return self._after(node, scope, after, ends, broken, must=must)

    def _bound(self, node: ast.For, item: Any, scope: Scope, state: State) -> Ends:  # noqa: ANN401
        try:
            self._targets.bind(node.target, item, scope, state)
        except Raised as error:
            return self._machine.raised(error.exc, state)
        return self._machine.run(node.body, scope, state)

    def of_while(self, node: ast.While, scope: Scope, state: State) -> Ends:
        """`while`."""
        machine, must = self._machine, state.must
        ends, broken = machine.ends(), machine.ends()
        after: State | None = state
        for _ in range(_MOST_TURNS):
            holds = machine.expressions.truth(node.test, scope, after) if after is not None else False
            if after is None or holds is False:
                return self._after(node, scope, after, ends, broken, must=must)
            if holds is None:
                break
            after = self._turn(machine.run(node.body, scope, after), ends, broken)
        if after is not None:
            after = self._rounds(functools.partial(self._tested, node, scope), after, ends, broken)
        return self._after(node, scope, after, ends, broken, must=must)

    def _tested(self, node: ast.While, scope: Scope, state: State) -> Ends:
        try:
            holds = self._machine.expressions.truth(node.test, scope, state)
        except Raised as error:
            return self._machine.raised(error.exc, state)
        return self._machine.ends() if holds is False else self._machine.run(node.body, scope, state)

    @staticmethod
    def _turn(found: Ends, ends: Ends, broken: Ends) -> State | None:
        """The state after one turn; None if the loop is left on every way."""
        if BREAK in found.normal:
            broken.add(NEXT, found.normal[BREAK].state)
        ends.add_all(found, but=(NEXT, CONTINUE, BREAK))
        on = Ends(found.lose)
        for kind in (NEXT, CONTINUE):
            if kind in found.normal:
                on.add(NEXT, found.normal[kind].state)
        return on.normal[NEXT].state if NEXT in on.normal else None

    def _rounds(self, turn: Callable[[State], Ends], state: State, ends: Ends, broken: Ends) -> State:
        """Turns of an unknown number: the state before each of them, and after the last, is one and the same."""
        for _ in range(_MOST_ROUNDS):
            inner = state.fork(must=False)
            after = self._turn(turn(inner), ends, broken)
            if after is None or not state.merge(after, self._machine.escapes.lose):
                break
        else:
            raise TooLong
        return state

    def _after(  # noqa: PLR0913 - the loop, and what became of it
        self, node: ast.For | ast.While, scope: Scope, state: State | None, ends: Ends, broken: Ends, *, must: bool
    ) -> Ends:
        if state is not None:
            state.must = must and not broken.normal and not ends.normal
            ends.add_all(self._machine.run(node.orelse, scope, state))
        ends.add_all(broken)
        return self._machine.settled(ends, must=must)

    def _fits(self, pattern: ast.pattern, subject: Any, scope: Scope, state: State) -> bool | None:  # noqa: ANN401
        """Whether a constant fits a pattern that binds nothing; None where that is not known."""
        if isinstance(pattern, ast.MatchAs) and pattern.pattern is None and pattern.name is None:
            return True
        if not is_constant(subject):
            return None
        if isinstance(pattern, ast.MatchValue):
            return operations.compared(ast.Eq(), subject, self._machine.expressions.value(pattern.value, scope, state))
        if isinstance(pattern, ast.MatchSingleton):
            return subject is pattern.value
        if isinstance(pattern, ast.MatchOr):
            each = [self._fits(one, subject, scope, state) for one in pattern.patterns]
            return True if True in each else None if None in each else False
        return None

    def of_match(self, node: ast.Match, scope: Scope, state: State) -> Ends:
        """`match`: where it is not known which case is the one, any may be, or none."""
        machine, must = self._machine, state.must
        subject = machine.expressions.value(node.subject, scope, state)
        if not is_constant(subject):
            machine.opaque(state, subject)
        ends = machine.ends()
        for case in node.cases:
            fits = self._fits(case.pattern, subject, scope, state)
            if fits is False:
                continue
            if fits and case.guard is None and not ends.normal and not ends.raised:
                return machine.run(case.body, scope, state)
            inner = state.fork(must=False)
            for name in (name for part in ast.walk(case.pattern) for name in bound_names(part)):
                self._targets.name(name, UNKNOWN, scope, inner)
            holds = None if case.guard is None else machine.expressions.truth(case.guard, scope, inner)
            state.merge(inner.fork(), machine.escapes.lose)
            if holds is not False:
                ends.add_all(machine.run(case.body, scope, inner))
        state.must = False
        ends.add(NEXT, state)
        return machine.settled(ends, must=must)

"""Goes through statements, on every way that is open."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from envdoctor.imports.attempts import Attempts
from envdoctor.imports.events import Certainty, Event, What
from envdoctor.imports.exceptions import Raised, exception_of
from envdoctor.imports.flow import BREAK, CONTINUE, NEXT, RETURN
from envdoctor.imports.loops import Loops
from envdoctor.imports.machine import ANY
from envdoctor.imports.targets import Targets
from envdoctor.imports.values import SOMETHING, UNKNOWN, Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from envdoctor.imports.flow import Ends
    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine
    from envdoctor.imports.scopes import Scope

    Work = Callable[[Any, Scope, State], Ends | None]


class Statements:
    """What statements do."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.targets = Targets(machine)
        attempts, loops = Attempts(machine, self.targets), Loops(machine, self.targets)
        self._of: dict[type[ast.AST], Work] = {
            ast.Expr: self._expression,
            ast.Assign: self._assign,
            ast.AnnAssign: self._annotated,
            ast.AugAssign: self._augmented,
            ast.Delete: self._delete,
            ast.Import: machine.imports.statement,
            ast.ImportFrom: machine.imports.from_statement,
            ast.FunctionDef: machine.calls.functions.define,
            ast.AsyncFunctionDef: machine.calls.functions.define,
            ast.ClassDef: machine.calls.classes.define,
            ast.If: self._if,
            ast.For: loops.of_for,
            ast.While: loops.of_while,
            ast.Try: attempts.of_try,
            ast.With: attempts.of_with,
            ast.Match: loops.of_match,
            ast.Assert: self._assert,
            ast.Raise: self._raise,
            ast.Return: self._return,
            ast.Break: lambda _, _scope, state: self._leave(BREAK, state),
            ast.Continue: lambda _, _scope, state: self._leave(CONTINUE, state),
            ast.Pass: lambda *_: None,
            ast.Global: lambda *_: None,
            ast.Nonlocal: lambda *_: None,
        }
        if hasattr(ast, "TryStar"):
            self._of[ast.TryStar] = attempts.of_try_star
        if hasattr(ast, "TypeAlias"):
            self._of[ast.TypeAlias] = self._type_alias

    def block(self, body: Sequence[ast.stmt], scope: Scope, state: State) -> Ends:
        """Statement after statement."""
        ends, must = self._machine.ends(), state.must
        for statement in body:
            found = self._statement(statement, scope, state)
            if found is None:
                continue
            ends.add_all(found, but=(NEXT,))
            after = found.normal.get(NEXT)
            if after is None:
                return self._machine.settled(ends, must=must)
            state = after.state
        ends.add(NEXT, state)
        return self._machine.settled(ends, must=must) if len(ends.normal) > 1 or ends.raised else ends

    def _statement(self, statement: ast.stmt, scope: Scope, state: State) -> Ends | None:
        """The ends of one; None where it goes on in the same state."""
        self._machine.step()
        work = self._of.get(type(statement))
        try:
            if work:
                return work(statement, scope, state)
            self._machine.escapes.lose_code(statement, (*scope.places, scope.module), state)
            self._machine.surprise(state)
        except Raised as error:
            return self._machine.raised(error.exc, state)
        return None

    def never(self, body: Iterable[ast.stmt], scope: Scope) -> None:
        """Notes the imports in a branch that is not taken."""
        for statement in body:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                for name in self._machine.imports.named(statement, scope):
                    via = tuple(self._machine.via)
                    event = Event(what=What.IMPORT, subject=name, certainty=Certainty.NEVER, via=via)
                    self._machine.events.setdefault(event)

    def _value(self, node: ast.expr | None, scope: Scope, state: State) -> Any:  # noqa: ANN401
        return self._machine.expressions.value(node, scope, state)

    def _leave(self, kind: str, state: State, value: Any = None) -> Ends:  # noqa: ANN401
        ends = self._machine.ends()
        ends.add(kind, state, value)
        return ends

    def _expression(self, node: ast.Expr, scope: Scope, state: State) -> None:
        self._value(node.value, scope, state)

    def _type_alias(self, node: Any, scope: Scope, state: State) -> None:  # noqa: ANN401 - of Python 3.12 and later
        """`type X = ...`: what it stands for is not evaluated (PEP 695)."""
        self.targets.name(node.name.id, SOMETHING, scope, state)

    def _assign(self, node: ast.Assign, scope: Scope, state: State) -> None:
        value = self._value(node.value, scope, state)
        for target in node.targets:
            self.targets.bind(target, value, scope, state)

    def _annotated(self, node: ast.AnnAssign, scope: Scope, state: State) -> None:
        if node.value is not None:
            self.targets.bind(node.target, self._value(node.value, scope, state), scope, state)
        if scope.frame is None and self._machine.calls.functions.takes_annotations(scope):  # PEP 526
            self._value(node.annotation, scope, state)

    def _augmented(self, node: ast.AugAssign, scope: Scope, state: State) -> None:
        target = node.target
        if isinstance(target, ast.Name):
            operation = ast.BinOp(left=ast.Name(id=target.id, ctx=ast.Load()), op=node.op, right=node.value)
            before = self._machine.expressions.name(target.id, scope, state)
            value = UNKNOWN if isinstance(before, Reference) else self._value(operation, scope, state)
            if isinstance(before, Reference):
                self._machine.opaque(state, before, self._value(node.value, scope, state))
            self.targets.bind(target, value, scope, state)
            return
        value = self._value(node.value, scope, state)
        self._machine.opaque(state, self._value(target.value, scope, state), value)
        self.targets.bind(target, UNKNOWN, scope, state)

    def _delete(self, node: ast.Delete, scope: Scope, state: State) -> None:
        for target in node.targets:
            self.targets.unbind(target, scope, state)

    def _if(self, node: ast.If, scope: Scope, state: State) -> Ends:
        holds = self._machine.expressions.truth(node.test, scope, state)
        if holds is not None:
            self.never(node.orelse if holds else node.body, scope)
            return self.block(node.body if holds else node.orelse, scope, state)
        must, ends = state.must, self._machine.ends()
        other = state.fork(must=False)
        state.must = False
        ends.add_all(self.block(node.body, scope, state))
        ends.add_all(self.block(node.orelse, scope, other))
        return self._machine.settled(ends, must=must)

    def _assert(self, node: ast.Assert, scope: Scope, state: State) -> None:
        """May be left out (`python -O`), so that it proves nothing."""
        self._machine.expressions.truth(node.test, scope, state)
        self._machine.surprise(state)

    def _return(self, node: ast.Return, scope: Scope, state: State) -> Ends:
        return self._leave(RETURN, state, self._value(node.value, scope, state))

    def _raise(self, node: ast.Raise, scope: Scope, state: State) -> Ends:
        """The exception goes back to what the one that is handled goes back to, if any is."""
        handled = self._machine.handling[-1] if self._machine.handling else None
        if node.exc is None:
            exc = handled or ANY
        else:
            value = self._value(node.exc, scope, state)
            self._value(node.cause, scope, state)
            line = node.lineno if self._machine.via[-1:] == [scope.module] else 0
            event = self._machine.emit(What.RAISE, exception_of(value, state, None).name, state, line=line)
            exc = exception_of(value, state, (handled and handled.cause) or event)
        return self._machine.raised(exc, state)

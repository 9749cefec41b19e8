"""`try` and `with`: what becomes of exceptions, those that are certain and those that only may be raised."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from envdoctor.imports.exceptions import Exc, Raised, either, takes
from envdoctor.imports.flow import NEXT, Ends, Frame
from envdoctor.imports.heap import met_by_handlers
from envdoctor.imports.values import UNKNOWN, Kind, Made, Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine
    from envdoctor.imports.scopes import Scope
    from envdoctor.imports.targets import Targets

SUPPRESS = "contextlib.suppress"
#: Context managers that let every exception pass (the modules' documentation).
TRANSPARENT = frozenset({
    "builtins.open", "contextlib.nullcontext", "contextlib.redirect_stdout", "contextlib.redirect_stderr",
    "contextlib.closing", "contextlib.chdir", "warnings.catch_warnings", "threading.Lock", "threading.RLock",
    "io.open", "os.scandir", "tempfile.TemporaryDirectory", "tempfile.NamedTemporaryFile", "zipfile.ZipFile",
})  # fmt: skip

#: Those of them that raise nothing themselves.
QUIET = frozenset({SUPPRESS, "contextlib.nullcontext", "threading.Lock", "threading.RLock", "warnings.catch_warnings"})


class Attempts:
    """Statements that see to exceptions."""

    def __init__(self, machine: Machine, targets: Targets) -> None:
        self._machine = machine
        self._targets = targets

    def of_try(self, node: ast.Try, scope: Scope, state: State) -> Ends:
        """`try`."""
        return self._try(node, scope, state, sure=True)

    def of_try_star(self, node: Any, scope: Scope, state: State) -> Ends:  # noqa: ANN401 - ast.TryStar, from 3.11 on
        """`except*`: a handler takes a part of a group, so that nothing is sure of any."""
        return self._try(node, scope, state, sure=False)

    def _try(self, node: ast.Try, scope: Scope, state: State, *, sure: bool) -> Ends:
        machine, must = self._machine, state.must
        if node.finalbody:
            return self._finally(node, scope, state, sure=sure)
        ends, surprises = self._framed(lambda: machine.run(node.body, scope, state), state)
        after = ends.normal.pop(NEXT, None)
        raised = dict(ends.raised)
        ends.raised.clear()
        only = not (surprises or after or ends.normal)
        if after is not None:
            ends.add_all(machine.run(node.orelse, scope, after.state))
        handled = self._handlers(node.handlers, scope, raised, must=must and only, sure=sure)
        surprised = self._handlers(node.handlers, scope, surprises, must=False, sure=sure)
        ends.add_all(handled)
        self._add_surprised(ends, surprised)
        return machine.settled(ends, must=must)

    def _framed(self, work: Callable[[], Ends], state: State) -> tuple[Ends, dict[Exc, State]]:
        """What code ends in, and what may be raised in it, with what handlers meet then."""
        machine, frame, before = self._machine, Frame(), state.fork()
        journal, since = machine.journal, len(machine.journal.entries)
        machine.tries.append(frame)
        journal.depth += 1
        try:
            ends = work()
        except Raised as error:
            ends = machine.raised(error.exc, state)
        finally:
            machine.tries.pop()
            journal.depth -= 1
        met = met_by_handlers(before, journal, since, machine.escapes.lose) if frame.raised else before
        if not journal.depth:
            journal.entries.clear()
        return ends, {exc: met.fork() for exc in frame.raised}

    def _add_surprised(self, ends: Ends, others: Ends) -> None:
        """Ways that may be taken: what they raise is not certain to be."""
        for kind, end in others.normal.items():
            ends.add(kind, end.state, end.value)
        for exc, state in others.raised.items():
            self._machine.surprise(state, exc)

    def _handlers(
        self, handlers: Sequence[ast.ExceptHandler], scope: Scope, raised: dict[Exc, State], *, must: bool, sure: bool
    ) -> Ends:
        """What the handlers make of exceptions; those that none surely takes go on."""
        ends, left = self._machine.ends(), {exc: state.fork() for exc, state in raised.items()}
        for handler in handlers:
            taken: list[tuple[Exc, State]] = []
            for exc, state in list(left.items()):
                answer = self._takes(handler, exc, scope, state) if sure else None
                if answer is not False:
                    taken.append((exc, state.fork()))
                if answer is True:
                    del left[exc]
            if taken:
                ends.add_all(self._handle(handler, taken, scope, must=must and not left))
        for exc, state in left.items():
            ends.add_raised(exc, state)
        return ends

    def _takes(self, handler: ast.ExceptHandler, exc: Exc, scope: Scope, state: State) -> bool | None:
        if handler.type is None:
            return True
        try:
            return takes(self._machine.expressions.value(handler.type, scope, state), exc)
        except Raised:
            return None

    def _handle(
        self, handler: ast.ExceptHandler, taken: Sequence[tuple[Exc, State]], scope: Scope, *, must: bool
    ) -> Ends:
        machine = self._machine
        (exc, state), *others = taken
        for other, further in others:
            state.merge(further, machine.escapes.lose)
            exc = either(exc, other)
        state.must = must
        if handler.name:
            value = Reference(Kind.EXCEPTION, machine.place(), exc)
            self._targets.name(handler.name, value, scope, state)
        machine.handling.append(exc)
        try:
            ends = machine.run(handler.body, scope, state)
        finally:
            machine.handling.pop()
        if handler.name:
            for end in ends.normal.values():
                self._targets.unbind(ast.Name(id=handler.name, ctx=ast.Del()), scope, end.state)
        return ends

    def _finally(self, node: ast.Try, scope: Scope, state: State, *, sure: bool) -> Ends:
        """Each way out goes through the `finally`, which may lead another way."""
        machine, must = self._machine, state.must
        inner = type(node)(body=node.body, handlers=node.handlers, orelse=node.orelse, finalbody=[])
        ends, surprises = self._framed(lambda: self._try(inner, scope, state, sure=sure), state)
        result = machine.ends()
        for kind, end in ends.normal.items():
            after = self._last(node.finalbody, scope, end.state, result)
            if after is not None:
                result.add(kind, after, end.value)
        for exc, raised in ends.raised.items():
            after = self._last(node.finalbody, scope, raised, result, exc)
            if after is not None:
                result.add_raised(exc, after)
        for exc, raised in surprises.items():
            after = self._last(node.finalbody, scope, raised, result, exc)
            if after is not None:
                machine.surprise(after, exc)
        return machine.settled(result, must=must)

    def _last(
        self, body: list[ast.stmt], scope: Scope, state: State, result: Ends, exc: Exc | None = None
    ) -> State | None:
        """The state after a `finally`, from where the way leads on that led there; None if it leads nowhere."""
        machine = self._machine
        if exc is not None:
            machine.handling.append(exc)
        try:
            ends = machine.run(body, scope, state)
        finally:
            if exc is not None:
                machine.handling.pop()
        result.add_all(ends, but=(NEXT,))
        return ends.normal[NEXT].state if NEXT in ends.normal else None

    def of_with(self, node: ast.With, scope: Scope, state: State) -> Ends:
        """`with`, one manager after the other."""
        return self._with(list(node.items), node.body, scope, state)

    def _with(self, items: Sequence[ast.withitem], body: list[ast.stmt], scope: Scope, state: State) -> Ends:
        machine = self._machine
        if not items:
            return machine.run(body, scope, state)
        first, *rest = items
        must = state.must
        manager = machine.expressions.value(first.context_expr, scope, state)
        entered = self._entered(manager, state)
        if first.optional_vars is not None:
            self._targets.bind(first.optional_vars, entered, scope, state)
        swallows = self._swallows(manager, state)
        if swallows is False:
            return self._closed(manager, self._with(rest, body, scope, state))
        ends, surprises = self._framed(lambda: self._with(rest, body, scope, state), state)
        self._leave_through(swallows or _unsure, ends, surprises)
        return machine.settled(self._closed(manager, ends), must=must)

    def _leave_through(self, takes: Callable[[Exc], bool | None], ends: Ends, surprises: dict[Exc, State]) -> None:
        """What becomes of exceptions at the end of a `with` whose manager may take them."""
        for exc, after in list(ends.raised.items()):
            answer = takes(exc)
            if answer is not False:
                ends.add(NEXT, after.fork(must=False))
            if answer is True:
                del ends.raised[exc]
        for exc, after in surprises.items():
            answer = takes(exc)
            if answer is not True:
                self._machine.surprise(after.fork(), exc)
            if answer is not False:
                ends.add(NEXT, after)

    def _entered(self, manager: Any, state: State) -> Any:  # noqa: ANN401
        """What `__enter__` returns."""
        if isinstance(manager, Reference) and manager.kind is Kind.INSTANCE:
            return self._machine.calls.classes.call_method(manager, "__enter__", (), state)
        if isinstance(manager, Made) and manager.maker in QUIET:
            self._machine.escapes.lose(manager, state)
        else:
            self._machine.opaque(state, manager)
        return UNKNOWN

    def _swallows(self, manager: Any, state: State) -> Any:  # noqa: ANN401
        """Whether a manager takes exceptions: False for none, a function to ask, None where it is not known."""
        if isinstance(manager, Made):
            if manager.maker == SUPPRESS:
                return lambda exc: takes(manager.arguments, exc)
            return False if manager.maker in TRANSPARENT else None
        if isinstance(manager, Reference) and manager.kind is Kind.INSTANCE:
            return False if self._machine.calls.classes.lets_pass(manager, state) else None
        return None

    def _closed(self, manager: Any, ends: Ends) -> Ends:  # noqa: ANN401
        """`__exit__` runs on every way out."""
        if isinstance(manager, Reference) and manager.kind is Kind.INSTANCE:
            for kind, end in list(ends.normal.items()):
                try:
                    self._machine.calls.classes.call_method(manager, "__exit__", (None, None, None), end.state)
                except Raised as error:
                    ends.add_raised(error.exc, ends.normal.pop(kind).state)
            for state in ends.raised.values():
                self._machine.escapes.lose(manager, state)
        return ends


def _unsure(_: Exc) -> bool | None:
    """Whether a manager of which nothing is known takes an exception."""
    return None

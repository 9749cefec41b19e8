"""What all parts of the interpreter share: the site, the steps so far, and what is no longer known."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from envdoctor.imports.escapes import Escapes, governed
from envdoctor.imports.events import Certainty, Event, What
from envdoctor.imports.exceptions import Exc, TooLong, built_in
from envdoctor.imports.flow import Ends, Frame
from envdoctor.imports.heap import Journal

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

    from envdoctor.imports.attributes import Attributes
    from envdoctor.imports.calls import Calls
    from envdoctor.imports.expressions import Expressions
    from envdoctor.imports.heap import State
    from envdoctor.imports.importing import Imports
    from envdoctor.imports.scopes import Scope
    from envdoctor.imports.site import Site
    from envdoctor.imports.statements import Statements

ANY = Exc()
_MOST_STEPS = 20_000
_MOST_EVENTS = 20_000


class Machine:
    """The interpreter's parts and what they share.

    Attributes:
        site: where modules come from.
        escapes: what is out of sight.
        tries: the `try` statements that the code at hand runs in, the innermost last.
        handling: the exceptions that are being handled, the innermost last.
        via: the modules that are being imported, the one imported first at the head.
        complete: see `Outcome`.
        unreadable: see `Outcome`.
        escaped: the steps that exceptions go back to which may leave the import.
        watch: told of every step as it is taken, in their order.
        steps: statements and calls that were gone through.
    """

    expressions: Expressions
    statements: Statements
    calls: Calls
    imports: Imports
    attributes: Attributes

    def __init__(self, site: Site, watch: Callable[[Event], None] | None = None) -> None:
        self.site = site
        self.watch = watch
        self.escapes = Escapes()
        self.tries: list[Frame] = []
        self.handling: list[Exc] = []
        self.via: list[str] = []
        self.complete = True
        self.unreadable = False
        self.escaped: set[Event] = set()
        self.events: dict[Event, None] = {}
        self.journal = Journal()
        self.steps = 0
        self._places = itertools.count(1)

    def place(self) -> int:
        """A number for a new thing."""
        return next(self._places)

    def step(self) -> None:
        """One step more.

        Raises:
            TooLong: that is too many.
        """
        self.steps += 1
        if self.steps > _MOST_STEPS:
            raise TooLong

    def ends(self) -> Ends:
        """No way to end yet."""
        return Ends(self.escapes.lose)

    def raised(self, exc: Exc, state: State) -> Ends:
        """One exception as the only way out."""
        ends = self.ends()
        ends.add_raised(exc, state)
        return ends

    def settled(self, ends: Ends, *, must: bool) -> Ends:
        """See `Ends.settle`; in a `try` an exception may be the other way out."""
        return ends.settle(must=must and not (self.tries and ends.raised))

    def emit(self, what: What, subject: str, state: State, **more: Any) -> Event:  # noqa: ANN401
        """Notes a step."""
        certainty = Certainty.CERTAIN if state.must else Certainty.MAY
        taken = self.handling[-1].cause if self.handling else None
        instead = taken.subject if taken is not None and taken.what is What.IMPORT else ""
        event = Event(what=what, subject=subject, certainty=certainty, via=tuple(self.via), instead_of=instead, **more)
        if len(self.events) < _MOST_EVENTS:
            self.events.setdefault(event)
        if self.watch:
            self.watch(event)
        return event

    def surprise(self, state: State, exc: Exc = ANY) -> None:
        """Something may be raised here; where nothing takes it, the import fails, which proves nothing wrong."""
        if self.tries:
            self.tries[-1].raised[exc] = None
            state.must = False
        elif exc.cause is not None:
            self.escaped.add(exc.cause)

    def may_raise(self, state: State, name: str, cause: Event | None = None) -> None:
        """One of Python's own exceptions may be raised here."""
        self.surprise(state, built_in(name, cause))

    def opaque(self, state: State, *values: Any) -> None:  # noqa: ANN401 - any value of Python
        """Code that is not known gets hold of values; it may do anything with them, and raise anything."""
        for value in values:
            if not governed(value):  # which only `Calls.outside` hands over
                self.escapes.lose(value, state)
        self.surprise(state)

    def run(self, body: list[ast.stmt], scope: Scope, state: State) -> Ends:
        """Goes through statements."""
        return self.statements.block(body, scope, state)

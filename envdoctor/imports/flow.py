"""The ways in which a piece of code may end, and where exceptions go that may be raised on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from envdoctor.imports.values import UNKNOWN, same

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.imports.exceptions import Exc
    from envdoctor.imports.heap import Lose, State

NEXT, RETURN, BREAK, CONTINUE = "next", "return", "break", "continue"


@dataclass(slots=True)
class End:
    """One way to end: the state by then, and what is returned."""

    state: State
    value: Any = None


@dataclass(slots=True)
class Ends:
    """All ways in which a piece of code may end: one for each kind, and one for each exception."""

    lose: Lose
    normal: dict[str, End] = field(default_factory=dict)
    raised: dict[Exc, State] = field(default_factory=dict)

    def add(self, kind: str, state: State, value: Any = None) -> None:  # noqa: ANN401 - any value of Python
        """One more way; of two of a kind, what both have in common."""
        known = self.normal.get(kind)
        if known is None:
            self.normal[kind] = End(state, value)
            return
        must = known.state.must or state.must
        if not same(known.value, value):
            self.lose(known.value, known.state)
            self.lose(value, state)
            known.value = UNKNOWN
        known.state.merge(state, self.lose)
        known.state.must = must

    def add_raised(self, exc: Exc, state: State) -> None:
        """One more exception that leaves the code."""
        known = self.raised.get(exc)
        if known is None:
            self.raised[exc] = state
        else:
            known.merge(state, self.lose)

    def add_all(self, others: Ends, but: Iterable[str] = ()) -> None:
        """The ways of another piece of code."""
        for kind, end in others.normal.items():
            if kind not in but:
                self.add(kind, end.state, end.value)
        for exc, state in others.raised.items():
            self.add_raised(exc, state)

    def settle(self, *, must: bool) -> Ends:
        """Where only one way is left, all that came in leave by it."""
        kinds = len(self.normal)
        for end in self.normal.values():
            end.state.must = must and kinds == 1
        return self


@dataclass(slots=True)
class Frame:
    """A `try` that code runs in: the exceptions that may be raised there without being certain."""

    raised: dict[Exc, None] = field(default_factory=dict)

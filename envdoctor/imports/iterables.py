"""What Python's own functions make of lists and other iterables whose items are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envdoctor.imports.dictionaries import make_dict
from envdoctor.imports.exceptions import Exc, Raised
from envdoctor.imports.operations import tried
from envdoctor.imports.values import UNKNOWN, External, Passing, is_constant, truth_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine
    from envdoctor.imports.scopes import Scope

_MOST_NUMBERS = 64
_PLAIN = {"builtins.int": int, "builtins.str": str, "builtins.float": float}


class Iterables:
    """What becomes of items.

    Attributes:
        functions: by their full names.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.functions: dict[str, Callable[[tuple[Any, ...], Scope, State], Any]] = {
            "builtins.len": self._length,
            "builtins.any": lambda values, _, state: self._quantified(values, state, decisive=True),
            "builtins.all": lambda values, _, state: self._quantified(values, state, decisive=False),
            "builtins.list": self._listed,
            "builtins.tuple": self._tupled,
            "builtins.set": self._set,
            "builtins.frozenset": self._set,
            "builtins.sorted": self._listed_anew,
            "builtins.next": self._next,
            "builtins.range": self._range,
            "builtins.enumerate": lambda values, _, state: self._together(values, enumerate, 1, state),
            "builtins.reversed": lambda values, _, state: self._together(values, reversed, 1, state),
            "builtins.map": self._mapped,
            "builtins.zip": lambda values, _, state: self._together(values, zip, len(values), state),
        }

    def _range(self, values: tuple[Any, ...], _: Scope, state: State) -> Any:  # noqa: ANN401
        if values and all(type(each) is int and abs(each) <= _MOST_NUMBERS for each in values) and values[2:] != (0,):
            return tuple(range(*values[:3]))
        self._machine.opaque(state, *values)
        return UNKNOWN

    def _together(self, values: tuple[Any, ...], work: Callable[..., Any], count: int, state: State) -> Any:  # noqa: ANN401
        """What a function gives, item by item, of some iterables; how many it takes is `count`."""
        every = [self._machine.expressions.items(each, state) for each in values]
        if None in every or len(every) != count:
            self._machine.opaque(state, *values)
            return UNKNOWN
        return Passing(tuple(work(*every)))

    def _mapped(self, values: tuple[Any, ...], _: Scope, state: State) -> Any:  # noqa: ANN401
        """`map`, of a class that makes plain values of them."""
        work = _PLAIN.get(values[0].name) if values and isinstance(values[0], External) else None
        items = self._machine.expressions.items(values[1], state) if len(values) == 2 and work else None  # noqa: PLR2004
        made = [tried(work, each) if work and is_constant(each) else UNKNOWN for each in items or ()]
        if items is None or UNKNOWN in made:
            self._machine.opaque(state, *values)
            return UNKNOWN
        return Passing(tuple(made))

    def _length(self, values: tuple[Any, ...], _: Scope, state: State) -> Any:  # noqa: ANN401
        items = self._machine.expressions.items((values[0] if values else UNKNOWN), state)
        if items is None:
            self._machine.opaque(state, *values)
        return UNKNOWN if items is None else len(items)

    def _quantified(self, values: tuple[Any, ...], state: State, *, decisive: bool) -> Any:  # noqa: ANN401
        items = self._machine.expressions.items((values[0] if values else UNKNOWN), state)
        if items is None:
            self._machine.opaque(state, *values)
            return UNKNOWN
        truths = [truth_of(item) for item in items]
        if decisive in truths:
            return decisive
        if None in truths:
            self._machine.opaque(state, *items)
            return UNKNOWN
        return not decisive

    def _listed(self, values: tuple[Any, ...], _: Scope, state: State) -> Any:  # noqa: ANN401
        items = self._machine.expressions.items(values[0], state) if values else ()
        if items is None:
            self._machine.opaque(state, *values)
            return UNKNOWN
        return self._machine.expressions.make_list(items, state)

    def _set(self, values: tuple[Any, ...], _: Scope, state: State) -> Any:  # noqa: ANN401
        """One of at most one item, as a dictionary of that: in which order others come is not known."""
        items = self._machine.expressions.items(values[0], state) if values else ()
        if items is None or len(items) > 1 or not is_constant(items):
            self._machine.opaque(state, *values)
            return UNKNOWN
        return make_dict(self._machine, items, items, state)

    def _tupled(self, values: tuple[Any, ...], scope: Scope, state: State) -> Any:  # noqa: ANN401
        items = self._machine.expressions.items(self._listed(values, scope, state), state)
        return UNKNOWN if items is None else items

    def _listed_anew(self, values: tuple[Any, ...], _: Scope, state: State) -> Any:  # noqa: ANN401
        items = self._machine.expressions.items((values[0] if values else UNKNOWN), state)
        known = items is not None and len(values) == 1 and all(isinstance(each, str) for each in items)
        if not known or items is None:
            self._machine.opaque(state, *values)
        return self._machine.expressions.make_list(sorted(items) if known and items else None, state)

    def _next(self, values: tuple[Any, ...], _: Scope, state: State) -> Any:  # noqa: ANN401
        """The first of nothing.

        Raises:
            Raised: there is none, nor anything in its place.
        """
        if values and self._machine.expressions.items(values[0], state) == ():
            if len(values) == 1:
                raise Raised(Exc())
            return values[1]
        self._machine.opaque(state, *values)
        return UNKNOWN

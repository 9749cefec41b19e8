"""The state of a process in thought: what every name and every thing that can change holds on one way through code."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from envdoctor.imports.values import ABSENT, UNKNOWN, Perhaps, same

if TYPE_CHECKING:
    from collections.abc import Callable

    from envdoctor.imports.values import Place

    #: What is lost sight of where two ways meet with different values.
    Lose = Callable[[Any, "State"], None]

_EMPTY: dict[str, Any] = {}
_versions = itertools.count()
_MODULES: Place = " modules"  # sys.modules, as far as modules were followed


class State:
    """Names and values by place.

    Attributes:
        must: whether every import that does not fail comes here.
        version: changes with the contents.
    """

    __slots__ = ("_owned", "_slots", "must", "version")

    def __init__(self, slots: dict[Place, dict[str, Any]] | None = None, *, must: bool = True) -> None:
        self._slots = slots if slots is not None else {}
        self._owned: set[Place] = set()
        self.must = must
        self.version = next(_versions)

    def fork(self, *, must: bool | None = None) -> State:
        """A second state that is the same so far; what is written in one of both does not show in the other."""
        self._owned = set()
        other = State(dict(self._slots), must=self.must if must is None else must)
        other.version = self.version
        return other

    def become(self, other: State) -> None:
        """Takes the contents of another state, which is not used any more."""
        self._slots, self._owned, self.must, self.version = other._slots, other._owned, other.must, other.version

    def names(self, place: Place) -> dict[str, Any]:
        """What a place holds; not to be changed."""
        return self._slots.get(place, {})

    def read(self, place: Place, name: str) -> Any:  # noqa: ANN401 - any value of Python
        """What a place has under a name; ABSENT for nothing."""
        return self._slots.get(place, _EMPTY).get(name, ABSENT)

    def has(self, place: Place) -> bool:
        """Whether a place is there at all."""
        return place in self._slots

    def make(self, place: Place, names: dict[str, Any]) -> None:
        """A new place."""
        self._slots[place] = names
        self._owned.add(place)
        self.version = next(_versions)

    def drop(self, place: Place) -> None:
        """Forgets a place that nothing refers to."""
        self._slots.pop(place, None)

    def write(self, place: Place, name: str, value: Any) -> None:  # noqa: ANN401 - any value of Python
        """Binds a name."""
        self._own(place)[name] = value

    def delete(self, place: Place, name: str) -> None:
        """Unbinds a name."""
        self._own(place).pop(name, None)

    def _own(self, place: Place) -> dict[str, Any]:
        if place not in self._owned:
            self._slots[place] = dict(self._slots.get(place, {}))
            self._owned.add(place)
        self.version = next(_versions)
        return self._slots[place]

    def status(self, module: str) -> Any:  # noqa: ANN401 - a status, or Perhaps one
        """How far the import of a followed module is; None if it was not begun."""
        return self.names(_MODULES).get(module)

    def set_status(self, module: str, status: str) -> None:
        """Notes how far it is; "" for not begun."""
        if status:
            self.write(_MODULES, module, status)
        else:
            self.delete(_MODULES, module)

    def merge(self, other: State, lose: Lose) -> bool:
        """Becomes what two ways that meet have in common; whether that changed anything of this one."""
        changed = False
        for place, theirs in other._slots.items():
            ours = self._slots.get(place)
            if ours is None:
                self._slots[place] = theirs
            elif ours is not theirs:
                changed |= self._merge_names(place, theirs, other, lose)
        self.version = next(_versions)
        self._owned = set()
        return changed

    def _merge_names(self, place: Place, theirs: dict[str, Any], other: State, lose: Lose) -> bool:
        ours = self._slots[place]
        differing = [name for name in {**ours, **theirs} if not _is_same(ours, theirs, name)]
        changed = False
        for name in differing:
            known = ours.get(name)
            merged = _merged(ours, theirs, name)
            if merged is UNKNOWN or (isinstance(merged, Perhaps) and merged.value is UNKNOWN):
                lose(known, self)
                lose(theirs.get(name), other)
            if name not in ours or not same(known, merged):
                changed = True
                self.write(place, name, merged)
                ours = self._slots[place]
        return changed


def _is_same(ours: dict[str, Any], theirs: dict[str, Any], name: str) -> bool:
    return name in ours and name in theirs and same(ours[name], theirs[name])


def _merged(ours: dict[str, Any], theirs: dict[str, Any], name: str) -> Any:  # noqa: ANN401
    first, second = ours.get(name, Perhaps(UNKNOWN)), theirs.get(name, Perhaps(UNKNOWN))
    if name not in ours or name not in theirs:
        one = second if name not in ours else first
        return one if isinstance(one, Perhaps) else Perhaps(one)
    bare = [each.value if isinstance(each, Perhaps) else each for each in (first, second)]
    value = bare[0] if same(*bare) else UNKNOWN
    return Perhaps(value) if isinstance(first, Perhaps) or isinstance(second, Perhaps) else value

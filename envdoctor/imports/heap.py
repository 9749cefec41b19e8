"""The state of a process in thought: what every name and every thing that can change holds on one way through code."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from envdoctor.imports.values import ABSENT, UNKNOWN, Perhaps, same

if TYPE_CHECKING:
    from collections.abc import Callable

    from envdoctor.imports.values import Place

    #: What is lost sight of where two ways meet with different values.
    Lose = Callable[[Any, "State"], None]
    Names = dict[str, Any]

MODULES: Place = " modules"  # sys.modules, as far as modules were followed
RUNNING, DONE = "running", "done"
_EMPTY: Names = {}
_NOWHERE: dict[Place, Names] = {}
_PAGE = 8  # bits: places of one page are copied together
_MODULE_PAGES = 16


class Journal:
    """What was written while a `try` runs, on every way: what its handlers may meet.

    Attributes:
        depth: how many of them run; without any, nothing is written down.
        entries: place, name and value; the name is "" for the making of a place, with all its names.
    """

    __slots__ = ("depth", "entries")

    def __init__(self) -> None:
        self.depth = 0
        self.entries: list[tuple[Place, str | None, Any]] = []


class State:
    """Names and values by place. What is the same in two states is kept once, page by page.

    Attributes:
        must: whether every import that does not fail comes here.
    """

    __slots__ = ("_journal", "_owned", "_pages", "must")

    def __init__(self, journal: Journal | None = None) -> None:
        self._pages: dict[int, dict[Place, Names]] = {}
        self._owned: set[int | tuple[Place]] = set()  # pages, and places
        self._journal = journal or Journal()
        self.must = True

    def fork(self, *, must: bool | None = None) -> State:
        """A second state that is the same so far; what is written in one of both does not show in the other."""
        self._owned = set()
        other = State(self._journal)
        other._pages = dict(self._pages)
        other.must = self.must if must is None else must
        return other

    def become(self, other: State) -> None:
        """Takes the contents of another state, which is not used any more."""
        self._pages, self._owned, self.must = other._pages, other._owned, other.must

    def names(self, place: Place) -> Names:
        """What a place holds; not to be changed."""
        page = place >> _PAGE if place.__class__ is int else _page(place)
        return self._pages.get(page, _NOWHERE).get(place, _EMPTY)

    def read(self, place: Place, name: str) -> Any:  # noqa: ANN401 - any value of Python
        """What a place has under a name; ABSENT for nothing."""
        return self.names(place).get(name, ABSENT)

    def has(self, place: Place) -> bool:
        """Whether a place is there at all."""
        return place in self._pages.get(_page(place), _NOWHERE)

    def make(self, place: Place, names: Names) -> None:
        """A new place."""
        self._put(place, names)
        self._owned.add((place,))
        if self._journal.depth:
            self._journal.entries.append((place, None, dict(names)))

    def drop(self, place: Place) -> None:
        """Forgets a place that nothing refers to."""
        if self.has(place):
            self._own_page(place).pop(place, None)

    def write(self, place: Place, name: str, value: Any) -> None:  # noqa: ANN401 - any value of Python
        """Binds a name."""
        self._own(place)[name] = value
        if self._journal.depth:
            self._journal.entries.append((place, name, value))

    def delete(self, place: Place, name: str) -> None:
        """Unbinds a name."""
        self._own(place).pop(name, None)
        if self._journal.depth:
            self._journal.entries.append((place, name, ABSENT))

    def _own_page(self, place: Place) -> dict[Place, Names]:
        page = _page(place)
        if page not in self._owned:
            self._pages[page] = dict(self._pages.get(page, _NOWHERE))
            self._owned.add(page)
        return self._pages[page]

    def _put(self, place: Place, names: Names) -> None:
        self._own_page(place)[place] = names

    def _own(self, place: Place) -> Names:
        page = self._own_page(place)
        if (place,) not in self._owned:
            page[place] = dict(page.get(place, _EMPTY))
            self._owned.add((place,))
        return page[place]

    def status(self, module: str) -> Any:  # noqa: ANN401 - a status, or Perhaps one
        """How far the import of a followed module is; ABSENT if it was not begun."""
        return self.read(MODULES, module)

    def set_status(self, module: str, status: str) -> None:
        """Notes how far it is; "" for not begun."""
        if status:
            self.write(MODULES, module, status)
        else:
            self.delete(MODULES, module)

    def merge(self, other: State, lose: Lose) -> bool:
        """Becomes what two ways that meet have in common; whether that changed anything of this one."""
        changed = False
        for page, theirs in other._pages.items():
            ours = self._pages.get(page)
            if ours is None:
                self._pages[page] = theirs
            elif ours is not theirs:
                for place, names in theirs.items():
                    known = ours.get(place)
                    if known is None:
                        self._put(place, names)
                    elif known is not names:
                        changed |= self._merge_names(place, names, other, lose)
        self._owned = set()
        return changed

    def _merge_names(self, place: Place, theirs: Names, other: State, lose: Lose) -> bool:
        ours = self.names(place)
        changed = False
        for name in [each for each in {**ours, **theirs} if not _is_same(ours, theirs, each)]:
            known = self.read(place, name)
            merged = _merged(known, theirs.get(name, ABSENT))
            if _is_unclear(merged):
                lose(known, self)
                lose(theirs.get(name, ABSENT), other)
            if known is ABSENT or not same(known, merged):
                changed = True
                self._own(place)[name] = merged
        return changed


@functools.lru_cache(maxsize=1 << 16)
def _page(place: Place) -> int:
    if isinstance(place, int):
        return place >> _PAGE
    return -1 - (31 * len(place) + ord(place[-1])) % _MODULE_PAGES


def _is_same(ours: Names, theirs: Names, name: str) -> bool:
    return name in ours and name in theirs and same(ours[name], theirs[name])


def _merged(*values: Any) -> Any:  # noqa: ANN401 - any value of Python
    """What is known of a name that has any of some values; ABSENT for none."""
    bare = [each.value if isinstance(each, Perhaps) else each for each in values if each is not ABSENT]
    if not bare:
        return ABSENT
    value = bare[0] if all(same(bare[0], each) for each in bare[1:]) else UNKNOWN
    return Perhaps(value) if any(each is ABSENT or isinstance(each, Perhaps) for each in values) else value


def met_by_handlers(before: State, journal: Journal, since: int, lose: Lose) -> State:
    """What the handlers of a `try` may meet: every name has any of the values that it had in the meantime.

    Args:
        before: the state at the beginning.
        journal: what was written.
        since: the number of its entries at the beginning.
        lose: see `State.merge`.
    """
    state = before.fork(must=False)
    for (place, name), every in _written(state, journal, since).items():
        known = state.read(place, name)
        merged = _merged(known, *every)
        if merged is ABSENT or same(known, merged):
            continue
        if _is_unclear(merged):
            for value in (known, *every):
                lose(value, state)
        state._own(place)[name] = merged  # noqa: SLF001 - a part of the class
    return state


def _written(state: State, journal: Journal, since: int) -> dict[tuple[Place, str], list[Any]]:
    """The values that names got; new places are made."""
    values: dict[tuple[Place, str], list[Any]] = {}
    for place, name, value in journal.entries[since:]:
        if name is None:
            if not state.has(place):
                state._put(place, value)  # noqa: SLF001 - a part of the class
                continue
            for each, initial in value.items():
                values.setdefault((place, each), []).append(initial)
        elif place != MODULES or value != RUNNING:  # one that fails is taken out again
            values.setdefault((place, name), []).append(value)
    return values


def _is_unclear(value: Any) -> bool:  # noqa: ANN401 - any value of Python
    return value is UNKNOWN or (isinstance(value, Perhaps) and value.value is UNKNOWN)

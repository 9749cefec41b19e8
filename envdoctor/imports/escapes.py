"""What code that is not followed may have changed: everything that it got hold of, from then on.

All of this only grows and does not depend on the way through the code, so that it can't be forgotten on any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

from envdoctor.imports.scopes import mentions
from envdoctor.imports.values import (
    UNKNOWN,
    External,
    Function,
    Kind,
    Made,
    Method,
    Module,
    Passing,
    Perhaps,
    Reference,
)

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterable

    from envdoctor.imports.heap import State
    from envdoctor.imports.module_changes import ModuleChanges
    from envdoctor.imports.scopes import Mentions
    from envdoctor.imports.values import Place

ANYTHING = "*"
#: What `globals()` and `__dict__` are, with the place.
NAMES = "builtins.globals"
#: What the `__path__` of a package is, with the package.
PATHS = "__path__"
#: What decides how modules are found, and which there are.
SEARCHED = frozenset({"sys.path", "sys.meta_path", "sys.path_hooks", "sys.path_importer_cache", "builtins.__import__"})
LOADED = "sys.modules"
#: The module `sys` by a name that may have got another value: nothing is known of it but what may be done by way of it.
DOUBTED = "?sys"
#: What ctypes makes of a native file of the site, with its path.
LIBRARY = "ctypes.CDLL"
_SYS = frozenset({Module("sys"), External(DOUBTED)})


class Escapes:
    """The things and names of which nothing is known any more.

    Attributes:
        wild: places that hold anything.
        given: names that any module may have been given.
        opened: modules, classes whose body runs, and libraries of ctypes that may have further names.
        offered: modules with names that they tell to code which is not followed, and which may bind them there.
        everything: whether any name of any module may have any value.
        packages: those at the top whose modules may have been given any name, by code of theirs.
        finders: whether modules may be found in ways that Python does not have from the start.
        ahead: whether these may come before Python's own, and not only find what those don't.
        replaced: modules that may have been put into `sys.modules`; ANYTHING for all.
        searched: packages whose submodules may be looked for in other folders than their own.
        settings: variables of the environment that may have been set; ANYTHING for all.
    """

    def __init__(self) -> None:
        self.wild: set[Place] = set()
        self.given: set[str] = set()
        self.offered: set[tuple[Place, str]] = set()
        self.everything = False
        self.packages: set[str] = set()
        self.opened: set[Place] = set()
        self.finders = False
        self.ahead = False
        self.replaced: set[str] = set()
        self.searched: set[Place] = set()
        self.settings: set[str] = set()
        self._volatile: set[tuple[Place, str]] = set()
        self._watched: dict[Place, set[str]] = {}
        self._shown: dict[Place, set[str]] = {}  # of those, collections that code so far only reads from
        self._exposed: set[Place] = set()
        self._lost: set[object] = set()

    def add_finders(self, *, ahead: bool = True) -> None:
        """Modules may be found in other ways from now on."""
        self.finders = True
        self.ahead |= ahead

    def lose(self, value: Any, state: State) -> None:  # noqa: ANN401 - any value of Python
        """A value goes where it can't be followed."""
        work = _LOSERS.get(type(value))
        if work is not None:
            work(self, value, state)

    def kept(self, value: Any, state: State) -> Any:  # noqa: ANN401
        """A value that is put somewhere, from where it may be taken more than once."""
        if isinstance(value, Passing):
            self.lose(value, state)
            return UNKNOWN
        return value

    def _lose_all(self, values: Iterable[Any], state: State) -> None:
        for value in values:
            self.lose(value, state)

    def _lose_made(self, value: Made, state: State) -> None:
        self.lose(value.arguments, state)
        if value.maker == NAMES:
            self.lose_place(value.arguments[0], state)
        elif value.maker == PATHS:
            self.searched.update(value.arguments)
        elif value.maker == LIBRARY:
            self.opened.update(value.arguments)

    def _lose_function(self, value: Function, state: State) -> None:
        if value not in self._lost:
            self._lost.add(value)
            self.lose_code(value.node, (*value.outer, value.module), state)
            self._lose_all(value.defaults.values(), state)

    def _lose_reference(self, value: Reference, state: State) -> None:
        if self.lose_place(value.place, state) and value.kind in {Kind.INSTANCE, Kind.EXCEPTION}:
            self.lose(value.of, state)

    def lose_place(self, place: Place, state: State) -> bool:
        """Everything that a place holds may be something else from now on; whether that is new."""
        if place in self.wild:
            return False
        self.wild.add(place)
        self._lose_held(place, state)
        return True

    def _lose_held(self, place: Place, state: State) -> None:
        """What a place holds; other modules, of those that a module imported, are not handed over with it."""
        for item in list(state.names(place).values()):
            if not (isinstance(item, Module) and isinstance(place, str)):
                self.lose(item, state)

    def expose(self, places: Iterable[Place], state: State) -> None:
        """Code that is not known may be given all that some places hold, from now on, and binds none of their names."""
        for place in places:
            if place not in self._exposed:
                self._exposed.add(place)
                self._lose_held(place, state)

    def lose_code(self, node: ast.AST, places: tuple[Place, ...], state: State) -> None:
        """Code may be run at any time from now on, which sees the names of these places, the nearest first."""
        found = mentions(node)
        self.given |= found.attributes
        if found.changes is not None:
            self._note_changes(found, found.changes, places, state)
        for place in places:
            self._volatile.update((place, name) for name in found.shared)
            watched = self._watched.setdefault(place, set())
            shown = self._shown.setdefault(place, set())
            for name in (found.names - watched) | (found.used & shown):
                watched.add(name)
                value = state.names(place).get(name)
                if name not in found.used and is_collection(value):
                    shown.add(name)
                    self.expose((value.place,), state)
                elif not isinstance(value, Module) or name in found.bare:
                    self.lose(value, state)

    def _note_changes(self, found: Mentions, changes: ModuleChanges, places: tuple[Place, ...], state: State) -> None:
        self.given |= changes.names
        if changes.finders:
            self.add_finders(ahead=changes.ahead)
        if changes.anywhere:
            self.packages.update(each.partition(".")[0] for each in places if isinstance(each, str))
            held = (state.names(place).get(name) for place in places for name in found.names)
            self.opened.update(changes.named, (value.name for value in held if isinstance(value, Module)))
        if changes.own and places:
            self.lose_place(places[-1], state)
        elif changes.exposes:
            self.expose(places, state)

    def bind(self, place: Place, name: str, value: Any, state: State) -> None:  # noqa: ANN401
        """A name gets a value: code out of sight may get hold of it."""
        seen = place in self.wild or place in self._exposed
        if (seen or name in self._watched.get(place, ())) and not isinstance(value, Module):
            self.lose(value, state)

    def is_volatile(self, place: Place, name: str, value: Any = UNKNOWN) -> bool:  # noqa: ANN401 - any value of Python
        """Whether a name may have any value by now, other than the one that it had."""
        if isinstance(place, str):
            changed = place.partition(".")[0] in self.packages and not isinstance(value, Module)
            if changed or self.everything or name in self.given:
                return True
        return place in self.wild or (place, name) in self._volatile

    def read(self, place: Place, name: str, value: Any) -> Any:  # noqa: ANN401
        """What a name gives that was bound to a value."""
        if not self.is_volatile(place, name, value):
            return value
        return External(DOUBTED) if isinstance(value, (Module, External)) and value in _SYS else UNKNOWN

    def may_be_given(self, place: Place, name: str) -> bool:
        """Whether a module may have got a name in a way that was not followed."""
        told = name in self.given or (place, name) in self.offered
        changed = isinstance(place, str) and place.partition(".")[0] in self.packages
        return told or changed or self.everything or place in self.opened or place in self.wild

    def may_be_found(self, module: str, *, in_package: bool = True) -> bool:
        """Whether a module that is not there may be found all the same.

        Finders are asked for what is below a module only if that is a package, and one that comes last finds no other
        module in its place.
        """
        finders = self.finders if in_package else self.ahead
        if finders or not (self.replaced or self.searched):
            return finders
        parts = module.split(".")
        above = {".".join(parts[: depth + 1]) for depth in range(len(parts))}
        return ANYTHING in self.replaced or bool(self.replaced & above or self.searched & (above - {module}))


def governed(value: Any) -> str:  # noqa: ANN401 - any value of Python
    """Which of what decides how modules are found a value is, or may be; "" for none."""
    name = value.name.removeprefix("?") if isinstance(value, External) else ""
    return name if name == LOADED or name in SEARCHED else ""


def _lose_named(escapes: Escapes, value: Module | External, state: State) -> None:
    if isinstance(value, Module):
        escapes.lose_place(value.name, state)
    if governed(value).startswith("sys.") or value in _SYS:
        escapes.add_finders()


#: What losing a value comes to, by its class; with any other there is nothing to lose.
_LOSERS: dict[type[Any], Callable[[Escapes, Any, State], object]] = {
    Passing: lambda escapes, value, state: escapes.lose(value.items, state),
    tuple: Escapes._lose_all,  # noqa: SLF001 - a part of the class
    Perhaps: lambda escapes, value, state: escapes.lose(value.value, state),
    Reference: Escapes._lose_reference,  # noqa: SLF001
    Method: lambda escapes, value, state: escapes.lose((value.subject, value.function), state),
    Function: Escapes._lose_function,  # noqa: SLF001
    Made: Escapes._lose_made,  # noqa: SLF001
    **dict.fromkeys((Module, External), _lose_named),
}


def is_collection(value: Any) -> TypeGuard[Reference]:  # noqa: ANN401 - any value of Python
    """Whether a value is a list or a dictionary."""
    return isinstance(value, Reference) and value.kind in {Kind.DICT, Kind.LIST}

"""Exceptions in thought: which there are, and which a handler takes."""

from __future__ import annotations

import builtins
import functools
from typing import TYPE_CHECKING, Any

from envdoctor.core.frozen import frozen
from envdoctor.imports.values import External, Kind, Reference

if TYPE_CHECKING:
    from envdoctor.imports.events import Event
    from envdoctor.imports.heap import State

_BUILTINS = "builtins."
#: Where a name of another module is one of Python's own exceptions (the modules' documentation, "alias of OSError").
_ALIASES = {f"{module}.error": "OSError" for module in ("os", "socket", "select")}
#: What a class is made from, and its name, among its own names, where no name of Python can be.
BASES, NAME = " bases", " name"


@frozen(kw_only=False)
class Exc:
    """An exception.

    Attributes:
        name: of its class; "" where that is not known.
        kinds: the names of Python's own classes, and the places of followed ones, that it is an instance of.
        complete: whether these are all.
        cause: the step that it goes back to.
    """

    name: str = ""
    kinds: frozenset[Any] = frozenset()
    complete: bool = False
    cause: Event | None = None


def either(one: Exc, other: Exc) -> Exc:
    """One of two; it goes back to what is known to be wanting, rather than to a `raise` that may not be met."""
    if one == other:
        return one
    causes = [cause for cause in (one.cause, other.cause) if cause is not None]
    return Exc(cause=next((cause for cause in causes if cause.fails), causes[0] if causes else None))


class Raised(Exception):
    """A piece of followed code certainly raises."""

    def __init__(self, exc: Exc) -> None:
        super().__init__(exc.name)
        self.exc = exc


class TooLong(Exception):
    """An import takes more steps than it is worth."""


@functools.lru_cache(maxsize=1024)
def built_in(name: str, cause: Event | None = None) -> Exc:
    """One of Python's own exceptions; of another name, one of which no more is known."""
    kinds = _ancestors(name)
    return Exc(name, kinds, complete=bool(kinds), cause=cause)


def is_exception(name: str) -> bool:
    """Whether a name among Python's own is that of an exception."""
    found = getattr(builtins, name, None)
    return isinstance(found, type) and issubclass(found, BaseException)


@functools.cache
def _ancestors(name: str) -> frozenset[Any]:
    found = getattr(builtins, name, None)
    return frozenset(each.__name__ for each in found.__mro__) if isinstance(found, type) else frozenset()


def own_name(value: Any) -> str:  # noqa: ANN401 - any value of Python
    """The exception of Python's own that a value is, under whatever name; "" if it is none."""
    if not isinstance(value, External):
        return ""
    name = _ALIASES.get(value.name) or value.name.removeprefix(_BUILTINS)
    if "." in name or not is_exception(name):
        return ""
    return str(getattr(builtins, name).__name__)  # IOError is OSError


def exception_of(value: Any, state: State, cause: Event | None) -> Exc:  # noqa: ANN401 - any value of Python
    """What `raise value` raises."""
    if isinstance(value, Reference) and value.kind in {Kind.EXCEPTION, Kind.INSTANCE}:
        value = value.of
    if isinstance(value, Exc):  # that a handler took
        return value
    name = own_name(value)
    if name:
        return built_in(name, cause)
    if isinstance(value, Reference) and value.kind is Kind.CLASS:
        kinds, complete = _kinds(value, state)
        label = str(state.names(value.place).get(NAME, ""))
        return Exc(label, kinds, complete=complete, cause=cause)
    return Exc(cause=cause)


def _kinds(value: Any, state: State) -> tuple[frozenset[Any], bool]:  # noqa: ANN401 - any value of Python
    """What a class and those that it is made from are, and whether all of them are known."""
    name = own_name(value)
    if name:
        return _ancestors(name), True
    if not isinstance(value, Reference) or value.kind is not Kind.CLASS:
        return frozenset({"object"}), value == External("builtins.object")
    bases = [_kinds(base, state) for base in state.names(value.place).get(BASES, ())]
    kinds = frozenset({value.place}).union(*(kinds for kinds, _ in bases))
    return kinds, all(complete for _, complete in bases)


def takes(types: Any, exc: Exc) -> bool | None:  # noqa: ANN401 - any value of Python
    """Whether a handler of these types takes an exception; None where that is not known."""
    if isinstance(types, tuple):
        answers = [takes(each, exc) for each in types]
        return True if True in answers else None if None in answers else False
    key = own_name(types) or (types.place if isinstance(types, Reference) and types.kind is Kind.CLASS else None)
    if key is None:
        return None
    if key in exc.kinds or key == "BaseException":
        return True
    if not exc.kinds and not exc.complete:  # anything; what ends the process is no way on
        return True if key == "Exception" else None
    return False if exc.complete else None

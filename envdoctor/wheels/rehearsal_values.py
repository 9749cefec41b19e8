"""Values that a rehearsal of Python code works with, and what Python's own functions make of them."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Mapping, Sequence

_STRING_METHODS = frozenset({"split", "format", "lower", "upper", "strip", "startswith", "endswith", "replace", "join"})
_LONGEST = 4096  # of a string or a sequence that is worked out


@dataclass(frozen=True, slots=True)
class _Mark:
    """A value of which only this is known."""

    name: str


UNKNOWN = _Mark("unknown")
#: A library that was found or loaded: neither None nor empty.
FOUND = _Mark("found")


@dataclass(frozen=True, slots=True)
class Imported:
    """A module, or something in one, by its full name."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function of a module's text.

    Attributes:
        node: its text.
        home: what rehearses the module, and knows its names.
        names: those of a function around it.
    """

    node: ast.FunctionDef
    home: Home
    names: dict[str, Any] = field(default_factory=dict)


class Home(Protocol):
    """What rehearses a module."""

    def call(self, function: Function, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """What a function of the module returns."""
        ...


class Raised(Exception):
    """The rehearsed code raises an exception of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class TooLong(Exception):
    """A rehearsal takes more steps than it is worth."""


def truth_of(value: Any) -> bool | None:  # noqa: ANN401 - any value of Python
    """Whether a value counts as true; None where that is not known."""
    if value is UNKNOWN:
        return None
    return True if isinstance(value, (_Mark, Imported, Function)) else bool(value)


def merged(first: Any, second: Any) -> Any:  # noqa: ANN401 - any value of Python
    """What is known of a value that is one of two."""
    return first if type(first) is type(second) and first == second else UNKNOWN


def method_result(subject: Any, name: str, arguments: Sequence[Any]) -> Any:  # noqa: ANN401 - any value of Python
    """What a method of a known string returns."""
    known = isinstance(subject, str) and name in _STRING_METHODS
    if not known or any(_has_unknown(argument) for argument in arguments):
        return UNKNOWN
    try:
        result = getattr(subject, name)(*arguments)
    except Exception:  # noqa: BLE001 - a call that the text gets wrong tells nothing
        return UNKNOWN
    return UNKNOWN if len(str(result)) > _LONGEST else tuple(result) if isinstance(result, list) else result


def _has_unknown(value: Any) -> bool:  # noqa: ANN401 - any value of Python
    if isinstance(value, tuple):
        return any(map(_has_unknown, value))
    return isinstance(value, (_Mark, Imported, Function))


def added(left: Any, right: Any) -> Any:  # noqa: ANN401 - any value of Python
    """The sum of two strings or of two sequences."""
    if isinstance(left, str) and isinstance(right, str):
        return left + right if len(left) + len(right) <= _LONGEST else UNKNOWN
    both = isinstance(left, tuple) and isinstance(right, tuple)
    return (*left, *right) if both and len(left) + len(right) <= _LONGEST else UNKNOWN


def _joined(arguments: Sequence[Any]) -> Any:  # noqa: ANN401 - any value of Python
    return posixpath.join(*arguments) if arguments and all(isinstance(one, str) for one in arguments) else UNKNOWN


def _setting(arguments: Sequence[Any]) -> Any:  # noqa: ANN401 - any value of Python
    """A setting of the environment: none is made."""
    return arguments[1] if len(arguments) > 1 else None


def _length(arguments: Sequence[Any]) -> Any:  # noqa: ANN401 - any value of Python
    return len(arguments[0]) if arguments and isinstance(arguments[0], (str, tuple)) else UNKNOWN


def _quantified(arguments: Sequence[Any], *, decisive: bool) -> Any:  # noqa: ANN401 - any value of Python
    """What any (`decisive` is True) and all return."""
    if not arguments or not isinstance(arguments[0], tuple):
        return UNKNOWN
    truths = [truth_of(item) for item in arguments[0]]
    return decisive if decisive in truths else UNKNOWN if None in truths else not decisive


def _sequence(arguments: Sequence[Any]) -> Any:  # noqa: ANN401 - any value of Python
    return (arguments[0] if isinstance(arguments[0], tuple) else UNKNOWN) if arguments else ()


#: Functions of Python whose results can be worked out, by their full names.
FUNCTIONS: dict[str, Callable[[Sequence[Any]], Any]] = {
    "os.path.join": _joined,
    "os.getenv": _setting,
    "os.environ.get": _setting,
    "len": _length,
    "any": lambda arguments: _quantified(arguments, decisive=True),
    "all": lambda arguments: _quantified(arguments, decisive=False),
    "list": _sequence,
    "tuple": _sequence,
}

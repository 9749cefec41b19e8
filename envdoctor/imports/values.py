"""What is known of a value of Python without running anything.

Constants stand for themselves and tuples for tuples; everything else is one of the classes here. UNKNOWN may be
anything at all. What can be changed (a list, an instance, a class) is a `Reference` to a place in the `State`.
"""

from __future__ import annotations

import enum
from dataclasses import field
from typing import TYPE_CHECKING, Any

from envdoctor.core.frozen import frozen

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping

    #: A namespace or a thing that can change: a module by its name, everything else by a number.
    Place = str | int

_LONGEST = 4096  # of a string or a tuple that is worked out


class Mark(enum.Enum):
    """Values of which only this is known."""

    UNKNOWN = "unknown"
    SOMETHING = "something"  # neither None nor false
    ABSENT = "absent"  # no value: there is nothing of that name


UNKNOWN, SOMETHING, ABSENT = Mark


@frozen(kw_only=False)
class Perhaps:
    """A name that is bound to a value, or not at all."""

    value: Any


@frozen(kw_only=False)
class Ending:
    """A string, or a path, of which the end is known."""

    text: str


@frozen(kw_only=False)
class OwnPath(Ending):
    """The path of a file or a folder of the site: `text` is a slash, and the path as the site tells it."""


@frozen(kw_only=False)
class Passing:
    """An iterator, or a view of a dictionary, that gives these items now: where it is kept they are not known."""

    items: tuple[Any, ...]


@frozen(kw_only=False)
class Module:
    """A module object."""

    name: str


@frozen(kw_only=False)
class External:
    """Something in a module that is not followed, by its full name; of Python's own names `builtins.NAME`."""

    name: str


@frozen(kw_only=False)
class Made:
    """What a call of something that is not followed returned, where that matters: by its full name."""

    maker: str
    arguments: tuple[Any, ...] = ()


class Kind(enum.Enum):
    """What a reference leads to."""

    LIST = "list"
    DICT = "dict"
    CLASS = "class"
    INSTANCE = "instance"
    EXCEPTION = "exception"


@frozen(kw_only=False)
class Reference:
    """A thing that can be changed. `of` is the class of an instance, where it is one of the followed text."""

    kind: Kind
    place: int
    of: Any = None


@frozen(kw_only=False, eq=False)
class Function:
    """A function of a followed module.

    Attributes:
        node: its text.
        module: whose names it sees.
        outer: the places of the functions around it, the nearest first.
        defaults: by the names of parameters.
    """

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    module: str
    outer: tuple[Place, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)


@frozen(kw_only=False)
class Method:
    """A function with its first argument; or, of a value that is no instance, a method by its name."""

    subject: Any
    function: Function | str


@frozen(kw_only=False)
class Result:
    """What a call returned, apart from that nothing is known of the call."""

    value: Any


def same(first: Any, second: Any) -> bool:  # noqa: ANN401 - any value of Python
    """Whether two values are one and the same, as far as anything can tell."""
    if first is second:
        return True
    if type(first) is not type(second):
        return False
    if isinstance(first, tuple):
        return len(first) == len(second) and all(map(same, first, second))
    return bool(first == second)


def truth_of(value: Any) -> bool | None:  # noqa: ANN401 - any value of Python
    """Whether a value counts as true; None where that is not known."""
    if value is UNKNOWN or isinstance(value, (External, Passing, Perhaps, Reference)):
        return True if isinstance(value, Reference) and value.kind in {Kind.CLASS, Kind.EXCEPTION} else None
    if isinstance(value, Ending):
        return True if value.text else None
    return True if isinstance(value, (Mark, Module, Function, Method, Made)) else bool(value)


def is_constant(value: Any) -> bool:  # noqa: ANN401 - any value of Python
    """Whether a value is known to the last."""
    if isinstance(value, tuple):
        return all(map(is_constant, value))
    return value is None or isinstance(value, (bool, int, float, complex, str, bytes)) or value is Ellipsis


def is_short(value: Any) -> bool:  # noqa: ANN401 - any value of Python
    """Whether a constant is small enough to work with."""
    if isinstance(value, int):
        return abs(value) < 1 << 64
    return not isinstance(value, (str, bytes, tuple)) or len(value) <= _LONGEST

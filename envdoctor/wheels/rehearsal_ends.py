"""The ways in which a piece of rehearsed code may end, and what becomes of an exception."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from envdoctor.wheels.rehearsal_values import UNKNOWN, merged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.wheels.rehearsal_expressions import Names

NEXT, RETURN, RAISE, BREAK, CONTINUE = "next", "return", "raise", "break", "continue"
# Kept among the names, where no name of Python can be: what was yielded, the exception that is handled, and the names
# that a function shares with its module.
YIELDED, CURRENT, SHARED = " yielded", " current", " shared"
_SYSTEM_ERRORS = frozenset({"OSError", "IOError", "EnvironmentError", "WindowsError"})
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError"})
_BUILT_IN = _SYSTEM_ERRORS | _IMPORT_ERRORS | {"RuntimeError", "ValueError", "AttributeError", "TypeError", "KeyError"}
_BUILT_IN |= {"NameError", "NotImplementedError", "FileNotFoundError", "IndexError", "UnicodeDecodeError"}


@dataclass(frozen=True, slots=True)
class End:
    """One way in which a piece of code ends: the names by then, and what is returned or raised."""

    names: Names
    value: Any = None


#: All the ways in which a piece of code may end, one of a kind.
Ends = dict[str, End]


def add_end(ends: Ends, kind: str, end: End) -> None:
    """One more way to end; of two of a kind, what both have in common."""
    known = ends.get(kind)
    if known is None:
        ends[kind] = end
        return
    every = {*known.names, *end.names}
    names = {name: merged(known.names.get(name, UNKNOWN), end.names.get(name, UNKNOWN)) for name in every}
    value = merged(known.value, end.value)
    ends[kind] = End(names, "" if kind == RAISE and value is UNKNOWN else value)


def bind(target: ast.expr, value: Any, names: Names) -> None:  # noqa: ANN401 - any value of Python
    """Gives a value to the names of a target; what is known of a list that is changed is forgotten."""
    if isinstance(target, ast.Name):
        names[target.id] = value
    elif isinstance(target, (ast.Tuple, ast.List)):
        fits = isinstance(value, tuple) and len(value) == len(target.elts)
        for index, each in enumerate(target.elts):
            bind(each, value[index] if fits else UNKNOWN, names)
    elif isinstance(target, (ast.Starred, ast.Subscript)):
        bind(target.value, UNKNOWN, names)


def assigned(statements: Sequence[ast.stmt]) -> set[str]:
    """The names that statements give values to, by other means than imports."""
    nodes = (node for statement in statements for node in ast.walk(statement))
    return {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}


def caught(handler: ast.ExceptHandler) -> list[str]:
    """The exceptions that a handler names; for one that names none, all."""
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return [getattr(each, "id", getattr(each, "attr", "Exception")) for each in types]


def takes(handler: ast.ExceptHandler, raised: str) -> bool | None:
    """Whether a handler takes an exception; None where that depends on classes that are not known."""
    names = set(caught(handler))
    if names & {"Exception", "BaseException", raised}:
        return True
    for group in (_SYSTEM_ERRORS, _IMPORT_ERRORS):
        if raised in group and names & group:
            return True if group is _SYSTEM_ERRORS or raised == "ModuleNotFoundError" else None
    known = raised in _BUILT_IN and names <= _BUILT_IN
    return False if known else None

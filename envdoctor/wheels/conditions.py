"""Decides conditions in Python code that depend on nothing but the platform and the version of Python."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any

from envdoctor.core.target import System

if TYPE_CHECKING:
    from collections.abc import Callable

    from envdoctor.core.target import Target

_SYS_PLATFORM = {System.LINUX: "linux", System.MACOS: "darwin", System.WINDOWS: "win32"}
_PLATFORM_SYSTEM = {System.LINUX: "Linux", System.MACOS: "Darwin", System.WINDOWS: "Windows"}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}


def truth(test: ast.expr, target: Target) -> bool | None:
    """Whether a condition holds while a module is imported on `target`; None where that can't be told."""
    if isinstance(test, ast.BoolOp):
        return _combined(test, target)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        value = truth(test.operand, target)
        return None if value is None else not value
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _compared(test, target)
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute) and test.func.attr == "startswith":
        subject, prefix = _value(test.func.value, target), _value(test.args[0], target) if test.args else None
        return subject.startswith(prefix) if isinstance(subject, str) and isinstance(prefix, (str, tuple)) else None
    value = _value(test, target)
    return None if value is None else bool(value)


def _combined(test: ast.BoolOp, target: Target) -> bool | None:
    values = [truth(each, target) for each in test.values]
    decisive = isinstance(test.op, ast.Or)
    if decisive in values:
        return decisive
    return None if None in values else not decisive


def _compared(test: ast.Compare, target: Target) -> bool | None:
    left, right = _value(test.left, target), _value(test.comparators[0], target)
    compare = _COMPARISONS.get(type(test.ops[0]))
    if left is None or right is None or compare is None:
        return None
    try:
        return bool(compare(left, right))
    except TypeError:
        return None


def _value(node: ast.expr, target: Target) -> Any:  # noqa: ANN401 - any constant of Python
    """The value of an expression, None where it is not known."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        values = [_value(each, target) for each in node.elts]
        return None if None in values else tuple(values)
    if isinstance(node, ast.Subscript):
        container, index = _value(node.value, target), _value(node.slice, target)
        known = isinstance(container, tuple) and isinstance(index, int) and index < len(container)
        return container[index] if known else None
    return _named(ast.unparse(node), target)


def _named(name: str, target: Target) -> Any:  # noqa: ANN401 - any constant of Python
    system = target.platform.system
    version = target.interpreter.version
    known: dict[str, Any] = {
        "__name__": "",
        "TYPE_CHECKING": False,
        "typing.TYPE_CHECKING": False,
        "sys.platform": _SYS_PLATFORM[system],
        "os.name": "nt" if system is System.WINDOWS else "posix",
        "platform.system()": _PLATFORM_SYSTEM[system],
        "sys.version_info": (*version, target.interpreter.patch or 0),
        "sys.version_info.major": version[0],
        "sys.version_info.minor": version[1],
    }
    alias = name.removeprefix("_")  # `import sys as _sys`
    return known.get(name, known.get(alias))

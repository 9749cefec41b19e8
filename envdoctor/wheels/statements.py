"""What can be told of one statement without following it: whether it may leave, raise, or forgive what failed in it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_FAILED_IMPORT = frozenset({"ImportError", "ModuleNotFoundError", "OSError", "Exception", "BaseException"})
_FAILED_LOOKUP = frozenset({"AttributeError", "Exception", "BaseException"})
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def within(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes that run with a statement: those of functions and classes that it defines do not."""
    level: list[ast.AST] = [statement]
    while level:
        node = level.pop()
        if not isinstance(node, _SCOPES):
            yield node
            level.extend(ast.iter_child_nodes(node))


def may_leave(statement: ast.stmt) -> bool:
    """Whether what follows may be skipped."""
    return any(isinstance(node, (ast.Return, ast.Break, ast.Continue)) for node in within(statement))


def may_raise(statement: ast.stmt) -> bool:
    """Whether a statement raises under a condition, as one does that looks back at what failed."""
    branches = isinstance(statement, (ast.If, ast.For, ast.While))
    return branches and any(isinstance(node, ast.Raise) for node in within(statement))


def catches(handler: ast.ExceptHandler) -> bool:
    """Whether a handler takes a failed import."""
    return bool(_caught(handler) & _FAILED_IMPORT)


def catches_lookup(handler: ast.ExceptHandler) -> bool:
    """Whether a handler takes the failed look-up of an attribute."""
    return bool(_caught(handler) & _FAILED_LOOKUP)


def _caught(handler: ast.ExceptHandler) -> set[str]:
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {getattr(each, "id", getattr(each, "attr", "BaseException")) for each in types}


def always_raises(handler: ast.ExceptHandler) -> bool:
    """Whether a handler ends in an exception, its own or the one that it took."""
    return any(isinstance(statement, ast.Raise) for statement in handler.body)


def forgives(handler: ast.ExceptHandler) -> bool:
    """Whether a handler takes a failed import and does not raise again."""
    raises = any(isinstance(node, ast.Raise) for statement in handler.body for node in ast.walk(statement))
    return catches(handler) and not raises


def suppresses(item: ast.withitem) -> bool:
    """Whether a context manager takes a failed import (contextlib.suppress)."""
    call = item.context_expr
    if not isinstance(call, ast.Call):
        return False
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    return name == "suppress" and any(getattr(each, "id", "") in _FAILED_IMPORT for each in call.args)

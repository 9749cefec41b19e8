"""Finders that a text puts on `sys.meta_path`: of some it is certain that they only know modules below one.

Such a finder holds what it knows in a dictionary of its own, under names that all begin with one and a dot, and
answers for nothing else. That is how `six` makes `six.moves`, and so do its copies in other packages.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from envdoctor.imports.exceptions import BASES
from envdoctor.imports.nodes import every_node
from envdoctor.imports.values import External, Function, Kind, Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from envdoctor.imports.heap import State

_SEARCHED = frozenset({"meta_path", "path_hooks", "path", "__path__", "modules", "path_importer_cache"})
_ASKED = ("find_spec", "find_module")


def known_below(finder: Any, state: State, read: Callable[[str], str]) -> str:  # noqa: ANN401  (any value of Python)
    """The module below which all lies that a finder answers for; "" where it may be anything.

    Args:
        finder: what is put on `sys.meta_path`.
        state: what is known then.
        read: gives the text of a module.
    """
    if not (isinstance(finder, Reference) and finder.kind is Kind.INSTANCE and isinstance(finder.of, Reference)):
        return ""
    names = dict(state.names(finder.of.place))
    if any(base != External("builtins.object") for base in names.pop(BASES, ())):
        return ""
    functions = [each for each in names.values() if isinstance(each, Function)]
    tables = {_table_asked(names[each]) for each in _ASKED if each in names}
    table = tables.pop() if len(tables) == 1 else ""
    text = "".join({each: read(each) for each in dict.fromkeys(each.module for each in functions)}.values())
    nodes = [node for each in functions for node in every_node(each.node)]
    name = _begins_keys(table, nodes, text) if table else ""
    below = state.names(finder.place).get(name)
    return below if isinstance(below, str) else ""


def _table_asked(method: Any) -> str:  # noqa: ANN401  (the same)
    """Of `if name in self.table: return ...`, and nothing else but `return None`, the table; "" for any other body."""
    match method.node.body if isinstance(method, Function) and isinstance(method.node, ast.FunctionDef) else []:
        case [ast.If(test=ast.Compare(left=ast.Name(), ops=[ast.In()], comparators=[asked]), orelse=[]), *rest]:
            return _own(asked) if all(map(_is_none, rest)) else ""
    return ""


def _is_none(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Return) else ast.Constant(0)
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def _own(node: ast.AST) -> str:
    """The name of an attribute of `self`; "" for any other expression."""
    return node.attr if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "self" else ""


def _begins_keys(table: str, nodes: Sequence[ast.AST], text: str) -> str:
    """The attribute with which all keys of a table begin; "" if not all that is done to it, or to modules, is seen.

    Args:
        table: an attribute.
        nodes: of the methods.
        text: of the modules around them.
    """
    begins = set(_beginnings(table, nodes))
    name = begins.pop() if len(begins) == 1 else ""
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    set_once = sum(_own(node) == name and not isinstance(node.ctx, ast.Load) for node in attributes) == 1
    is_alone = len(re.findall(rf"\b{table}\b", text)) == sum(node.attr == table for node in attributes)
    named = {id(node.value) for node in nodes if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Name)}
    puts = [
        node for node in attributes if node.attr in _SEARCHED and not (node.attr == "modules" and id(node) in named)
    ]
    return name if set_once and is_alone and not puts else ""


def _beginnings(table: str, nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The attributes with which keys of a table begin; "" for each mention of the table that is not understood."""
    seen: set[int] = set()
    for node in nodes:  # each expression comes before its parts
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and not node.value.keys:
            seen.update(map(id, node.targets))
        elif isinstance(node, ast.Compare):
            seen.update(
                id(each)
                for each, how in zip(node.comparators, node.ops, strict=True)
                if isinstance(how, (ast.In, ast.NotIn))
            )
        elif isinstance(node, ast.Subscript):
            seen.add(id(node.value))
            if _own(node.value) == table and not isinstance(node.ctx, ast.Load):
                yield _beginning(node.slice)
        elif getattr(node, "attr", "") == table and id(node) not in seen:
            yield ""


def _beginning(key: ast.AST) -> str:
    """Of `self.name + "." + ...`, the attribute."""
    while isinstance(key, ast.BinOp) and isinstance(key.left, ast.BinOp):
        key = key.left
    match key:
        case ast.BinOp(left=left, op=ast.Add(), right=ast.Constant(value=str(text))) if text.startswith("."):
            return _own(left)
    return ""

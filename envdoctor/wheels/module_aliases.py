"""The names that a module has for the modules it imports, so that `np.sctypes` is known to ask numpy for `sctypes`."""

from __future__ import annotations

import ast
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.core.target import Target

_LAZY_ANNOTATIONS = (3, 14)  # PEP 649
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_NOT_RUN = frozenset({*_BLOCKS, "type_params"})


class ModuleAliases:
    """What the names at the top of a module stand for; a name that is bound in another way too stands for nothing."""

    def __init__(self, tree: ast.Module, target: Target) -> None:
        """Reads the imports of a module; relative ones are its own affair and left out."""
        self._bound: dict[str, set[str]] = {}
        self._hidden: list[set[str]] = []
        for node in _outside_functions(tree):
            self._bind(node)
        future = any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
        self._annotated = not future and target.interpreter.version < _LAZY_ANNOTATIONS

    def _bind(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                module = alias.name if alias.asname else alias.name.partition(".")[0]
                self._bound.setdefault(alias.asname or module, set()).add(module)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                module = "" if node.level else f"{node.module}.{alias.name}"
                self._bound.setdefault(alias.asname or alias.name, set()).add(module)
        else:
            for name in _bound_otherwise(node):
                self._bound.setdefault(name, set()).add("")

    def module(self, node: ast.Attribute) -> str:
        """The module whose attribute an expression names; "" if it is none or can't be told."""
        name = node.value.id if isinstance(node.value, ast.Name) else ""
        known = self._bound.get(name, set())
        hidden = any(name in names for names in self._hidden)
        return next(iter(known)) if len(known) == 1 and not hidden else ""

    @contextmanager
    def hidden_by(self, function: ast.FunctionDef) -> Iterator[None]:
        """While a function's body runs, its own names hide the module's."""
        names = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
        imports = (node for node in ast.walk(function) if isinstance(node, (ast.Import, ast.ImportFrom)))
        names |= {alias.asname or alias.name.partition(".")[0] for node in imports for alias in node.names}
        names |= {name for node in ast.walk(function) for name in _bound_otherwise(node)}
        self._hidden.append(names)
        try:
            yield
        finally:
            self._hidden.pop()

    def evaluated(self, statement: ast.stmt) -> Iterator[ast.AST]:
        """The expressions that a statement itself evaluates: of a function its decorators and defaults, for one."""
        if isinstance(statement, _FUNCTIONS):
            arguments = statement.args
            yield from (*statement.decorator_list, *arguments.defaults)
            yield from (default for default in arguments.kw_defaults if default is not None)
            every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
            if self._annotated:
                found = (statement.returns, *(each.annotation for each in every if each))
                yield from (annotation for annotation in found if annotation is not None)
            return
        skipped = _NOT_RUN if self._annotated else _NOT_RUN | {"annotation"}
        for name in statement._fields:
            field = getattr(statement, name, None) if name not in skipped else None
            yield from (node for node in (field if isinstance(field, list) else [field]) if isinstance(node, ast.AST))


def _outside_functions(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes of a module that are not inside a function."""
    level: list[ast.AST] = [tree]
    while level:
        node = level.pop()
        yield node
        if not isinstance(node, (*_FUNCTIONS, ast.Lambda)):
            level.extend(ast.iter_child_nodes(node))


def _bound_otherwise(node: ast.AST) -> Iterator[str]:
    """The names that a node binds to anything but an imported module."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.ExceptHandler)) and node.name:
        yield node.name

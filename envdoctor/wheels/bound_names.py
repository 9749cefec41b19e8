"""Which names a Python module has once it was imported, by its text; nothing is run.

The answer is a superset of the truth, or none at all: a module that may get names in a way that its text does not show
(PEP 562's `__getattr__`, `globals()`, a place in `sys.modules`) is not judged.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.support.syntax import parse_python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envdoctor.wheels.module_index import ModuleIndex

_MOST_TEXT = 1 << 20
_MOST_IMPORTED = 40
_DEEPEST = 6  # of modules whose names are taken over by `import *`
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_MAKERS = frozenset({"globals", "vars", "locals", "exec", "setattr", "__import__"})
_HOOKS = frozenset({"__path__", "meta_path", "path_hooks", "modules"})
#: What every module has (reference manual, "Import-related attributes on module objects").
_ALWAYS = frozenset({
    "__name__", "__doc__", "__file__", "__path__", "__spec__", "__loader__", "__package__", "__cached__", "__dict__",
    "__builtins__", "__annotations__", "__class__",
})  # fmt: skip


class BoundNames:
    """The names in the modules of one wheel."""

    def __init__(self, index: ModuleIndex, read: Callable[[str], str]) -> None:
        """`read` gives the text of a member."""
        self._index = index
        self._read = read
        self._trees: dict[str, ast.Module | None] = {}

    def lacks_module(self, module: str) -> bool:
        """Whether importing a module certainly finds none: a package above it is there, and knows no other way."""
        if self._index.exists(module):
            return False
        above = module.rpartition(".")[0]
        while above and not self._index.exists(above):
            above = above.rpartition(".")[0]
        packages = [".".join(above.split(".")[: depth + 1]) for depth in range(above.count(".") + 1)]
        # A namespace package has no text; of the last one only a package's own `__init__` says what it holds.
        return bool(above) and all(
            self._is_plain_package(package)
            for package in packages
            if package == above or self._index.find(package) is not None
        )

    def lacks(self, module: str, name: str) -> bool:
        """Whether a module that is there certainly has no such name, nor a submodule of it."""
        submodule = f"{module}.{name}"
        if name in _ALWAYS or self._index.exists(submodule):
            return False
        if self._index.is_package(module) and not self.lacks_module(submodule):
            return False
        names = self._names(module, _DEEPEST)
        return names is not None and name not in names

    def _is_plain_package(self, package: str) -> bool:
        """Whether a package has an `__init__` that does nothing to how modules are found."""
        tree = self._tree(package) if self._index.is_package(package) else None
        return tree is not None and not any(map(_is_hook, ast.walk(tree))) and not self._imports_hooks(tree, package)

    def _imports_hooks(self, tree: ast.Module, module: str) -> bool:
        """Whether a module of the wheel that a module imports does something to how modules are found."""
        found: set[str] = set()
        for node in _at_module_level(tree):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                source = self._source(node, module)
                found.update((source, *(f"{source}.{alias.name}" for alias in node.names)))
        own = [name for name in found if name != module and self._index.find(name)]
        trees = [self._tree(name) for name in own[:_MOST_IMPORTED]]
        return len(own) > _MOST_IMPORTED or any(_is_hook(node) for each in trees if each for node in ast.walk(each))

    def _names(self, module: str, depth: int) -> frozenset[str] | None:
        tree = self._tree(module)
        if tree is None or not depth or any(_is_hook(node) or _makes_names(node) for node in ast.walk(tree)):
            return None
        found: set[str] = set()
        for node in _at_module_level(tree):
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
                taken = self._names(self._source(node, module), depth - 1)
                if taken is None:
                    return None
                found |= taken
            else:
                found.update(_bound(node))
        found.update(name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names)
        return _with_answers(tree, found)

    def _source(self, statement: ast.ImportFrom, module: str) -> str:
        """The absolute name of what `from ... import *` takes from."""
        if not statement.level:
            return statement.module or ""
        parts = module.split(".") if self._index.is_package(module) else module.split(".")[:-1]
        above = parts[: len(parts) - statement.level + 1]
        return ".".join([*above, statement.module] if statement.module else above)

    def _tree(self, module: str) -> ast.Module | None:
        """The syntax tree; None for what is no readable Python text of this wheel."""
        if module not in self._trees:
            member = self._index.find(module)
            self._trees[module] = _parsed(self._read, member) if member and member.endswith(".py") else None
        return self._trees[module]


def _parsed(read: Callable[[str], str], member: str) -> ast.Module | None:
    try:
        text = read(member)
        return parse_python(text) if len(text) <= _MOST_TEXT else None
    except Unreadable:
        return None


def _at_module_level(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes that run in the module's own scope."""
    level: list[ast.AST] = list(tree.body)
    while level:
        node = level.pop()
        yield node
        if not isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.Lambda)):
            level.extend(ast.iter_child_nodes(node))


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a node binds."""
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        yield node.name
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, (ast.MatchAs, ast.MatchStar, ast.ExceptHandler)) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest


def _with_answers(tree: ast.Module, names: set[str]) -> frozenset[str] | None:
    """Names with those that the module's `__getattr__` (PEP 562) answers to; None where that can't be told."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "__getattr__"]
    if len(functions) != ("__getattr__" in names):  # bound in another way, or more than once
        return None
    for function in functions:
        answers = _answers(function)
        if answers is None:
            return None
        names |= answers
    return frozenset(names)


def _answers(function: ast.FunctionDef) -> set[str] | None:
    """The names that a function compares its argument with, and else raises; None if it does more with it than that."""
    argument = function.args.args[0].arg if function.args.args else ""
    compared = [node for node in ast.walk(function) if isinstance(node, ast.Compare)]
    spared = {id(inner) for node in compared for inner in ast.walk(node)}
    telling = [node for node in ast.walk(function) if isinstance(node, (ast.JoinedStr, ast.Raise))]
    spared |= {id(inner) for node in telling for inner in ast.walk(node)}
    uses = [node for node in ast.walk(function) if isinstance(node, ast.Name) and node.id == argument]
    constants = {inner.value for node in compared for inner in ast.walk(node) if isinstance(inner, ast.Constant)}
    named = {inner.id for node in compared for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    raises = isinstance(function.body[-1], ast.Raise)
    if not raises or named - {argument} or any(id(node) not in spared for node in uses):
        return None
    return {constant for constant in constants if isinstance(constant, str)}


def _makes_names(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in _MAKERS


def _is_hook(node: ast.AST) -> bool:
    """Whether an expression reaches for what decides how modules are found, or what a module is."""
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    imported = [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) else []
    becomes = name == "__class__" and not isinstance(getattr(node, "ctx", None), ast.Load)
    return becomes or name in _HOOKS or not _HOOKS.isdisjoint(imported)

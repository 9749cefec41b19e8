"""Reads a Python module, without running it, for what importing it would load: modules and native libraries, in order.

What a function's body does counts only if the module calls the function while it is imported. A condition on the
platform is decided for the platform asked about; where one branch of any other must run, both are followed.
"""

from __future__ import annotations

import ast
import enum
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.target import System
from envdoctor.wheels.conditions import truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envdoctor.core.target import Target

_LIBRARY_NAME = re.compile(r"(?:.*[/\\])?([^/\\]+\.(?:so(?:\.[0-9.]+)?|dylib|dll|pyd))", re.IGNORECASE)
_FORGIVING = {"ImportError", "ModuleNotFoundError", "OSError", "Exception", "BaseException"}
_MOST_SOURCE = 4 << 20
_ADDS_FOLDER = "add_dll_directory"
#: The fields in which a statement holds further statements, or what holds them (PEP 634's cases, `except` clauses).
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


class ActionKind(enum.Enum):
    """What importing a module does."""

    IMPORT = "import"
    LOAD = "load"  # a native library, by ctypes or another call that names it
    ADD_FOLDER = "add folder"  # os.add_dll_directory: where Windows looks for libraries


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One step of importing a module.

    Attributes:
        kind: of the step.
        name: the absolute name of a module, or the file name of a library; "" for a folder.
        optional: the module goes on without it: in a `try` that forgives, or under a condition that may not hold.
        attribute: for `from name import attribute`: a submodule of `name`, if there is one of that name.
    """

    kind: ActionKind
    name: str
    optional: bool = False
    attribute: str = ""


def import_actions(source: str, module: str, *, is_package: bool, target: Target) -> tuple[Action, ...]:
    """What importing a module does, in order.

    Args:
        source: its text.
        module: its absolute name.
        is_package: whether it is the `__init__` of a package, from which relative imports start.
        target: decides conditions on the platform and on Python's version.

    Raises:
        Unreadable: not Python, or too large to be a module.
    """
    if len(source) > _MOST_SOURCE:
        raise Unreadable(f"{module}: a module of {len(source)} characters")
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Unreadable(f"{module} is not Python that can be read: {error}") from error
    package = module if is_package else module.rpartition(".")[0]
    # Those at the top win over those in a branch or in a function, which come later in the walk.
    functions = {function.name: function for function in reversed(list(_functions(tree.body)))}
    reader = _Reader(package, target, functions)
    actions = tuple(reader.block(tree.body))
    # A module that can add folders does so while it is imported, or is called by whoever imports it.
    adds = target.platform.system is System.WINDOWS and _ADDS_FOLDER in source
    return (Action(kind=ActionKind.ADD_FOLDER, name=""), *actions) if adds else actions


def _functions(body: Iterable[ast.AST]) -> Iterator[ast.FunctionDef]:
    """The functions among statements and in their blocks, level by level; expressions hold none."""
    level = list(body)
    while level:
        yield from (node for node in level if isinstance(node, ast.FunctionDef))
        level = [inner for node in level for block in _BLOCKS for inner in getattr(node, block, ())]


class _Reader:
    """Turns statements into actions; keeps the functions of the module, each of which is entered once."""

    def __init__(self, package: str, target: Target, functions: dict[str, ast.FunctionDef]) -> None:
        self._package = package
        self._target = target
        self._functions = functions
        self._entered: set[str] = set()

    def block(self, statements: Iterable[ast.stmt]) -> Iterator[Action]:
        for statement in statements:
            yield from self._statement(statement)

    def _statement(self, statement: ast.stmt) -> Iterator[Action]:
        if isinstance(statement, ast.Import):
            yield from (Action(kind=ActionKind.IMPORT, name=alias.name) for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            yield from self._import_from(statement)
        elif isinstance(statement, ast.If):
            yield from self._condition(statement)
        elif isinstance(statement, ast.Try):
            yield from self._attempt(statement)
        elif isinstance(statement, (ast.With, ast.For, ast.While)):
            yield from self._expressions(statement)
            forgiving = isinstance(statement, ast.With) and any(_suppresses(item) for item in statement.items)
            yield from _made_optional(self.block(statement.body), forgiving)
            yield from self.block(getattr(statement, "orelse", ()))
        elif isinstance(statement, ast.ClassDef):
            yield from self.block(statement.body)
        elif not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from self._expressions(statement)

    def _import_from(self, statement: ast.ImportFrom) -> Iterator[Action]:
        base = statement.module or ""
        if statement.level:
            above = self._above(statement.level)
            base = ".".join([*above, base] if base else above)
        for alias in statement.names:
            yield Action(kind=ActionKind.IMPORT, name=base, attribute=alias.name)

    def _condition(self, statement: ast.If) -> Iterator[Action]:
        value = truth(statement.test, self._target)
        may_be_skipped = value is None and not statement.orelse
        if value is not False:
            yield from _made_optional(self.block(statement.body), may_be_skipped)
        if value is not True:
            yield from self.block(statement.orelse)

    def _attempt(self, statement: ast.Try) -> Iterator[Action]:
        forgiving = any(_forgives(handler) for handler in statement.handlers)
        yield from _made_optional(self.block(statement.body), forgiving)
        for handler in statement.handlers:
            yield from _made_optional(self.block(handler.body), forgiving=True)
        yield from self.block(statement.orelse)
        yield from self.block(statement.finalbody)

    def _expressions(self, statement: ast.stmt) -> Iterator[Action]:
        """The calls in a statement's own expressions."""
        fields = (getattr(statement, name, None) for name in statement._fields if name not in {"body", "orelse"})
        for field in fields:
            for node in field if isinstance(field, list) else [field]:
                if isinstance(node, ast.AST):
                    yield from self._calls(node)

    def _calls(self, expression: ast.AST) -> Iterator[Action]:
        calls = [node for node in ast.walk(expression) if isinstance(node, ast.Call)]
        found = [action for call in calls for action in self._call(call)]
        yield from dict.fromkeys(found)  # a call in a call names the same library twice

    def _call(self, call: ast.Call) -> Iterator[Action]:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        constants = [node for argument in call.args for node in ast.walk(argument) if isinstance(node, ast.Constant)]
        words = [node.value for node in constants if isinstance(node.value, str)]
        if name in {"import_module", "__import__"} and words:
            yield Action(kind=ActionKind.IMPORT, name=self._absolute(words[0]))
        for match in filter(None, map(_LIBRARY_NAME.fullmatch, words)):
            yield Action(kind=ActionKind.LOAD, name=match[1])
        function = self._functions.get(name) if isinstance(call.func, ast.Name) else None
        if function and name not in self._entered:
            self._entered.add(name)
            yield from self.block(function.body)

    def _absolute(self, name: str) -> str:
        """A module's name as importlib.import_module takes it, with leading dots."""
        relative = name.lstrip(".")
        dots = len(name) - len(relative)
        return ".".join([*self._above(dots), relative]) if dots else name

    def _above(self, dots: int) -> list[str]:
        """The package that so many dots lead to: one is the module's own."""
        parts = self._package.split(".")
        return parts[: len(parts) - dots + 1]


def _made_optional(actions: Iterator[Action], forgiving: bool) -> Iterator[Action]:  # noqa: FBT001 - a filter's switch
    return (replace(action, optional=True) for action in actions) if forgiving else actions


def _forgives(handler: ast.ExceptHandler) -> bool:
    """Whether a handler takes a failed import and does not raise again."""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {getattr(each, "id", getattr(each, "attr", "BaseException")) for each in caught}
    raises = any(isinstance(node, ast.Raise) for statement in handler.body for node in ast.walk(statement))
    return bool(names & _FORGIVING) and not raises


def _suppresses(item: ast.withitem) -> bool:
    call = item.context_expr
    if not isinstance(call, ast.Call):
        return False
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    return name == "suppress" and any(getattr(each, "id", "") in _FORGIVING for each in call.args)

"""Reads a Python module, without running it, for what importing it would load: modules and native libraries, in order.

What a function's body does counts only if the module calls the function while it is imported. A condition on the
platform is decided for the platform asked about; where one branch of any other must run, both are followed.
"""

from __future__ import annotations

import ast
import enum
import re
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.target import System
from envdoctor.support.syntax import parse_python
from envdoctor.wheels.conditions import truth
from envdoctor.wheels.module_aliases import ModuleAliases
from envdoctor.wheels.statements import (
    always_raises,
    catches,
    catches_lookup,
    forgives,
    may_leave,
    may_raise,
    suppresses,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from envdoctor.core.target import Target

_LIBRARY_NAME = re.compile(r"(?:.*[/\\])?([^/\\]+\.(?:so(?:\.[0-9.]+)?|dylib|dll|pyd))", re.IGNORECASE)
_MOST_SOURCE = 4 << 20
_ADDS_FOLDER = "add_dll_directory"
# Calls that load a native library: of ctypes, of cffi, and of packages that wrap them.
_LOADERS = frozenset({"CDLL", "PyDLL", "WinDLL", "OleDLL", "LoadLibrary", "dlopen", "load_library"})
# Calls that name a file without loading it.
_INERT = frozenset({"exists", "isfile", "isdir", "is_file", "lexists", "join", "joinpath", "Path", "glob", "append"})
_SEARCHERS = frozenset({"find_library", "find_msvcrt"})  # they look among the system's libraries
#: What modules were found to do: of a table's cells, most look at the same wheels.
_known: dict[tuple[bytes, str, Target], tuple[Action, ...]] = {}
_MOST_KNOWN = 10_000
#: The fields in which a statement holds further statements, or what holds them (PEP 634's cases, `except` clauses).
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


class ActionKind(enum.Enum):
    """What importing a module does."""

    IMPORT = "import"
    LOAD = "load"  # a native library, by ctypes or another call that names it
    LOAD_COMPUTED = "load computed"  # the same, where the call does not say which
    USE = "use"  # an attribute of an imported module is read
    SET = "set"  # ... or given to it, so that it has it from then on
    ADD_FOLDER = "add folder"  # os.add_dll_directory: where Windows looks for libraries


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One step of importing a module.

    Attributes:
        kind: of the step.
        name: the absolute name of a module, or the file name of a library; "" for a folder.
        optional: the module goes on without it: in a `try` that forgives, or under a condition that may not hold.
        attribute: for `from name import attribute`: a submodule of `name`, if there is one of that name; or the
            attribute that is used or set.
        certain: False where it may not come so far: in one of several branches, in a loop, after a possible `return`.
        instead_of: the step is certain, and not optional, where none of these modules can be imported.
    """

    kind: ActionKind
    name: str
    optional: bool = False
    attribute: str = ""
    certain: bool = True
    instead_of: tuple[str, ...] = ()


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
    package = module if is_package else module.rpartition(".")[0]
    key = blake2b(source.encode("utf-8", "surrogatepass"), digest_size=16).digest(), package, target
    if key not in _known:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[key] = _read(source, module, package, target)
    return _known[key]


def _read(source: str, module: str, package: str, target: Target) -> tuple[Action, ...]:
    try:
        tree = parse_python(source)
    except Unreadable as error:
        raise Unreadable(f"{module} is {error}") from error
    # Those at the top win over those in a branch or in a function, which come later in the walk.
    functions = {function.name: function for function in reversed(list(_functions(tree.body)))}
    aliases = ModuleAliases(tree, target)
    top = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    reader = _Reader(package, target, functions, top, aliases)
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

    def __init__(
        self,
        package: str,
        target: Target,
        functions: dict[str, ast.FunctionDef],
        top: Collection[str],
        aliases: ModuleAliases,
    ) -> None:
        self._package = package
        self._target = target
        self._functions = functions
        self._top = top
        self._aliases = aliases
        self._entered: set[str] = set()
        # Whether a later statement of the block may raise: then a failure that is forgiven here is counted there.
        self._raises_later = False
        self._is_heard = False

    def block(self, statements: Sequence[ast.stmt]) -> Iterator[Action]:
        outer, certain = self._raises_later, True
        last_raising = max((index for index, each in enumerate(statements) if may_raise(each)), default=-1)
        for index, statement in enumerate(statements):
            self._raises_later = outer or index < last_raising
            yield from _weakened(self._statement(statement), uncertain=not certain)
            certain = certain and not may_leave(statement)
        self._raises_later = outer

    def _statement(self, statement: ast.stmt) -> Iterator[Action]:
        if isinstance(statement, ast.Import):
            yield from (Action(kind=ActionKind.IMPORT, name=alias.name) for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            yield from self._import_from(statement)
        elif isinstance(statement, ast.If):
            yield from self._condition(statement)
        elif isinstance(statement, ast.Try):
            yield from self._attempt(statement)
        elif isinstance(statement, (ast.For, ast.While, ast.With)):
            yield from self._expressions(statement)
            yield from self._loop(statement) if not isinstance(statement, ast.With) else self._context(statement)
        else:
            yield from self._expressions(statement)
            if isinstance(statement, ast.ClassDef):
                yield from self.block(statement.body)

    def _import_from(self, statement: ast.ImportFrom) -> Iterator[Action]:
        base = statement.module or ""
        if statement.level:
            above = self._above(statement.level)
            base = ".".join([*above, base] if base else above)
        for alias in statement.names:
            yield Action(kind=ActionKind.IMPORT, name=base, attribute=alias.name)

    def _condition(self, statement: ast.If) -> Iterator[Action]:
        value = truth(statement.test, self._target)
        unknown = value is None
        yield from self._tested(statement)
        if value is not False:
            yield from _weakened(
                self.block(statement.body), optional=unknown and not statement.orelse, uncertain=unknown
            )
        if value is not True:
            yield from _weakened(self.block(statement.orelse), uncertain=unknown)

    def _loop(self, statement: ast.For | ast.While) -> Iterator[Action]:
        yield from _weakened(self.block(statement.body), uncertain=True)
        yield from _weakened(self.block(statement.orelse), uncertain=True)

    def _context(self, statement: ast.With) -> Iterator[Action]:
        yield from _weakened(self.block(statement.body), optional=any(map(suppresses, statement.items)))

    def _tested(self, statement: ast.If) -> Iterator[Action]:
        """What the condition itself does; `if not load(): raise` hears of what `load` forgives."""
        outer, self._is_heard = self._is_heard, may_raise(statement)
        yield from self._calls(statement.test)
        self._is_heard = outer

    def _attempt(self, statement: ast.Try) -> Iterator[Action]:
        forgiving = any(forgives(handler) for handler in statement.handlers)
        handled = any(catches(handler) and not always_raises(handler) for handler in statement.handlers)
        spared = _LOADS if self._raises_later else ()
        body = list(self.block(statement.body))
        if any(catches_lookup(handler) and not always_raises(handler) for handler in statement.handlers):
            body = [action for action in body if action.kind is not ActionKind.USE]
        yield from _weakened(iter(body), optional=forgiving, uncertain=handled, spared=spared)
        first = next((each.name for each in body if each.kind is ActionKind.IMPORT and each.certain), "")
        for handler in statement.handlers:
            instead = first if catches(handler) else ""
            yield from _fallback(self.block(handler.body), instead)
        yield from _weakened(self.block(statement.orelse), uncertain=handled)
        yield from self.block(statement.finalbody)

    def _expressions(self, statement: ast.stmt) -> Iterator[Action]:
        """What a statement's own expressions do."""
        for expression in self._aliases.evaluated(statement):
            yield from self._calls(expression)

    def _calls(self, expression: ast.AST) -> Iterator[Action]:
        nodes = list(ast.walk(expression))
        found = [self._used(node) for node in nodes if isinstance(node, ast.Attribute) and self._aliases.module(node)]
        found += [action for call in nodes if isinstance(call, ast.Call) for action in self._call(call)]
        # A call in a call names the same library twice.
        yield from _weakened(iter(dict.fromkeys(found)), uncertain=any(isinstance(node, _CHOICES) for node in nodes))

    def _call(self, call: ast.Call) -> Iterator[Action]:
        name = _called(call)
        inner = [node for argument in call.args for node in ast.walk(argument)]
        words = [node.value for node in inner if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        if name in {"import_module", "__import__"} and words:
            yield Action(kind=ActionKind.IMPORT, name=self._absolute(words[0]))
        named = [match[1] for match in map(_LIBRARY_NAME.fullmatch, words) if match]
        if len(named) == 1 and name not in _INERT:
            yield Action(kind=ActionKind.LOAD, name=named[0])
        elif name in _LOADERS and (named or _is_computed(call, inner)):
            yield Action(kind=ActionKind.LOAD_COMPUTED, name="")
        function = self._functions.get(name) if isinstance(call.func, ast.Name) else None
        if function and name not in self._entered:
            self._entered.add(name)
            outer, self._raises_later = self._raises_later, self._is_heard
            with self._aliases.hidden_by(function):
                # Of a function that stands in a branch there may be another of that name, or an import.
                yield from _weakened(self.block(function.body), uncertain=name not in self._top)
            self._raises_later = outer

    def _used(self, node: ast.Attribute) -> Action:
        kind = ActionKind.USE if isinstance(node.ctx, ast.Load) else ActionKind.SET
        return Action(kind=kind, name=self._aliases.module(node), attribute=node.attr)

    def _absolute(self, name: str) -> str:
        """A module's name as importlib.import_module takes it, with leading dots."""
        relative = name.lstrip(".")
        dots = len(name) - len(relative)
        return ".".join([*self._above(dots), relative]) if dots else name

    def _above(self, dots: int) -> list[str]:
        """The package that so many dots lead to: one is the module's own."""
        parts = self._package.split(".")
        return parts[: len(parts) - dots + 1]


#: Of a failed attempt to load a library the caller may hear by an exception of its own, raised later.
_LOADS = (ActionKind.LOAD, ActionKind.LOAD_COMPUTED)
_CHOICES = (ast.Lambda, ast.IfExp, ast.BoolOp, ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp)


def _weakened(
    actions: Iterator[Action],
    *,
    optional: bool = False,
    uncertain: bool = False,
    spared: Collection[ActionKind] = (),
) -> Iterator[Action]:
    """Actions in a place where they may fail unnoticed, or may not happen; kinds that are spared can't be optional."""
    if not optional and not uncertain:
        return actions
    return (
        replace(
            action,
            optional=action.optional or (optional and action.kind not in spared),
            certain=action.certain and not uncertain and not optional,
            instead_of=(),
        )
        for action in actions
    )


def _fallback(actions: Iterator[Action], failed: str) -> Iterator[Action]:
    """Actions that happen only if a module can't be imported; if ever, where none is named."""
    for action in actions:
        sure = (action.certain and not action.optional) or action.instead_of
        instead_of = (failed, *action.instead_of) if failed and sure else ()
        yield replace(action, optional=True, certain=False, instead_of=instead_of)


def _called(call: ast.Call) -> str:
    """The last part of the name of what is called; "" where it has none."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_computed(call: ast.Call, inner: list[ast.AST]) -> bool:
    """Whether a loader's argument is worked out from something other than the system's libraries."""
    looks = any(isinstance(node, ast.Call) and _called(node) in _SEARCHERS for node in inner)
    return bool(call.args) and not isinstance(call.args[0], ast.Constant) and not looks

"""What the text of a piece of code says of modules that it changes whenever it is run: their names, and their finders.

Code changes a module that it was not handed by getting hold of it itself: by an import, `sys.modules`, `import_module`
or `__import__`. Names are followed from there through the assignments of the code.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from envdoctor.core.frozen import frozen
from envdoctor.imports.nodes import every_node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    ByType = Mapping[type[ast.AST], Sequence[Any]]

_GETTERS = frozenset({"modules", "import_module", "__import__"})
_SETTERS = frozenset({"setattr", "delattr"})
_SETTING_METHODS = frozenset({"__setattr__", "__delattr__"})
_FINDERS = frozenset({"meta_path", "path_hooks", "__path__"})
_SEARCHED = _FINDERS | {"path", "modules"}
_READING = frozenset({"get", "keys", "items", "values", "index", "count", "copy"})
_WORDS = _SETTERS | _SETTING_METHODS | _FINDERS | {"globals", "exec", "eval", "vars", "__dict__"}
#: Functions that make something of the items of what they are given.
_COPIERS = frozenset({"sorted", "list", "tuple", "set", "frozenset", "len", "any", "all"})
#: Functions that only read what they are given.
_READERS = frozenset({
    "iter_modules", "walk_packages", "list", "tuple", "set", "sorted", "len", "iter", "next", "str", "repr", "print",
    "any", "all", "id",
})  # fmt: skip


@frozen
class ModuleChanges:
    """What a piece of code may do to modules.

    Attributes:
        names: that it may give to any module.
        own: whether it may bind names of its own module that its text does not show.
        anywhere: whether it may do so in modules that it looks up.
        named: then, the modules that its imports and its strings name; in its own module its names may hold more.
        exposes: whether text that is made when it runs may get hold of what its module's names hold.
        finders: whether it may change how modules are found.
        ahead: whether it does more than to add finders that come last.
    """

    names: frozenset[str]
    own: bool
    anywhere: bool
    named: frozenset[str]
    exposes: bool
    finders: bool
    ahead: bool


@dataclass(slots=True)
class _Code:
    """Code taken apart.

    Attributes:
        by_type: its nodes.
        read: the ids of expressions that are only read from.
        gotten: names, and attributes, that may hold a module which the code looks up itself.
        asked: the ids of expressions that are the name which a module's `__getattr__` (PEP 562) is asked for: where it
            keeps what it answers, nothing has a name that it refuses.
    """

    by_type: ByType
    read: set[int] = field(default_factory=set)
    gotten: set[str] = field(default_factory=set)
    asked: set[int] = field(default_factory=set)

    def of(self, *kinds: type[ast.AST]) -> Iterator[Any]:
        """The nodes of some kinds."""
        for kind in kinds:
            yield from self.by_type.get(kind, ())


def module_changes(by_type: ByType) -> ModuleChanges | None:
    """What code does to modules, from its nodes by their type; None for nothing."""
    words = {each.id for each in by_type.get(ast.Name, ())} | {each.attr for each in by_type.get(ast.Attribute, ())}
    searches = not words.isdisjoint(_SEARCHED - _FINDERS) and any("sys" in each for each in words)
    if words.isdisjoint(_WORDS) and not searches:
        return None
    code = _Code(by_type)
    code.read.update(map(id, _read(code)))
    code.gotten = _gotten(code)
    code.asked.update(_asked(code))
    code.read.update(
        id(each.value)
        for each in code.of(ast.Subscript)
        if id(each.slice) in code.asked and getattr(each.value, "attr", "") not in _SEARCHED
    )
    names: set[str] = set()
    anywhere = _sets_any(code, names)
    texts = [each for each in code.of(ast.Call) if _called(each) in {"exec", "eval"}]
    bare = _bare(code, "exec")
    finding = [each for each in code.of(ast.Attribute) if each.attr in _SEARCHED and _finds(each, code)]
    last = {id(each.func.value) for each in code.of(ast.Call) if getattr(each.func, "attr", "") == "append"}
    return ModuleChanges(
        own=bare or _binds_globals(code, names) or any(_called(each) == "exec" and _is_alone(each) for each in texts),
        names=frozenset(names),
        anywhere=anywhere,
        named=frozenset(_named(code)) if anywhere else frozenset(),
        exposes=_bare(code, "eval") or any(map(_is_alone, texts)),
        finders=bool(finding),
        ahead=any(each.attr != "meta_path" or id(each) not in last for each in finding),
    )


def _asked(code: _Code) -> Iterator[int]:
    """The expressions of a `__getattr__` that are its only parameter, which it binds to nothing else."""
    for each in code.of(ast.FunctionDef):
        parameters = [*each.args.posonlyargs, *each.args.args]
        if each.name == "__getattr__" and len(parameters) == 1:
            names = [node for node in every_node(each) if isinstance(node, ast.Name) and node.id == parameters[0].arg]
            if all(isinstance(node.ctx, ast.Load) for node in names):
                yield from map(id, names)


def _named(code: _Code) -> Iterator[str]:
    """The modules that imports and strings may name; relative ones are of the code's own package."""
    for each in code.of(ast.Import):
        yield from (alias.name for alias in each.names)
    for each in code.of(ast.ImportFrom):
        if each.module and not each.level:
            yield each.module
            yield from (f"{each.module}.{alias.name}" for alias in each.names)
    yield from (each.value for each in code.of(ast.Constant) if isinstance(each.value, str))


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _is_alone(call: ast.Call) -> bool:
    """Whether text is run among the names at hand: no namespaces are given."""
    return len(call.args) < 2 and not call.keywords  # noqa: PLR2004 - the text, and its namespace


def _bare(code: _Code, name: str) -> bool:
    """Whether a function is handed on rather than called."""
    called = {id(each.func) for each in code.of(ast.Call)}
    return any(each.id == name and id(each) not in called for each in code.of(ast.Name))


def read_from(by_type: ByType) -> Iterator[ast.AST]:
    """Expressions of which only items, or what they are made of, are asked for."""
    for each in (*by_type.get(ast.Subscript, ()), *by_type.get(ast.Attribute, ())):
        if isinstance(each.ctx, ast.Load) and (isinstance(each, ast.Subscript) or each.attr in _READING):
            yield each.value
    for each in by_type.get(ast.Compare, ()):
        yield from (each.left, *each.comparators)
    for each in (*by_type.get(ast.For, ()), *by_type.get(ast.comprehension, ())):
        yield each.iter
    for each in by_type.get(ast.Call, ()):
        if _called(each) in _COPIERS:
            yield from each.args


def _read(code: _Code) -> Iterator[ast.AST]:
    """The same, and what is handed to functions that do no more."""
    yield from read_from(code.by_type)
    for each in code.of(ast.Call):
        name = each.func.attr if isinstance(each.func, ast.Attribute) else _called(each)
        if name in _READERS:
            yield from each.args
        elif name == "__import__":  # looks up where it is called from, no more
            yield from each.args[1:]


def _bindings(code: _Code) -> Iterator[tuple[list[ast.AST], ast.AST]]:
    """Targets, and what they get."""
    for each in code.of(ast.Assign):
        yield each.targets, each.value
    for each in code.of(ast.AnnAssign, ast.NamedExpr):
        if each.value is not None:
            yield [each.target], each.value
    for each in code.of(ast.For, ast.comprehension):
        yield [each.target], each.iter
    for each in code.of(ast.withitem):
        if each.optional_vars is not None:
            yield [each.optional_vars], each.context_expr


def _gotten(code: _Code) -> set[str]:
    found = {
        alias.asname or alias.name.partition(".")[0]
        for each in code.of(ast.Import, ast.ImportFrom)
        for alias in each.names
    }
    waiting = [(set(_targets(targets)), _words(value)) for targets, value in _bindings(code)]
    waiting += [({each.name}, _words(each)) for each in code.of(ast.FunctionDef) if not _is_outermost(each, code)]
    grows = True
    while grows:
        grows = False
        for names, words in waiting:
            if not names <= found and not (words.isdisjoint(found) and words.isdisjoint(_GETTERS)):
                found |= names
                grows = True
    return found


def _is_outermost(node: ast.AST, code: _Code) -> bool:
    return node is code.by_type.get(type(node), [None])[0]


def _targets(targets: Iterable[ast.AST]) -> Iterator[str]:
    for target in targets:
        if isinstance(target, ast.Attribute):
            yield target.attr
        elif isinstance(target, ast.Subscript):
            yield from _targets([target.value])
        elif isinstance(target, ast.Name):
            yield target.id
        else:
            yield from _targets(ast.iter_child_nodes(target))


def _mentions(node: ast.AST, gotten: set[str]) -> bool:
    """Whether an expression may come to a module that the code got hold of."""
    words = _words(node)
    return not (words.isdisjoint(gotten) and words.isdisjoint(_GETTERS))


def _words(node: ast.AST) -> set[str]:
    """The names and attributes in an expression."""
    nodes = every_node(node)
    return {each.id for each in nodes if isinstance(each, ast.Name)} | {
        each.attr for each in nodes if isinstance(each, ast.Attribute)
    }


def _sets_any(code: _Code, names: set[str]) -> bool:
    """Whether a name that is not known may be given to a module that the code got hold of; adds those that are."""
    found = False
    for call in code.of(ast.Call):
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if _called(call) in _SETTERS or method in _SETTING_METHODS:
            about = [call.func.value, *call.args[:1]] if method else call.args[:1]
            known = [each.value for each in call.args[:2] if isinstance(each, ast.Constant)]
            if known:
                names.update(each for each in known if isinstance(each, str))
            elif code.asked.isdisjoint(map(id, call.args[1:2])):
                found |= not call.args or any(_mentions(each, code.gotten) for each in about)
        elif _called(call) == "vars" and call.args and id(call) not in code.read:
            found |= _mentions(call.args[0], code.gotten)
    for each in code.of(ast.Attribute):
        if each.attr == "__dict__" and id(each) not in code.read:
            found |= _mentions(each.value, code.gotten)
    return found or (bool(code.gotten) and any(_bare(code, name) for name in _SETTERS))


def _binds_globals(code: _Code, names: set[str]) -> bool:
    """Whether `globals()` is more than read from and given names that are known, which are added."""
    calls = [each for each in code.of(ast.Call) if _called(each) == "globals"]
    given: set[int] = set()
    for each in code.of(ast.Subscript):
        if not isinstance(each.ctx, ast.Load) and isinstance(each.slice, ast.Constant):
            given.add(id(each.value))
            names.add(str(each.slice.value))
    return _bare(code, "globals") or any(id(each) not in code.read | given for each in calls)


def _finds(node: ast.Attribute, code: _Code) -> bool:
    """Whether an expression is a part of what decides how modules are found, and is more than read."""
    if node.attr not in _FINDERS and not (isinstance(node.value, ast.Name) and "sys" in node.value.id):
        return False
    return not isinstance(node.ctx, ast.Load) or id(node) not in code.read

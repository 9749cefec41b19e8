"""What the text of a function or a class says of its names, before anything is known of their values."""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import field
from typing import TYPE_CHECKING, Any

from envdoctor.core.frozen import frozen
from envdoctor.imports.module_changes import module_changes, read_from
from envdoctor.imports.nodes import add_children, every_node

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from envdoctor.imports.module_changes import ModuleChanges
    from envdoctor.imports.values import Place

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_DEFINITIONS = (*FUNCTIONS, ast.ClassDef)
COMPREHENSIONS = (ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp)


@frozen
class Scope:
    """Where code runs: which names it sees.

    Attributes:
        module: whose names are seen last, before Python's own.
        package: from which relative imports start.
        frame: the place of a function's own names; None outside of functions.
        local: the names that are the function's own.
        outer: the places of the functions around it, the nearest first.
        body: the place of the names of a class whose body runs.
        shared: names that `global` or `nonlocal` declares, with the places they belong to.
    """

    module: str
    package: str
    frame: Place | None = None
    local: frozenset[str] = frozenset()
    outer: tuple[Place, ...] = ()
    body: Place | None = None
    shared: dict[str, Place] = field(default_factory=dict)

    @property
    def places(self) -> tuple[Place, ...]:
        """The functions that one defined here sees, the nearest first."""
        return self.outer if self.frame is None else (self.frame, *self.outer)


@frozen
class Mentions:
    """What a piece of code may touch whenever it is run.

    Attributes:
        names: that it reads.
        bare: those of them that it gives out of hand, rather than look for an attribute of.
        used: those of which it does more than ask for items.
        shared: that it binds outside of itself.
        attributes: that it may give to anything.
        changes: what it may do to modules; None for nothing.
    """

    names: frozenset[str]
    bare: frozenset[str]
    used: frozenset[str]
    shared: frozenset[str]
    attributes: frozenset[str]
    changes: ModuleChanges | None


def own_nodes(body: Sequence[ast.AST]) -> list[ast.AST]:
    """The nodes that run in the scope of these: not those in functions, classes and comprehensions."""
    found = list(body)
    for each in found:  # which grows meanwhile
        if isinstance(each, _DEFINITIONS):
            found += each.decorator_list if not isinstance(each, ast.Lambda) else []
        elif isinstance(each, COMPREHENSIONS):
            found += [inner for inner in every_node(each) if isinstance(inner, ast.NamedExpr)]
        else:
            add_children(each, found)
    return found


def bound_names(node: ast.AST) -> Iterator[str]:
    """The names that a node binds in its scope."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, ast.NamedExpr):
        yield node.target.id
    elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, (ast.MatchAs, ast.MatchStar, ast.ExceptHandler)) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest


def parameters(arguments: ast.arguments) -> list[str]:
    """All parameters of a function."""
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
    return [each.arg for each in every]


def declared(node: ast.AST, kind: type[ast.Global | ast.Nonlocal]) -> set[str]:
    """The names that `global` or `nonlocal` declares in a function or a class itself."""
    body = node.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) else []
    return {name for inner in own_nodes(body) if isinstance(inner, kind) for name in inner.names}


def local_names(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> frozenset[str]:
    """The names that are a function's own."""
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    found = set(parameters(node.args))
    found.update(name for inner in own_nodes(body) for name in bound_names(inner))
    return frozenset(found - declared(node, ast.Global) - declared(node, ast.Nonlocal))


def is_generator(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> bool:
    """Whether a call of a function does not run it yet."""
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    yields = any(isinstance(inner, (ast.Yield, ast.YieldFrom)) for inner in own_nodes(body))
    return yields or isinstance(node, ast.AsyncFunctionDef)


def mentions(node: Any) -> Mentions:  # noqa: ANN401 - a node, which keeps it
    """What the code of a node, and all that is defined in it, may touch; worked out once for each node."""
    found: Mentions | None = getattr(node, "_mentions", None)
    if found is None:
        found = node._mentions = _mentions(node)  # noqa: SLF001
    return found


def _mentions(node: ast.AST) -> Mentions:
    """What a node mentions itself, and what the functions and classes in it do, each of which is gone through once."""
    nodes: list[Any] = [node]
    inner: list[ast.AST] = []
    by_type: dict[type[ast.AST], list[Any]] = defaultdict(list)
    for each in nodes:  # which grows meanwhile
        kind = each.__class__
        if kind in _DEFINITIONS and each is not node:
            inner.append(each)
            continue
        by_type[kind].append(each)
        if kind is not ast.Name:
            add_children(each, nodes)
    own = _own_mentions(by_type)
    if not inner:
        return own
    every = [own, *map(mentions, inner)]
    return Mentions(
        names=frozenset().union(*(each.names for each in every)),
        bare=frozenset().union(*(each.bare for each in every)),
        used=frozenset().union(*(each.used for each in every)),
        shared=frozenset().union(*(each.shared for each in every)),
        attributes=frozenset().union(*(each.attributes for each in every)),
        changes=module_changes(_by_type(node)) if any(each.changes is not None for each in every) else None,
    )


def _by_type(node: ast.AST) -> dict[type[ast.AST], list[Any]]:
    found: dict[type[ast.AST], list[Any]] = defaultdict(list)
    for each in every_node(node):
        found[type(each)].append(each)
    return found


def _own_mentions(by_type: Mapping[type[ast.AST], list[Any]]) -> Mentions:
    attributes, words = by_type.get(ast.Attribute, []), by_type.get(ast.Name, [])
    held = {id(each.value) for each in attributes} | {id(each.func) for each in by_type.get(ast.Call, ())}
    read = set(map(id, read_from(by_type)))
    walrus = [each.target.id for each in by_type.get(ast.NamedExpr, ())] if by_type.get(ast.GeneratorExp) else []
    declarations = (*by_type.get(ast.Global, ()), *by_type.get(ast.Nonlocal, ()))
    return Mentions(
        names=frozenset([each.id for each in words]),
        bare=frozenset([each.id for each in words if id(each) not in held]),
        used=frozenset([each.id for each in words if id(each) not in read]),
        shared=frozenset(name for each in declarations for name in each.names).union(walrus),
        attributes=frozenset(each.attr for each in attributes if not isinstance(each.ctx, ast.Load)),
        changes=module_changes(by_type),
    )

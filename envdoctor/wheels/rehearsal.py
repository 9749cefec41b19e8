"""Goes through a module's text as importing it would, to see whether it certainly raises; nothing is run.

What is not known may be anything: of two branches of which either may be taken, both are gone through, and a module
raises only if it does so on every way. So a rehearsal may overlook a failure, and does not make one up.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from envdoctor.wheels.rehearsal_ends import (
    BREAK,
    CONTINUE,
    CURRENT,
    NEXT,
    RAISE,
    RETURN,
    SHARED,
    YIELDED,
    End,
    add_end,
    assigned,
    bind,
    caught,
    takes,
)
from envdoctor.wheels.rehearsal_expressions import Expressions
from envdoctor.wheels.rehearsal_values import UNKNOWN, Function, Imported, Raised, TooLong
from envdoctor.wheels.statements import suppresses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from envdoctor.wheels.rehearsal_ends import Ends
    from envdoctor.wheels.rehearsal_expressions import Names, World

_MOST_STEPS = 20_000
_DEEPEST = 12


class Rehearsal:
    """Goes through code; one for each module and the functions that it calls."""

    def __init__(self, world: World, package: str) -> None:
        """Prepares.

        Args:
            world: what the code reaches.
            package: from which relative imports start.
        """
        self._package = package
        self._world = world
        self._expressions = Expressions(world)
        self._names: Names = {}  # of the module, as far as it has come
        self._changed: set[str] = set()  # of them those that functions changed
        self._steps = self._depth = self._tries = 0
        self._of: dict[type[ast.stmt], Callable[[Any, Names], Ends]] = {
            ast.Assign: self._assign,
            ast.AnnAssign: self._assign,
            ast.AugAssign: self._forget,
            ast.Delete: self._forget,
            ast.Import: self._import,
            ast.ImportFrom: self._import_from,
            ast.FunctionDef: self._define,
            ast.ClassDef: self._class,
            ast.AsyncFunctionDef: self._forget,
            ast.If: self._if,
            ast.For: self._for,
            ast.While: self._while,
            ast.Try: self._try,
            ast.With: self._with,
            ast.Raise: self._raise,
            ast.Return: lambda node, names: {RETURN: End(names, self._expressions.value(node.value, names))},
            ast.Break: lambda _, names: {BREAK: End(names)},
            ast.Continue: lambda _, names: {CONTINUE: End(names)},
            ast.Global: self._share,
        }

    def module(self, tree: ast.Module) -> Names:
        """The names of a module once it was imported.

        Raises:
            Raised: importing it raises, whatever happens.
            TooLong: not worth the steps.
        """
        ends = self._block(tree.body, self._names)
        if NEXT not in ends and RAISE in ends:
            raise Raised(ends[RAISE].value)
        if NEXT in ends:
            self._names = {**ends[NEXT].names, **dict.fromkeys(self._changed, UNKNOWN)}
        return self._names

    def call(self, function: Function, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """What a function returns; of a generator all that it yields, if that is known.

        Raises:
            Raised: it raises, whatever happens.
            TooLong: not worth the steps.
        """
        self._depth += 1
        if self._depth > _DEEPEST:
            raise TooLong
        try:
            names = {**self._names, **function.names, **self._bound(function, arguments, keywords)}
            ends = self._block(function.node.body, names)
        finally:
            self._depth -= 1
        goes_on = [ends[kind] for kind in (RETURN, NEXT) if kind in ends]
        if not goes_on and RAISE in ends:
            raise Raised(ends[RAISE].value)
        if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(function.node)):
            return goes_on[0].names.get(YIELDED, ()) if len(goes_on) == 1 else UNKNOWN
        value = goes_on[0].value if goes_on else UNKNOWN
        return value if len(goes_on) == 1 else UNKNOWN

    def _bound(self, function: Function, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Names:
        """The parameters of a function, by name."""
        spec = function.node.args
        plain = [each.arg for each in (*spec.posonlyargs, *spec.args)]
        names: Names = dict.fromkeys([*plain, *(each.arg for each in spec.kwonlyargs)], UNKNOWN)
        defaults = zip(reversed(plain), reversed(spec.defaults), strict=False)
        keyed = (
            (each.arg, default) for each, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if default
        )
        for name, default in (*defaults, *keyed):
            names[name] = self._expressions.value(default, function.names)
        names |= dict(zip(plain, arguments, strict=False)) | {key: keywords[key] for key in keywords if key in names}
        if spec.vararg:
            names[spec.vararg.arg] = tuple(arguments[len(plain) :])
        if spec.kwarg:
            names[spec.kwarg.arg] = UNKNOWN
        return names

    def _block(self, statements: Sequence[ast.stmt], names: Names) -> Ends:
        """Statement after statement, on every way that is still open."""
        ends: Ends = {NEXT: End(names)}
        for statement in statements:
            here = ends.pop(NEXT, None)
            if here is None:
                return ends
            self._count(here.names)
            try:
                found = self._statement(statement, dict(here.names))
            except Raised as error:
                found = {RAISE: End(here.names, error.name)}
            for kind, end in found.items():
                add_end(ends, kind, end)
        return ends

    def _count(self, names: Names) -> None:
        """One step more; outside of functions the names are the module's, which functions see."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise TooLong
        if not self._depth:
            names.update(dict.fromkeys(self._changed, UNKNOWN))
            self._names = names

    def _statement(self, statement: ast.stmt, names: Names) -> Ends:
        work = self._of.get(type(statement))
        if work:
            return work(statement, names)
        if isinstance(statement, ast.Expr) and isinstance(statement.value, (ast.Yield, ast.YieldFrom)):
            return self._yield(statement.value, names)
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, ast.expr):
                self._expressions.value(child, names)
        return {NEXT: End(names)}

    def _yield(self, node: ast.Yield | ast.YieldFrom, names: Names) -> Ends:
        value = self._expressions.value(node.value, names)
        so_far = names.get(YIELDED, ())
        more = (value,) if isinstance(node, ast.Yield) else UNKNOWN
        names[YIELDED] = so_far + more if isinstance(so_far, tuple) and isinstance(more, tuple) else UNKNOWN
        return {NEXT: End(names)}

    def _assign(self, node: ast.Assign | ast.AnnAssign, names: Names) -> Ends:
        value = self._expressions.value(node.value, names)
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            bind(target, value, names)
            self._note_shared(target, names)
        return {NEXT: End(names)}

    def _note_shared(self, target: ast.expr, names: Names) -> None:
        """What a function gives to a name of its module is not followed further than that it is not known any more."""
        for each in ast.walk(target):
            if isinstance(each, ast.Name) and each.id in names.get(SHARED, ()):
                self._changed.add(each.id)
                self._names[each.id] = UNKNOWN

    def _forget(self, node: ast.stmt, names: Names) -> Ends:
        for each in ast.walk(node):
            if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load):
                names[each.id] = UNKNOWN
        names.pop(getattr(node, "name", ""), None)
        return {NEXT: End(names)}

    def _share(self, node: ast.Global, names: Names) -> Ends:
        names[SHARED] = (*names.get(SHARED, ()), *node.names)
        return {NEXT: End(names)}

    def _import(self, node: ast.Import, names: Names) -> Ends:
        for alias in node.names:
            self._may_lack(alias.name)
            full = alias.name if alias.asname else alias.name.partition(".")[0]
            names[alias.asname or full] = Imported(full)
        return {NEXT: End(names)}

    def _import_from(self, node: ast.ImportFrom, names: Names) -> Ends:
        base = node.module or ""
        if node.level:
            parts = self._package.split(".")
            base = ".".join([*parts[: len(parts) - node.level + 1], *([base] if base else [])])
        self._may_lack(base)
        for alias in node.names:
            names[alias.asname or alias.name] = Imported(f"{base}.{alias.name}")
        return {NEXT: End(names)}

    def _may_lack(self, module: str) -> None:
        if self._tries and self._world.lacks(module):
            raise Raised("ModuleNotFoundError")

    def _define(self, node: ast.FunctionDef, names: Names) -> Ends:
        names[node.name] = UNKNOWN if node.decorator_list else Function(node, self, names if self._depth else {})
        return {NEXT: End(names)}

    def _class(self, node: ast.ClassDef, names: Names) -> Ends:
        ends = self._block(node.body, dict(names))
        names[node.name] = UNKNOWN
        return {kind: End(names, end.value) for kind, end in ends.items()}

    def _if(self, node: ast.If, names: Names) -> Ends:
        holds = self._expressions.truth(node.test, names)
        ends: Ends = {}
        for value, body in ((True, node.body), (False, node.orelse)):
            if holds is not (not value):
                for kind, end in self._block(body, dict(names)).items():
                    add_end(ends, kind, end)
        return ends

    def _for(self, node: ast.For, names: Names) -> Ends:
        """Over what is known item by item; else the body runs once, or not at all."""
        items = self._expressions.value(node.iter, names)
        known = isinstance(items, tuple)
        ends: Ends = {NEXT: End(names)}
        broken: Ends = {}
        for item in items if isinstance(items, tuple) else (UNKNOWN,):
            here = ends.pop(NEXT, None)
            if here is None:
                break
            inner = dict(here.names)
            bind(node.target, item, inner)
            if not known:
                add_end(ends, NEXT, here)
            self._turn(node.body, inner, ends, broken)
        return self._after_loop(node, ends, broken)

    def _turn(self, body: Sequence[ast.stmt], names: Names, ends: Ends, broken: Ends) -> None:
        """One time through the body of a loop."""
        for kind, end in self._block(body, names).items():
            if kind == BREAK:
                add_end(broken, NEXT, end)
            else:
                add_end(ends, NEXT if kind == CONTINUE else kind, end)

    def _while(self, node: ast.While, names: Names) -> Ends:
        ends: Ends = {NEXT: End(names)}
        broken: Ends = {NEXT: End(names)}
        if self._expressions.truth(node.test, names) is not False:
            self._turn(node.body, dict(names), ends, broken)
        return self._after_loop(node, ends, broken)

    def _after_loop(self, node: ast.For | ast.While, ends: Ends, broken: Ends) -> Ends:
        here = ends.pop(NEXT, None)
        if here is not None:
            for kind, end in self._block(node.orelse, here.names).items():
                add_end(ends, kind, end)
        for kind, end in broken.items():
            add_end(ends, kind, end)
        return ends

    def _with(self, node: ast.With, names: Names) -> Ends:
        for item in node.items:
            self._expressions.value(item.context_expr, names)
            if item.optional_vars is not None:
                bind(item.optional_vars, UNKNOWN, names)
        ends = self._block(node.body, names)
        if any(map(suppresses, node.items)) and RAISE in ends:
            add_end(ends, NEXT, ends.pop(RAISE))
        return ends

    def _try(self, node: ast.Try, names: Names) -> Ends:
        self._tries += 1
        ends = self._block(node.body, dict(names))
        self._tries -= 1
        raised = ends.pop(RAISE, None)
        here = ends.pop(NEXT, None)
        if (ends or here is not None) and not all(isinstance(part, ast.Pass) for part in node.body):
            self._surprised(node, names, ends)
        if here is not None:
            for kind, end in self._block(node.orelse, here.names).items():
                add_end(ends, kind, end)
        if raised is not None:
            for kind, end in self._handled(node, raised).items():
                add_end(ends, kind, end)
        return self._finally(node, ends)

    def _surprised(self, node: ast.Try, names: Names, ends: Ends) -> None:
        """Adds what the handlers do: what is not known to raise may do so."""
        changed = dict.fromkeys(assigned(node.body), UNKNOWN)
        for handler in node.handlers:
            inner = {**names, **changed, CURRENT: caught(handler)[0]}
            for kind, end in self._block(handler.body, inner).items():
                add_end(ends, kind, end)

    def _handled(self, node: ast.Try, raised: End) -> Ends:
        """What becomes of an exception: the handlers that take it, or may; itself where none surely does."""
        ends: Ends = {}
        for handler in node.handlers:
            taken = takes(handler, raised.value)
            if taken is not False:
                names = {**raised.names, CURRENT: raised.value}
                if handler.name:
                    names[handler.name] = UNKNOWN
                for kind, end in self._block(handler.body, names).items():
                    add_end(ends, kind, end)
            if taken:
                return ends
        add_end(ends, RAISE, raised)
        return ends

    def _finally(self, node: ast.Try, ends: Ends) -> Ends:
        if not node.finalbody:
            return ends
        last = self._block(node.finalbody, dict(next(iter(ends.values())).names)) if ends else {}
        leaves = {kind: end for kind, end in last.items() if kind != NEXT}
        return leaves if leaves and NEXT not in last else {**ends, **leaves}

    def _raise(self, node: ast.Raise, names: Names) -> Ends:
        made = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        name = getattr(made, "attr", getattr(made, "id", ""))
        if made is None or names.get(name) is UNKNOWN:  # `raise`, or `raise error` in the handler that calls it so
            name = names.get(CURRENT, "")
        if isinstance(node.exc, ast.Call):
            for argument in node.exc.args:
                self._expressions.value(argument, names)
        return {RAISE: End(names, name if isinstance(name, str) else "")}

"""Dataclasses: defaults of fields that are refused ("Mutable default values" in the documentation of `dataclasses`).

Until Python 3.10 these are lists, dictionaries and sets, since 3.11 all that can't be hashed: also what is made by a
dataclass that compares by its fields and is not frozen.
"""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING, Any

from envdoctor.imports.events import What
from envdoctor.imports.exceptions import Raised, built_in
from envdoctor.imports.values import External, Kind, Reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine
    from envdoctor.imports.scopes import Scope

_DECORATOR, _FIELD = External("dataclasses.dataclass"), External("dataclasses.field")
_UNHASHABLE = " unhashable"  # among the names of a class, where no name of Python can be
_BY_HASH = (3, 11)
_LITERALS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_MUTABLE = frozenset(External(f"builtins.{name}") for name in ("list", "dict", "set"))


class DataclassFields:
    """What the decorator makes of classes."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def decorates(self, decorator: ast.expr, scope: Scope, state: State) -> bool:
        """Whether a decorator is this one, with or without options, and gives back the class that it was given."""
        if isinstance(decorator, ast.Call):
            given = decorator.args or any(each.arg in {None, "slots"} for each in decorator.keywords)
            return not given and self._value(decorator.func, scope, state) == _DECORATOR
        return bool(self._value(decorator, scope, state) == _DECORATOR)

    def make(self, node: ast.ClassDef, decorator: ast.expr, place: int, scope: Scope, state: State) -> None:
        """Makes a dataclass of one.

        Raises:
            Raised: a default is refused.
        """
        refused = next((each for each in _defaults(node) if self._is_refused(each, scope, state)), None)
        if refused is not None:
            problem = f"line {refused.lineno}: a default that can't be hashed"
            raise Raised(built_in("ValueError", self._machine.emit(What.RAISE, "ValueError", state, name=problem)))
        options = decorator.keywords if isinstance(decorator, ast.Call) else []
        bound = state.names(place).keys()
        if not options and bound.isdisjoint({"__hash__", "__eq__", "__new__"}) and not node.keywords:
            state.write(place, _UNHASHABLE, True)  # noqa: FBT003 - a value

    def _is_refused(self, default: ast.expr, scope: Scope, state: State) -> bool:
        if isinstance(default, ast.Call) and self._value(default.func, scope, state) == _FIELD:
            given = [each.value for each in default.keywords if each.arg == "default"]
            return bool(given) and self._is_refused(given[0], scope, state)
        if not isinstance(default, ast.Call):
            return isinstance(default, _LITERALS)
        maker = self._value(default.func, scope, state)
        late = self._machine.site.target.interpreter.version >= _BY_HASH
        is_dataclass = isinstance(maker, Reference) and maker.kind is Kind.CLASS
        return maker in _MUTABLE or (late and is_dataclass and state.read(maker.place, _UNHASHABLE) is True)

    def _value(self, node: ast.expr, scope: Scope, state: State) -> Any:  # noqa: ANN401
        """The value of a name, or of an attribute of one, which was worked out before."""
        names = [each for each in ast.walk(node) if isinstance(each, ast.expr)]
        simple = all(isinstance(each, (ast.Name, ast.Attribute)) for each in names)
        return self._machine.expressions.value(node, scope, state) if simple else None


def _defaults(node: ast.ClassDef) -> Iterator[ast.expr]:
    """The defaults of the fields in a class's own body, each bound once."""
    names = (each for each in ast.walk(node) if isinstance(each, ast.Name))
    bound = Counter(each.id for each in names if isinstance(each.ctx, ast.Store))
    for each in node.body:
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name) and each.value is not None:
            said = ast.unparse(each.annotation)
            if bound[each.target.id] == 1 and "ClassVar" not in said and "InitVar" not in said:
                yield each.value

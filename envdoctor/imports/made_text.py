"""`exec` and `eval`: code that comes as a text.

A text that is known is gone through like any other. One that is not binds names where it is told to: in the namespaces
that it is given, else in those that the code at hand sees. That it gets hold of other modules, and changes them, is
left out of account.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import Unreadable
from envdoctor.imports.escapes import NAMES
from envdoctor.imports.scopes import Scope
from envdoctor.imports.values import UNKNOWN, Made, is_short
from envdoctor.support.syntax import parse_python

if TYPE_CHECKING:
    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine


class MadeText:
    """Calls that run a text."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def execute(self, values: tuple[Any, ...], scope: Scope, state: State) -> Any:  # noqa: ANN401
        """`exec(text, ...)`.

        Raises:
            Raised: the text certainly raises.
        """
        machine, tree, where = self._machine, _tree(values), _scope(values, scope)
        if tree is not None and where is not None:
            machine.may_raise(state, "SyntaxError")  # of a form that this Python does not know
            machine.calls.functions.result(machine.run(tree.body, where, state), state)
            return None
        sees = () if len(values) > 1 else (*scope.places, scope.module)
        if tree is not None:
            machine.escapes.lose_code(tree, sees, state)
        elif len(values) < 2:  # noqa: PLR2004 - without a namespace
            for place in (*sees, *(() if scope.body is None else (scope.body,))):
                machine.escapes.lose_place(place, state)
        machine.opaque(state, *values)
        return None

    def evaluate(self, values: tuple[Any, ...], scope: Scope, state: State) -> Any:  # noqa: ANN401
        """`eval(text, ...)`, which binds nothing.

        Raises:
            Raised: the text certainly raises.
        """
        machine, tree, where = self._machine, _tree(values), _scope(values, scope)
        only = tree.body[0] if tree is not None and len(tree.body) == 1 else None
        if isinstance(only, ast.Expr) and where is not None:
            return machine.expressions.value(only.value, where, state)
        if len(values) < 2:  # noqa: PLR2004 - without a namespace
            machine.escapes.expose((*scope.places, scope.module), state)
        machine.opaque(state, *values)
        return UNKNOWN


def _tree(values: tuple[Any, ...]) -> ast.Module | None:
    """The code, if all of it is known."""
    text = values[0] if values else UNKNOWN
    if not isinstance(text, str) or not is_short(text):
        return None
    try:
        return parse_python(text)
    except Unreadable:
        return None


def _scope(values: tuple[Any, ...], scope: Scope) -> Scope | None:
    """Where a text runs, if that is at the top of the module; None for anywhere else."""
    of_module = Made(NAMES, (scope.module,))
    is_top = scope.frame is None and scope.body is None
    if (len(values) == 1 and is_top) or values[1:] == (of_module,):
        return Scope(module=scope.module, package=scope.package)
    return None

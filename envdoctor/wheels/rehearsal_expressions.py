"""Works out expressions in a rehearsal of Python code, as far as they can be without running any of it."""

from __future__ import annotations

import ast
import operator
import re
from typing import TYPE_CHECKING, Any, Protocol

from envdoctor.wheels.conditions import truth
from envdoctor.wheels.rehearsal_values import (
    FOUND,
    FUNCTIONS,
    UNKNOWN,
    Function,
    Imported,
    added,
    merged,
    method_result,
    truth_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from envdoctor.core.target import Target

    #: The names that a piece of code sees.
    Names = dict[str, Any]

# Of ctypes, of cffi, and of packages that wrap them.
_LOADERS = frozenset({"CDLL", "PyDLL", "WinDLL", "OleDLL", "LoadLibrary", "dlopen"})
_METHODS_THAT_LOAD = frozenset({"LoadLibrary", "dlopen"})  # of objects that are not known further
_INSTALLED_LIBRARY = re.compile(r"/.+\.(?:so(?:\.[0-9.]+)?|dylib)")
_EXISTS = frozenset({"os.path.exists", "os.path.isfile", "os.path.lexists"})
_FINDER = "find_library"
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class World(Protocol):
    """What an expression may reach beyond its own names."""

    target: Target

    def find(self, name: str) -> Any:  # noqa: ANN401 - any value of Python
        """What ctypes.util.find_library says: FOUND, None or UNKNOWN."""
        ...

    def load(self, name: str) -> Any:  # noqa: ANN401 - any value of Python
        """Loads a library: FOUND or UNKNOWN; raises Raised where there is none."""
        ...

    def lacks(self, module: str) -> bool:
        """Whether a module is taken not to be there, where its absence is provided for."""
        ...

    def imported(self, name: str) -> Any:  # noqa: ANN401 - any value of Python
        """What a full name stands for, where it is of the rehearsed code; else UNKNOWN."""
        ...


class Expressions:
    """Works out expressions."""

    def __init__(self, world: World) -> None:
        """`world`: what calls reach."""
        self._world = world
        self._of: dict[type[ast.AST], Callable[[Any, Names], Any]] = {
            ast.Constant: lambda node, _: node.value,
            ast.Name: lambda node, names: names.get(node.id, UNKNOWN),
            ast.Attribute: self._attribute,
            ast.Tuple: self._sequence,
            ast.List: lambda node, names: self._sequence(node, names) or UNKNOWN,  # an empty one is there to be filled
            ast.BoolOp: self._either,
            ast.IfExp: self._choice,
            ast.BinOp: self._sum,
            ast.UnaryOp: self._negated,
            ast.Compare: self._compared,
            ast.Subscript: self._item,
            ast.NamedExpr: self._named,
            ast.JoinedStr: self._text,
            ast.Call: self._call,
        }

    def value(self, node: ast.AST | None, names: Names) -> Any:  # noqa: ANN401 - any value of Python
        """The value of an expression; what is in an expression of no known kind is worked out for what it does.

        Raises:
            Raised: it raises.
            TooLong: it is not worth the steps.
        """
        if node is None:
            return None
        work = self._of.get(type(node))
        if work:
            return work(node, names)
        if not isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    self.value(child, names)
        return UNKNOWN

    def truth(self, node: ast.expr, names: Names) -> bool | None:
        """Whether a condition holds; None where it is not known."""
        decided = truth(node, self._world.target)
        return truth_of(self.value(node, names)) if decided is None else decided

    def _attribute(self, node: ast.Attribute, names: Names) -> Any:  # noqa: ANN401
        subject = self.value(node.value, names)
        return Imported(f"{subject.name}.{node.attr}") if isinstance(subject, Imported) else UNKNOWN

    def _sequence(self, node: ast.Tuple | ast.List, names: Names) -> Any:  # noqa: ANN401
        items = [self.value(item, names) for item in node.elts]
        return UNKNOWN if any(isinstance(item, ast.Starred) for item in node.elts) else tuple(items)

    def _either(self, node: ast.BoolOp, names: Names) -> Any:  # noqa: ANN401
        ends = isinstance(node.op, ast.Or)
        value: Any = UNKNOWN
        for each in node.values:
            value = self.value(each, names)
            holds = truth_of(value)
            if holds is None:
                return UNKNOWN
            if holds is ends:
                return value
        return value

    def _choice(self, node: ast.IfExp, names: Names) -> Any:  # noqa: ANN401
        holds = self.truth(node.test, names)
        if holds is None:
            return merged(self.value(node.body, names), self.value(node.orelse, names))
        return self.value(node.body if holds else node.orelse, names)

    def _sum(self, node: ast.BinOp, names: Names) -> Any:  # noqa: ANN401
        left, right = self.value(node.left, names), self.value(node.right, names)
        return added(left, right) if isinstance(node.op, ast.Add) else UNKNOWN

    def _negated(self, node: ast.UnaryOp, names: Names) -> Any:  # noqa: ANN401
        holds = self.truth(node.operand, names)
        return not holds if isinstance(node.op, ast.Not) and holds is not None else UNKNOWN

    def _compared(self, node: ast.Compare, names: Names) -> Any:  # noqa: ANN401
        decided = truth(node, self._world.target)
        values = [self.value(each, names) for each in (node.left, *node.comparators)]
        if decided is None and len(values) == 2 and isinstance(node.ops[0], (ast.In, ast.NotIn)):  # noqa: PLR2004
            return self._contained(values[0], values[1], negated=isinstance(node.ops[0], ast.NotIn))
        compare = _COMPARISONS.get(type(node.ops[0])) if len(values) == 2 else None  # noqa: PLR2004 - two sides
        if decided is not None or compare is None or any(value is UNKNOWN for value in values):
            return UNKNOWN if decided is None else decided
        return compare(*values) if None in values or FOUND not in values else UNKNOWN

    def _contained(self, item: Any, container: Any, *, negated: bool) -> Any:  # noqa: ANN401
        """`item in container`: a module that is not there was not imported before."""
        if container == Imported("sys.modules") and isinstance(item, str) and self._world.lacks(item):
            return negated
        known = (
            isinstance(item, str) and isinstance(container, tuple) and all(isinstance(one, str) for one in container)
        )
        return (item in container) is not negated if known else UNKNOWN

    def _item(self, node: ast.Subscript, names: Names) -> Any:  # noqa: ANN401
        subject = self.value(node.value, names)
        if isinstance(node.slice, ast.Slice):
            start, *others = (self.value(part, names) for part in (node.slice.lower, node.slice.upper, node.slice.step))
            plain = isinstance(subject, tuple) and isinstance(start, int) and others == [None, None]
            return subject[start:] if plain else UNKNOWN
        index = self.value(node.slice, names)
        known = isinstance(subject, tuple) and isinstance(index, int) and -len(subject) <= index < len(subject)
        return subject[index] if known else UNKNOWN

    def _named(self, node: ast.NamedExpr, names: Names) -> Any:  # noqa: ANN401
        names[node.target.id] = self.value(node.value, names)
        return names[node.target.id]

    def _text(self, node: ast.JoinedStr, names: Names) -> Any:  # noqa: ANN401
        plain = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
        parts = [self.value(part, names) for part in plain]
        return "".join(parts) if all(isinstance(part, str) for part in parts) else UNKNOWN

    def _call(self, node: ast.Call, names: Names) -> Any:  # noqa: ANN401
        arguments = tuple(self.value(argument, names) for argument in node.args)
        keywords = {keyword.arg or "": self.value(keyword.value, names) for keyword in node.keywords}
        subject = self.value(node.func, names)
        name = subject.name if isinstance(subject, Imported) else ""
        if isinstance(subject, Imported):
            subject = self._world.imported(name)
        if isinstance(subject, Function):
            plain = "" not in keywords and not any(isinstance(each, ast.Starred) for each in node.args)
            return subject.home.call(subject, arguments, keywords) if plain else UNKNOWN
        if isinstance(node.func, ast.Attribute) and not name:
            return self._method(node.func, arguments, names)
        if isinstance(node.func, ast.Name) and not name and node.func.id not in names:
            name = node.func.id
        result = self._outside(name, arguments)
        if result is UNKNOWN:
            _forget_sequences(node.args, names)
        return result

    def _method(self, node: ast.Attribute, arguments: tuple[Any, ...], names: Names) -> Any:  # noqa: ANN401
        """A call of something that belongs to a value: it may change a list."""
        if node.attr in _METHODS_THAT_LOAD:
            return self._outside(node.attr, arguments)
        result = method_result(self.value(node.value, names), node.attr, arguments)
        _forget_sequences([node.value], names)
        return result

    def _outside(self, name: str, arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401
        """What a call of something outside the rehearsed code returns."""
        first = arguments[0] if arguments else UNKNOWN
        last = name.rpartition(".")[2]
        if last == _FINDER:
            return self._world.find(first) if isinstance(first, str) else UNKNOWN
        if last in _LOADERS:
            return self._world.load(first) if isinstance(first, str) else UNKNOWN
        if name in _EXISTS:
            return False if isinstance(first, str) and _INSTALLED_LIBRARY.fullmatch(first) else UNKNOWN
        return FUNCTIONS[name](arguments) if name in FUNCTIONS else UNKNOWN


def _forget_sequences(nodes: Iterable[ast.expr], names: Names) -> None:
    """What was known of lists that are given out of hand."""
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(names.get(node.id), tuple):
            names[node.id] = UNKNOWN

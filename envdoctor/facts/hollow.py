"""Distributions that lack what they are there for: their build was to fetch it, could not, and went on without."""

from __future__ import annotations

import ast
import os
import re
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.frozen import frozen
from envdoctor.support.files import read_head
from envdoctor.support.syntax import parse_python

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution
    from envdoctor.facts.records import Record

#: A package that is there to carry files for others has this many modules of its own at most.
_MOST_MODULES = 4
_MOST_BYTES = 256 << 10
_SAME_FILE = {"Path", "PurePath", "abspath", "realpath", "normpath", "str", "fspath", "resolve", "absolute"}
_FETCHED = re.compile(r"\b(?:fetched|downloaded)\b")
_COMPLAINTS = {"print", "warn", "warning", "error"}
#: What a module does with a folder that it fills itself.
_MAKES = re.compile(r"\b(?:mkdir|makedirs|mkdtemp|urlretrieve|urlopen|copytree)\b|\bopen\([^)]*[\"'][wxa]b?[\"']")


@frozen
class Hollow:
    """A distribution whose code takes files from beside itself, of which none was installed.

    Attributes:
        module: path of the module that names them.
        absent: paths of the files or folders.
        complains: whether the code that names them prints, warns or raises, or its module speaks of files that were
            fetched; else it can do without.
    """

    distribution: Distribution
    module: str
    absent: tuple[str, ...]
    complains: bool


@frozen
class HollowPackages:
    """All of them."""

    found: tuple[Hollow, ...] = ()


def derive(facts: Facts) -> HollowPackages:
    """Look at the distributions that hold next to nothing but a few modules.

    Raises:
        FactUnavailable: the RECORDs could not be read.
    """
    active = {one.metadata for one in facts.packages.active().values()}
    records = (record for record in facts.records.records if record.distribution.metadata in active)
    return HollowPackages(found=tuple(hollow for record in records if (hollow := _hollow(record)) is not None))


def _hollow(record: Record) -> Hollow | None:
    modules = _few_modules(record)
    absent: dict[str, str] = {}
    complains = False
    for path in modules:
        module = os.path.join(record.distribution.root, path)
        for name, said in _named_beside(module):
            place = os.path.join(os.path.dirname(module), name)
            if os.path.lexists(place):
                return None
            absent.setdefault(place, module)
            complains |= said
    if not absent:
        return None
    return Hollow(
        distribution=record.distribution,
        module=next(iter(absent.values())),
        absent=tuple(absent),
        complains=complains,
    )


def _few_modules(record: Record) -> Sequence[str]:
    """The modules of a distribution that has a package, a few modules and nothing else; else none."""
    info = os.path.basename(record.distribution.metadata)
    own = [path for path in record.paths if not path.startswith((f"{info}/", "..")) and not path.endswith(".pyc")]
    is_small = len(own) <= _MOST_MODULES and all(path.endswith(".py") and "/" in path for path in own)
    return own if is_small and not record.missing and not record.problem else ()


def _named_beside(module: str) -> Iterator[tuple[str, bool]]:
    """The names that a module joins to its own folder, and whether it complains; none if it makes such files itself."""
    try:
        text = read_head(module, _MOST_BYTES).decode("utf-8", "replace")
        tree = parse_python(text)
    except (OSError, Unreadable):
        return
    if _MAKES.search(text) or "__file__" not in text:
        return
    bound = {
        node.targets[0].id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
    }
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    complaining = {id(node) for each in functions if _complains(each) for node in ast.walk(each)}
    for node in ast.walk(tree):
        folder, name = _joined(node)
        if folder is not None and _depth(folder, bound) == 1:
            said = _text(name, bound)
            if said and not said.endswith((".py", ".so")) and ".." not in said:
                yield said, id(node) in complaining or _FETCHED.search(text) is not None


def _complains(function: ast.AST) -> bool:
    """Whether a function prints, warns or raises somewhere."""
    called = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    names = {each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "") for each in called}
    return bool(names & _COMPLAINTS) or any(isinstance(node, ast.Raise) for node in ast.walk(function))


def _joined(node: ast.AST) -> tuple[ast.expr | None, ast.expr | None]:
    """(folder, name) of `folder / name`, `folder.joinpath(name)` and `os.path.join(folder, name)`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return node.left, node.right
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "joinpath" and node.args:
            return node.func.value, node.args[0]
        if node.func.attr == "join" and len(node.args) > 1:
            return node.args[0], node.args[1]
    return None, None


def _text(node: ast.expr | None, bound: Mapping[str, ast.expr]) -> str:
    if isinstance(node, ast.Name):
        node = bound.get(node.id)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _depth(node: ast.expr, bound: Mapping[str, ast.expr], left: int = 20) -> int | None:
    """How many folders above the module's own file a path is; None if it is no such path."""
    if left == 0:
        return None
    if isinstance(node, ast.Name):
        return 0 if node.id == "__file__" else _depth(bound[node.id], bound, left - 1) if node.id in bound else None
    if isinstance(node, ast.Attribute) and node.attr == "parent":
        return _above(_depth(node.value, bound, left - 1))
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        within = node.args[0] if node.args else getattr(node.func, "value", None)
        if within is not None and name in {*_SAME_FILE, "dirname"}:
            depth = _depth(within, bound, left - 1)
            return _above(depth) if name == "dirname" else depth
    return None


def _above(depth: int | None) -> int | None:
    return None if depth is None else depth + 1

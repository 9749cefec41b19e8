"""Which names of a package other code uses: what must still be there after its version changes."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.support.files import read_regular
from envdoctor.support.syntax import parse_python

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_LARGEST = 4 << 20
_MOST_FILES, _MOST_FOLDERS = 4000, 10_000
#: Folders of a project that hold no code of the user's.
_FOREIGN = frozenset({"node_modules", "site-packages", "__pycache__", "build", "dist"})
_ENVIRONMENT = "pyvenv.cfg"
#: What a handler catches that stands around a name which may be absent.
_EXCUSES = frozenset({"ImportError", "ModuleNotFoundError", "AttributeError", "Exception", "BaseException"})


def names_used(files: Iterable[str], packages: Collection[str]) -> dict[str, str]:
    """Full names of modules, and of what stands in them, that files use of some packages.

    Names are followed as the text has them: `import mediapipe as mp` and `mp.solutions.pose` make
    `mediapipe.solutions.pose`. What stands in a `try` whose handler catches its absence is left out.

    Args:
        files: paths of modules; what can't be read or parsed is passed over.
        packages: names at the top, such as `mediapipe`.

    Returns:
        For each name the place where it is used first, as `path:line`.
    """
    found: dict[str, str] = {}
    for path in files:
        try:
            text = read_regular(path, _LARGEST).decode("utf-8", "surrogateescape")
            tree = parse_python(text) if any(package in text for package in packages) else None
        except (OSError, Unreadable):
            continue
        if tree is not None:
            for name, line in _Names(packages).of(tree):
                found.setdefault(name, f"{path}:{line}")
    return found


def project_files(folder: Path) -> tuple[tuple[str, ...], bool]:
    """The modules below a project's folder, and whether these are all: a huge tree is not gone through to its end.

    Environments and what is no code of the user's are passed over.
    """
    found: list[str] = []
    for count, (place, folders, names) in enumerate(os.walk(folder)):
        if _ENVIRONMENT in names and Path(place) != folder:
            folders[:] = []
            continue
        folders[:] = [one for one in folders if not one.startswith(".") and one not in _FOREIGN]
        found += [f"{place}/{name}" for name in sorted(names) if name.endswith(".py")]
        if len(found) > _MOST_FILES or count > _MOST_FOLDERS:
            return tuple(found[:_MOST_FILES]), False
    return tuple(found), True


class _Names:
    """Collects the names of one module."""

    def __init__(self, packages: Collection[str]) -> None:
        self._packages = packages
        self._meanings: dict[str, str] = {}

    def of(self, tree: ast.AST) -> Iterator[tuple[str, int]]:
        nodes = list(_unexcused(tree))
        for node in nodes:
            yield from self._imported(node)
        for node in nodes:
            name = self._full(node) if isinstance(node, ast.Attribute) else ""
            if name:
                yield name, getattr(node, "lineno", 0)

    def _imported(self, node: ast.AST) -> Iterator[tuple[str, int]]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if self._is_asked(alias.name):
                    top = alias.name.partition(".")[0]
                    self._meanings[alias.asname or top] = alias.name if alias.asname else top
                    yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level and self._is_asked(node.module):
            for alias in node.names:
                name = node.module if alias.name == "*" else f"{node.module}.{alias.name}"
                self._meanings[alias.asname or alias.name] = name
                yield name, node.lineno

    def _is_asked(self, module: str) -> bool:
        return module.partition(".")[0] in self._packages

    def _full(self, node: ast.expr) -> str:
        """The name that a chain of attributes makes; "" where it begins with nothing that was imported."""
        if isinstance(node, ast.Name):
            return self._meanings.get(node.id, "")
        above = self._full(node.value) if isinstance(node, ast.Attribute) else ""
        return f"{above}.{node.attr}" if above and isinstance(node, ast.Attribute) else ""


def _unexcused(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes, but for what stands in a `try` that does without it."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        children = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.Try) and any(map(_excuses, node.handlers)):
            children = [child for child in children if child not in node.body]
        waiting += reversed(children)


def _excuses(handler: ast.ExceptHandler) -> bool:
    caught = handler.type
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in _EXCUSES) for kind in kinds)

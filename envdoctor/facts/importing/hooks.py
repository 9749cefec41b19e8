"""What runs when the examined Python starts and may find modules in ways of its own: import lines of .pth files."""

from __future__ import annotations

import ast
import os
import re
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import Unreadable
from envdoctor.facts.importing.modules import Hooks
from envdoctor.facts.python.search_path import Origin, is_import_line, lines_of_pth
from envdoctor.support.files import read_head
from envdoctor.support.syntax import parse_python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts.python import Python

_MOST_BYTES = 1 << 20
#: What code says that changes how modules are found, or which there are.
_CHANGES = re.compile(r"meta_path|path_hooks|sys\.path|sys\.modules|__path__|addsitedir|from sys import|getattr\(sys")
#: Finders that give one module alone; virtualenv's and uv's changes `distutils` when others import it.
_HARMLESS = {"_virtualenv": (), "_distutils_hack": ("distutils",)}
_EDITABLE = re.compile(r"__editable__\w*_finder")
#: `NAME-nspkg.pth` of older setuptools makes a module of folders that it is told.
_NAMESPACE_LINE = re.compile(r"types\.ModuleType|module_from_spec")
_NAMESPACE_NAME = re.compile(r"\(\*?\(?'([\w', ]+)'\)?\)")
#: Code that runs and does not stand there; a string that is written out is looked at as the line is.
_UNSEEN = re.compile(r"\b(?:exec|eval|compile)\s*\((?!\s*['\"])|\b(?:runpy|execfile)\b")
_IMPORTED = re.compile(r"\bimport\s+([\w.]+)|\bfrom\s+([\w.]+)\s+import\b|__import__\(['\"](\w+)['\"]")


def find_hooks(python: Python) -> Hooks:
    """Read the import lines and the texts of what they import; nothing is run."""
    mapped: dict[str, str] = {}
    provided: set[str] = set()
    anything = False
    for folder in python.search_path:
        if folder.origin in {Origin.PYTHONPATH, Origin.PTH}:
            continue
        for line in _import_lines(folder.path):
            names = [next(filter(None, match)) for match in _IMPORTED.findall(line)]
            for name in dict.fromkeys(each.partition(".")[0] for each in names):
                if name in _HARMLESS:
                    provided.update(_HARMLESS[name])
                elif _EDITABLE.fullmatch(name):
                    found = _mapping(f"{folder.path}/{name}.py")
                    anything |= found is None
                    mapped |= found or {}
                elif _text_changes(name, python):
                    anything = True
            anything |= _line_changes(line, provided)
    anything |= any(_text_changes(name, python) for name in ("sitecustomize", "usercustomize"))
    return Hooks(mapped=mapped, provided=frozenset(provided), anything=anything)


def _import_lines(folder: str) -> Iterator[str]:
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".pth") and name[0] != ".")
    except OSError:
        return
    for name in names:
        try:
            content = read_head(f"{folder}/{name}", _MOST_BYTES)
        except OSError:
            continue
        yield from filter(is_import_line, lines_of_pth(content))


def _line_changes(line: str, provided: set[str]) -> bool:
    """Whether a line itself may make modules; of one that makes a namespace, its name is noted."""
    if _NAMESPACE_LINE.search(line):
        named = _NAMESPACE_NAME.search(line)
        if named:
            provided.add(named[1].strip("', ").partition("'")[0])
            return False
        return True
    harmless = any(name in line for name in _HARMLESS) or _EDITABLE.search(line)
    return not harmless and bool(_CHANGES.search(line) or _UNSEEN.search(line))


def _text_changes(name: str, python: Python) -> bool:
    """Whether a module's own text says that it changes how modules are found; one of the standard library does not."""
    for folder in python.search_path:
        for path in (f"{folder.path}/{name}/__init__.py", f"{folder.path}/{name}.py"):
            try:
                return bool(_CHANGES.search(read_head(path, _MOST_BYTES).decode("utf-8", "replace")))
            except OSError:
                continue
    return False


def _mapping(path: str) -> dict[str, str] | None:
    """The names and places in the finder that setuptools writes for an editable install; None if that can't be read."""
    try:
        tree = parse_python(read_head(path, _MOST_BYTES).decode("utf-8", "replace"))
    except (OSError, Unreadable):
        return None
    found: dict[str, Any] = {}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and target.id in {"MAPPING", "NAMESPACES"} and value is not None:
                try:
                    found[target.id] = ast.literal_eval(value)
                except ValueError:
                    return None
    mapping = found.get("MAPPING")
    is_plain = isinstance(mapping, dict) and all(isinstance(each, str) for pair in mapping.items() for each in pair)
    return dict(mapping) if is_plain and mapping is not None and not found.get("NAMESPACES") else None

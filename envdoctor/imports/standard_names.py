"""Which names the modules of Python's own library have, by version; the table is data/standard_names.toml."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.core.frozen import frozen
from envdoctor.core.target import System
from envdoctor.imports.removed_names import removed_since

if TYPE_CHECKING:
    from envdoctor.core.target import Target

_OLDEST, _NEWEST = (3, 8), (3, 14)  # of the interpreters that were asked
_ROW = re.compile(r"([^<>=]+)(?:<(\d+)\.(\d+))?(?:>=(\d+)\.(\d+))?")
_ANY = "*"
#: Modules that no build leaves out, nor a part of them.
_ALL_TEXT = frozenset({
    "abc", "argparse", "ast", "base64", "collections", "collections.abc", "configparser", "contextlib", "copy",
    "dataclasses", "datetime", "enum", "functools", "importlib", "importlib.abc", "importlib.metadata",
    "importlib.resources", "importlib.util", "inspect", "io", "itertools", "json", "keyword", "logging", "numbers",
    "operator", "pathlib", "pkgutil", "pprint", "queue", "random", "re", "shlex", "string", "textwrap", "traceback",
    "types", "typing", "unittest", "unittest.mock", "urllib.parse", "warnings", "weakref",
})  # fmt: skip
#: Packages of which no module is listed.
_CLOSED = frozenset({"encodings", "ensurepip", "sysconfig", "venv"})


@frozen(kw_only=False)
class _Span:
    """The versions that have a name."""

    since: tuple[int, int]
    until: tuple[int, int]

    def holds(self, version: tuple[int, ...]) -> bool:
        return self.since <= version[:2] < self.until


def may_be_package(module: str) -> bool:
    """Whether a module of Python's own may have others below it: it has, or it was not asked."""
    names = load_table("standard_names")["names"]
    return module not in names or module in _CLOSED or any(name.startswith(f"{module}.") for name in names)


def is_listed(module: str, target: Target) -> bool:
    """Whether the target's Python has a module, and it was asked on Linux what it holds."""
    module = _real_name(module, target)
    package, _, name = module.rpartition(".")
    if package and not _has(package, name, target):
        return False
    return module in load_table("standard_names")["names"]


def standard_lacks(module: str, name: str, target: Target) -> bool:
    """Whether a module of Python's own certainly has no such name, nor a submodule of it.

    Names that only its own code uses, and modules that it imports, differ between systems and come and go unannounced:
    of these it is known only for the systems and versions that were asked.
    """
    module, python = _real_name(module, target), target.interpreter
    of_others: dict[str, str] = load_table("system_names")[target.platform.system.value]
    if removed_since("python", python.version, module, name) or name in of_others.get(module, "").split():
        return True
    exact = target.platform.system is System.LINUX and python.version <= _NEWEST
    if python.implementation != "cp" or python.version < _OLDEST or name.startswith("__"):
        return False
    if not exact and (name.startswith("_") or name in load_table("standard_names")["names"]):
        return False
    return is_listed(module, target) and not _has(module, name, target) and not _has(module, _ANY, target)


def standard_lost(module: str, name: str, target: Target) -> bool:
    """Whether older versions of the target's Python had a name that it no longer has."""
    python = target.interpreter.version
    span = _names(_real_name(module, target)).get(name)
    return bool(removed_since("python", python, module, name)) or (span is not None and span.until <= python)


def standard_has(module: str, name: str, target: Target) -> bool:
    """Whether a module that is all Python text, the same on every system, certainly has a public name."""
    python = target.interpreter
    asked = python.implementation == "cp" and _OLDEST <= python.version[:2] <= _NEWEST
    return asked and module in _ALL_TEXT and not name.startswith("_") and _has(module, name, target)


def _real_name(module: str, target: Target) -> str:
    """`os.path` is another module by another name."""
    own = "ntpath" if target.platform.system is System.WINDOWS else "posixpath"
    return own if module == "os.path" else module


def _has(module: str, name: str, target: Target) -> bool:
    span = _names(module).get(name)
    return span is not None and span.holds(target.interpreter.version)


@functools.lru_cache(maxsize=256)
def _names(module: str) -> dict[str, _Span]:
    found = {}
    for row in load_table("standard_names")["names"].get(module, "").split():
        match = _ROW.fullmatch(row)
        if match:
            name, *numbers = match.groups()
            upper, under, lower, least = (int(each) if each else 0 for each in numbers)
            found[name] = _Span((lower, least), (upper, under) if upper else (99, 0))
    return found

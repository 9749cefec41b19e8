"""Tiny packages made at random that do odd things while they are imported."""

from __future__ import annotations

import random
from pathlib import Path

#: What may stand in a template. `...` alone on a line stands for further statements.
_CHOICES = {
    "known": (
        "sys.version_info >= (3, 8)", "sys.platform == 'nowhere'", "True", "__name__ == '__main__'", "{x} is None",
        "not {x}", "os.name in ('posix', 'nt')", "{list}", "'u' in {t}", "{x} == 1 or {x}",
    ),
    "unknown": (
        "random.random() > 2", "len(sys.argv) > 99", "os.getpid() > 0", "'HOME' in os.environ", "json.loads('true')",
    ),
    "exc": (
        "ImportError", "Exception", "OSError", "(ImportError, OSError)", "ModuleNotFoundError", "AttributeError",
        "NameError", "LookupError", "ImportError as error", "(ImportError,) + (OSError,)", "RuntimeError",
        "BaseException", "{E}", "{E}[0]", "builtins.ImportError", "{Own}.taken",
    ),
    "handled": (
        "pass", "pass", "raise", "...", "{x} = 'handled'", "raise RuntimeError('r') from None", "import json",
    ),
    "items": ("{t}", "()", "(1, 2)", "[1]", "{list}"),
    "mild": ("contextlib.suppress(ImportError)", "contextlib.suppress(*{E})", "contextlib.nullcontext()"),
    "last": ("pass", "{x} = 'last'", "import json", "import json as late"),
}  # fmt: skip

_FAILING = (
    "import nothere_mod", "from nothere_mod import y", "import json.nothere", "from json import nothere_name",
    "json.nothere_attr", "{x} = ctypes.CDLL('libnothere_zz.so.1')", "undefined_name_zz", "raise ImportError('x')",
    "raise OSError", "from pkg.sub import nothere_name", "from .a import nothere_too", "import pkg.nothere_sub",
    "if {x} is None:\n    raise RuntimeError('none')", "if not {list}:\n    raise ValueError",
    "importlib.import_module('nothere_dyn')", "__import__('nothere_dyn')", "print({x}.strip())", "os.nothere_attr",
    "from pkg.sub import s_x as sx, s_t, s_gone", "if {Own}().kept is None:\n    raise ImportError('kept')",
)  # fmt: skip

_HARMLESS = (
    "{x} = 1", "{x} = ctypes.util.find_library('nothere_zz')", "{list}.append(1)", "{x} = {x} or 'bundled'",
    "import json as js", "del {x}\n{x} = 3", "{x} = [i for i in {t}]", "({x} := 5)", "{x} = lambda: 7",
    "{x} = os.environ.get('NOTHERE_VARIABLE')", "{x}, _y = 1, 2", "globals()['{x}'] = 4", "{x} = 'plain'",
    "json.given = 1\njson.given", "{x} = bool({x})", "{list} = list({t})", "{x} = '' + str({x})",
    "{x} = {Own}().kept",
)  # fmt: skip


_DATA = Path(__file__).parents[1] / "data" / "import_statements"


def _templates(name: str) -> list[str]:
    """Statements, with a line of two dashes between them."""
    return (_DATA / f"{name}.txt").read_text("utf-8").split("--\n")


def _beside() -> dict[str, str]:
    """Modules that statements ask for, by their files."""
    parts = (_DATA / "beside.txt").read_text("utf-8").split("=== ")[1:]
    return {name: text for name, _, text in (part.partition("\n") for part in parts)}


#: What can be understood, and what a reader of texts can hardly, or only in part; the last from Python 3.11 on.
_UNDERSTOOD, _SELDOM, _STARRED = map(_templates, ("understood", "seldom", "starred"))
_BESIDE = _beside()

_HEAD = """\
import abc, asyncio, builtins, collections, contextlib, ctypes, ctypes.util, dataclasses, enum, functools, importlib
import importlib.metadata, importlib.util, json, os, pkgutil, platform, random, sys, threading, types, typing, warnings
{x} = None
{list} = []
{t} = ('u', 'v')
{E} = (ImportError, OSError)
class {Own}:
    taken = ImportError
    def __init__(self):
        self.kept = None
        try:
            self.kept = ctypes.CDLL('libnothere_zz.so.1')
        except OSError:
            self.kept = 'bundled'
"""
_TOOLS = """\
import contextlib
class LazyImport:
    def __init__(self, name): self.name = name
    def __enter__(self): return self
    def __exit__(self, kind, value, trace): return isinstance(value, ImportError)
class _Imported:
    failed = False
    def check(self):
        if self.failed: print('later')
@contextlib.contextmanager
def try_import():
    found = _Imported()
    try:
        yield found
    except (ImportError, AttributeError, OSError, NameError):
        found.failed = True
def caught(function):
    def inner():
        try:
            return function()
        except Exception:
            return None
    return inner
def replaced(function):
    return lambda: None
"""


_STARS = ("pass", "pass", "from json import *", "from pkg.tools import *\nLazyImport")


class Programs:
    """Makes packages; the same seed makes the same ones."""

    def __init__(self, seed: int, *, odd: float = 0.25, failing: float = 0.35, starred: bool = False) -> None:
        """`odd`: how often something can hardly be understood; `failing`: how often it fails; `starred`: `except*`."""
        self._random = random.Random(seed)
        self._odd = odd
        self._failing = failing
        self._odd_templates = _SELDOM + (_STARRED if starred else [])
        self._number = 0
        self._words: dict[str, str] = {}

    def package(self) -> dict[str, str]:
        """The files of one package `pkg`."""
        first = (
            "from pkg import a",
            "from . import a, b",
            "import pkg.b as b",
            "from .sub import s_x",
            "from json import *\nimport pkg\npkg.dumps",
        )
        return {
            "pkg/a.py": self._module("a", 3, self._random.choice(_STARS)),
            "pkg/b.py": self._module("b", 3, self._random.choice(_STARS)),
            "pkg/sub/__init__.py": self._module("s", 2),
            "pkg/tools.py": _TOOLS,
            **_BESIDE,
            "pkg/__init__.py": self._module("i", 5, self._random.choice(first)),
        }

    def _module(self, prefix: str, most: int, first: str = "pass") -> str:
        words = {"x": "x", "list": "list", "t": "t", "E": "errors", "Own": "Own"}
        self._words = {word: f"{prefix}_{name}" for word, name in words.items()}
        lines = [*self._filled(_HEAD).splitlines(), first]
        for _ in range(self._random.randrange(1, most + 1)):
            lines += self._statement(2)
        return "\n".join(lines) + "\n"

    def _statement(self, depth: int) -> list[str]:
        if depth <= 0 or self._random.random() < 0.2:
            return self._expanded(
                self._random.choice(_FAILING if self._random.random() < self._failing else _HARMLESS), depth
            )
        odd = self._random.random() < self._odd
        return self._expanded(self._random.choice(self._odd_templates if odd else _UNDERSTOOD), depth)

    def _expanded(self, template: str, depth: int) -> list[str]:
        self._number += 1
        text = self._filled(template.replace("{new}", f"n{self._number}"))
        lines: list[str] = []
        for line in text.splitlines():
            if line.strip() == "...":
                indent = line[: -len("...")]
                block = [each for _ in range(self._random.randrange(1, 3)) for each in self._statement(depth - 1)]
                lines += [indent + each for each in block]
            else:
                lines.append(line)
        return lines

    def _filled(self, text: str) -> str:
        for word, choices in _CHOICES.items():
            while f"{{{word}}}" in text:
                text = text.replace(f"{{{word}}}", self._random.choice(choices), 1)
        for word, name in self._words.items():
            text = text.replace(f"{{{word}}}", name)
        return text

"""Tiny packages made at random that do odd things while they are imported."""

from __future__ import annotations

import random

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


def _templates(text: str) -> list[str]:
    """Statements, with a line of two dashes between them."""
    return text.split("--\n")


_COMPOUND = _templates("""\
try:
    ...
except {exc}:
    {handled}

--
try:
    ...
except {exc}:
    {handled}
except {exc}:
    {handled}
else:
    ...
--
try:
    ...
except {exc}:
    {handled}
else:
    ...
finally:
    {last}
--
try:
    ...
except:
    {handled}
--
try:
    ...
finally:
    {last}
--
if {known}:
    ...
else:
    ...
--
if {known}:
    ...
elif {known}:
    ...
--
for item in {items}:
    ...
else:
    ...
--
for item in {items}:
    ...
    break
--
for item in {items}:
    ...
    continue
--
n_tries = 0
while True:
    ...
    n_tries += 1
    if {x} or n_tries > 2: break
--
with {mild}:
    ...
--
class {new}:
    {x} = None
    ...
--
class {new}:
    def __init__(self):
        self.kept = {x} = None
        ...
{new}()
--
class {new}:
    def m(self):
        {x} = None
        ...
class {new}B({new}):
    pass
{new}B().m()
--
def {new}():
    {x} = None
    ...
    return 1
{x} = {new}()
--
def {new}():
    {x} = None
    def inner():
        nonlocal {x}
        {x} = 2
    inner()
    ...
{new}()
--
def {new}():
    global {x}
    ...
try:
    {new}()
except {exc}:
    {handled}
--
def {new}():
    {x} = None
    ...
def {new}(): pass
{new}()
--
def {new}():
    {x} = None
    try:
        ...
    finally:
        return 2
{x} = {new}()
--
def {new}():
    {x} = None
    for item in {items}:
        ...
        return item
    return None
{x} = {new}()
""")

_ODD = _templates("""\
def __getattr__(name):
    if name in ('answered', {x}):
        return 1
    raise AttributeError(name)
import pkg
pkg.answered
--
import pkg
pkg.{x}
pkg.nothere_own
--
if {unknown}:
    ...
else:
    ...
--
while {unknown}:
    ...
    break
--
for {new} in random.sample(range(3), 2):
    ...
--
with contextlib.ExitStack() as stack:
    stack.enter_context(contextlib.suppress(ImportError))
    ...
--
class {new}:
    def __enter__(self): return self
    def __exit__(self, *a): return True
with {new}():
    ...
--
class {new}:
    def __enter__(self): return self
    def __exit__(self, kind, *a):
        return kind is not None and issubclass(kind, ImportError)
with {new}() as lazy:
    ...
--
@contextlib.contextmanager
def {new}():
    try:
        yield
    except Exception:
        pass
with {new}():
    ...
--
from pkg.tools import LazyImport, try_import
with LazyImport('x'):
    ...
--
from pkg.tools import LazyImport, try_import
with try_import() as imported:
    ...
imported.check()
--
from pkg.tools import caught
@caught
def {new}():
    {x} = None
    ...
{new}()
--
from pkg.tools import replaced
@replaced
def {new}():
    {x} = None
    ...
{new}()
--
@functools.lru_cache
def {new}():
    {x} = None
    ...
{new}()
--
def {new}():
    {x} = None
    ...
    yield
{new}()
--
def {new}():
    {x} = None
    ...
    yield
list({new}())
--
async def {new}():
    {x} = None
    ...
{new}().close()
--
async def {new}():
    {x} = None
    ...
asyncio.run({new}())
--
sys.modules['nothere_mod'] = types.ModuleType('nothere_mod')
sys.modules['nothere_mod'].y = 1
--
setattr(sys.modules[__name__], '{x}', 'set')
--
vars()['{x}'] = 'set'
--
exec('{x} = 9')
--
match len(sys.argv):
    case 0:
        ...
    case _:
        pass
--
match {x}:
    case None:
        ...
    case str(text) if text:
        ...
    case other:
        ...
--
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.startswith('nothere'):
            from importlib.machinery import ModuleSpec
            return ModuleSpec(name, Finder)
    @staticmethod
    def create_module(spec): return None
    @staticmethod
    def exec_module(module): module.y = 1
sys.meta_path.insert(0, Finder)
--
def __getattr__(name):
    if name.startswith('__'): raise AttributeError(name)
    return 1
--
def {new}(f):
    try:
        return f()
    except Exception:
        return None
@{new}
def {new}_f():
    ...
--
def {new}():
    global {x}
    {x} = 'threaded'
t = threading.Thread(target={new})
t.start()
t.join()
--
{new}_reg = []
def {new}(v): {new}_reg.append(v); return v
list(map({new}, [1]))
if not {new}_reg:
    ...
--
{Own}.taken = LookupError
--
for {new} in [globals()]:
    {new}['{x}'] = 'through a name'
--
(lambda f: f())(lambda: globals().update({x}=8))
""")
#: Python 3.11 and later.
_STARRED = _templates("""\
try:
    ...
except* {exc}:
    pass
--
try:
    ...
except* ImportError:
    pass
else:
    ...
""")

_HEAD = """\
import asyncio, builtins, contextlib, ctypes, ctypes.util, functools, importlib, json, os, random, sys, threading, types
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

    def __init__(self, seed: int, *, odd: float = 0.25, starred: bool = False) -> None:
        """`odd`: how often something stands that a reader of texts can hardly understand; `starred`: also `except*`."""
        self._random = random.Random(seed)
        self._odd = odd
        self._odd_templates = _ODD + (_STARRED if starred else [])
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
            return self._expanded(self._random.choice(_FAILING if self._random.random() < 0.35 else _HARMLESS), depth)
        odd = self._random.random() < self._odd
        return self._expanded(self._random.choice(self._odd_templates if odd else _COMPOUND), depth)

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

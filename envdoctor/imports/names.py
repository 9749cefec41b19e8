"""Which names the modules of a wheel have once they were imported; nothing is run.

A module is gone through by itself: what it imports of its own wheel stays closed, but for what it takes all names of.
It is taken that the others give it no names but those that it is seen to be given.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.holdings import Holding
from envdoctor.imports.attributes import ALWAYS
from envdoctor.imports.interpreter import Alone, follow_alone
from envdoctor.imports.nodes import every_node
from envdoctor.imports.scopes import bound_names, mentions, own_nodes
from envdoctor.imports.site import Found, Presence
from envdoctor.imports.values import UNKNOWN, External
from envdoctor.imports.wheel_site import WheelSite
from envdoctor.support.syntax import parse_python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envdoctor.core.target import Target
    from envdoctor.imports.wheel_site import ModuleFiles

_HOOKS = re.compile(r"\b(?:meta_path|path_hooks|__path__)\b|\bsys\.modules\b|\bfrom sys import\b")
_TAKES_AWAY = re.compile(r"\bdel\b")  # other ways are not understood, so that nothing is proven
_HANDLED = re.compile(r"\bas\s+(\w+)\s*:")  # of an exception, at whose end the name is gone
_ITSELF = "sys.modules[__name__]"
#: Python's import no longer asks a finder's `find_module` ("What's New In Python 3.12", importlib).
_WITHOUT_FIND_MODULE = (3, 12)
_FINDER_OF_SIX = "class _SixMetaPathImporter("
_MOST_IMPORTED = 256  # Keras's `layers` takes 180 of its own
_MOST_STARRED = 24  # modules whose names one takes over by `import *`
_STAR = re.compile(r"\bimport\s*\*")
_ANSWER = "__getattr__"  # PEP 562
_UNKNOWN = Found(presence=Presence.UNKNOWN)


class ModuleNames:
    """The names in the modules of one wheel."""

    def __init__(self, index: ModuleFiles, read: Callable[[str], str], target: Target) -> None:
        """`read` gives the text of a member."""
        self._index = index
        self._read = read
        self._site = WheelSite(index, read, target)
        self._known: dict[str, Alone | None] = {}
        self._hooked: dict[str, bool] = {}
        self._plain: dict[str, bool] = {}
        self._bound: dict[str, frozenset[str]] = {}
        self._lacking: dict[str, bool] = {}

    def lacks_module(self, module: str) -> bool:
        """Whether importing a module certainly finds none: a package above it is there, and knows no other way."""
        if module not in self._lacking:
            self._lacking[module] = self._lacks_module(module)
        return self._lacking[module]

    def _lacks_module(self, module: str) -> bool:
        if self._index.exists(module):
            return False
        above = module.rpartition(".")[0]
        while above and not self._index.exists(above):
            above = above.rpartition(".")[0]
        if module.startswith(f"{above}.moves") and self._has_dead_finder(above):
            return True
        packages = [".".join(above.split(".")[: depth + 1]) for depth in range(above.count(".") + 1)]
        # A namespace package has no text; of the last one only a package's own `__init__` says what it holds.
        return bool(above) and all(
            self._is_plain_package(package)
            for package in packages
            if package == above or self._index.find(package) is not None
        )

    def _has_dead_finder(self, module: str) -> bool:
        """Whether a module is a `six` before 1.16, whose finder CPython 3.12 asks in vain: it has no `find_spec`."""
        text = self._text(module) if self._site.target.interpreter.version >= _WITHOUT_FIND_MODULE else ""
        return _FINDER_OF_SIX in text and "find_spec" not in text

    def lacks(self, module: str, name: str) -> bool:
        """Whether a module that is there certainly has no such name, nor a submodule of it."""
        submodule = f"{module}.{name}"
        if name in ALWAYS or self._index.exists(submodule) or name in self._plain_names(module):
            return False
        if self._index.is_package(module) and not self.lacks_module(submodule):
            return False
        return self.lacks_itself(module, name)

    def lacks_itself(self, module: str, name: str) -> bool:
        """Whether a module that is there certainly binds no such name; a package may have a submodule of it."""
        if name in self._plain_names(module) or self._is_hidden(module):
            return False
        alone = self._alone(module)
        return alone is not None and self._is_plain(module, alone) and alone.lacks(name)

    def _plain_names(self, module: str) -> frozenset[str]:
        """Names that statements of a module bind, whatever they come upon, if nothing in it takes names away."""
        if module not in self._bound:
            text = self._text(module)
            try:
                body = [] if _TAKES_AWAY.search(text) else parse_python(text).body
            except Unreadable:
                body = []
            bound = {name for node in body for name in _always_bound(node)}
            self._bound[module] = frozenset(bound.difference(_HANDLED.findall(text)))
        return self._bound[module]

    def _is_hidden(self, module: str) -> bool:
        """Whether a package binds the name of a module in it to something else, as in `from .tqdm import tqdm`."""
        package, _, name = module.rpartition(".")
        if not package or not self._index.is_package(package):
            return False
        try:
            nodes = own_nodes(parse_python(self._text(package)).body)
        except Unreadable:
            return True
        return any(name in bound_names(node) and not _takes_modules(node, package) for node in nodes)

    def binds(self, module: str, name: str) -> bool:
        """Whether a module that is there binds a name on every way to its end."""
        alone = self._alone(module)
        return alone is not None and alone.binds(name)

    def lacks_in_class(self, module: str, name: str, attribute: str) -> bool:
        """Whether a module's name is a class that certainly has no such attribute; a metaclass may give it any."""
        alone = self._alone(module)
        if alone is None or not self._is_plain(module, alone) or "metaclass" in self._text(module):
            return False
        return alone.lacks_in_class(name, attribute)

    def told(self, module: str, name: str, depth: int = 4) -> str:
        """The text that a module certainly binds a name to, itself or from another of the wheel; "" for none."""
        alone = self._alone(module)
        value = UNKNOWN if alone is None or alone.changes_finders else alone.value(name)
        if isinstance(value, External) and depth:
            of, _, name = value.name.rpartition(".")
            return self.told(of, name, depth - 1)
        return value if isinstance(value, str) else ""

    def holding(self, name: str) -> Holding:
        """Whether the wheel has a module, or a name in one, by its full name."""
        module, _, attribute = name.rpartition(".")
        if self._index.find(name) or self._index.is_folder(name):
            return Holding.HAS
        if not module:
            return Holding.UNKNOWN if self._index.exists(name) or self._index.path_files else Holding.LACKS
        above = self.holding(module)
        if above is not Holding.HAS:
            return above
        if self._index.find(module) is None and not self._index.is_folder(module):  # a name in a module, not a module
            return Holding.UNKNOWN
        if self.lacks(module, attribute) or (self._index.find(module) is None and self.lacks_module(name)):
            return Holding.LACKS
        return Holding.HAS if self.binds(module, attribute) else Holding.UNKNOWN

    def _is_plain_package(self, package: str) -> bool:
        """Whether a package's `__init__`, or a module, does nothing to how modules are found, nor what it imports."""
        alone = self._alone(package)
        if alone is None and self._index.is_package(package):  # without what it takes all names of, which finds nothing
            alone = follow_alone(package, _Closed(self._site, {package}))
        return alone is not None and not alone.changes_finders and self._is_plain(package, alone)

    def _is_plain(self, package: str, alone: Alone) -> bool:
        """Whether nothing that a module imports of its wheel does anything to modules from outside."""
        if package not in self._plain:
            self._plain[package] = self._imports_no_hooks(package, alone)
        return self._plain[package]

    def _imports_no_hooks(self, package: str, alone: Alone) -> bool:
        own = [name for name in alone.imports if name != package and self._index.find(name)]
        return len(own) <= _MOST_IMPORTED and not any(map(self._has_hooks, own))

    def _has_hooks(self, module: str) -> bool:
        if module not in self._hooked:
            text = self._text(module).replace(_ITSELF, "itself")  # to be another module concerns no other
            self._hooked[module] = _HOOKS.search(text) is not None and _changes_finders(text)
        return self._hooked[module]

    def _alone(self, module: str) -> Alone | None:
        if module not in self._known:
            found = self._site.find(module)
            wanted = {module}
            is_small = found.presence is Presence.TEXT and self._add_starred(module, wanted)
            self._known[module] = follow_alone(module, _Closed(self._site, wanted)) if is_small else None
        return self._known[module]

    def _add_starred(self, module: str, wanted: set[str]) -> bool:
        """Adds the modules of the wheel that a module takes all names of, and so on; whether they are few.

        So is the module whose function makes a `__getattr__`, or is called by one: which names that gives, only its
        text tells.
        """
        try:
            text = self._text(module)
            nodes = every_node(parse_python(text)) if _STAR.search(text) or _ANSWER in text else []
        except Unreadable:
            return True
        nodes = [node for node in nodes if isinstance(node, (ast.ImportFrom, ast.Assign, ast.FunctionDef))]
        makers = {name for node in nodes for name in _makers(node)}
        for node in nodes:
            if isinstance(node, ast.ImportFrom) and any(
                alias.name == "*" or (alias.asname or alias.name) in makers for alias in node.names
            ):
                source = self._source(node, module)
                if source not in wanted and self._site.find(source).presence is Presence.TEXT:
                    wanted.add(source)
                    if len(wanted) > _MOST_STARRED or not self._add_starred(source, wanted):
                        return False
        return True

    def _source(self, node: ast.ImportFrom, module: str) -> str:
        if not node.level:
            return node.module or ""
        parts = module.split(".") if self._index.is_package(module) else module.split(".")[:-1]
        above = parts[: len(parts) - node.level + 1]
        return ".".join([*above, node.module] if node.module else above)

    def _text(self, module: str) -> str:
        member = self._index.find(module)
        try:
            return self._read(member) if member and member.endswith(".py") else ""
        except Unreadable:
            return ""


def _always_bound(node: ast.stmt) -> Iterator[str]:
    """The names that a statement binds wherever it ends."""
    if isinstance(node, ast.Assign):
        yield from (each.id for each in node.targets if isinstance(each, ast.Name))
    elif isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
        yield from bound_names(node)


def _changes_finders(text: str) -> bool:
    """Whether a module's text says that it does more to how modules are found than to look at it."""
    try:
        changes = mentions(parse_python(text)).changes
    except Unreadable:
        return True
    return "from sys import" in text or (changes is not None and changes.finders)


def _takes_modules(node: ast.AST, package: str) -> bool:
    """Whether a statement is `import a.b` or `from . import b`, which bind modules of a package to their own names."""
    if isinstance(node, ast.ImportFrom):
        of_package = (node.level, node.module) in {(1, None), (0, package)}
        return of_package and not any(alias.asname not in {None, alias.name} for alias in node.names)
    return isinstance(node, ast.Import) and not any(alias.asname for alias in node.names)


def _makers(node: ast.AST) -> Iterator[str]:
    """The functions that say what a `__getattr__` gives: whose call a node binds it to, or which its text calls."""
    if isinstance(node, ast.ImportFrom):
        yield from (_ANSWER for alias in node.names if (alias.asname or alias.name) == _ANSWER)
    if isinstance(node, ast.Assign) and isinstance(node.value, (ast.Call, ast.Name)):
        names = (each.id for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name))
        called = node.value.func if isinstance(node.value, ast.Call) else node.value
        if _ANSWER in names and isinstance(called, ast.Name):
            yield called.id
    if isinstance(node, ast.FunctionDef) and node.name == _ANSWER:
        functions = (each.func for each in ast.walk(node) if isinstance(each, ast.Call))
        yield from (each.id for each in functions if isinstance(each, ast.Name))


class _Closed:
    """A site of which only some modules are followed."""

    def __init__(self, site: WheelSite, wanted: set[str]) -> None:
        self.target = site.target
        self.read = site.read
        self.lacks = site.lacks
        self.may_be_compiled = site.may_be_compiled
        self.lacks_itself = site.lacks_itself
        self.binds = site.binds
        self.lacks_file = site.lacks_file
        self.lacks_match = site.lacks_match
        self.modules_in = site.modules_in
        self.lacks_function = site.lacks_function
        self.has_distribution = site.has_distribution
        self.variable = site.variable
        self.may_set = site.may_set
        self.has_library = site.has_library
        self.version_of = site.version_of
        self.told_version = site.told_version
        self.alone_brings = site.alone_brings
        self.files_named = site.files_named
        self.files_mentioned = site.files_mentioned
        self.fails_to_load = site.fails_to_load
        self._site = site
        self._wanted = wanted

    def find(self, module: str) -> Found:
        """See `Site`."""
        found = self._site.find(module)
        if module in self._wanted or found.presence is Presence.ELSEWHERE:
            return found
        return Found(presence=Presence.UNKNOWN, is_package=found.is_package)

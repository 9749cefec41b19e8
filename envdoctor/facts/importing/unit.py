"""One package of an environment as what an import follows; its modules are files, wherever they lie."""

from __future__ import annotations

import ast
import fnmatch
import glob
import itertools
import os
import posixpath
import re
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.imports.scopes import own_nodes
from envdoctor.imports.site import Presence
from envdoctor.support.files import read_head, read_regular
from envdoctor.support.syntax import parse_python

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from envdoctor.facts.importing.modules import Modules, Place

LARGEST_TEXT = 1 << 20
_MOST_NATIVE_BYTES = 32 << 20
_WORD = 0xFFFFFFFF
_MOST_ENTRIES = 1000
_COMPILED = frozenset({".so", ".pyd", ".pyc", ".dll"})
_DOT = re.compile(r"\.")
_FOLLOWED = frozenset({Presence.TEXT, Presence.NAMESPACE})
_IN_PACKAGE = frozenset({Presence.TEXT, Presence.NATIVE})


def read_module(path: str) -> str:
    """The text of an installed module, as Python decodes it unless it says otherwise.

    Raises:
        Unreadable: it is gone, too large or not to be read.
    """
    try:
        return read_regular(path, LARGEST_TEXT).decode("utf-8-sig", "surrogateescape")
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}") from None


def is_gone(path: str) -> bool:
    """Whether there certainly is no file of a whole path, nor the folder that it would be in."""
    try:
        os.stat(path)
    except FileNotFoundError:
        folder = posixpath.dirname(path)
        while not os.path.lexists(folder) and folder.strip("/"):
            folder = posixpath.dirname(folder)
        return posixpath.isabs(path) and not os.path.lexists(path) and os.path.isdir(folder)
    except (OSError, ValueError):
        pass
    return False


def is_linked(texts: Iterable[str]) -> bool:
    """Whether any of some modules, or a package that it is in, is a link: other files may lie where that leads."""
    every = set(texts)
    folders = {posixpath.dirname(path) for path in texts}
    while folders:
        folders = {folder for folder in folders - every if os.path.exists(f"{folder}/__init__.py")}
        every |= folders
        folders = set(map(posixpath.dirname, folders))
    return any(map(os.path.islink, every))


def matches_nothing(pattern: str) -> bool:
    """Whether certainly no file of a folder has a name that matches the last part of a pattern."""
    folder, _, names = pattern.rpartition("/")
    if glob.has_magic(folder) or "**" in names:
        return False
    try:
        return is_gone(folder) or not fnmatch.filter(os.listdir(folder), names)
    except (OSError, ValueError):
        return False


def modules_of(folder: str) -> tuple[tuple[str, bool], ...] | None:
    """The modules of text in a folder, by name and in order, and whether each is a package; None if there are others.

    Source: `pkgutil.iter_modules`.
    """
    found: dict[str, bool] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in sorted(itertools.islice(entries, _MOST_ENTRIES), key=lambda each: each.name):
                stem, suffix = os.path.splitext(entry.name)
                if suffix in _COMPILED:
                    return None
                is_package = "." not in entry.name and entry.is_dir() and os.path.exists(f"{entry.path}/__init__.py")
                if is_package or (suffix == ".py" and "." not in stem and stem != "__init__"):
                    found.setdefault(stem, is_package)
    except OSError:
        return None
    return tuple(found.items()) if len(found) < _MOST_ENTRIES else None


def may_take_bytecode(path: str) -> bool:
    """Whether a compiled file of any Python may stand in for a text: one that says it is of this very text.

    Source: PEP 552; flags 0 go by the text's time and size.
    """
    folder, name = posixpath.split(path)
    cached = f"{folder}/__pycache__"
    try:
        found = os.stat(path)
        heads = [
            read_head(f"{cached}/{each}", 16)
            for each in os.listdir(cached)
            if each.startswith(f"{name.removesuffix('.py')}.") and each.endswith(".pyc")
        ]
    except OSError:
        return os.path.isdir(cached)
    same = (
        bytes(4) + (int(found.st_mtime) & _WORD).to_bytes(4, "little") + (found.st_size & _WORD).to_bytes(4, "little")
    )
    return any(head[4:] == same or any(head[4:8]) for head in heads)


def imports_outside_functions(path: str, packages: Collection[str], caught: Collection[str] = ()) -> bool:
    """Whether a text may import some packages whenever it is imported itself; True where it can't be read.

    What stands in a `try` whose handler names one of `caught`, or nothing, does not count: the text does without.
    """
    try:
        text = read_module(path)
        tree = parse_python(text) if any(package in text for package in packages) else ast.Module([], [])
        guarded = _attempted(tree, caught)
        nodes = [node for node in own_nodes(tree.body) if node not in guarded]
    except Unreadable:
        return True
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return any(f"{name}.".startswith(f"{package}.") for name in names for package in packages)


def _attempted(tree: ast.Module, caught: Collection[str]) -> set[ast.AST]:
    """What stands in the bodies of `try` statements that catch these exceptions, or all."""
    tries = (node for node in ast.walk(tree) if isinstance(node, ast.Try))
    guarded = (one for one in tries if any(_catches(handler.type, caught) for handler in one.handlers))
    return {node for one in guarded for statement in one.body for node in ast.walk(statement)}


def _catches(kind: ast.expr | None, caught: Collection[str]) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(_catches(each, caught) for each in kind.elts)
    return kind is None or (isinstance(kind, ast.Name) and kind.id in caught)


class UnitIndex:
    """The modules of one unit (`Modules.unit`); answers as a wheel's `ModuleIndex` does.

    Attributes:
        natives: the native files in the unit's folders, by their name in small letters.
        path_files: none; what .pth files do is known of the whole environment.
    """

    path_files: Sequence[str] = ()

    def __init__(
        self,
        unit: str,
        modules: Modules,
        natives: Mapping[str, Sequence[str]],
        made: Callable[[str], bool],
        note: Callable[[str, Place], None],
    ) -> None:
        """Prepares.

        Args:
            unit: its name.
            modules: of the environment.
            natives: see above.
            made: whether its extension modules may make a module importable that has no file of its own.
            note: told of each module that is looked up.
        """
        self.natives = natives
        self._unit = unit
        self._modules = modules
        self._made = made
        self._note = note
        self._found_by_natives: dict[str, bool] = {}

    def _place(self, name: str) -> Place | None:
        if name != self._unit and not name.startswith(self._unit + "."):
            return None
        place = self._modules.find(name)
        self._note(name, place)
        return place

    def find(self, name: str) -> str | None:
        """The file that importing a module executes."""
        place = self._place(name)
        return place.path if place is not None and place.presence in _IN_PACKAGE else None

    def exists(self, name: str) -> bool:
        """Whether a module may be there in any form."""
        place = self._place(name)
        return place is not None and place.presence is not Presence.ABSENT

    def is_source(self, name: str) -> bool:  # noqa: ARG002
        """False: what nothing can import has no place."""
        return False

    def is_folder(self, name: str) -> bool:
        """Whether it is a folder without `__init__`."""
        place = self._place(name)
        return place is not None and place.presence is Presence.NAMESPACE

    def is_package(self, name: str) -> bool:
        """Whether a module is a package with an `__init__`."""
        place = self._place(name)
        return place is not None and place.presence is Presence.TEXT and bool(place.folders)

    def lacks_path(self, path: str) -> bool:  # noqa: ARG002
        """False: the disk is asked about files."""
        return False

    def lacks_match(self, pattern: str) -> bool:  # noqa: ARG002
        """False: the disk is asked about files."""
        return False

    def natives_may_find(self, module: str) -> bool:
        """Whether an extension module of the unit may make a module importable that has no file of its own.

        What is at the top, it may find in another folder of its distribution; below a package of text it may put one
        into `sys.modules`, and then has its whole name in its bytes; below an extension module everything may be.
        """
        if module not in self._found_by_natives:
            above = (module[: dot.start()] for dot in _DOT.finditer(module))
            self._found_by_natives[module] = self._natives_may_find((*above, module))
        return self._found_by_natives[module]

    def _natives_may_find(self, names: Iterable[str]) -> bool:
        for name in names:
            place = self._place(name)
            if place is None or place.presence is Presence.ABSENT:
                return self._made(name)
            if place.presence not in _FOLLOWED:
                break
        return True


def stems_of(paths: Sequence[str]) -> frozenset[str]:
    """The names, without suffixes, of folders and files in paths; not of those in packages, which are submodules."""
    packages = {posixpath.dirname(path) for path in paths if path.endswith("/__init__.py")}
    found: set[str] = set()
    seen: set[str] = set()
    for path in paths:
        while path and path not in seen and "__pycache__" not in path:
            seen.add(path)
            path, _, name = path.rpartition("/")  # noqa: PLW2901 - upwards
            if path not in packages:
                found.add(name.partition(".")[0])
    return frozenset(found)


def names_held(paths: Iterable[str], unit: str) -> frozenset[str] | None:
    """The dotted names in a unit, and those above them, that extension modules hold; None where it is much to read."""
    left, found = _MOST_NATIVE_BYTES, set[str]()
    word = re.escape(unit.encode())  # first, as what is searched for: after `\b` each byte is looked at
    dotted = re.compile(rb"%s(?<!\w%s)(?:\.[A-Za-z_]\w*)+" % (word, word))
    for path in paths:
        try:
            content = read_regular(path, left)
        except OSError:
            return None
        left -= len(content)
        found.update(match[0].decode() for match in dotted.finditer(content))
    return frozenset(name[:end] for name in found for end in (*(dot.start() for dot in _DOT.finditer(name)), None))

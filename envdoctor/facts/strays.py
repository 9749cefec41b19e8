"""Files and folders that belong to no distribution and take an import name: left-overs, and what hides a package."""

from __future__ import annotations

import enum
import os
import re
import sys
from typing import TYPE_CHECKING

from envdoctor.core.frozen import frozen
from envdoctor.facts.python.search_path import Origin, entries_of, modules_in
from envdoctor.facts.records.clashes import CARELESS
from envdoctor.facts.startup import standard_names
from envdoctor.support.files import read_head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution

#: What installers and operating systems put among packages without a RECORD.
_ORDINARY = CARELESS | {"pip", "setuptools", "pkg_resources", "wheel", "easy_install", "bin", "lib", "share", "include"}
#: Modules that Python has imported before it looks into a script's folder (`python -v`), and those nobody imports.
_NEVER_HIDDEN = CARELESS | {
    *("abc", "codecs", "encodings", "genericpath", "importlib", "io", "ntpath", "os", "posixpath", "runpy", "site"),
    *("stat", "zipimport", "antigravity", "idlelib", "this", "turtledemo", *sys.builtin_module_names),
}
_CODE = (".py", ".pyc", ".so", ".pyd")
_MOST_ENTRIES = 2000
#: So many modules of the standard library in one folder are a standard library.
_LIBRARY = 20


class Content(enum.Enum):
    """What a folder that nobody installed holds."""

    PACKAGE = "package"  # an `__init__`
    CODE = "code"  # modules without one
    NOTHING = "nothing"  # no module at all; `import` of it succeeds all the same (PEP 420)


@frozen
class Leftover:
    """A folder among installed packages that no RECORD names, and that takes an import name.

    Attributes:
        example: a path in it, relative to it.
        hidden: the distribution whose module beside it is not found for it; None for none.
    """

    name: str
    path: str
    content: Content
    example: str = ""
    hidden: Distribution | None = None


@frozen
class Hiding:
    """A module or package that is found before another of its name.

    Attributes:
        path: of the module, or of the package's `__init__.py`.
        variable: PYTHONPATH, where that names the folder; empty for the current folder.
        hidden: the distribution whose module it hides; None for one of the standard library.
    """

    name: str
    path: str
    variable: str = ""
    hidden: Distribution | None = None


@frozen
class Strays:
    """All of both kinds."""

    leftovers: tuple[Leftover, ...] = ()
    hiding: tuple[Hiding, ...] = ()


def derive(facts: Facts) -> Strays:
    """Look at the folders of packages, at those that PYTHONPATH names and at the current one.

    Raises:
        FactUnavailable: the RECORDs could not be read.
    """
    owners: dict[str, dict[str, Distribution]] = {}  # of each folder, its entries and who owns them
    for record in facts.records.records:
        owners.setdefault(record.distribution.root, {}).update(dict.fromkeys(_tops(record.paths), record.distribution))
    return Strays(leftovers=tuple(_leftovers(facts, owners)), hiding=tuple(_hiding(facts, owners)))


def _tops(paths: Iterable[str]) -> set[str]:
    """The first parts of paths; rows of one folder follow each other in a RECORD, and there are tens of thousands."""
    found: set[str] = set()
    folder = "\0"
    for path in paths:
        if not path.startswith(folder):
            top, slash, _ = path.partition("/")
            found.add(top)
            folder = top + slash if slash else "\0"
    return found


def _leftovers(facts: Facts, owners: Mapping[str, Mapping[str, Distribution]]) -> Iterator[Leftover]:
    if facts.python.conda:
        return  # conda's packages need no metadata of Python's
    for folder in facts.python.search_path:
        known = _known_names(facts, folder.path, owners)
        if folder.origin not in {Origin.SITE, Origin.USER} or known is None:
            continue
        owned = owners.get(folder.path, {}).items()
        modules = {name.partition(".")[0]: one for name, one in owned if name.endswith(_CODE)}
        for entry in entries_of(folder.path):
            ordinary = entry.name in known or entry.name in _ORDINARY or entry.name.startswith("_")
            if entry.name.isidentifier() and not ordinary and entry.is_dir(follow_symlinks=False):
                yield from _look_into(entry.name, entry.path, modules.get(entry.name))


def _known_names(facts: Facts, root: str, owners: Mapping[str, Mapping[str, Distribution]]) -> set[str] | None:
    """The names in a folder that distributions own; None if that can't be told, or if the system looks after it."""
    from envdoctor.facts.natives.listing import top_level
    from envdoctor.facts.packages.listing import is_system_folder

    if is_system_folder(root):
        return None
    if any(record.problem and record.distribution.root == root for record in facts.records.records):
        return None  # what such a RECORD does not list may be its distribution's
    names = set(owners.get(root, ()))
    for one in facts.packages.distributions:
        if one.root != root:
            continue
        if not one.has_record and not os.path.isfile(f"{one.metadata}/top_level.txt"):
            return None
        names |= set() if one.has_record else {name.partition("/")[0] for name in top_level(one)}
    return names


def _look_into(name: str, path: str, beside: Distribution | None) -> Iterator[Leftover]:
    """What is in a folder; one that is empty, or holds compiled files alone, is what any uninstalling leaves.

    Python finds a package, but no other folder, before a module beside it (FileFinder).
    """
    example, content, left = "", Content.NOTHING, _MOST_ENTRIES
    for place, folders, files in os.walk(path):
        folders[:] = [one for one in folders if one != "__pycache__"]
        left -= len(files) + len(folders)
        if left < 0:
            return  # too large to say that there is no code in it
        example = example or next((os.path.relpath(os.path.join(place, one), path) for one in files), "")
        if any(one.endswith(_CODE) for one in files):
            content = Content.PACKAGE if os.path.isfile(f"{path}/__init__.py") else Content.CODE
            break
    if example:
        hidden = beside if content is Content.PACKAGE else None
        yield Leftover(name=name, path=path, content=content, example=example, hidden=hidden)


def _hiding(facts: Facts, owners: Mapping[str, Mapping[str, Distribution]]) -> Iterator[Hiding]:
    provided = _provided(facts, owners)
    for folder, variable in _first_places(facts):
        if folder in owners:
            continue  # of distributions: a clash of two is told as that
        found = list(modules_in(folder, facts.python.extension_suffixes))
        library = standard_names(facts.python)
        standard = {name for name, _ in found if name in library and name[0] != "_"} - _NEVER_HIDDEN
        if len(standard) > _LIBRARY:
            standard = set()
        for name, path in found:
            owner = provided.get(name)
            if name in standard or (owner is not None and not _is_source(folder, owner)):
                yield Hiding(name=name, path=os.path.abspath(path), variable=variable, hidden=owner)


def _provided(facts: Facts, owners: Mapping[str, Mapping[str, Distribution]]) -> dict[str, Distribution]:
    """Who provides each import name."""
    active = {one.metadata for one in facts.packages.active().values()}
    provided: dict[str, Distribution] = {}
    for entries in owners.values():
        for entry, one in entries.items():
            name = entry.partition(".")[0] if entry.endswith((".py", ".so", ".pyd")) else entry
            if one.metadata in active and name not in CARELESS:
                provided.setdefault(name, one)
    return provided


def _first_places(facts: Facts) -> Iterator[tuple[str, str]]:
    """(folder, variable that names it) of the folders that come before all packages."""
    searched = facts.python.search_path
    if not os.environ.get("PYTHONSAFEPATH") and not any(_same(".", one.path) for one in searched):
        yield ".", ""
    for one in searched:
        if one.origin is Origin.PYTHONPATH:
            yield one.path, "PYTHONPATH"


def _is_source(folder: str, one: Distribution) -> bool:
    """Whether a folder is where a distribution is developed: what lies there is meant to be found first."""
    if one.editable and os.path.realpath(folder).startswith(os.path.realpath(one.editable)):
        return True
    name = re.escape(one.key).replace(r"\-", "[-_.]+")
    says_so = re.compile(rf"""^\s*name\s*=\s*["']?{name}["',\s]""".encode(), re.MULTILINE | re.IGNORECASE)
    for place in (folder, os.path.join(folder, "..")):
        for file in ("pyproject.toml", "setup.cfg", "setup.py"):
            try:
                if says_so.search(read_head(os.path.join(place, file), 64 << 10)):
                    return True
            except OSError:
                continue
    return False


def _same(first: str, second: str) -> bool:
    try:
        return os.path.samefile(first, second)
    except OSError:
        return False

"""Which modules a Python brings itself, by version and system; the lists are in data/python_modules.toml."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.core.frozen import frozen
from envdoctor.core.target import System
from envdoctor.imports.removed_names import release_numbers
from envdoctor.imports.site import Found, Presence
from envdoctor.imports.standard_names import is_listed, may_be_package, standard_lacks
from envdoctor.support.requirement import normal_name

if TYPE_CHECKING:
    from collections.abc import Collection

    from envdoctor.core.target import Target

# PyPy has in its library what CPython gets from the distribution cffi, and modules of its own.
_PROJECT = re.compile(r"[a-z0-9][a-z0-9._-]*")
_PYPY = frozenset({"_cffi_backend", "cffi", "greenlet", "pypyjit", "__pypy__", "_pypy_openssl", "hpy"})

#: What every process has in `sys.modules` before anything is imported.
_MAIN = "__main__"
#: Modules that lack in a Python that was built, or packed, without the library behind them.
_MAY_BE_LEFT_OUT = frozenset({
    "tkinter", "_tkinter", "turtle", "turtledemo", "idlelib", "sqlite3", "_sqlite3", "lzma", "_lzma", "bz2", "_bz2",
    "curses", "_curses", "_curses_panel", "readline", "dbm", "_dbm", "_gdbm", "ssl", "_ssl", "zlib", "ctypes",
    "_ctypes", "uuid", "_uuid", "crypt", "_crypt", "nis", "ossaudiodev", "spwd", "ensurepip", "venv", "distutils",
    "lib2to3", "test", "antigravity", "this", "multiprocessing", "_multiprocessing", "hashlib", "_hashlib", "xml",
    "pyexpat",
})  # fmt: skip


@functools.lru_cache(maxsize=64)
def modules_of_version(python: tuple[int, ...]) -> frozenset[str]:
    """The top-level modules that a version of CPython brings on any system, as its `sys.stdlib_module_names`."""
    table = load_table("python_modules")
    late = {name for name, since in table["added"].items() if _version(since) > python}
    gone = {name for name, since in table["removed"].items() if _version(since) <= python}
    return frozenset({*table["modules"], *table["added"], *table["removed"]} - late - gone)


@functools.lru_cache(maxsize=64)
def standard_modules(target: Target) -> frozenset[str]:
    """The top-level modules that the target's Python brings."""
    foreign = load_table("python_modules")["systems"]["unix" if target.platform.system is System.WINDOWS else "windows"]
    known = modules_of_version(target.interpreter.version).difference(foreign)
    return frozenset(known | _PYPY if target.interpreter.implementation == "pp" else known)


def optional_module(module: str, left_out: Collection[str]) -> str:
    """The one of Python's optional modules that a module needs, of those that were left out; "" for none."""
    top, table = module.partition(".")[0], load_table("python_modules")["optional"]
    return next((each for each in left_out if each in table and top in {each, *table[each]["needed_by"]}), "")


def was_removed(module: str) -> bool:
    """Whether a module is of Python's own, but only of older versions."""
    return module in load_table("python_modules")["removed"]


def is_of_another_python(module: str) -> bool:
    """Whether a module belongs to the standard library of some other version or system."""
    table = load_table("python_modules")
    return module in table["removed"] or module in table["modules"] or module in table["added"]


@frozen
class ModuleProvider:
    """Who brings a module that wheels import without requiring it; a row of data/python_modules.toml.

    Attributes:
        requirement: what to ask an installer for.
        below: Pythons older than this have it in the environments that `python -m venv` makes; () for none.
        beside: a distribution that makes the module available without having a file of its name; "" for none.
    """

    requirement: str
    below: tuple[int, ...] = ()
    beside: str = ""

    @property
    def project(self) -> str:
        """The name of the distribution, without its version."""
        match = _PROJECT.match(self.requirement)
        return match[0] if match else self.requirement


@frozen
class Outdated:
    """A project that does not work with newer Pythons; a row of data/python_modules.toml.

    Attributes:
        project: its normalized name.
        python: the first Python that it does not work with.
        instead: what does, as a requirement: other versions of it, or another project with the same modules.
        otherwise: another way, in words; "" for none.
        seen: what importing it says; "" where its text proves that it fails.
    """

    project: str
    python: tuple[int, ...]
    instead: str
    otherwise: str = ""
    seen: str = ""


def outdated(project: str, version: str, python: tuple[int, ...]) -> Outdated | None:
    """What is known of a version of a project that does not work with a Python; None for nothing."""
    for row in load_table("python_modules")["outdated"]:
        have = release_numbers(version)
        is_fine = "before" in row and have >= release_numbers(row["before"])
        is_fine |= have < release_numbers(row.get("since", ""))
        if row["of"] == project and python >= _version(row["python"]) and not is_fine:
            return Outdated(
                project=project,
                python=_version(row["python"]),
                instead=row["instead"],
                otherwise=row.get("otherwise", ""),
                seen=row.get("seen", ""),
            )
    return None


def module_provider(module: str) -> ModuleProvider | None:
    """Who is known to bring a module; None if nobody is."""
    for row in load_table("python_modules")["providers"]:
        if module in row["modules"]:
            below = _version(row["below"]) if "below" in row else ()
            return ModuleProvider(requirement=row["requirement"], below=below, beside=row.get("beside", ""))
    return None


def is_project_of(module: str, projects: Collection[str]) -> bool:
    """Whether a module is, by its name or by what is known, of one of some projects (normalized names)."""
    top = module.partition(".")[0]
    provider = module_provider(top)
    return normal_name(top) in projects or bool(provider and normal_name(provider.project) in projects)


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


@functools.lru_cache(maxsize=1 << 14)
def standard_found(module: str, target: Target) -> Found | None:
    """What there is of a module of Python's own; None for any other."""
    top = module.partition(".")[0]
    if module == _MAIN:
        return Found(presence=Presence.ELSEWHERE, loads=True)
    if top not in standard_modules(target):
        return None
    loads = top not in _MAY_BE_LEFT_OUT
    is_package = may_be_package(module)
    if module == top:
        return Found(presence=Presence.ELSEWHERE, is_package=is_package, loads=loads)
    package, _, name = module.rpartition(".")
    if standard_lacks(package, name, target):
        return Found(presence=Presence.ABSENT)
    if not is_listed(module, target):
        return Found(presence=Presence.UNKNOWN)
    loads &= target.platform.system is System.LINUX
    return Found(presence=Presence.ELSEWHERE, is_package=is_package, loads=loads)

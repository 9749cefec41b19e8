"""Which libraries a platform brings, so that a wheel need not: promised by its policy, or only usually there.

Sources: PEP 513, 571, 599, 600 (manylinux), PEP 656 (musllinux), Apple's shared cache, Windows' System32; the lists are
in data/system_libraries.toml and data/library_providers.toml.
"""

from __future__ import annotations

import enum
import functools
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from envdoctor.core.data import load_table
from envdoctor.core.frozen import frozen
from envdoctor.core.target import Libc, Platform, System
from envdoctor.support.text import version_tuple

if TYPE_CHECKING:
    from envdoctor.core.target import Interpreter

_PYTHON_DLL = re.compile(r"python3(?P<minor>\d{1,3})(?P<flags>t?)\.dll")
_MOST_VERSION = 8  # of the sonames in the tables


class Promise(enum.Enum):
    """How sure it is that a library is there."""

    PROMISED = "promised"
    ASSUMED = "assumed"  # promised, or part of Python or a runtime that most have; a minimal system lacks it
    DESKTOP = "desktop"  # promised by nothing, and found on most desktop systems


@frozen
class SystemLibrary:
    """A library that the platform or its Python brings, and by what rule."""

    promise: Promise
    rule: str


@frozen
class Provider:
    """Who supplies a library: a distribution ("wheel"), a package of the system ("system"), or an SDK ("vendor")."""

    name: str
    kind: str


class SystemPolicy:
    """The libraries of one platform, by the name in which a file needs them."""

    def __init__(self, platform: Platform, python: Interpreter | None = None) -> None:
        """`python`: the CPython that brings libraries of its own on Windows; None for a newer one."""
        self._platform = platform
        self._python = python

    @property
    def system(self) -> System:
        """The operating system."""
        return self._platform.system

    def provides(self, name: str) -> SystemLibrary | None:
        """What the platform says of a library; None where it says nothing, and the library must come with a wheel."""
        system = self._platform.system
        if system is System.MACOS:
            return _macos(name)
        if system is System.WINDOWS:
            return _windows(name.lower(), self._python)
        if _matches(name, ["libpython3*.so*"]):
            return SystemLibrary(promise=Promise.DESKTOP, rule="only a Python built with --enable-shared has it")
        return _musl(name) if self._platform.libc is Libc.MUSL else _glibc(name, self._platform.version)

    def provides_any(self, name: str) -> SystemLibrary | None:
        """The same of a library in any version: `libz.so` for `libz.so.1`."""
        known = self.provides(name)
        if known is None and self._platform.system is System.LINUX and name.endswith(".so"):
            names = (f"{name}.{version}" for version in range(_MOST_VERSION))
            known = next(filter(None, map(self.provides, names)), None)
        return known


def _glibc(name: str, version: tuple[int, int] | None) -> SystemLibrary | None:
    table = _table("manylinux")
    since = table["since"].get(name)
    if name in table["often_absent"]:
        return SystemLibrary(promise=Promise.ASSUMED, rule="manylinux promises it; slim and headless systems lack it")
    if name in table["libraries"] or _matches(name, table["patterns"]):
        return SystemLibrary(promise=Promise.PROMISED, rule="promised by every manylinux tag")
    if _matches(name, table["desktop"]):
        return SystemLibrary(
            promise=Promise.DESKTOP, rule="no tag promises it; desktop systems have it, containers lack it"
        )
    if since and (version is None or version >= version_tuple(since)):
        return SystemLibrary(promise=Promise.PROMISED, rule=f"promised by manylinux tags from glibc {since} on")
    return None


def _musl(name: str) -> SystemLibrary | None:
    table = _table("musllinux")
    if name in table["libraries"] or _matches(name, table["patterns"]):
        return SystemLibrary(promise=Promise.PROMISED, rule="promised by every musllinux tag")
    return None


def _macos(name: str) -> SystemLibrary | None:
    if name in _table("macos")["libraries"]:
        return SystemLibrary(promise=Promise.PROMISED, rule="part of macOS (/usr/lib/)")
    for prefix in _table("macos")["prefixes"]:
        if name.startswith(prefix):
            return SystemLibrary(promise=Promise.PROMISED, rule=f"part of macOS ({prefix})")
    return None


def _windows(name: str, python: Interpreter | None) -> SystemLibrary | None:
    table = _table("windows")
    if name in table["often_absent"]:
        rule = "part of Windows, but for its N editions without the Media Feature Pack and for Server Core"
        return SystemLibrary(promise=Promise.ASSUMED, rule=rule)
    if name in table["libraries"] or _matches(name, table["patterns"]):
        return SystemLibrary(promise=Promise.PROMISED, rule="part of Windows")
    since = table["python_since"].get(name)
    if since and python is not None and python.version < version_tuple(since):
        rule = f"in the Microsoft Visual C++ Redistributable; python.exe brings it from Python {since} on"
        return SystemLibrary(promise=Promise.DESKTOP, rule=rule)
    own = _PYTHON_DLL.fullmatch(name)
    is_own = own is not None and (
        python is None or ((3, int(own["minor"])), bool(own["flags"])) == (python.version, python.free_threaded)
    )
    if is_own or name in table["python"] or _matches(name, table["python_patterns"]):
        return SystemLibrary(promise=Promise.PROMISED, rule="beside python.exe")
    if name in table["redistributable"]:
        rule = "in the Microsoft Visual C++ Redistributable, which Windows does not bring"
        return SystemLibrary(promise=Promise.DESKTOP, rule=rule)
    return None


def provider_of(name: str) -> Provider | None:
    """Who supplies a library that no wheel brings, where the table knows; `name` may be a path or an install name."""
    base = name.replace("\\", "/").rpartition("/")[2].lower()
    for row in load_table("library_providers")["providers"]:
        if _matches(base, row["patterns"]):
            return Provider(name=row["name"], kind=row["kind"])
    return None


def is_there(name: str, provider: Provider | None) -> str:
    """That a machine has a library, as a condition in words."""
    return f"{name} is there{f' ({provider.name})' if provider else ''}"


def newest_libstdcxx(glibc: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The newest GLIBCXX and CXXABI that systems of that glibc have; of the oldest row for a glibc older than all."""
    rows = _table("manylinux")["runtimes"]
    fitting = [row for row in rows if version_tuple(row["glibc"]) <= tuple(glibc)] or rows[:1]
    return version_tuple(fitting[-1]["glibcxx"]), version_tuple(fitting[-1]["cxxabi"])


def last_libstdcxx(glibc: tuple[int, ...]) -> tuple[int, ...] | None:
    """The newest GLIBCXX that any distribution with that very glibc has; None where that is not known."""
    found = _table("manylinux")["newest_glibcxx"].get(".".join(map(str, glibc[:2])))
    return version_tuple(found) if found else None


def _matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


@functools.cache
def _table(section: str) -> dict[str, Any]:
    table: dict[str, Any] = load_table("system_libraries")[section]
    return table

"""Finds modules that look for a library of the system, or for any of several modules, and fail without it on import.

`ctypes.util.find_library("portaudio")` and a `raise` where it finds nothing: no native file of the wheel says so, and
nothing requires it. So it is with a `raise` where neither of two frameworks can be imported. The module's text is gone
through as if what it looks for were there and as if it were not; it counts if that decides whether the import fails.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from envdoctor.binaries.policy import Promise, SystemPolicy, provider_of
from envdoctor.core.errors import Unreadable
from envdoctor.core.target import System
from envdoctor.imports.standard_library import standard_modules
from envdoctor.support.syntax import parse_python
from envdoctor.wheels.rehearsal import Rehearsal
from envdoctor.wheels.rehearsal_values import FOUND, UNKNOWN, Raised, TooLong

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from envdoctor.core.target import Target
    from envdoctor.wheels.import_walk import Entered
    from envdoctor.wheels.module_index import ModuleIndex
    from envdoctor.wheels.rehearsal_expressions import Names

#: What a text must hold for a rehearsal to be worth it.
_LOOKS = re.compile(r"find_library|CDLL|LoadLibrary|dlopen|except[^\n]*(?:ImportError|ModuleNotFoundError)")
_LIBRARY = re.compile(r"\.(?:so(?:\.[0-9.]+)?|dylib|dll)$", re.IGNORECASE)
_LONGEST_TEXT = 1 << 18
_SUFFIXES = {
    System.LINUX: ("lib{}.so",),
    System.MACOS: ("lib{}.dylib", "{}.dylib"),
    System.WINDOWS: ("{}.dll", "lib{}.dll"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryLookup:
    """A look-up that decides whether a module can be imported.

    Attributes:
        via: the modules that lead there, itself last.
        names: the libraries that it looks for in vain, as it names them; () where it is modules that count.
        instead_of: modules of other distributions that would do too; the import fails where none of them is there.
        raises: the exception.
        promise: how sure it is that the system has the library, if anything is: then the import fails only without.
    """

    via: tuple[str, ...]
    names: tuple[str, ...] = ()
    instead_of: tuple[str, ...] = ()
    raises: str = ""
    promise: Promise | None = None


def failing_lookups(
    entered: Iterable[Entered], index: ModuleIndex, read: Callable[[str], str], target: Target
) -> tuple[LibraryLookup, ...]:
    """The first look-up that fails, and the first that would on a system that lacks what most have.

    Args:
        entered: the modules that an import runs, in order.
        index: of their wheel.
        read: the text of a member.
        target: where they are imported.
    """
    modules = _worth_it([one for one in entered if one.certain], read)
    if not modules:
        return ()
    trees = _Trees(index, read)
    found = []
    for system in (_System(target), _System(target, desktop=False)):
        first = next((each for one in modules if (each := _failing(one, trees, system))), None)
        if first:
            found.append(first)
            break
    return tuple(found)


def _worth_it(modules: Sequence[Entered], read: Callable[[str], str]) -> list[Entered]:
    """The modules that look for something, and those whose text names one that does: they may call it."""
    texts = {one.member: _text(read, one.member) for one in modules}
    looking = {one.member: one.name for one in modules if _LOOKS.search(texts[one.member])}
    if not looking:
        return []
    names = {pattern for member, name in looking.items() for pattern in _naming(name, member)}
    named = re.compile("|".join(names))
    return [one for one in modules if one.member in looking or named.search(texts[one.member])]


def _naming(module: str, member: str) -> Iterator[str]:
    """How a text may name a module that it calls; the name of the package at the top alone says little."""
    parent, _, name = module.rpartition(".")
    if parent:
        yield rf"\b{re.escape(name)}\b"
    if member.endswith("/__init__.py"):
        yield rf"\bfrom\s+(?:\.+|{re.escape(module)})\s+import\b"
    elif not parent:
        yield rf"\bimport\s+{re.escape(module)}\b"


def brings_library(files: Iterable[str], name: str) -> bool:
    """Whether a library may be among files, of which the names are given, under a name that a look-up has for it."""
    stem = posixpath.basename(name).lower().removeprefix("lib").partition(".")[0]
    return any(stem in file.lower() for file in files if _LIBRARY.search(file))


def _text(read: Callable[[str], str], member: str) -> str:
    try:
        return read(member)
    except Unreadable:
        return ""


def _failing(module: Entered, trees: _Trees, system: _System) -> LibraryLookup | None:
    """The look-up for which a module fails; None if it does not fail, or would fail with every library too."""
    world = _World(trees, system)
    raised = world.raised_by(module.name)
    if raised is None or not (world.missed or world.lacking):
        return None
    if _World(trees, _System(system.target, everything=True)).raised_by(module.name) is not None:
        return None
    return LibraryLookup(
        via=module.via,
        names=tuple(dict.fromkeys(world.missed)),
        instead_of=tuple(dict.fromkeys(world.lacking)),
        raises=raised,
        promise=None if system.desktop else Promise.DESKTOP,
    )


class _System:
    """Which libraries a system has."""

    def __init__(self, target: Target, *, desktop: bool = True, everything: bool = False) -> None:
        self.target = target
        self.desktop = desktop
        self._everything = everything
        self._policy = SystemPolicy(target.platform)

    @property
    def has_everything(self) -> bool:
        return self._everything

    def has(self, name: str, *, whole: bool) -> bool | None:
        """Whether the loader finds a library by its file name (`whole`), or by what stands in the middle of that."""
        if self._everything:
            return True
        files = [name] if whole else [form.format(name) for form in _SUFFIXES[self.target.platform.system]]
        promised = [self._promise(file) for file in files]
        if any(promised):
            return self.desktop or any(promise is not Promise.DESKTOP for promise in promised if promise)
        if self.target.platform.system is System.LINUX:
            return False
        # Of these systems it is not listed what they have, but some of what they do not.
        return False if any(provider_of(file) for file in files) else None

    def _promise(self, file: str) -> Promise | None:
        found = self._policy.provides_any(file)
        return found.promise if found else None


class _Trees:
    """The modules of a wheel, as syntax trees."""

    def __init__(self, index: ModuleIndex, read: Callable[[str], str]) -> None:
        self.index = index
        self._read = read
        self._known: dict[str, ast.Module | None] = {}

    def of(self, module: str) -> ast.Module | None:
        if module not in self._known:
            member = self.index.find(module)
            self._known[module] = self._parsed(member) if member and member.endswith(".py") else None
        return self._known[module]

    def _parsed(self, member: str) -> ast.Module | None:
        text = _text(self._read, member)
        try:
            return parse_python(text) if text and len(text) <= _LONGEST_TEXT else None
        except Unreadable:
            return None


class _World:
    """What the modules of a wheel meet on a system, and what they missed of it."""

    def __init__(self, trees: _Trees, system: _System) -> None:
        self.target = system.target
        self.missed: list[str] = []
        self.lacking: list[str] = []
        self._trees = trees
        self._system = system
        self._standard = standard_modules(system.target)
        self._modules: dict[str, Names] = {}

    def raised_by(self, module: str) -> str | None:
        """The exception that importing a module raises; None if it may raise none."""
        try:
            self._rehearse(module)
        except Raised as error:
            return error.name
        except (TooLong, RecursionError):
            return None
        return None

    def _rehearse(self, module: str) -> Names:
        if module not in self._modules:
            self._modules[module] = {}  # what another sees of it that is imported by it
            tree = self._trees.of(module)
            if tree is not None:
                package = module if self._trees.index.is_package(module) else module.rpartition(".")[0]
                self._modules[module] = Rehearsal(self, package).module(tree)
        return self._modules[module]

    def find(self, name: str) -> Any:  # noqa: ANN401 - any value of Python
        """What ctypes.util.find_library says."""
        has = None if self._is_own(name) else self._system.has(name, whole=False)
        if has is None:
            return UNKNOWN
        if not has:
            self.missed.append(name)
        return FOUND if has else None

    def load(self, name: str) -> Any:  # noqa: ANN401 - any value of Python
        """Loads a library by its file name, or, as cffi does, by what stands in the middle of it."""
        base = posixpath.basename(name.replace("\\", "/"))
        if base != name and not name.startswith("/"):
            return UNKNOWN
        has = None if self._is_own(base) else self._system.has(base, whole=True)
        if has is None or (not has and self._system.has(base, whole=False) is not False):
            return UNKNOWN
        if not has:
            self.missed.append(base)
            raise Raised("OSError")
        return FOUND

    def _is_own(self, name: str) -> bool:
        """Whether the wheel may bring a library itself, and make the loader find it."""
        return not self._system.has_everything and brings_library(self._trees.index.natives, name)

    def lacks(self, module: str) -> bool:
        """Whether a module of another distribution is imported, which is taken not to be there."""
        top = module.partition(".")[0]
        if self._system.has_everything or top in self._standard or self._trees.index.exists(top):
            return False
        self.lacking.append(module)
        return True

    def imported(self, name: str) -> Any:  # noqa: ANN401 - any value of Python
        """What a full name stands for, where it is of the wheel."""
        module, _, attribute = name.rpartition(".")
        if not module or self._trees.of(module) is None:
            return UNKNOWN
        try:
            return self._rehearse(module).get(attribute, UNKNOWN)
        except Raised:
            return UNKNOWN

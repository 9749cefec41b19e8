"""Follows imports through the modules of a wheel, without running any, to the native files that they load."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.binaries.python_abi import is_module_name, module_abi
from envdoctor.core.errors import Unreadable
from envdoctor.wheels.contents import install_path
from envdoctor.wheels.import_actions import ActionKind, import_actions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from envdoctor.core.target import Target
    from envdoctor.wheels.import_actions import Action

_MOST_MODULES, _MOST_READ = 1500, 400  # entered in one import; read in all


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeLoad:
    """A native file that an import loads.

    Attributes:
        path: the file, from site-packages.
        optional: whether the import goes on without it.
        via: the modules that lead there, the one imported first.
    """

    path: str
    optional: bool
    via: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldersAdded:
    """A call of os.add_dll_directory: from here on Windows looks for libraries in more of the wheel's folders."""

    via: tuple[str, ...]


class ModuleIndex:
    """The modules of a wheel, as Python's import system finds them in site-packages."""

    def __init__(self, members: Iterable[str]) -> None:
        self._modules: dict[str, str] = {}
        self._packages: dict[str, str] = {}
        self.natives: dict[str, list[str]] = {}
        for member in members:
            self._add(member, install_path(member))

    def _add(self, member: str, path: str) -> None:
        folder, _, file = path.rpartition("/")
        package = folder.replace("/", ".")
        if file == "__init__.py":
            self._packages[package] = member
        elif file.endswith(".py"):
            self._modules.setdefault(f"{package}.{file[:-3]}".lstrip("."), member)
        else:
            self.natives.setdefault(file.lower(), []).append(path)
            if module_abi(file):  # an extension module hides a .py file of the same name
                self._modules[f"{package}.{file.partition('.')[0]}".lstrip(".")] = member

    def find(self, name: str) -> str | None:
        """The member that importing a module executes; None where the wheel has none."""
        return self._packages.get(name) or self._modules.get(name)

    def is_package(self, name: str) -> bool:
        """Whether a module is a package with an `__init__.py`."""
        return name in self._packages

    def submodules(self, package: str) -> list[str]:
        """The public modules directly in a package, in the order of the wheel; a `libNAME.so` is not meant as one."""
        modules = (name for name, member in self._modules.items() if _is_meant_as_module(posixpath.basename(member)))
        names = [*modules, *self._packages]
        return [
            name for name in names if name.rpartition(".")[0] == package and not name.rpartition(".")[2].startswith("_")
        ]


def _is_meant_as_module(file: str) -> bool:
    return file.endswith(".py") or is_module_name(file)


class ImportWalker:
    """Follows imports; reads each module at most once.

    Attributes:
        complete: False once a module could not be read. A walk that is given up for its length does not count: what a
            package loads, it loads early.
    """

    def __init__(self, index: ModuleIndex, read: Callable[[str], str], target: Target) -> None:
        """Prepares to follow.

        Args:
            index: the wheel's modules.
            read: the text of a member.
            target: the platform and the Python that import.
        """
        self._index = index
        self._read = read
        self._target = target
        self._actions: dict[str, tuple[Action, ...]] = {}
        self.complete = True

    def walk(self, root: str) -> Iterator[NativeLoad | FoldersAdded]:
        """What `import root` does with native files, step by step; modules are read as far as the steps are taken."""
        state = _State()
        stack = [self._enter(state, root, (), optional=False)]
        while stack:
            step = next(stack[-1], None)
            if step is None:
                stack.pop()
            elif not isinstance(step, _Step):
                yield step
            elif len(state.entered) >= _MOST_MODULES:
                return
            else:
                stack.append(self._enter(state, step.name, step.via, optional=step.optional))

    def _enter(
        self, state: _State, name: str, via: tuple[str, ...], *, optional: bool
    ) -> Iterator[_Step | NativeLoad | FoldersAdded]:
        """Executes a module in thought: the packages above it first, then what it does itself."""
        parts = name.split(".")
        for depth in range(1, len(parts)):
            yield from self._step(state, ".".join(parts[:depth]), via, optional=optional)
        member = self._index.find(name)
        if not state.enter(name, optional=optional) or member is None:
            return
        here = (*via, name)
        if not member.endswith(".py"):
            yield NativeLoad(path=install_path(member), optional=optional, via=here)
            return
        for action in self._actions_of(name, member):
            yield from self._follow(state, action, name, here, optional=optional or action.optional)

    def _follow(
        self, state: _State, action: Action, module: str, via: tuple[str, ...], *, optional: bool
    ) -> Iterator[_Step | NativeLoad | FoldersAdded]:
        if action.kind is ActionKind.IMPORT:
            yield from self._step(state, action.name, via, optional=optional)
            if action.attribute:
                yield from self._step(state, f"{action.name}.{action.attribute}", via, optional=optional)
        elif action.kind is ActionKind.ADD_FOLDER:
            yield FoldersAdded(via=via)
        else:
            # A library named in a call: in the module's own folder if it is there, else wherever the wheel has it.
            folder = posixpath.dirname(install_path(self._index.find(module) or ""))
            paths = self._index.natives.get(action.name.lower(), [])
            near = [path for path in paths if posixpath.dirname(path) == folder]
            yield from (NativeLoad(path=path, optional=optional, via=via) for path in near or paths)

    def _step(self, state: _State, name: str, via: tuple[str, ...], *, optional: bool) -> Iterator[_Step]:
        if self._index.find(name) and state.is_new(name, optional=optional):
            yield _Step(name=name, via=via, optional=optional)

    def _actions_of(self, name: str, member: str) -> tuple[Action, ...]:
        if name not in self._actions and len(self._actions) >= _MOST_READ:
            return ()
        if name not in self._actions:
            is_package = self._index.is_package(name)
            try:
                found = import_actions(self._read(member), name, is_package=is_package, target=self._target)
            except Unreadable:
                found, self.complete = (), False
            self._actions[name] = found
        return self._actions[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A module to be entered next."""

    name: str
    via: tuple[str, ...]
    optional: bool


class _State:
    """One process in thought: the modules entered, and whether each of them had to be."""

    def __init__(self) -> None:
        self.entered: dict[str, bool] = {}

    def is_new(self, name: str, *, optional: bool) -> bool:
        """Whether entering tells more: never entered, or so far only where it could be done without."""
        return name not in self.entered or (self.entered[name] and not optional)

    def enter(self, name: str, *, optional: bool) -> bool:
        """Notes that a module is entered; whether it was new."""
        new = self.is_new(name, optional=optional)
        if new:
            self.entered[name] = optional
        return new

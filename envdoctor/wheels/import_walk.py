"""Follows imports through the modules of a wheel, without running any, to the native files that they load."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envdoctor.binaries.python_abi import is_module_name
from envdoctor.core.errors import Unreadable
from envdoctor.wheels.contents import install_path
from envdoctor.wheels.import_actions import ActionKind, import_actions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from envdoctor.core.target import Target
    from envdoctor.wheels.import_actions import Action
    from envdoctor.wheels.module_index import ModuleIndex

_MOST_MODULES, _MOST_READ = 1500, 400  # entered in one import; read in all
_LONGEST_TEXT = 1 << 20
_QUOTES = ("'", '"')
_LIBRARY = re.compile(r"\.(?:so(?:\.[0-9.]+)?|dylib|dll|pyd)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeLoad:
    """A native file that an import loads.

    Attributes:
        path: the file, from site-packages.
        optional: whether the import goes on without it.
        via: the modules that lead there, the one imported first.
        alternatives: other files that would do as well.
    """

    path: str
    optional: bool
    via: tuple[str, ...]
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldersAdded:
    """A call of os.add_dll_directory: from here on Windows looks for libraries in more of the wheel's folders."""

    via: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignImport:
    """A module that is not the wheel's own is imported.

    Attributes:
        name: of the module.
        via: the modules that lead there, the one imported first.
        certain: whether the import fails without it, whatever the environment.
        instead_of: it is certain where none of these modules can be imported.
    """

    name: str
    via: tuple[str, ...]
    certain: bool
    instead_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignUse:
    """Something that a module of another wheel, or of Python, must have for an import to go on.

    Attributes:
        module: the module, which must be one.
        name: what it must have; "" for nothing.
        imported: `from module import name`, which a submodule satisfies too, rather than `module.name`.
        is_set: it is not asked for, but given to the module.
        via: the modules that lead there, the one imported first.
        instead_of: as in `ForeignImport`.
    """

    module: str
    name: str
    via: tuple[str, ...]
    imported: bool = False
    is_set: bool = False
    instead_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A module of the wheel begins to run.

    Attributes:
        name: of the module.
        member: its text.
        via: the modules that lead there, itself last.
        certain: whether it runs in any case.
    """

    name: str
    member: str
    via: tuple[str, ...]
    certain: bool


#: What a walk comes by.
Event = NativeLoad | FoldersAdded | ForeignImport | ForeignUse | Entered


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """How far imports are followed.

    Attributes:
        foreign: whether the import of a module that is not the wheel's own counts.
        most_read: modules read at most.
        certain_only: leave out what may not happen, or may fail unnoticed; tell of uses and of modules entered.
    """

    foreign: Callable[[str], bool] = lambda _: False
    most_read: int = _MOST_READ
    certain_only: bool = False


class ImportWalker:
    """Follows imports; reads each module at most once.

    Attributes:
        complete: False once a module could not be read. A walk that is given up for its length does not count: what a
            package loads, it loads early.
    """

    def __init__(
        self,
        index: ModuleIndex,
        read: Callable[[str], str],
        target: Target,
        scope: Scope | None = None,
    ) -> None:
        """Prepares to follow.

        Args:
            index: the wheel's modules.
            read: the text of a member.
            target: the platform and the Python that import.
            scope: what counts; None for the wheel alone.
        """
        self._scope = scope or Scope()
        self._index = index
        self._read = read
        self._target = target
        self._actions: dict[str, tuple[Action, ...]] = {}
        self._texts: dict[str, str] = {}
        self.complete = True

    def walk(self, root: str) -> Iterator[Event]:
        """What `import root` does with native files, step by step; modules are read as far as the steps are taken."""
        state = _State()
        stack = [self._enter(state, _Step(name=root))]
        while stack:
            event = next(stack[-1], None)
            if event is None:
                stack.pop()
            elif not isinstance(event, _Step):
                yield event
            elif len(state.entered) >= _MOST_MODULES:
                return
            else:
                stack.append(self._enter(state, event))

    def startup(self, lines: Iterable[str]) -> Iterator[Event]:
        """What Python does with the lines of a .pth file before anything is imported (site)."""
        for line in lines:
            if line.startswith(("import ", "import\t")):
                for action in import_actions(line, "", is_package=False, target=self._target):
                    if action.kind is ActionKind.IMPORT:
                        yield from self.walk(action.name)

    def is_native(self, module: str) -> bool:
        """Whether a module is a native file of the wheel itself, rather than text that imports some."""
        member = self._index.find(module)
        return member is not None and not member.endswith(".py")

    @property
    def texts(self) -> Iterable[str]:
        """The modules read so far."""
        return self._texts.values()

    def _enter(self, state: _State, step: _Step) -> Iterator[_Step | Event]:
        """Executes a module in thought: the packages above it first, then what it does itself."""
        parts = step.name.split(".")
        for depth in range(1, len(parts)):
            yield from self._step(state, replace(step, name=".".join(parts[:depth])))
        member = self._index.find(step.name)
        if not state.enter(step):
            return
        if member is None:
            if self._scope.foreign(step.name):
                yield ForeignImport(name=step.name, via=step.via, certain=step.certain, instead_of=step.instead_of)
            return
        here = replace(step, via=(*step.via, step.name))
        if self.is_native(step.name):
            yield NativeLoad(path=install_path(member), optional=step.optional, via=here.via)
            return
        yield from self._run(state, member, here)

    def _run(self, state: _State, member: str, here: _Step) -> Iterator[_Step | Event]:
        """What a module does, once everything above it has run."""
        if self._scope.certain_only:
            yield Entered(name=here.name, member=member, via=here.via, certain=here.certain)
        for action in self._actions_of(here.name, member):
            if self._scope.certain_only:
                yield from self._uses(action, here)
            yield from self._follow(state, action, here)

    def _uses(self, action: Action, here: _Step) -> Iterator[ForeignUse]:
        """What an action asks of modules that are not the wheel's own."""
        is_set = action.kind is ActionKind.SET
        named = action.kind in {ActionKind.IMPORT, ActionKind.USE, ActionKind.SET}
        counts = action.certain or action.instead_of or is_set
        if named and counts and self._index.find(action.name.partition(".")[0]) is None:
            yield ForeignUse(
                module=action.name,
                name="" if action.attribute == "*" else action.attribute,
                via=here.via,
                imported=action.kind is ActionKind.IMPORT,
                is_set=is_set,
                instead_of=(*here.instead_of, *action.instead_of),
            )

    def _follow(self, state: _State, action: Action, here: _Step) -> Iterator[_Step | Event]:
        optional = here.optional or action.optional
        if self._scope.certain_only and not (action.certain or action.instead_of):
            return
        if action.kind in {ActionKind.USE, ActionKind.SET}:
            return
        if action.kind is ActionKind.IMPORT:
            certain = here.certain and action.certain
            instead_of = (*here.instead_of, *action.instead_of)
            step = replace(here, name=action.name, optional=optional, certain=certain, instead_of=instead_of)
            yield from self._step(state, replace(step, name=self._nearest(action.name)))
            if action.attribute:
                yield from self._step(state, replace(step, name=f"{action.name}.{action.attribute}"))
        elif action.kind is ActionKind.ADD_FOLDER:
            yield FoldersAdded(via=here.via)
        elif action.kind is ActionKind.LOAD_COMPUTED:
            yield from _choice(self._mentioned(here.name), here.via, optional=optional)
        else:
            # A library named in a call: in the module's own folder if it is there, else wherever the wheel has it.
            folder = posixpath.dirname(install_path(self._index.find(here.name) or ""))
            paths = self._index.natives.get(action.name.lower(), [])
            near = [path for path in paths if posixpath.dirname(path) == folder]
            yield from (NativeLoad(path=path, optional=optional, via=here.via) for path in near or paths)

    def _step(self, state: _State, step: _Step) -> Iterator[_Step]:
        """A step to a module, if it is known and tells anything new."""
        if state.is_new(step) and self._is_known(step.name):
            yield step

    def _is_known(self, name: str) -> bool:
        return self._index.find(name) is not None or self._scope.foreign(name)

    def _nearest(self, name: str) -> str:
        """The module itself, or where it is not known the nearest package above that is: its import begins there."""
        above = name
        while above and not self._is_known(above):
            above = above.rpartition(".")[0]
        return above or name

    def _mentioned(self, module: str) -> list[str]:
        """The libraries of the wheel that a module, or a module that it imports, names in its text."""
        imported = [action.name for action in self._actions.get(module, ()) if action.kind is ActionKind.IMPORT]
        texts = [self._texts.get(name, "") for name in (module, *dict.fromkeys(imported))]
        paths = [path for paths in self._index.natives.values() for path in paths if _LIBRARY.search(path)]
        return [path for path in paths if any(names_library(text, posixpath.basename(path)) for text in texts)]

    def _actions_of(self, name: str, member: str) -> tuple[Action, ...]:
        if name not in self._actions and len(self._actions) >= min(self._scope.most_read, _MOST_READ):
            return ()
        if name not in self._actions:
            is_package = self._index.is_package(name)
            try:
                text = self._read(member)
                found = import_actions(text, name, is_package=is_package, target=self._target)
            except Unreadable:
                text, found, self.complete = "", (), False
            self._actions[name] = found
            self._texts[name] = text if len(text) <= _LONGEST_TEXT else ""
        return self._actions[name]


def _choice(paths: list[str], via: tuple[str, ...], *, optional: bool) -> Iterator[NativeLoad]:
    for path in paths:
        others = tuple(other for other in paths if other != path)
        yield NativeLoad(path=path, optional=optional, via=via, alternatives=others)


def names_library(text: str, file: str) -> bool:
    """Whether a text holds a library's file name at the end of a string, or what such a name is put together from."""
    if is_module_name(file):
        return any(f"{file}{quote}" in text for quote in _QUOTES)
    stem = file.partition(".")[0]
    bare = stem.removeprefix("lib")
    return any(
        f"{file}{quote}" in text or f"{stem}{quote}" in text or f"{quote}{bare}{quote}" in text for quote in _QUOTES
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A module to be entered next; `certain` and `instead_of` as in `ForeignImport`."""

    name: str
    via: tuple[str, ...] = ()
    optional: bool = False
    certain: bool = True
    instead_of: tuple[str, ...] = ()


class _State:
    """One process in thought: the modules entered, and whether each of them had to be."""

    def __init__(self) -> None:
        self.entered: dict[str, _Step] = {}

    def is_new(self, step: _Step) -> bool:
        """Whether entering tells more: never entered, or so far only where it could be done without."""
        known = self.entered.get(step.name)
        return known is None or (known.optional and not step.optional) or (step.certain and not known.certain)

    def enter(self, step: _Step) -> bool:
        """Notes that a module is entered; whether it was new."""
        new = self.is_new(step)
        if new:
            self.entered[step.name] = step
        return new

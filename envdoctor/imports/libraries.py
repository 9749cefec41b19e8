"""Calls that look for native libraries, or load them."""

from __future__ import annotations

import ast
import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from envdoctor.core.target import System
from envdoctor.imports.escapes import LIBRARY
from envdoctor.imports.events import What
from envdoctor.imports.exceptions import Raised, built_in
from envdoctor.imports.library_names import LIBRARY_PATH
from envdoctor.imports.nodes import every_node
from envdoctor.imports.paths import text_of
from envdoctor.imports.values import SOMETHING, UNKNOWN, Ending, External, Made, Method, Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.imports.files import Files
    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine
    from envdoctor.imports.scopes import Scope

_FINDER = "ctypes.util.find_library"
_LOADERS = frozenset(
    f"ctypes.{name}"
    for name in (
        "CDLL", "PyDLL", "WinDLL", "OleDLL", "cdll.LoadLibrary", "pydll.LoadLibrary", "windll.LoadLibrary",
        "oledll.LoadLibrary",
    )
)  # fmt: skip
#: Of which any attribute or item is a library of its name.
_EVERYWHERE = frozenset({"ctypes.cdll", "ctypes.pydll"})
_NAMESPACES = _EVERYWHERE | {"ctypes.windll", "ctypes.oledll"}
_ATTRIBUTE_SINCE = (3, 12)  # the first Python in which one that is not there is an AttributeError
_CHECKED = (3, 14)  # the first Python of which it was not looked up what CDLL(None) does on Windows
_OPENER = "dlopen"  # of cffi, which looks as find_library does where the loader finds nothing
#: Calls of other names that load a library mostly; that they do is not certain.
_ALIKE = frozenset({"CDLL", "PyDLL", "WinDLL", "OleDLL", "LoadLibrary", "dlopen", "load_library"})
#: Calls that name a file without loading it.
_INERT = frozenset({"exists", "isfile", "isdir", "is_file", "lexists", "join", "joinpath", "Path", "glob", "append"})
_SEARCHERS = frozenset({"find_library", "find_msvcrt"})


class Libraries:
    """What calls do with libraries."""

    def __init__(self, machine: Machine, files: Files) -> None:
        self._machine = machine
        self._files = files
        self._mentions: dict[ast.Call, tuple[str, ...]] = {}

    def call(
        self,
        node: ast.Call,
        subject: Any,  # noqa: ANN401
        arguments: tuple[Any, ...] | None,
        scope: Scope,
        state: State,
    ) -> Result | None:
        """What a call that looks for a library returns; None if it is no such call.

        Raises:
            Raised: it certainly raises.
        """
        first = arguments[0] if arguments else UNKNOWN
        if subject == External(_FINDER):
            return Result(self._find(first, state))
        opener = _is_opener(subject)
        if opener or (isinstance(subject, External) and subject.name in _LOADERS):
            if first is None and not node.keywords:
                self._own_process(state, opener=opener)
            return Result(self._load(first, scope.module, state, opener=opener))
        self._mentioned(node, scope, state)
        return None

    def named(self, subject: External, name: str, state: State) -> Any:  # noqa: ANN401
        """`ctypes.cdll.NAME` and `ctypes.cdll["NAME"]`, which load a library of that name; None if it is no such thing.

        Raises:
            Raised: there certainly is none.
        """
        windows = self._machine.site.target.platform.system is System.WINDOWS
        namespaces = _NAMESPACES if windows else _EVERYWHERE
        if subject.name not in namespaces or name == "LoadLibrary" or name.startswith("_"):
            return None
        try:
            return self._load(name, (self._machine.via or [""])[-1], state, opener=False)
        except Raised as error:
            if self._machine.site.target.interpreter.version < _ATTRIBUTE_SINCE:
                raise
            raise Raised(built_in("AttributeError", error.exc.cause)) from None

    def _own_process(self, state: State, *, opener: bool) -> None:
        """What None stands for, where that can be opened.

        Raises:
            Raised: on Windows it can't; Python 3.14 is not known to differ.
        """
        target = self._machine.site.target
        if target.platform.system is System.WINDOWS and target.interpreter.version < _CHECKED:
            exception = "OSError" if opener else "TypeError"
            what = "Windows opens no library that is called None"
            raise Raised(built_in(exception, self._machine.emit(What.RAISE, exception, state, name=what)))

    def _find(self, name: Any, state: State) -> Any:  # noqa: ANN401
        has = self._machine.site.has_library(name, whole=False) if isinstance(name, str) else None
        if has is None:
            if isinstance(name, str):
                self._machine.emit(What.LOOK_UP, name, state)
            self._machine.surprise(state)
            return UNKNOWN
        self._machine.emit(What.LOOK_UP, str(name), state, fails=not has)
        return SOMETHING if has else None

    def _load(self, name: Any, module: str, state: State, *, opener: bool) -> Any:  # noqa: ANN401
        if name is None or name is SOMETHING:
            return SOMETHING
        name = text_of(name)
        text = name.text if isinstance(name, Ending) else name
        if not isinstance(text, str):
            self._computed(module, state, certain=True)
            return SOMETHING
        base = posixpath.basename(text.replace("\\", "/"))
        if "." not in base and self._machine.site.target.platform.system is System.WINDOWS:
            text, base = f"{text}.dll", f"{base}.dll"  # as LoadLibrary does
            name = text if isinstance(name, str) else replace(name, text=text)
        self._files.open(name, "OSError", state)
        if base == text and isinstance(name, str):
            return self._of_system(base, module, state, opener=opener)
        paths = self._own(base, module, state, certain=True)
        self._machine.surprise(state)
        return Made(LIBRARY, paths) if len(paths) == 1 else SOMETHING

    def _of_system(self, base: str, module: str, state: State, *, opener: bool) -> Any:  # noqa: ANN401
        machine = self._machine
        has = machine.site.has_library(base, whole=True)
        if opener and has is False:
            has = machine.site.has_library(base, whole=False)
        if has is not None:
            event = machine.emit(What.LOOK_UP, base, state, fails=not has)
            if not has:
                raise Raised(built_in("OSError", event))
            return SOMETHING
        machine.emit(What.LOOK_UP, base, state)
        alone = machine.site.alone_brings(base)
        paths = self._own(base, module, state, certain=alone)
        machine.surprise(state)
        return Made(LIBRARY, paths) if alone and len(paths) == 1 else SOMETHING

    def _own(self, base: str, module: str, state: State, *, certain: bool) -> tuple[str, ...]:
        """Loads a file of the site by its base name; the files that it may be."""
        paths = self._machine.site.files_named(base, self._machine.imports.path_of(module))
        self._any_of(paths, state, certain=certain)
        return paths

    def _computed(self, module: str, state: State, *, certain: bool) -> None:
        """Loads a file whose name is worked out.

        It is taken to be one that the text of the module holds the name of, or the text of one that it imports.
        """
        paths = self._machine.site.files_mentioned(self._machine.imports.imported_by(module))
        self._any_of(paths, state, certain=certain)
        self._machine.surprise(state)

    def _any_of(self, paths: Sequence[str], state: State, *, certain: bool) -> None:
        """Loads one of some files, it is not known which.

        Raises:
            Raised: none of them loads.
        """
        machine = self._machine
        failing = {path for path in paths if machine.site.fails_to_load(path)}
        if len(paths) > 1:  # all may be loaded in turn, one for the needs of another
            failing = {path for path in failing if machine.site.fails_to_load(path)}
        events = [
            machine.emit(
                What.LOAD,
                path,
                state,
                fails=path in failing,
                alternatives=tuple(other for other in paths if other != path),
            )
            for path in paths
        ]
        if events and len(failing) == len(paths):
            if certain:
                raise Raised(built_in("OSError", events[0]))
            machine.may_raise(state, "OSError", events[0])

    def _mentioned(self, node: ast.Call, scope: Scope, state: State) -> None:
        """Files that an unknown call names."""
        if node not in self._mentions:
            self._mentions[node] = tuple(match[1] for match in map(LIBRARY_PATH.fullmatch, _words(node)) if match)
        name, named = _called(node), self._mentions[node]
        if len(named) == 1 and name not in _INERT:
            self._own(named[0], scope.module, state, certain=False)
        elif name in _ALIKE and (named or _is_computed(node)):
            self._computed(scope.module, state, certain=False)


def _is_opener(subject: Any) -> bool:  # noqa: ANN401
    if isinstance(subject, Method) and subject.function == _OPENER:
        return isinstance(subject.subject, Made) and subject.subject.maker.endswith(".FFI")
    return isinstance(subject, External) and subject.name.endswith(f".ffi.{_OPENER}")


def _words(node: ast.Call) -> Iterator[str]:
    for argument in node.args:
        for each in every_node(argument):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield each.value


def _called(call: ast.Call) -> str:
    """The last part of the name of what is called; "" where it has none."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_computed(call: ast.Call) -> bool:
    """Whether a loader's argument is worked out from something other than the system's libraries."""
    inner = [each for argument in call.args for each in every_node(argument)]
    looks = any(isinstance(each, ast.Call) and _called(each) in _SEARCHERS for each in inner)
    return bool(call.args) and not isinstance(call.args[0], ast.Constant) and not looks

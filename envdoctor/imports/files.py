"""Calls that open a file beside a module, and raise where it is not there."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from envdoctor.imports.events import What
from envdoctor.imports.exceptions import Raised, built_in
from envdoctor.imports.paths import PATH, PATHS_MADE, joined_path, path_object, text_of
from envdoctor.imports.site import Presence
from envdoctor.imports.values import UNKNOWN, Ending, External, Made, Method, Module, OwnPath, Reference, Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine

_OPENERS = frozenset({"builtins.open", "io.open", "codecs.open", f"{PATH}.open"})
_READERS = frozenset({"os.listdir", "os.scandir", f"{PATH}.read_text", f"{PATH}.read_bytes"})
_LOOKS = frozenset({
    *(f"os.path.{name}" for name in ("exists", "isfile", "isdir", "lexists")),
    *(f"{PATH}.{name}" for name in ("exists", "is_file", "is_dir")),
})  # fmt: skip
_FINDERS = frozenset({"glob.glob", f"{PATH}.glob"})
_RESOURCES = ("importlib.resources.", "importlib_resources.")
#: Functions that open a file of a package, which is their first argument.
_OF_PACKAGES = frozenset({
    *(f"{module}{name}" for module in _RESOURCES for name in ("read_text", "read_binary", "open_text", "open_binary")),
    "pkgutil.get_data", "pkg_resources.resource_string", "pkg_resources.resource_stream",
})  # fmt: skip
_FOLDERS = frozenset({*(f"{module}files" for module in _RESOURCES), "pkg_resources.resource_filename"})
_IN_PACKAGES = _FOLDERS | _OF_PACKAGES
#: What is given a path and makes no file of it.
_HARMLESS = (
    "os.path.", "os.fspath", "logging.", "warnings.", "builtins.print", "builtins.str", "builtins.len", "ctypes.",
)  # fmt: skip
_HARMLESS_CALLS = PATHS_MADE | {
    f"{PATH}.{name}"
    for name in (
        "resolve", "absolute", "expanduser", "joinpath", "with_name", "with_suffix", "as_posix", "as_uri", "iterdir",
        "rglob", "stat", "match", "relative_to", "is_relative_to", "is_absolute",
    )
}  # fmt: skip
_READING = frozenset({"r", "rb", "rt", "br", "tr"})


class Files:
    """Which files of the site there are while an import goes on.

    One that was not there when it began may have been made since, by code that was given its name or a folder above it.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._names: set[str] = set()
        self._folders: set[str] = set()
        self._anything = False

    def call(
        self,
        subject: Any,  # noqa: ANN401
        arguments: tuple[Any, ...] | None,
        keywords: Mapping[str, Any],
        state: State,
    ) -> Result | None:
        """What a call comes to that looks at files; of any other that is not followed, notes what it may do to them.

        Raises:
            Raised: it opens one that is certainly not there.
        """
        name, values = _called(subject, arguments)
        if values and name in _IN_PACKAGES:
            return self._of_package(name, values, state)
        if values and len(values) == 1 and name in _LOOKS:
            return Result(False if self._is_gone(values[0], state) else UNKNOWN)
        if values and name in _FINDERS and not keywords:
            return self._glob(values, state)
        mode = values[1] if values and len(values) > 1 else keywords.get("mode", "r")
        reads = name in _OPENERS and "opener" not in keywords and isinstance(mode, str) and mode in _READING
        if values and (reads or name in _READERS):
            self.open(values[0], "FileNotFoundError", state)
        elif not name.startswith(_HARMLESS) and name not in _HARMLESS_CALLS:
            self._anything |= arguments is None
            self._hand((*(values or ()), *keywords.values()), state, set())
        return None

    def open(self, path: Any, raises: str, state: State) -> None:  # noqa: ANN401
        """Opens a file.

        Raises:
            Raised: it is certainly not there.
        """
        if self._lacks(path):
            event = self._machine.emit(What.OPEN, text_of(path).text[1:], state, fails=True)
            raise Raised(built_in(raises, event))

    def _is_gone(self, path: Any, state: State) -> bool:  # noqa: ANN401
        """Whether a look finds nothing, which is noted."""
        gone = self._lacks(path)
        if gone:
            self._machine.emit(What.OPEN, text_of(path).text[1:], state, fails=True)
        return gone

    def _lacks(self, path: Any) -> bool:  # noqa: ANN401
        text = text_of(path)
        is_own = isinstance(text, OwnPath) and not self._is_made(text.text)
        return is_own and self._machine.site.lacks_file(text.text[1:])

    def _glob(self, values: tuple[Any, ...], state: State) -> Result | None:
        """What lies in a folder under a pattern: nothing, or it is not known what."""
        text = joined_path(values)
        is_own = isinstance(text, OwnPath) and not self._is_made(text.text)
        if is_own and self._machine.site.lacks_match(text.text[1:]):
            self._machine.emit(What.OPEN, text.text[1:], state, fails=True)
            return Result(self._machine.expressions.make_list((), state))
        return Result(UNKNOWN)

    def _of_package(self, function: str, values: tuple[Any, ...], state: State) -> Result | None:
        """A function that is given a package, and perhaps the name of a file in it.

        Raises:
            Raised: there is no such package, or no such file.
        """
        imports, subject = self._machine.imports, values[0]
        module = imports.load(subject, state) if isinstance(subject, str) else subject
        found = imports.find(module.name) if isinstance(module, Module) else None
        if found is None or found.presence is not Presence.TEXT or not found.is_package:
            return None
        path = joined_path((OwnPath(f"/{posixpath.dirname(found.path)}"), *values[1:]))
        if function in _OF_PACKAGES:
            self.open(path, "FileNotFoundError", state)
            self._machine.surprise(state)
            return Result(UNKNOWN)
        return Result(path if function.startswith("pkg_resources.") else path_object((path,)))

    def _is_made(self, path: str) -> bool:
        above = any(path.startswith(folder) for folder in self._folders)
        return self._anything or above or posixpath.basename(path) in self._names

    def _hand(self, values: Iterable[Any], state: State, seen: set[Any]) -> None:
        for value in map(text_of, values):
            if isinstance(value, (str, Ending)):
                text = value if isinstance(value, str) else value.text
                self._names.add(posixpath.basename(text))
                if isinstance(value, OwnPath):
                    self._folders.add(text)
            elif isinstance(value, tuple):
                self._hand(value, state, seen)
            elif isinstance(value, Reference) and value.place not in seen:
                seen.add(value.place)
                self._hand(tuple(state.names(value.place).values()), state, seen)


def _called(subject: Any, arguments: tuple[Any, ...] | None) -> tuple[str, tuple[Any, ...] | None]:  # noqa: ANN401
    """The full name of what is called, and its arguments; of a path's method the path is the first."""
    if isinstance(subject, External):
        return subject.name, arguments
    owner = subject.subject if isinstance(subject, Method) else None
    if isinstance(owner, (str, Ending)):
        return "builtins.str", arguments
    if isinstance(owner, Made) and owner.maker == PATH and isinstance(subject.function, str):
        return f"{PATH}.{subject.function}", (owner, *(arguments or ()))
    return "", arguments

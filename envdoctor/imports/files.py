"""Calls that open a file beside a module, and raise where it is not there."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from envdoctor.imports.events import What
from envdoctor.imports.exceptions import Raised, built_in
from envdoctor.imports.values import Ending, External, OwnPath, Reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine

_OPENERS = frozenset({"builtins.open", "io.open", "codecs.open"})
#: What is given a path and makes no file of it.
_HARMLESS = ("os.path.", "logging.", "warnings.", "builtins.print", "builtins.str", "builtins.len")
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
    ) -> None:
        """Notes what a call that is not followed may do to files.

        Raises:
            Raised: it opens one that is certainly not there.
        """
        name = subject.name if isinstance(subject, External) else ""
        mode = arguments[1] if arguments and len(arguments) > 1 else keywords.get("mode", "r")
        if name in _OPENERS and arguments and "opener" not in keywords and isinstance(mode, str) and mode in _READING:
            self.open(arguments[0], "FileNotFoundError", state)
        elif not name.startswith(_HARMLESS):
            self._anything |= arguments is None
            self._hand((*(arguments or ()), *keywords.values()), state, set())

    def open(self, path: Any, raises: str, state: State) -> None:  # noqa: ANN401
        """Opens a file.

        Raises:
            Raised: it is certainly not there.
        """
        if isinstance(path, OwnPath) and self._machine.site.lacks_file(path.text[1:]) and not self._is_made(path.text):
            event = self._machine.emit(What.OPEN, path.text[1:], state, fails=True)
            raise Raised(built_in(raises, event))

    def _is_made(self, path: str) -> bool:
        above = any(path.startswith(folder) for folder in self._folders)
        return self._anything or above or posixpath.basename(path) in self._names

    def _hand(self, values: Iterable[Any], state: State, seen: set[Any]) -> None:
        for value in values:
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

"""Which symbols the loads of files lack: held against all that the loader maps for them, then against all else.

Sources: ld.so(8), dlopen(3): the symbols of a file, and of what it brings, are looked for in the program and what that
needs, then in the file that is opened and what that needs. What was opened before is not searched, unless it was with
RTLD_GLOBAL, or is mapped for this file too.
"""

from __future__ import annotations

import struct
from collections import deque
from typing import TYPE_CHECKING, TypeVar

from envdoctor.binaries.elf_hashes import gnu_hash_of
from envdoctor.core.errors import Unreadable
from envdoctor.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from contextlib import AbstractContextManager

    from envdoctor.binaries.elf_symbols import ElfSymbols, Wanted

T = TypeVar("T")

_OF_PYTHON = (b"Py", b"_Py")


@frozen
class Lack:
    """Symbols that the loader does not find when it maps a file.

    Attributes:
        root: the file that is opened.
        holder: the file that wants the symbols: the root, or one that comes with it.
        symbols: in order.
    """

    root: str
    holder: str
    symbols: tuple[Wanted, ...]


class SymbolFiles:
    """The symbols of files by path, each opened when it is asked, and its answers kept."""

    def __init__(self, open_file: Callable[[str], AbstractContextManager[ElfSymbols]]) -> None:
        """`open_file` gives a file's symbols, or raises Unreadable."""
        self.unread: dict[str, str] = {}
        self._open = open_file
        self._answers: dict[str, dict[Wanted, bool]] = {}
        self._hashes: dict[bytes, int] = {}

    def wanted(self, path: str) -> frozenset[Wanted]:
        """What a file must find; nothing if that can't be read, which `unread` then tells."""
        none: frozenset[Wanted] = frozenset()
        return self._try(path, lambda symbols: symbols.wanted(), none)

    def not_defined(self, path: str, wanted: Collection[Wanted]) -> set[Wanted]:
        """Those of some symbols that a file does not define; all if it can't be read, which `unread` then tells."""
        answers = self._answers.setdefault(path, {})
        new = [each for each in wanted if each not in answers]
        if new:
            answers |= self._try(path, lambda symbols: self._ask(symbols, new), dict.fromkeys(new, False))
        return {each for each in wanted if not answers[each]}

    def used(self, path: str, wanted: Collection[Wanted]) -> frozenset[Wanted]:
        """Those of a file's symbols that it looks for when it is mapped; none if that can't be read."""
        none: frozenset[bytes] = frozenset()
        names = self._try(path, lambda symbols: symbols.bound({each.name for each in wanted}), none)
        return frozenset(each for each in wanted if each.name in names)

    def _try(self, path: str, ask: Callable[[ElfSymbols], T], instead: T) -> T:
        if path in self.unread:
            return instead
        try:
            with self._open(path) as symbols:
                return ask(symbols)
        except (Unreadable, struct.error) as error:
            self.unread[path] = str(error)
            return instead

    def _ask(self, symbols: ElfSymbols, wanted: Collection[Wanted]) -> dict[Wanted, bool]:
        for each in wanted:
            if each.name not in self._hashes:
                self._hashes[each.name] = gnu_hash_of(each.name)
        defined = symbols.defined(wanted, self._hashes)
        return {each: each in defined for each in wanted}


def find_lacks(
    loads: Mapping[str, Sequence[str]],
    needs: Mapping[str, Mapping[str, str]],
    judged: Collection[str],
    program: Sequence[str],
    files: SymbolFiles,
) -> list[Lack]:
    """What the loads lack, whichever of them comes first.

    What one load does not find and another does is left out: a file is mapped once. So is what a file might define that
    can't be read.

    Args:
        loads: for each file that is opened, all that is mapped for it, itself first.
        needs: for each file the names that it needs, and the files that they are found in.
        judged: the files whose symbols are looked for; the system's own are taken to be sound.
        program: the program and all that it needs.
        files: where to look.
    """
    left = {path: set(files.wanted(path)) for path in judged}
    _ask_named(left, needs, files)
    _ask_program(left, program, files)
    _ask_mapped(left, {path: (*program, *mapped_for(path, needs)) for path in left}, files)
    for holder in [path for path in left if left[path]]:
        for mapped in (each for each in loads.values() if holder in each):
            for path in (each for each in mapped if left[holder]):
                left[holder] = files.not_defined(path, left[holder])
        left[holder] &= files.used(holder, left[holder])
    return [
        Lack(root=root, holder=holder, symbols=tuple(sorted(left[holder])))
        for root, mapped in loads.items()
        for holder in mapped
        if left.get(holder) and files.unread.keys().isdisjoint([*mapped, *program])
    ]


def _ask_named(left: dict[str, set[Wanted]], needs: Mapping[str, Mapping[str, str]], files: SymbolFiles) -> None:
    """Asks the library that a symbol's version names, which nearly always has it."""
    asked: dict[str, set[Wanted]] = {}
    for path, wanted in left.items():
        found = needs.get(path, {})
        for each in wanted:
            if each.library in found:
                asked.setdefault(found[each.library], set()).add(each)
    lacking = {path: files.not_defined(path, wanted) for path, wanted in asked.items()}
    for path, wanted in left.items():
        found = needs.get(path, {})
        named = {each for each in wanted if each.library in found}
        wanted.difference_update(each for each in named if each not in lacking[found[each.library]])


def _ask_program(left: dict[str, set[Wanted]], program: Sequence[str], files: SymbolFiles) -> None:
    """Asks for Python's own functions, half of what extension modules want."""
    asked = {each for wanted in left.values() for each in wanted if each.name.startswith(_OF_PYTHON)}
    for path in program:
        defined = asked - files.not_defined(path, asked)
        asked -= defined
        for holder in left if defined else ():
            left[holder] -= defined


def _ask_mapped(left: dict[str, set[Wanted]], scopes: Mapping[str, Sequence[str]], files: SymbolFiles) -> None:
    """Asks what is mapped for each file: each of these once, those first that most files bring."""
    users: dict[str, list[str]] = {}
    for path, scope in scopes.items():
        for other in scope:
            if other != path:
                users.setdefault(other, []).append(path)
    for other in sorted(users, key=lambda path: (path not in left, -len(users[path]))):
        asked: set[Wanted] = set().union(*(left[path] for path in users[other]))
        defined = asked - files.not_defined(other, asked)
        for path in users[other] if defined else ():
            left[path] -= defined


def mapped_for(path: str, needs: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """A file and all that it needs, in the order in which symbols are looked for."""
    mapped = {path: None}
    queue = deque(mapped)
    while queue:
        for file in needs.get(queue.popleft(), {}).values():
            if file not in mapped:
                mapped[file] = None
                queue.append(file)
    return tuple(mapped)

"""Symbols that a wheel's Mach-O files want, and that the library which must have them, or anything, does not define.

A name of the two-level namespace is held against the library that it names, and those that this one re-exports. A flat
one may be met by any image in the process: by any file of the set, and by what every process of Python on macOS has,
Objective-C's and C++'s run time and Core Foundation. What was not read is said to be not looked at.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.binaries.macho_symbols import lacking
from envdoctor.core.target import System
from envdoctor.wheels.layout import process_architecture, runs_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from envdoctor.binaries.library import NativeLibrary
    from envdoctor.binaries.resolve import LoadResult
    from envdoctor.binaries.tree import LibraryTree
    from envdoctor.core.target import Target
    from envdoctor.wheels.contents import WheelContents

# Libraries of macOS whose symbols are known not to be those of anything else: a framework brings many more with it.
BARE = frozenset(
    f"/usr/lib/{name}.dylib"
    for name in ("libSystem.B", "libc++.1", "libz.1", "libbz2.1.0", "libiconv.2", "libffi", "libobjc.A")
)
_IN_EVERY_PROCESS = re.compile(
    r"_objc_|_OBJC_|__objc|_Block_|__Block|__NSConcrete|_k?CF[A-Z]|_class_|_sel_|_object_|_method_"
    r"|__Z(?:nw|na|dl|da)|__ZN?V?K?S[\w]|__ZNK?St|__ZT[VTIS]N?K?S|__ZT[VTIS]N10__cxxabiv1|___cxa_|___gxx_|__Unwind_"
)


def files_without_symbols(wheel: WheelContents, target: Target) -> tuple[str, ...]:
    """The files of a wheel for macOS whose symbols were not read; () for any other target."""
    if target.platform.system is not System.MACOS:
        return ()
    architecture = process_architecture(target.platform)
    parts = [(each.path, each.library and each.library.for_architecture(architecture)) for each in wheel.natives]
    return tuple(path for path, library in parts if library and library.symbols is None)


class MachoNames:
    """The symbols of one set of wheels on one target."""

    def __init__(self, wheels: Sequence[WheelContents], tree: LibraryTree, target: Target) -> None:
        self._tree = tree
        self._architecture = process_architecture(target.platform)
        natives = [native for wheel in wheels for native in wheel.natives if native.library]
        here = [one for one in natives if one.library and runs_on(one.library, target.platform)]
        libraries = [(one.path, one.library.for_architecture(self._architecture)) for one in here if one.library]
        self._defined = [library.symbols.defined for _, library in libraries if library and library.symbols]
        self._unread = [path.rpartition("/")[2] for path, library in libraries if library and not library.symbols]

    def left_in(self, load: LoadResult) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
        """Of each file that a load maps: the names that nothing defines, and what was not read that may define them."""
        found = {(each.loader, each.need.name): each.path for each in load.resolutions if each.path}
        mapped = [library for path in load.files if (library := self._library(path))]
        needed = dict.fromkeys(need.name for library in mapped for need in library.needed)
        others = [name.rpartition("/")[2] for name in needed if self._may_bring(name)]
        for path in load.files:
            library = self._library(path)
            if library is None or library.symbols is None:
                continue
            for need, names in library.symbols.named:
                yield from self._named(path, found.get((path, need), ""), names, found)
            flat = [name for name in library.symbols.wanted if not _IN_EVERY_PROCESS.match(name)]
            if left := lacking(flat, self._defined):
                yield path, left, (*others, *self._unread)

    def _named(
        self, holder: str, path: str, names: Iterable[str], found: Mapping[tuple[str, str], str]
    ) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
        """What a library lacks of the names that it must have; nothing where the library itself was not found."""
        exporting, unread = self._exporting(path, found) if path else ([], [])
        left = lacking(names, (library.symbols.defined for library in exporting if library.symbols)) if path else ()
        if left:
            yield holder, left, tuple(unread)

    def _exporting(self, path: str, found: Mapping[tuple[str, str], str]) -> tuple[list[NativeLibrary], list[str]]:
        """A library and those whose symbols it offers as its own; and the names of those that were not read."""
        waiting, met = [path], {path}
        exporting, unread = [], []
        while waiting:
            at = waiting.pop()
            library = self._library(at)
            if library is None or library.symbols is None:
                unread.append(at.rpartition("/")[2])
                continue
            exporting.append(library)
            for name in library.reexported:
                inner = found.get((at, name), "")
                unread += [] if inner else [name.rpartition("/")[2]]
                waiting += [inner] if inner and inner not in met else []
                met.add(inner)
        return exporting, unread

    def _library(self, path: str) -> NativeLibrary | None:
        library = self._tree.library(path)
        return library.for_architecture(self._architecture) if library else None

    @staticmethod
    def _may_bring(need: str) -> bool:
        """Whether a library of the system brings others with it, whose names are not known."""
        return need.startswith(("/usr/lib/", "/System/")) and need not in BARE

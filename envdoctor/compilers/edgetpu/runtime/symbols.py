"""What libedgetpu must find in others, and what others must find in it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from envdoctor.binaries.elf_symbols import ElfSymbols, Wanted
from envdoctor.binaries.files import FileBytes
from envdoctor.binaries.undefined import SymbolFiles, find_lacks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.binaries.resolve import LoadResult

#: What `load_delegate` calls: tensorflow/lite/python/interpreter.py, class Delegate.
_CALLED = ("tflite_plugin_create_delegate", "tflite_plugin_destroy_delegate")
_SHOWN = 3


def undefined_in(library: LoadResult, program: LoadResult) -> tuple[str, ...]:
    """Symbols that the library needs and that nothing defines which is mapped with it, the first few.

    Libraries of the system are taken to be sound, and a file that can't be read may define anything.

    Args:
        library: what loading libedgetpu comes to; nothing is missing.
        program: the same of the interpreter.
    """
    needs = {each.need.name: each.path for each in library.resolutions if each.path}
    lacks = find_lacks(
        {library.path: library.files}, {library.path: needs}, {library.path}, program.files, SymbolFiles(_open)
    )
    return tuple(each.shown for lack in lacks for each in lack.symbols)[:_SHOWN]


def no_delegate(path: str) -> tuple[str, ...]:
    """What `load_delegate` calls in a library and this one does not define; nothing if that can't be read."""
    files = SymbolFiles(_open)
    lacking = files.not_defined(path, [Wanted(name.encode()) for name in _CALLED])
    return () if path in files.unread else tuple(name for name in _CALLED if Wanted(name.encode()) in lacking)


@contextmanager
def _open(path: str) -> Iterator[ElfSymbols]:
    with FileBytes(path) as source:
        yield ElfSymbols(source)

"""Whether a .vmfb file is whole: what IREE's runtime refuses when it loads a module, its bytecode left out.

Sources: runtime/src/iree/vm/bytecode (archive, verifier, module) and iree/hal/local/elf of github.com/iree-org/iree.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.binaries.elf_relocations import check_relocations
from envdoctor.binaries.native import read_native
from envdoctor.core.data import load_file
from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import MemoryBytes
from envdoctor.tflite.flatbuffer_schema import tables_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.tflite.flatbuffer import Table

_SCHEMA = Path(__file__).with_name("schema.toml")
_ALIGNMENT, _PREFIX, _ELF = 64, 4, b"\x7fELF"
_IDENTIFIER = b"IREE"
_FUNCTION = struct.Struct("<iiIhhhh")
_FUNCTIONS, _RODATA, _BYTECODE = 12, 9, 14
_NAME = re.compile(r"[\w.$-]+")
#: What the first text of a table may be.
_PATTERNS = {
    **dict.fromkeys(("BytecodeModuleDef", "ExportFunctionDef", "ImportFunctionDef", "ModuleDependencyDef"), _NAME),
    "FunctionSignatureDef": re.compile(r"0[iIfFrvCD.]*_[iIfFrv]*"),
    "TypeDef": re.compile(r"!\w+\.\w+(<.*>)?|[a-z]{1,2}\d+", re.DOTALL),
}
#: What the reader of ELF does not know: RISC-V of 32 bits.
_UNREAD = (b"\1", 243)


def read_module(data: memoryview, start: int, size: int) -> Table:
    """The root of a module.

    Args:
        data: the file; constants and code lie in it behind the module.
        start: where the module begins.
        size: how many bytes it has.

    Raises:
        Unreadable: the runtime refuses it.
    """
    if data[start + 8 : start + 12] != _IDENTIFIER:
        raise Unreadable(
            f"bytes 8 to 12 of its module are {bytes(data[start + 8 : start + 12])!r}, not {_IDENTIFIER!r}"
        )
    prefix = int.from_bytes(data[start : start + _PREFIX], "little")
    if start % 16 or prefix > size or prefix < _PREFIX:
        raise Unreadable(f"its module at byte {start:,} has {size:,} bytes of {prefix:,}, or is not aligned")
    module = data[start + _PREFIX : start + _PREFIX + prefix]
    tables = list(tables_of(module, load_file(_SCHEMA), "BytecodeModuleDef", prefixed=True))
    root = tables[0][1]
    for name, table in tables:
        _require_named(name, table)
    _require_functions(root)
    dependencies = {each.string(0) for each in root.tables(5)}
    if lost := {name for each in root.tables(6) if (name := (each.string(0) or "").partition(".")[0])} - dependencies:
        raise Unreadable(f"it calls a module {min(lost)!r}, on which it does not depend")
    for segment in _segments(root, data, start + _aligned(prefix)):
        if segment[:4] == _ELF:
            _require_library(segment)
    return root


def end_of_module(root: Table, data: memoryview) -> int:
    """Where a module that is a file by itself ends: with its last constant or executable."""
    prefix = int.from_bytes(data[:_PREFIX], "little")
    ends = [segment.integer(3, "Q") + size for segment in root.tables(_RODATA) if (size := segment.integer(4, "Q"))]
    return _aligned(prefix) + max(ends) if ends else _PREFIX + prefix


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _require_named(name: str, table: Table) -> None:
    pattern = _PATTERNS.get(name)
    text = None if pattern is None else table.string(0)
    if pattern is not None and text is not None and not pattern.fullmatch(text):
        raise Unreadable(f"a {name} in it is called {text!r}")


def _require_functions(root: Table) -> None:
    code, place = root.raw(_BYTECODE), root.span(_FUNCTIONS)
    if not code or place is None:
        raise Unreadable("its module has no code")
    count = place[1]
    functions = [_FUNCTION.unpack_from(root.buffer.view, place[0] + _FUNCTION.size * number) for number in range(count)]
    for offset, length, _, _, blocks, *registers in functions:
        if offset < 0 or length <= 0 or offset + length > len(code) or blocks <= 0 or min(registers) < 0:
            raise Unreadable("the code of a function is not in it")
    if count != sum(1 for _ in root.tables(8)):
        raise Unreadable(f"it has {count} functions, and another number of signatures")
    if any(not 0 <= each.integer(1) < count for each in root.tables(7)):
        raise Unreadable(f"it exports a function that is not among its {count}")


def _segments(root: Table, data: memoryview, behind: int) -> Iterator[memoryview]:
    """The constants and executables."""
    for segment in root.tables(_RODATA):
        inline, offset, size = segment.raw(2), segment.integer(3, "Q"), segment.integer(4, "Q")
        if behind + offset + size > len(data):
            raise Unreadable(f"a constant or an executable ends at byte {behind + offset + size:,} of {len(data):,}")
        if (inline is None) == (not size):
            raise Unreadable("a constant or an executable has no place, or two")
        yield data[behind + offset : behind + offset + size] if inline is None else inline


def _require_library(data: memoryview) -> None:
    if (bytes(data[4:5]), int.from_bytes(data[18:20], "little")) == _UNREAD:
        return
    try:
        library = MemoryBytes(bytes(data))
        read_native(library)
        check_relocations(library)
    except Unreadable as error:
        raise Unreadable(f"the code of an executable is damaged: {error}") from None
    if b"iree_hal_executable_library_query" not in bytes(data):
        raise Unreadable("the code of an executable has no iree_hal_executable_library_query, by which it is run")

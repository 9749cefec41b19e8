"""What IREE's runtime refuses in a .vmfb file is damage."""

import struct
import zipfile

import pytest

from compiled_files import real
from envdoctor import registry
from envdoctor.compilers.iree import whole
from envdoctor.core.data import load_file
from envdoctor.core.errors import Unreadable
from envdoctor.tflite.flatbuffer_schema import tables_of

FLAT = real("tiny_flat.vmfb")
MODULE = memoryview(FLAT)[4 : 4 + int.from_bytes(FLAT[:4], "little")]


def changed(table, field, value, code="<i"):
    """The same with another number in a field of a table."""
    tables = tables_of(MODULE, load_file(whole._SCHEMA), "BytecodeModuleDef", prefixed=True)
    found = next(each for name, each in tables if name == table and each._at(field))
    data = bytearray(FLAT)
    struct.pack_into(code, data, 4 + found._at(field), value)
    return bytes(data)


def function(index, value):
    """The same with another number in what the first function says of itself."""
    tables = tables_of(MODULE, load_file(whole._SCHEMA), "BytecodeModuleDef", prefixed=True)
    start = 4 + next(tables)[1].span(12)[0]
    data = bytearray(FLAT)
    struct.pack_into("<i", data, start + 4 * index, value)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (changed("ExportFunctionDef", 1, 40), "exports a function"),
        (changed("RodataSegmentDef", 4, 1 << 40, "<Q"), "ends at byte"),
        (changed("FunctionSourceMapDef", 0, 1, "<I"), "refers to byte"),
        (function(0, -8), "the code of a function"),
        (function(1, 1 << 20), "the code of a function"),
        (FLAT.replace(b"0rrrIii_v", b"0rrrIij_v"), "FunctionSignatureDef"),
        (FLAT.replace(b"hal.buffer.assert", b"ial.buffer.assert"), "a module 'ial'"),
        (FLAT.replace(b"!hal.device\0", b"!hal.dev\1ce\0"), "TypeDef"),
        (FLAT.replace(b"iree_hal_executable_library_query", b"iree_hal_executable_library_quary"), "executable"),
        (FLAT[: FLAT.index(b"\x7fELF") + 32] + bytes(32) + FLAT[FLAT.index(b"\x7fELF") + 64 :], "executable"),
    ],
)
def test_what_the_runtime_refuses_is_damage(data, words, tmp_path):
    path = tmp_path / "m.vmfb"
    path.write_bytes(FLAT)
    assert registry.identify_file(path).checked
    path.write_bytes(data)
    with pytest.raises(Unreadable, match=words):
        registry.identify_file(path)


def test_zeros_whose_checksum_agrees_are_no_hole(tmp_path):
    """Weights of zeros in an archive; in a file without checksums nobody can tell them from what was lost."""
    path = tmp_path / "net.vmfb"
    path.write_bytes(real("tiny_aarch64.vmfb"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("_const.bin", bytes(40_000))
    assert registry.identify_file(path).checked

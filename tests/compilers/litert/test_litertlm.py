"""What a .litertlm file holds besides models, and damage in its description."""

import struct
import zlib

import pytest

from compiled_files import real
from envdoctor import registry
from envdoctor.core.errors import Unreadable
from envdoctor.tflite.flatbuffer import FlatBuffer

_START = 32
FILE = real("tiny.litertlm")
_PACKED = zlib.compress(b"[]" * 40)


def _section():
    return next(FlatBuffer(memoryview(FILE)[_START:]).root().table(1).tables(0))


def _with(kind, content):
    """The file with one section of another kind."""
    section, first = _section(), _section().integer(1, "Q")
    made = bytearray(FILE[:first] + content)
    made[_START + section._at(3)] = kind
    struct.pack_into("<Q", made, _START + section._at(2), first + len(content))
    return bytes(made)


def _packed(size, stream):
    return _with(6, struct.pack("<Q", size) + stream)


def _looked_at(tmp_path, content):
    path = tmp_path / "m.litertlm"
    path.write_bytes(content)
    return registry.identify_file(path)


@pytest.mark.parametrize("content", [_packed(80, _PACKED), _with(5, b"\x08\x01"), _with(1, b"own"), _with(99, b"new")])
def test_a_file_without_a_model_is_whole_and_says_so(tmp_path, content):
    found = _looked_at(tmp_path, content)
    assert found.unknown == ("what it is to run: none of its sections is a .tflite model",)
    assert found.checked
    assert not found.chip


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (_packed(81, _PACKED), "unpacks to 80 bytes, not to 81"),
        (_packed(80, _PACKED[:-1]), "unpacks to"),
        (_packed(80, _PACKED[:5] + b"\xff" + _PACKED[6:]), "can't be unpacked|unpacks to"),
        (_with(5, b"\xff\xff"), "damaged"),
        (_with(3, b"no model"), "no .tflite file"),
        (FILE.replace(b"model_type\0", b"model_type!"), "a text in it has no end"),
        (FILE[:-100], "header speaks of"),
    ],
)
def test_damage_in_it_is_told(tmp_path, content, words):
    assert _looked_at(tmp_path, FILE).checked
    with pytest.raises(Unreadable, match=words):
        _looked_at(tmp_path, content)


def test_what_follows_its_sections_is_told(tmp_path):
    assert not _looked_at(tmp_path, FILE + bytes(-len(FILE) % 16384)).checked.endswith("no part of it")
    assert _looked_at(tmp_path, FILE + b"\1" * 20000).checked.endswith("is no part of it")

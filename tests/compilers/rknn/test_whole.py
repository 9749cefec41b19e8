"""Programs of RKNPU2 that are not whole."""

import json
import struct

import pytest

from compiled_files import rknn
from envdoctor import registry
from envdoctor.core.errors import Unreadable
from envdoctor.tflite.flatbuffer import FlatBuffer

_SIZE, _BUFFER = 12, 18


def _graph(program):
    return next(FlatBuffer(program).root().tables(2))


def _tensor(program, kind):
    return next(each for each in _graph(program).tables(0) if each.integer(2, "B") == kind)


def _data(program, kind):
    """Where the data of the first tensor of a kind begin."""
    number = _tensor(program, kind).integer(_BUFFER, "I")
    return list(FlatBuffer(program).root().tables(20))[number].span(0)[0]


def _with(program, at, value):
    return program[:at] + value + program[at + len(value) :]


def _number(kind, field, value):
    def change(program):
        return _with(program, _tensor(program, kind)._at(field), struct.pack("<I", value))

    return change


def _first_input(program):
    node = list(_graph(program).tables(1))[1]
    return _with(program, node.buffer.vector(node._at(4), 4)[0], struct.pack("<i", 99))


def _bytes_of(kind, at, value):
    return lambda program: _with(program, _data(program, kind) + at, value)


def _table_of_zeros(program):
    return _with(program, _tensor(program, 1).position, bytes(64))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_number(5, _BUFFER, 40), "number 40 of 5 pieces of data"),
        (_number(5, _SIZE, 4000), "of 4,000 bytes has"),
        (_first_input, "number 99 of 9 tensors"),
        (_bytes_of(10, 4, b"\7"), "number 7 of 5 nodes"),
        (_bytes_of(10, 24, b"\xff"), "the commands of a task end at byte 2,040 of 640"),
        (_bytes_of(9, 6, b"\2\2"), "for the unit 0x202 of the NPU"),
        (_table_of_zeros, "the table Tensor at byte"),
        (lambda program: program.replace(b"InputOperator\0", b"\0" * 14), "a node in it is of the kind"),
    ],
)
def test_a_program_that_uses_what_is_not_there_is_damaged(tmp_path, change, words):
    path = tmp_path / "net.rknn"
    path.write_bytes(rknn(program=change))
    with pytest.raises(Unreadable, match=words):
        registry.identify_file(path)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"node_num": 9}, "counts 9 nodes, and has"),
        ({"version": "2.5.1"}, "of the toolkit '2.5.0', and its description of '2.5.1'"),
        ({"graph": []}, "the inputs of its program are not those of its description"),
    ],
)
def test_what_the_file_says_twice_must_agree(tmp_path, told, words):
    path = tmp_path / "net.rknn"
    path.write_bytes(rknn(told=lambda shape: shape | told))
    with pytest.raises(Unreadable, match=words):
        registry.identify_file(path)


def test_what_is_not_covered_is_said(tmp_path):
    path = tmp_path / "net.rknn"
    path.write_bytes(rknn())
    assert registry.identify_file(path).checked.endswith("agree; no checksum covers its numbers")


def test_a_name_that_is_no_text_is_no_fault_of_ours(tmp_path):
    """Of the first form of .rknn files nothing is held against the description."""
    tensor = {"tensor_id": 1, "url": 5, "size": [1], "dtype": {"vx_type": "u8"}}
    graph = [{"left": side, "right_tensor_id": 1} for side in ("input", "output")]
    told = {"target_platform": ["rk1808"], "nodes": [1], "norm_tensor": [tensor], "graph": graph}
    path, text, body = tmp_path / "net.rknn", json.dumps(told).encode(), bytes(range(64))
    path.write_bytes(struct.pack("<8sQQ", b"RKNN", 1, len(body)) + body + struct.pack("<Q", len(text)) + text)
    assert registry.identify_file(path).inputs == ("5 u8 [1]",)

"""What ExecuTorch's runtime refuses in a .pte file is damage."""

import struct

import pytest

from envdoctor import registry
from envdoctor.compilers.executorch import pte_whole
from envdoctor.compilers.executorch.pte import parse_program
from envdoctor.compilers.executorch.pte_whole import require_xnnpack
from envdoctor.core.data import load_file
from envdoctor.core.errors import Unreadable
from envdoctor.tflite.flatbuffer import FlatBuffer
from envdoctor.tflite.flatbuffer_schema import tables_of
from keras_files import DATA

XNNPACK, ETHOS_U = ((DATA / "executorch" / name).read_bytes() for name in ("xnnpack.pte", "ethos-u55-128.pte"))


def tables(data, schema="program", root="Program"):
    return list(tables_of(memoryview(data), load_file(pte_whole._SCHEMA)[schema], root))


def changed(data, table, field, value, code="<i", **of):
    """The same with another number in a field of the first of its tables that has it."""
    found = next(each for name, each in tables(data, **of) if name == table and each._at(field))
    changed = bytearray(data)
    struct.pack_into(code, changed, found._at(field), value)
    return bytes(changed)


def first_item(data, table, field, value):
    """The same with another number at the start of a vector."""
    found = next(each for name, each in tables(data) if name == table and each.numbers(field, "i"))
    changed = bytearray(data)
    struct.pack_into("<i", changed, found.buffer.vector(found._at(field), 4)[0], value)
    return bytes(changed)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (changed(ETHOS_U, "KernelCall", 0, 9), "number 9 of 2 operators or delegates"),
        (changed(XNNPACK, "DelegateCall", 0, 9), "delegates"),
        (first_item(XNNPACK, "KernelCall", 1, 77), "number 77 of 9 values"),
        (first_item(XNNPACK, "ExecutionPlan", 3, -5), "number -5 of 9 values"),
        (changed(XNNPACK, "EValue", 0, 200, "<B"), "of the unknown kind 200"),
        (changed(XNNPACK, "Instruction", 0, 77, "<B"), "an instruction of the kind 77"),
        (changed(XNNPACK, "Tensor", 0, 120, "<b"), "a tensor has an unknown type"),
        (changed(XNNPACK, "AllocationDetails", 0, 8, "<I"), "pieces of memory"),
        (changed(XNNPACK, "AllocationDetails", 1, 1 << 30, "<I"), "of its memory"),
        (XNNPACK.replace(b"aten::", b"aten:\1"), "an operator"),
        (XNNPACK.replace(b"XnnpackBackend", b"Xnnpack\1ackend"), "a backend"),
        (XNNPACK.replace(b"forward", b"for\xffard"), "UTF-8"),
        (changed(ETHOS_U, "KernelCall", 0, -1), "number -1 of"),
    ],
)
def test_what_the_runtime_refuses_is_damage(data, words):
    assert data not in {XNNPACK, ETHOS_U}
    with pytest.raises(Unreadable, match=words):
        parse_program(memoryview(data))


def graph():
    """The first graph for XNNPACK, and where it begins."""
    start = XNNPACK.index(b"XH00") - 4
    _, begin, size, _, weights = struct.unpack_from("<HIIIQ", XNNPACK, start + 8)
    return XNNPACK[start + begin : start + begin + size], weights


@pytest.mark.parametrize(
    ("table", "field", "value", "words"),
    [
        ("XNNTensorValue", 3, 99, "constants for XNNPACK"),
        ("XNNTensorValue", 1, 7, "another number of dimensions"),
        ("Conv", 15, 98, "the value 98, which is not defined"),
    ],
)
def test_a_graph_that_xnnpack_does_not_compile_is_damage(table, field, value, words):
    content, weights = graph()
    names = {
        each.string(2): 1 << 20 for name, each in tables(content, "xnnpack", "XNNGraph") if name == "ConstantDataOffset"
    }
    require_xnnpack(memoryview(content), weights, names)
    data = changed(content, table, field, value, "<I", schema="xnnpack", root="XNNGraph")
    with pytest.raises(Unreadable, match=words):
        require_xnnpack(memoryview(data), weights, names)


def test_a_constant_under_another_name_is_missed():
    content, weights = graph()
    with pytest.raises(Unreadable, match="is not in it"):
        require_xnnpack(memoryview(content), weights, {"other": 1 << 20})
    require_xnnpack(memoryview(content), weights, {})  # all weights lie in a file beside it
    assert FlatBuffer(memoryview(content)).root()


def test_weights_in_another_file_are_no_damage():
    """nn.Linear(2, 2), exported with `external_constants=True`."""
    path = DATA / "executorch/weights_outside.pte"
    assert parse_program(memoryview(path.read_bytes())).outside
    assert "the file of its weights (.ptd)" in registry.identify_file(path).runtime
    assert not parse_program(memoryview(XNNPACK)).outside


def test_a_method_may_hand_on_what_it_gets():
    """A module that returns its input, of which the runtime loads and runs what the exporter wrote."""
    program = parse_program(memoryview((DATA / "executorch/handed_on.pte").read_bytes()))
    assert program.inputs == program.outputs == ("float32 [3]",)


def test_what_follows_the_end_is_told(tmp_path):
    path = tmp_path / "net.pte"
    path.write_bytes(XNNPACK)
    assert "what follows" not in registry.identify_file(path).checked
    path.write_bytes(XNNPACK + bytes(64))
    assert f"up to byte {len(XNNPACK):,}; what follows, 64 bytes, is" in registry.identify_file(path).checked

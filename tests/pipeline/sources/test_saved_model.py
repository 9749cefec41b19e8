import pytest
from hypothesis import given
from hypothesis import strategies as some

from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.pipeline.sources.protobuf import read_message
from envdoctor.pipeline.sources.saved_model import read_saved_model
from keras_files import DATA, field, saved_model, tensor_info, varint, write_saved_model

RECORDED = (DATA / "saved_model/tf1.pb").read_bytes()
PLAIN = {"serving_default": {"x": tensor_info((None, 4))}}


def test_a_real_one(tmp_path):
    found = read_saved_model(write_saved_model(tmp_path / "m", RECORDED))
    assert found.tensorflow == "2.15.1"
    assert {name: [(s.name, s.shape, s.dtype) for s in specs] for name, specs in found.signatures.items()} == {
        "serving_default": [("x", (None, 6), "float32")]
    }
    assert {"MatMul", "Softmax", "VariableV2"} & found.operators
    assert found.traits == {"dynamic-batch"}


def test_the_only_signature_is_taken(tmp_path):
    content = saved_model(
        {"predict": {"b": tensor_info((1, 2), 3), "a": tensor_info(None)}, "__saved_model_init_op": {}}
    )
    found = read_saved_model(write_saved_model(tmp_path / "m", content))
    assert [(spec.name, spec.shape, spec.dtype) for spec in found.inputs] == [
        ("a", None, "float32"),
        ("b", (1, 2), "int32"),
    ]
    assert found.traits == {"dynamic-batch", "open-sizes"}


def test_two_signatures_without_a_default(tmp_path):
    content = saved_model({"one": PLAIN["serving_default"], "two": PLAIN["serving_default"]})
    assert read_saved_model(write_saved_model(tmp_path / "m", content)).inputs is None


def test_a_loop_is_a_recurrent_layer(tmp_path):
    content = saved_model(PLAIN, in_functions=("TensorListReserve", "While"))
    assert "recurrent" in read_saved_model(write_saved_model(tmp_path / "m", content)).traits


def test_no_signature(tmp_path):
    with pytest.raises(UsageProblem, match="no serving signature"):
        read_saved_model(write_saved_model(tmp_path / "m", saved_model({})))


def test_a_graph_for_training_alone(tmp_path):
    with pytest.raises(UsageProblem, match="without a graph for serving"):
        read_saved_model(write_saved_model(tmp_path / "m", saved_model(PLAIN, tags=("train",))))


def test_missing_variables(tmp_path):
    content = saved_model(PLAIN, ("VarHandleOp",))
    with pytest.raises(Unreadable, match="incomplete"):
        read_saved_model(write_saved_model(tmp_path / "m", content, variables=False))
    assert read_saved_model(write_saved_model(tmp_path / "n", saved_model(PLAIN), variables=False)).inputs


@pytest.mark.parametrize("length", range(1, len(RECORDED), 311))
def test_no_cut_is_taken_for_whole(tmp_path, length):
    with pytest.raises((Unreadable, UsageProblem)):
        read_saved_model(write_saved_model(tmp_path / "m", RECORDED[:length]))


def test_the_wire_format():
    message = read_message(
        memoryview(field(1, 300) + field(2, "text") + b"\x1d\x01\0\0\0" + b"\x21\x02" + bytes(7) + field(5, -1))
    )
    assert (message.number(1), message.text(2), message.number(3), message.number(4)) == (300, "text", 1, 2)
    assert message.signed(5) == -1
    assert (message.number(9), message.text(9), message.first(9).number(1)) == (0, "", 0)


@pytest.mark.parametrize("data", [b"\x08", b"\x12\x05ab", b"\x0b", b"\x08" + b"\xff" * 11, b"\x19\x01"])
def test_damaged_messages(data):
    with pytest.raises(Unreadable):
        read_message(memoryview(data))


@given(some.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    try:
        read_message(memoryview(data))
    except Unreadable:
        return


@given(some.integers(0, (1 << 64) - 1))
def test_numbers_come_back(value):
    assert read_message(memoryview(b"\x08" + varint(value))).number(1) == value

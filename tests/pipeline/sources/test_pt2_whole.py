"""What torch.export.load refuses, or silently takes other numbers from."""

import json

import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.pipeline.sources.pt2 import read_pt2
from pt2_files import named, node, pack, parts, program, tensor

RELU = "torch.ops.aten.relu.default"
WEIGHTS, WEIGHT = "data/weights/m0_weights_config.json", "data/weights/weight_0"
MODEL = "models/m0.json"


def test_a_whole_one(tmp_path):
    assert read_pt2(pack(tmp_path, parts(RELU))).operators == (RELU,)


@pytest.mark.parametrize(
    "name", ["archive_version", ".data/version", WEIGHTS, WEIGHT, "data/constants/m0_constants_config.json"]
)
def test_a_member_is_not_there(tmp_path, name):
    found = parts(RELU)
    del found[name]
    with pytest.raises(Unreadable, match=name.rpartition("/")[2]):
        read_pt2(pack(tmp_path, found))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("archive_format", "pt3", "archive_format says 'pt3'"),
        ("archive_version", "1", "archive_version says '1'"),
        (".data/version", "", "version says ''"),
        ("byteorder", "lit", "byteorder says 'lit'"),
        (WEIGHT, b"", "0 bytes, where 16 are needed"),
        (WEIGHT, bytes(12), "12 bytes, where 16 are needed"),
        (WEIGHT, bytes(18), "18 bytes, where 16 are needed"),
        (WEIGHTS, json.dumps({"config": {}}), "'w' is used and not stored"),
        ("data/sample_inputs/m0.pt", b"PK\3\4 and no more", "m0.pt is a damaged zip archive"),
    ],
)
def test_a_member_with_other_content(tmp_path, name, content, words):
    with pytest.raises(Unreadable, match=words):
        read_pt2(pack(tmp_path, parts(RELU) | {name: content}))


def test_a_larger_storage_and_an_older_list_are_whole(tmp_path):
    assert read_pt2(pack(tmp_path, parts(RELU) | {WEIGHT: bytes(32)})).operators
    older = parts(RELU)
    del older[WEIGHTS]
    assert read_pt2(pack(tmp_path, older | {"data/weights/m0.pt": b"x"})).code == (
        "the file 'net/data/weights/m0.pt', which may be code",
    )


def test_a_pickle_is_as_long_as_it_is(tmp_path):
    """A tensor that torchao quantized is stored as one: its bytes are no values, and what loads it is told as code."""
    assert read_pt2(pack(tmp_path, parts(RELU, pickled=True) | {WEIGHT: bytes(3)})).code == ("a pickle of 'w'",)


def test_a_wrong_byte_in_a_weight(tmp_path):
    path = pack(tmp_path, parts(RELU) | {WEIGHT: b"0123456789abcdef"})
    path.write_bytes(path.read_bytes().replace(b"89ab", b"89aX"))
    with pytest.raises(Unreadable, match="checksum of net/data/weights/weight_0"):
        read_pt2(path)


def changed(**graph):
    found = program(RELU)
    found["graph_module"]["graph"] |= graph
    return {MODEL: json.dumps(found)}


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        ({"nodes": [node(RELU, takes="gone")]}, f"gone is used by {RELU}, and nothing gives it"),
        ({"nodes": []}, "y is used by the end"),
        ({"inputs": [named("w")]}, "x is used"),
        ({"nodes": [node(RELU) | {"target": 3}]}, "Expected `str`, got `int`|has no attribute|target"),
        ({"nodes": [node(RELU) | {"inputs": [{"name": "a", "arg": {}}]}]}, "0 values"),
        (
            {"nodes": [node(RELU) | {"inputs": [{"name": "a", "arg": {"as_int": True}}]}]},
            "an argument as_int is 'True'",
        ),
        ({"nodes": [node(RELU) | {"inputs": [{"name": "a", "arg": {"as_tensor": {"nam": "x"}}}]}]}, "name"),
        ({"tensor_values": {"x": tensor(1, 3), "w": {"dtype": 7, "sizes": []}}}, "requires_grad"),
    ],
)
def test_a_graph_that_lost_something(tmp_path, graph, words):
    with pytest.raises(Unreadable, match=words):
        read_pt2(pack(tmp_path, parts(RELU) | changed(**graph)))


def test_a_graph_in_a_graph_has_tensors_of_its_own(tmp_path):
    inner = {"inputs": [named("a")], "outputs": [named("b")], "nodes": [node(RELU, "a", "b")], "tensor_values": {}}
    argument = {"name": "f", "arg": {"as_graph": {"name": "g", "graph": inner}}}
    outer = node("torch.ops.higher_order.cond")
    outer["inputs"].append(argument)
    assert read_pt2(pack(tmp_path, parts(RELU) | changed(nodes=[outer]))).operators[1:] == (RELU,)
    inner["nodes"] = []
    with pytest.raises(Unreadable, match="b is used by the end"):
        read_pt2(pack(tmp_path, parts(RELU) | changed(nodes=[outer])))

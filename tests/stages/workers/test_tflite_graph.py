import numpy as np
import pytest

from keras_files import DATA
from tflite_bytes import model, pack, small, tensor

pytest.importorskip("ai_edge_litert", reason="ai-edge-litert has no wheel here")

from envdoctor.stages.workers import tflite_graph
from envdoctor.stages.workers.stage import Problem
from envdoctor.stages.workers.tflite_graph import Graph, prune, used_tensors
from envdoctor.tflite.model import Location
from envdoctor.tflite.reader import open_model


def outside(model_bytes, content):
    """A file whose second buffer lies behind the flatbuffer, as litert-quantizer writes it from 256 KiB on."""
    made = Graph(model_bytes).model
    made.buffers[1].data = None
    made.buffers[1].offset = made.buffers[1].size = 1
    size = -(-len(pack(made)) // 16) * 16
    made.buffers[1].offset, made.buffers[1].size = size, len(content)
    data = pack(made)
    return data + bytes(size - len(data)) + content


def test_constants_behind_the_flatbuffer_come_inside():
    data = outside(pack(small()), b"\x07\x08")
    assert open_model(data).main.tensors[1].content.location is Location.AFTER
    graph = Graph(data)
    assert graph.moved_inside == 1
    packed = open_model(graph.pack())
    assert not packed.external_buffers
    assert bytes(packed.main.tensors[1].data()) == b"\x07\x08"


def test_a_file_that_ends_before_its_constants():
    with pytest.raises(Problem, match="ends before its constants"):
        Graph(outside(pack(small()), b"\x07\x08")[:-1])


def test_operators_are_numbered_both_ways():
    made = small()
    made.operatorCodes[0].builtinCode = 0
    data = pack(made)
    assert open_model(data).deprecated_codes_only
    graph = Graph(data)
    assert graph.renumbered == 1
    assert not open_model(graph.pack()).deprecated_codes_only


def test_weights_beyond_what_a_file_holds_are_refused(monkeypatch):
    graph = Graph(pack(small()))
    monkeypatch.setattr(tflite_graph, "_LARGEST", -1)
    with pytest.raises(Problem, match="2 GiB") as caught:
        graph.pack()
    assert caught.value.name == "model-too-large"


def test_constants_are_aligned_as_the_schema_demands():
    data = Graph((DATA / "tflite/flatten_float16.tflite").read_bytes()).pack()
    contents = [one.content for one in open_model(data).main.tensors if one.content]
    assert contents
    assert all(content.start % 16 == 0 for content in contents)


@pytest.mark.parametrize("path", sorted((DATA / "tflite").glob("*.tflite")), ids=lambda path: path.stem)
def test_packing_changes_nothing_that_is_read(path):
    before, after = open_model(path.read_bytes()), open_model(Graph(path.read_bytes()).pack())
    assert [operator.name for operator in after.main.operators] == [operator.name for operator in before.main.operators]
    for one, other in zip(before.main.tensors, after.main.tensors, strict=True):
        assert (one.name, one.shape, one.shape_signature, one.dtype) == (
            other.name,
            other.shape,
            other.shape_signature,
            other.dtype,
        )
        assert one.constant == other.constant
        assert not one.constant or bytes(one.data()) == bytes(other.data())
    assert after.signatures == before.signatures


def test_a_signature_is_added_where_there_is_none():
    graph = Graph(pack(small()))
    assert graph.ensure_signature() == "serving_default"
    assert graph.ensure_signature() == "serving_default"
    (signature,) = open_model(graph.pack()).signatures
    assert (signature.inputs, signature.outputs) == ({"in": 0}, {"out": 2})


def test_equal_names_are_told_apart_in_a_signature():
    tensors = [tensor([1], name=b"x"), tensor([1], name=b"x"), tensor([1], name=b"")]
    graph = Graph(pack(model(tensors=tensors, inputs=[0, 1, 2], outputs=[2])))
    graph.ensure_signature()
    (signature,) = open_model(graph.pack()).signatures
    assert signature.inputs == {"x": 0, "x_1": 1, "tensor_2": 2}


def test_pruning_drops_what_nothing_uses():
    graph = Graph(pack(small()))
    extra = graph.add_constant("extra", np.zeros(1000, np.float32))
    assert extra not in used_tensors(graph)
    graph.main.tensors.insert(0, graph.main.tensors.pop())  # so that every number behind it changes
    graph.main.inputs, graph.main.outputs = [1], [3]
    graph.main.operators[0].inputs, graph.main.operators[0].outputs = [1, 2, -1], [3]
    prune(graph)
    packed = graph.pack()
    assert len(packed) < 1500
    main = open_model(packed).main
    assert [one.name for one in main.tensors] == ["in", "w", "out"]
    assert (main.inputs, main.outputs, main.operators[0].inputs) == ((0,), (2,), (0, 1, -1))


def test_operator_codes_are_shared():
    graph = Graph(pack(small()))
    assert graph.operator_code("CONV_2D", 3) == 0
    assert graph.operator_code("MUL") == 1
    assert graph.operator_code("MUL") == 1
    assert graph.operator_code("STABLEHLO_COMPOSITE") == 2
    assert graph.model.operatorCodes[2].deprecatedBuiltinCode == 127

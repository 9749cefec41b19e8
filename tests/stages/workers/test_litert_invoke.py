import pytest

pytest.importorskip("ai_edge_litert", reason="ai-edge-litert has no wheel here")

from envdoctor.stages.workers import litert_invoke
from envdoctor.stages.workers.tflite_graph import Graph
from int8_models import joined
from keras_files import DATA
from shared_data import shared
from tflite_bytes import pack, schema, small


def asked(folder, data, *delegates):
    (folder / "m.tflite").write_bytes(data)
    return litert_invoke.run({"model": str(folder / "m.tflite"), "delegates": list(delegates or (False, True))})


def test_a_model_that_runs(tmp_path):
    assert asked(tmp_path, joined(2.5)) == {"plain": "", "delegated": ""}
    assert asked(tmp_path, joined(2.5), False) == {"plain": ""}


def test_a_logistic_of_another_scale_is_taken_by_the_delegate_alone(tmp_path):
    graph = Graph(joined(2.5))
    graph.main.tensors[2].quantization.scale = [0.004]
    found = asked(tmp_path, graph.pack())
    assert "output->params.scale == 1. / 256 was not true" in found["plain"]
    assert found["delegated"] == ""


def test_a_quantized_dimension_that_is_not_there(tmp_path):
    made = small()
    made.subgraphs[0].tensors[1].quantization.quantizedDimension = 7
    assert "quantized_dimension must be in range [0, 4). Was 7" in asked(tmp_path, pack(made), False)["plain"]


@pytest.mark.parametrize(
    ("name", "plain", "delegated"),
    [
        ("reports/models/c04_16x8", "SquaredDifference only supports", "SquaredDifference only supports"),
        ("reports/models/c04_int8", "", ""),
    ],
)
def test_models_of_others(tmp_path, name, plain, delegated):
    found = asked(tmp_path, shared(f"data/{name}.tflite").read_bytes())
    assert found["plain"].startswith(plain)
    assert bool(found["plain"]) == bool(plain)
    assert found["delegated"].startswith(delegated)


def test_an_open_size_can_not_be_made_up(tmp_path):
    graph = Graph((DATA / "tflite/flatten_dynamic_batch.tflite").read_bytes())
    graph.main.tensors[int(graph.main.inputs[0])].shapeSignature = [-1, -1, -1, 1]
    assert asked(tmp_path, graph.pack(), False) == {"plain": ""}


def test_a_division_by_the_zeros_that_were_made_up_says_nothing(tmp_path):
    graph = Graph(joined(2.5))
    joining = graph.main.operators[-1]
    joining.opcodeIndex, joining.builtinOptions, joining.builtinOptionsType = graph.operator_code("DIV"), None, 0
    graph.set_shape(4, graph.shape(1))
    for tensor in graph.main.tensors:
        tensor.type = schema().TensorType.UINT8  # the one quantized kernel of DIV
    assert asked(tmp_path, graph.pack(), False) == {"plain": ""}

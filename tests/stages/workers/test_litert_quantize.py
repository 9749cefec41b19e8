import numpy as np
import pytest

from tflite_bytes import pack, schema, small

pytest.importorskip("ai_edge_litert", reason="ai-edge-litert has no wheel here")

from envdoctor.stages.workers import litert_run
from envdoctor.stages.workers.tflite_edges import convert_edges_to_uint8
from envdoctor.stages.workers.tflite_graph import Graph
from envdoctor.tflite.quantization import io_types
from envdoctor.tflite.reader import open_model


def quantized():
    """A RELU over int8."""
    from tflite_bytes import model, tensor

    scale = schema().QuantizationParametersT()
    scale.scale, scale.zeroPoint = [0.5], [-28]
    tensors = [tensor([1, 4], name=name, quantization=scale) for name in (b"in", b"out")]
    relu = [(0, [0], [1], 0, None)]
    graph = Graph(pack(model(tensors=tensors, operators=relu, codes=[(19, 2, None)], inputs=[0], outputs=[1])))
    graph.ensure_signature()
    return graph


def test_int8_edges_become_uint8_and_the_numbers_stay():
    graph = quantized()
    before = litert_run.open_model(graph.pack())
    convert_edges_to_uint8(graph)
    data = graph.pack()
    model = open_model(data)
    assert io_types(model) == (("UINT8",), ("UINT8",))
    assert [operator.name for operator in model.main.operators] == ["QUANTIZE", "RELU", "QUANTIZE"]
    after = litert_run.open_model(data)
    assert after.inputs["in"]["quantization"] == (0.5, 100)
    sample = {"in": np.array([[-20.0, -0.5, 0.5, 63.5]])}
    assert after.predict(sample)["out"].tolist() == before.predict(sample)["out"].tolist() == [[0.0, 0.0, 0.5, 63.5]]


def test_other_edges_stay():
    graph = Graph(pack(small()))
    graph.main.tensors[0].type = graph.main.tensors[2].type = 0
    convert_edges_to_uint8(graph)
    assert io_types(open_model(graph.pack())) == (("FLOAT32",), ("FLOAT32",))

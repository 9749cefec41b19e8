import numpy as np
import pytest

from tflite_bytes import pack, schema, small

pytest.importorskip("ai_edge_litert", reason="ai-edge-litert has no wheel here")

from envdoctor.stages.workers import litert_run
from envdoctor.stages.workers.tflite_edges import convert_edges_to_uint8, strip_input_casts
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


CAST, RELU, QUANTIZE = 53, 19, 114
INT32, FLOAT32, INT64 = 2, 0, 4


def counted(*, kind=INT32, output=2, also=()):
    """Whole numbers that a CAST makes floats and a QUANTIZE int8, before a RELU."""
    from tflite_bytes import model, tensor

    scale = schema().QuantizationParametersT()
    scale.scale, scale.zeroPoint = [0.5], [-28]
    one = schema()
    graph = Graph(
        pack(
            model(
                tensors=[
                    tensor([1, 4], kind, name=b"ids", hasRank=True),
                    tensor([1, 4], FLOAT32, name=b"cast", hasRank=True),
                    tensor([1, 4], name=b"stored", quantization=scale, hasRank=True),
                    tensor([1, 4], name=b"out", quantization=scale, hasRank=True),
                ],
                operators=[
                    (0, [0], [1], one.BuiltinOptions.CastOptions, one.CastOptionsT()),
                    (1, [1], [2], one.BuiltinOptions.QuantizeOptions, one.QuantizeOptionsT()),
                    (2, [2], [3], 0, None),
                    *also,
                ],
                codes=[(CAST, 1, None), (QUANTIZE, 1, None), (RELU, 2, None)],
                inputs=[0],
                outputs=[3] if output == 2 else [3, output],
            )
        )
    )
    graph.ensure_signature()
    return graph


@pytest.mark.parametrize("kind", [INT32, INT64])
def test_a_cast_of_whole_numbers_at_an_input_goes(kind):
    graph = counted(kind=kind)
    before = litert_run.open_model(graph.pack())
    assert strip_input_casts(graph) == ["ids"]
    data = graph.pack()
    assert io_types(open_model(data)) == (("INT8",), ("INT8",))
    assert [operator.name for operator in open_model(data).main.operators] == ["RELU"]
    sample = {"ids": np.array([[-3, 0, 7, 20]])}
    after = litert_run.open_model(data)
    assert after.predict(sample)["out"].tolist() == before.predict(sample)["out"].tolist() == [[0, 0, 7, 20]]


@pytest.mark.parametrize("other", [{"output": 1}, {"also": [(2, [1], [3], 0, None)]}])
def test_a_cast_that_others_need_stays(other):
    graph = counted(**other)
    assert strip_input_casts(graph) == []
    assert len(graph.main.operators) >= 3


def test_a_float_input_has_no_cast():
    assert strip_input_casts(quantized()) == []

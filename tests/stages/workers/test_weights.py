"""Weights that were stored smaller, held against the floats that they were; constants without their custom operator."""

import numpy as np
import pytest

pytest.importorskip("ai_edge_litert", reason="ai-edge-litert has no wheel here")

from envdoctor.stages.workers.stage import Problem
from envdoctor.stages.workers.tflite_fold import fold
from envdoctor.stages.workers.tflite_graph import Graph
from envdoctor.stages.workers.weights import compare_weights
from tflite_bytes import model, pack, schema, tensor

pytestmark = pytest.mark.filterwarnings("ignore:Warning. Enabling `experimental_preserve_all_tensors`")
FLOAT32, FLOAT16, INT8 = 0, 1, 9
CUSTOM, ADD, DEQUANTIZE = 32, 0, 6


def added(values, kind, scales=None, axis=0, size=(4, 512)):
    """A model that adds a stored constant to its input: floats, or what is widened first."""
    quantization = None
    if scales is not None:
        quantization = schema().QuantizationParametersT()
        quantization.scale, quantization.zeroPoint = list(scales), [0] * len(scales)
        quantization.quantizedDimension = axis
    tensors = [
        tensor(size, kind=FLOAT32, name=b"in"),
        tensor(size, kind=kind, buffer=1, name=b"w", quantization=quantization),
        tensor(size, kind=FLOAT32, name=b"out"),
        tensor(size, kind=FLOAT32, name=b"wide"),
    ]
    add = (0, [0, 1 if kind == FLOAT32 else 3], [2], schema().BuiltinOptions.AddOptions, schema().AddOptionsT())
    widen = [] if kind == FLOAT32 else [(1, [1], [3], 0, None)]
    codes = [(ADD, 1, None), (DEQUANTIZE, 2, None)]
    buffers = (b"", values.tobytes())
    return Graph(
        pack(model(tensors=tensors, operators=[*widen, add], codes=codes, inputs=[0], outputs=[2], buffers=buffers))
    )


@pytest.fixture
def weights():
    return np.random.default_rng(3).normal(0, 0.2, (4, 512)).astype("float32")


def quantized(weights, scales):
    return np.clip(np.round(weights / np.reshape(scales, (-1, 1))), -127, 127).astype("int8")


def test_weights_within_half_a_step_are_proven(weights):
    scales = np.abs(weights).max(axis=1) / 127
    compared = compare_weights(added(weights, FLOAT32), added(quantized(weights, scales), INT8, scales))
    assert (compared.words, compared.left) == ("1 constant within half a step", 0)
    half = added(weights.astype("float16"), FLOAT16)
    assert compare_weights(added(weights, FLOAT32), half).words == "1 constant within half a step"


def test_weights_that_float16_does_not_hold(weights):
    weights[1, 2] = 1e6
    with np.errstate(over="ignore"):
        half = added(weights.astype("float16"), FLOAT16)
    with pytest.raises(Problem, match=r"goes up to 1e[+]06, and float16 holds 65,504") as caught:
        compare_weights(added(weights, FLOAT32), half)
    assert caught.value.name == "beyond-float16"


def test_weights_that_stay_floats_are_counted(weights):
    code, options = (9, 1, None), schema().FullyConnectedOptionsT()
    tensors = [
        tensor((1, 512), kind=FLOAT32, name=b"in"),
        tensor((4, 512), kind=FLOAT32, buffer=1, name=b"w"),
        tensor((1, 4), kind=FLOAT32, name=b"out"),
    ]
    operators = [(0, [0, 1, -1], [2], schema().BuiltinOptions.FullyConnectedOptions, options)]
    buffers = (b"", weights.tobytes())
    data = pack(model(tensors=tensors, operators=operators, codes=[code], inputs=[0], outputs=[2], buffers=buffers))
    compared = compare_weights(Graph(data), Graph(data))
    assert compared.words == "0 constants within half a step, 8,192 bytes of weights stay floats"
    assert compared.left == 1


def test_a_weight_that_moved_by_a_step_is_an_error(weights):
    scales = np.abs(weights).max(axis=1) / 127
    stored = quantized(weights, scales)
    stored[2, 7] -= np.int8(np.sign(stored[2, 7]) * 2)
    with pytest.raises(Problem, match="changed a weight"):
        compare_weights(added(weights, FLOAT32), added(stored, INT8, scales))


def test_weights_of_another_row_are_an_error(weights):
    scales = np.abs(weights).max(axis=1) / 127
    with pytest.raises(Problem, match="changed a weight"):
        compare_weights(added(weights, FLOAT32), added(quantized(weights[::-1], scales[::-1]), INT8, scales[::-1]))


def test_constants_are_widened_though_a_custom_operator_has_no_kernel(weights):
    half = weights.astype("float16")
    tensors = [
        tensor((4, 512), kind=FLOAT32, name=b"in"),
        tensor((4, 512), kind=FLOAT16, buffer=1, name=b"w"),
        tensor((4, 512), kind=FLOAT32, name=b"wide"),
        tensor((4, 512), kind=FLOAT32, name=b"sum"),
        tensor((4, 512), kind=FLOAT32, name=b"out"),
    ]
    add = (1, [0, 2], [3], schema().BuiltinOptions.AddOptions, schema().AddOptionsT())
    operators = [(0, [1], [2], 0, None), add, (2, [3], [4], 0, None)]
    codes = [(DEQUANTIZE, 2, None), (ADD, 1, None), (CUSTOM, 1, b"NobodyKnowsIt")]
    made = model(
        tensors=tensors, operators=operators, codes=codes, inputs=[0], outputs=[4], buffers=(b"", half.tobytes())
    )
    graph = Graph(pack(made))
    assert fold(graph, {"in": (4, 512)}) == ["DEQUANTIZE"]
    assert [graph.operator_name(one) for one in graph.main.operators] == ["ADD", "CUSTOM"]
    assert (graph.constant(2) == half.astype("float32")).all()


def test_another_size_than_the_files_needs_the_custom_operator(weights):
    tensors = [tensor((1, 4), kind=FLOAT32, name=name) for name in (b"in", b"out")]
    made = model(
        tensors=tensors, operators=[(0, [0], [1], 0, None)], codes=[(CUSTOM, 1, b"Nobody")], inputs=[0], outputs=[1]
    )
    with pytest.raises(RuntimeError, match="unresolved custom op"):
        fold(Graph(pack(made)), {"in": (1, 8)})

"""How models compute, told from their tensors."""

import pytest

from envdoctor.tflite.quantization import (
    Scheme,
    classify,
    computes_in_16_bits,
    float_islands,
    io_types,
    per_channel_dense,
)
from graphs import Graph, chain

SHAPE = [1, 8, 8, 4]


def dense(weights="INT8", activations="INT8", scales=(0.5,)):
    graph = Graph()
    taken = graph.input([1, 4], activations)
    kernel = graph.const([2, 4], weights, scales=scales)
    return graph.model(graph.op("FULLY_CONNECTED", [taken, kernel, -1], [1, 2], activations))


def with_float_middle(dtype="INT8"):
    graph = Graph()
    first = graph.op("CONV_2D", [graph.input(SHAPE, dtype), graph.const([4, 1, 1, 4])], SHAPE, dtype)
    real = graph.op("DEQUANTIZE", [first], SHAPE, "FLOAT32")
    real = graph.op("ELU", [real], SHAPE, "FLOAT32")
    real = graph.op("NEG", [real], SHAPE, "FLOAT32")
    return graph.model(graph.op("QUANTIZE", [real], SHAPE, dtype))


def weights_widened(dtype):
    graph = Graph()
    kernel = graph.op("DEQUANTIZE", [graph.const([4, 1, 1, 4], dtype, [0] * 16)], [4, 1, 1, 4], "FLOAT32")
    return graph.model(graph.op("CONV_2D", [graph.input(SHAPE, "FLOAT32"), kernel], SHAPE, "FLOAT32"))


def float_edge():
    graph = Graph()
    taken = graph.op("QUANTIZE", [graph.input(SHAPE, "FLOAT32")], SHAPE)
    return graph.model(graph.op("DEQUANTIZE", [graph.op("RELU", [taken], SHAPE)], SHAPE, "FLOAT32"))


def keyword_spotter():
    """An int8 SVDF, whose state has 16 bits and is a graph's input where it is kept outside."""
    graph = Graph()
    feature, time = graph.const([4, 4]), graph.const([4, 2], "INT16", values=None)
    state = graph.input([1, 8], "INT16")
    return graph.model(graph.op("SVDF", [graph.input([1, 4]), feature, time, -1, state], [1, 4]))


@pytest.mark.parametrize(
    ("model", "scheme"),
    [
        (keyword_spotter(), Scheme.INT8),
        (chain("CONV_2D", "RELU"), Scheme.INT8),
        (float_edge(), Scheme.INT8),
        (with_float_middle(), Scheme.PARTIAL),
        (dense(activations="FLOAT32", weights="FLOAT32"), Scheme.FLOAT),
        (dense(activations="FLOAT32", weights="INT8"), Scheme.DYNAMIC_RANGE),
        (dense(activations="INT16"), Scheme.INT16),
        (dense(weights="INT4"), Scheme.INT8_NARROW_WEIGHTS),
        (weights_widened("FLOAT16"), Scheme.FLOAT16),
        (weights_widened("INT8"), Scheme.WEIGHT_ONLY),
        (dense(activations="INT32", weights="INT32"), Scheme.INTEGER),
    ],
)
def test_a_scheme_is_told_from_activations_and_weights(model, scheme):
    assert classify(model) is scheme


def test_16_bits_are_told_beside_floats_and_not_of_a_state():
    assert computes_in_16_bits(with_float_middle("INT16"))
    assert computes_in_16_bits(dense(activations="INT16"))
    for other in (with_float_middle(), keyword_spotter(), chain("RELU"), float_edge()):
        assert not computes_in_16_bits(other)


def test_an_island_is_named_by_its_first_operator_that_computes():
    (island,) = float_islands(with_float_middle())
    assert island.first.name == "ELU"
    assert [operator.name for operator in island.operators] == ["DEQUANTIZE", "ELU", "NEG", "QUANTIZE"]


def test_two_branches_that_meet_in_floats_are_one_island_and_separate_ones_are_two():
    graph = Graph()
    taken = graph.input(SHAPE)
    left, right = (graph.op("DEQUANTIZE", [taken], SHAPE, "FLOAT32") for _ in range(2))
    joined = graph.op("ADD", [left, right], SHAPE, "FLOAT32")
    back = graph.op("QUANTIZE", [joined], SHAPE)
    other = graph.op("DEQUANTIZE", [back], SHAPE, "FLOAT32")
    last = graph.op("QUANTIZE", [graph.op("POW", [other], SHAPE, "FLOAT32")], SHAPE)
    islands = float_islands(graph.model(last))
    assert [island.first.name for island in islands] == ["ADD", "POW"]
    assert [len(island.operators) for island in islands] == [4, 3]


def test_what_converts_at_the_edge_is_no_island_and_neither_is_a_head_that_gives_floats():
    assert float_islands(float_edge()) == ()
    graph = Graph()
    boxes = graph.op("CUSTOM", [graph.input(SHAPE)], [1, 10, 4], "FLOAT32", custom="TFLite_Detection_PostProcess")
    assert float_islands(graph.model(boxes)) == ()


def test_a_float_model_has_no_islands():
    assert float_islands(dense(activations="FLOAT32", weights="FLOAT32")) == ()


def test_types_at_the_edge_are_listed():
    assert io_types(float_edge()) == (("FLOAT32",), ("FLOAT32",))


def test_dense_layers_with_a_scale_for_each_output_are_found():
    ((_, operator),) = per_channel_dense(dense(scales=(0.5, 0.25)))
    assert operator.name == "FULLY_CONNECTED"
    assert per_channel_dense(dense()) == ()

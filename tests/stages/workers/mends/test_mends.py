"""Each mend on a small model with its fault: what is left of the graph, and LiteRT's outputs before and after."""

import numpy as np
import pytest

pytest.importorskip("ai_edge_litert", reason="ai-edge-litert has no wheel here")

import mend_models as made
from envdoctor.stages.workers import litert_run
from envdoctor.stages.workers.mend_proof import measure
from envdoctor.stages.workers.mends.catalogue import MENDS
from envdoctor.stages.workers.tflite_graph import Graph, prune
from envdoctor.tflite.quantization import io_types, per_channel_dense
from envdoctor.tflite.reader import open_model
from envdoctor.tflite.structure import dynamic_tensors, resizable_inputs

pytestmark = pytest.mark.filterwarnings("ignore:Warning. Enabling `experimental_preserve_all_tensors`")
BY_NAME = {mend.name: mend for mend in MENDS}


def shapes(data):
    return {name: [int(size) for size in detail["shape"]] for name, detail in litert_run.input_details(data).items()}


def mended(name, data):
    """The file after a mend, what it says of it, and how far the outputs moved."""
    graph = Graph(data)
    changes = BY_NAME[name].apply(graph, shapes(data))
    prune(graph)
    after = graph.pack()
    found = measure(data, after, shapes(data), None)
    assert found.random == 20
    assert found.moved
    return open_model(after), changes, found


def untouched(name, data):
    graph = Graph(data)
    before = graph.pack()
    return BY_NAME[name].apply(graph, shapes(data)) == [] and graph.pack() == before


def operators(model):
    return [operator.name for operator in model.main.operators]


def test_an_open_batch_is_fixed_and_what_it_decides_is_computed():
    model, changes, found = mended("fixed-batch", made.open_batch())
    assert operators(model) == ["RESHAPE"]
    assert not resizable_inputs(model)
    assert not dynamic_tensors(model.main)
    assert found.identical
    assert "3 operators" in changes[1]
    assert model.signatures[0].inputs == {"x0": model.main.inputs[0]}


def test_a_fixed_batch_stays():
    assert untouched("fixed-batch", made.dense())


def test_dense_layers_get_one_scale_and_their_biases_with_them():
    model, changes, found = mended("dense-one-scale", made.dense())
    assert changes == ["gave 1 dense layer one scale instead of 3"]
    assert not per_channel_dense(model)
    weights, bias = (model.main.tensors[index] for index in model.main.operators[0].inputs[1:])
    assert bias.quantization.scales[0] == pytest.approx(weights.quantization.scales[0] * 0.1)
    assert 0 < found.steps <= 2
    assert not found.identical


def test_scales_that_lie_far_apart_lose_what_the_proof_sees():
    *_, found = mended("dense-one-scale", made.dense(scales=(5.0, 0.002, 0.03)))
    assert found.absolute > 0


def test_weights_that_two_layers_share_serve_both():
    model, _, found = mended("dense-one-scale", made.dense(shared=True))
    assert not per_channel_dense(model)
    assert found.steps <= 2


def test_dense_layers_with_one_scale_stay():
    assert untouched("dense-one-scale", made.dense(scales=(0.01,)))


@pytest.mark.parametrize("outputs", [1, 2])
def test_float_edges_are_stripped(outputs):
    model, changes, found = mended("integer-edges", made.float_edges(outputs))
    assert io_types(model)[0] == ("INT8",)
    assert io_types(model)[1][0] == "INT8"
    assert "DEQUANTIZE" not in operators(model) or outputs == 2  # one tensor can't be two outputs
    assert found.identical
    assert "int8, scale 0.05, zero point 0" in changes[0]
    assert model.signatures[0].inputs == {"x0": model.main.inputs[0]}
    assert model.signatures[0].outputs["y0"] == model.main.outputs[0]


def test_float_edges_are_put_back():
    graph = Graph(made.float_edges())
    BY_NAME["integer-edges"].apply(graph, {})
    prune(graph)
    model, _, found = mended("float-edges", graph.pack())
    assert io_types(model) == (("FLOAT32",), ("FLOAT32",))
    assert operators(model) == ["QUANTIZE", "RELU", "DEQUANTIZE"]
    assert found.identical


def test_float_edges_of_a_float_model_stay():
    assert untouched("integer-edges", made.half_weights())
    assert untouched("float-edges", made.half_weights())


def test_a_transpose_is_folded_into_the_axes():
    model, changes, found = mended("reduced-axes", made.transposed_mean())
    assert operators(model) == ["MEAN"]
    assert found.share < 1e-5
    assert changes == ["folded 1 TRANSPOSE into the axes of MEAN"]


def test_the_same_in_integers():
    model, _, found = mended("reduced-axes", made.transposed_mean(kind=made.INT8))
    assert operators(model) == ["MEAN"]
    assert found.steps <= 1


def test_kept_axes_get_their_shape_back():
    model, _, found = mended("reduced-axes", made.transposed_mean(keep=True))
    assert operators(model) == ["MEAN", "RESHAPE"]
    assert found.share < 1e-5


def test_a_transpose_back_goes_too():
    model, _, found = mended("reduced-axes", made.transposed_mean(keep=True, back=True))
    assert operators(model) == ["MEAN", "RELU"]
    assert found.share < 1e-5


def test_what_would_come_in_another_order_stays():
    assert untouched("reduced-axes", made.transposed_mean(order=(0, 3, 2, 1), axes=(0,)))


@pytest.mark.parametrize("first", ["RESHAPE", "EXPAND_DIMS"])
@pytest.mark.parametrize("kind", [made.INT8, made.FLOAT])
def test_repeated_pixels_are_resized(kind, first):
    model, _, found = mended("upsampling", made.tiled(kind=kind, first=first))
    assert operators(model) == ["RESIZE_NEAREST_NEIGHBOR"]
    assert model.main.operators[0].version == 3
    assert found.identical


def test_repeated_steps_of_a_series_are_resized():
    model, _, found = mended("upsampling", made.tiled_series())
    assert operators(model) == ["RESHAPE", "RESIZE_NEAREST_NEIGHBOR", "RESHAPE"]
    assert found.identical


def test_a_repeated_image_is_no_upsampling():
    assert untouched("upsampling", made.tiled(wrong=True))


@pytest.mark.parametrize(("activation", "zero"), [(0, 5), (1, -128)])
def test_an_activation_that_the_numbers_do_goes(activation, zero):
    model, _, found = mended("transposed-convolution", made.transposed_convolution(activation, zero=zero))
    assert [(op.name, op.version) for op in model.main.operators] == [("TRANSPOSE_CONV", 3)]
    assert found.identical
    assert [code.version for code in model.operator_codes] == [3]


@pytest.mark.parametrize(("activation", "zero", "name"), [(1, 0, "RELU"), (3, -128, "RELU6"), (2, 0, "RELU_N1_TO_1")])
def test_another_activation_stands_behind_it(activation, zero, name):
    scale = {3: 0.05, 2: 0.02}.get(activation, 0.02)
    model, _, found = mended("transposed-convolution", made.transposed_convolution(activation, zero=zero, scale=scale))
    assert operators(model) == ["TRANSPOSE_CONV", name]
    assert found.identical


def test_the_same_in_floats():
    model, _, found = mended("transposed-convolution", made.transposed_convolution(kind=made.FLOAT))
    assert operators(model) == ["TRANSPOSE_CONV", "RELU"]
    assert found.identical


def test_half_weights_are_stored_plainly():
    model, changes, found = mended("plain-weights", made.half_weights())
    assert operators(model) == ["FULLY_CONNECTED"]
    assert found.identical
    assert changes == ["stored 1 float16 array plainly"]


def test_a_missing_signature_is_added():
    model, changes, found = mended("signature", made.open_batch(signature=False))
    assert changes == ["added the signature 'serving_default'"]
    assert list(model.signatures[0].inputs.values()) == list(model.main.inputs)
    assert found.identical
    assert untouched("signature", made.open_batch())


def test_uint8_edges():
    model, _, found = mended("uint8-edges", made.dense())
    assert io_types(model) == (("UINT8",), ("UINT8",))
    assert found.identical


def test_outputs_that_never_move_prove_nothing():
    data = made.dense(scales=(1e-9, 1e-9, 1e-9))
    found = measure(data, data, shapes(data), None)
    assert found.identical
    assert not found.moved


def test_a_difference_is_seen():
    found = measure(made.dense(seed=1), made.dense(seed=2), shapes(made.dense()), None)
    assert found.steps > 5
    assert np.isfinite(found.absolute)


@pytest.mark.parametrize("mirrored", [False, True])
def test_ids_that_are_taken_from_the_end_are_wrapped_by_sums(mirrored):
    data = made.wrapped_ids(mirrored=mirrored)
    graph = Graph(data)
    assert BY_NAME["select"].apply(graph, shapes(data)) == ["wrote the SELECT of 1 lookup as sums"]
    prune(graph)
    after = graph.pack()
    assert operators(open_model(after)) == ["MUL", "MINIMUM", "MAXIMUM", "MUL", "ADD"]
    for low in (-(2**31) + 50, -9, -1, 0, 1, 2**31 - 40):
        ids = {"x0": np.arange(low, low + 4, dtype="int32")[None]}
        before, now = (next(iter(litert_run.open_model(one).predict(ids).values())) for one in (data, after))
        assert (before == now).all()


def test_other_selections_of_numbers_that_microcontrollers_know_are_of_version_2():
    model, changes, found = mended("select", made.selected())
    assert changes == ["wrote 1 SELECT as V2"]
    assert operators(model)[-1] == "SELECT_V2"
    assert found.identical


def test_what_adds_to_other_numbers_than_negative_ones_stays():
    assert untouched("select", made.wrapped_ids(border=1))


def test_int16_outputs_that_were_floats_before_are_judged_by_their_own_steps():
    data = made.dense(wide=True)
    graph = Graph(data)
    assert BY_NAME["float-edges"].apply(graph, shapes(data))
    prune(graph)
    floats = graph.pack()
    assert measure(floats, data, shapes(floats), None).fine
    assert measure(data, floats, shapes(data), None).fine
    assert not measure(made.dense(), made.dense(), shapes(made.dense()), None).fine

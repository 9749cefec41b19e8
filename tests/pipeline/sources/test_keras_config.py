import pytest

from envdoctor.pipeline.sources.keras_config import inputs_of, names, traits_of
from envdoctor.stages.workers.stored_code import code_in, foreign_in, nodes_of
from keras_files import recorded


def config(name):
    return recorded(name)["config"]


def layer(kind, *, module="keras.layers", registered=None, **own):
    return {"module": module, "class_name": kind, "config": own, "registered_name": registered}


@pytest.mark.parametrize("name", ["conv", "multi", "dicts", "lstm", "anysize", "k2conv", "k2oplambda"])
def test_recorded_models_need_no_code(name):
    assert foreign_in(nodes_of(config(name)), names()) == ()


@pytest.mark.parametrize(
    ("node", "needs"),
    [
        (layer("Twice", module=None, registered="Twice", name="t"), "Twice"),
        (layer("Net", module=None, registered="mypkg>Net"), "Net"),
        (layer("KerasLayer", module="tensorflow_hub.keras_layer", registered="KerasLayer"), "tensorflow_hub"),
        (layer("Foo", module="keras_hub.src.layers", registered="keras_hub>Foo"), "keras_hub.src.layers.Foo"),
        ({"class_name": "MyLayer", "config": {"name": "my"}}, "MyLayer"),
        ({"module": "builtins", "class_name": "function", "config": "mine"}, "the function mine"),
        (layer("Dense", name="d", activation="mish_of_mine"), "the function mish_of_mine"),
    ],
)
def test_what_keras_does_not_have(node, needs):
    (found,) = foreign_in(nodes_of({"layers": [node]}), names())
    assert needs in found


@pytest.mark.parametrize(
    "node",
    [
        layer("Dense", name="d", activation="gelu"),
        {"module": "builtins", "class_name": "function", "config": "relu", "registered_name": "function"},
        {"class_name": "__tuple__", "items": []},
        layer("Functional", module="keras.src.engine.functional", registered="Functional"),
        {"class_name": "BatchNormalizationV1", "config": {"name": "bn"}},
        {"class_name": "GlorotUniform", "config": {"seed": None}},
    ],
)
def test_what_keras_has(node):
    assert foreign_in(nodes_of(node), names()) == ()


def test_what_a_model_was_compiled_with_is_not_needed():
    model = {**config("conv"), "compile_config": {"loss": layer("MyLoss", module=None, registered="MyLoss")}}
    assert foreign_in(nodes_of(model), names()) == ()


def test_lambda_layers():
    assert code_in(nodes_of(config("lambda")), names())[0] == "Python code in the Lambda layer lambda"
    assert "lambda" in set(traits_of(nodes_of(config("lambda")), None))


@pytest.mark.parametrize(
    ("node", "recurrent"),
    [
        (layer("LSTM", unroll=False), True),
        (layer("LSTM", unroll=True), False),
        (layer("Bidirectional", layer=layer("GRU", unroll=False)), True),
        (layer("Bidirectional", layer=layer("GRU", unroll=True)), False),
        (layer("ConvLSTM2D"), True),
        (layer("Dense"), False),
    ],
)
def test_recurrent_layers(node, recurrent):
    assert ("recurrent" in set(traits_of(nodes_of(node), ()))) is recurrent


@pytest.mark.parametrize(
    ("node", "trait"),
    [
        (layer("LSTM", stateful=True), "stateful-layer"),
        (layer("Dense", dtype=layer("QuantizedDTypePolicy", mode="int8")), "keras-quantized"),
        (layer("ConvLSTM2D"), "not-unrollable"),
        (layer("MaxPooling3D"), "lacks MaxPool3D"),
        (layer("Masking"), "stays float NOT_EQUAL"),
        (layer("Dense", activation="elu"), "stays float ELU"),
        (layer("Dense", activation="softplus"), "stays float EXP"),
        (layer("LayerNormalization"), "stays float NEG"),
        (layer("Dense", activation="gelu"), "stays float GELU"),
        (layer("SVD", module="keras.src.ops.linalg"), "lacks Svd"),
    ],
)
def test_what_a_build_would_fail_for(node, trait):
    assert trait in set(traits_of(nodes_of(node), None))
    assert trait not in set(traits_of((layer("LSTM", stateful=False), layer("MaxPooling2D")), None))


@pytest.mark.parametrize(
    ("before", "is_masked"),
    [
        (layer("Masking"), True),
        (layer("Embedding", mask_zero=True), True),
        (layer("Embedding", mask_zero=False), False),
    ],
)
def test_an_average_over_what_a_mask_leaves_counts_in_floats(before, is_masked):
    average = layer("GlobalAveragePooling1D")
    assert ("stays float CAST" in set(traits_of((before, average), None))) is is_masked
    assert "stays float CAST" not in set(traits_of((before, layer("GlobalMaxPooling1D")), None))


@pytest.mark.parametrize(
    ("node", "refused"),
    [
        (layer("DepthwiseConv2D", groups=1), True),
        (layer("DepthwiseConv2D"), False),
        (layer("Conv2DTranspose", groups=1), True),
        (layer("Conv2D", groups=1), False),
        (layer("SpatialDropout1D", noise_shape=None, trainable=True), True),
        (layer("SpatialDropout1D"), False),
        (layer("Discretization", trainable=True), True),
        (layer("LSTM", time_major=False), True),
        (layer("TFOpLambda"), True),
        (layer("Functional", module="keras.src.engine.functional"), True),
        (layer("Functional", module="keras.src.models.functional"), False),
    ],
)
def test_what_keras_3_refuses(node, refused):
    assert ("keras-2-only" in set(traits_of(nodes_of(node), ()))) is refused


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("conv", {"input_layer": (None, 28, 28, 1)}),
        ("multi", {"left": (None, 8), "right": (None, 4, 4, 2)}),
        ("dicts", {"left": (None, 8), "right": (None, 4, 4, 2)}),
        ("k2conv", {"conv2d_input": (None, 28, 28, 1)}),
        ("k2oplambda", {"left": (None, 8), "right": (None, 8)}),
        ("anysize", {"input_layer_8": (None, None, None, 3)}),
    ],
)
def test_inputs(name, shapes):
    assert {spec.name: spec.shape for spec in inputs_of(config(name))} == shapes


def test_a_model_inside_a_sequential_model():
    outer = {"class_name": "Sequential", "config": {"layers": [config("multi"), layer("Dense", name="d")]}}
    assert [spec.name for spec in inputs_of(outer)] == ["left", "right"]


@pytest.mark.parametrize(
    "model",
    [
        config("subclass"),
        {"class_name": "Sequential", "config": {"layers": []}},
        {"class_name": "Sequential", "config": {"layers": [layer("Dense", name="d")]}},
        {"class_name": "Functional", "config": {"layers": [layer("Dense", name="d")], "input_layers": [["x", 0, 0]]}},
        {"class_name": "Functional", "config": {"layers": "none", "input_layers": []}},
    ],
)
def test_inputs_that_the_file_does_not_tell(model):
    assert inputs_of(model) is None


def test_element_types_of_inputs():
    policy = {"class_name": "DTypePolicy", "config": {"name": "float16"}}
    for dtype, name in (("int32", "int32"), (policy, "float16"), (None, "float32")):
        first = layer("InputLayer", batch_shape=[None, 3], name="x", dtype=dtype)
        (spec,) = inputs_of({"class_name": "Sequential", "config": {"layers": [first]}})
        assert spec.dtype == name


def test_deep_nesting_does_not_exhaust_the_stack():
    node = {"class_name": "A", "config": {}}
    for _ in range(20_000):
        node = {"config": node, "class_name": "Wrapper"}
    assert len(nodes_of(node)) == 20_001

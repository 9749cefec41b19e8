import pytest

from envdoctor.pipeline.sources.keras_config import names
from envdoctor.stages.workers.stored_code import Malformed, code_in, foreign_in, nodes_of
from keras_files import recorded

KNOWN = names()


def node(kind, module="keras.layers", *, config=None, **own):
    return {"module": module, "class_name": kind, "config": own if config is None else config, "registered_name": None}


def judged(*layers):
    nodes = nodes_of({"class_name": "Sequential", "config": {"name": "m", "layers": list(layers)}})
    return code_in(nodes, KNOWN), foreign_in(nodes, KNOWN)


CODE = {"class_name": "__lambda__", "config": {"value": ["4wE=", None, None]}}


@pytest.mark.parametrize(
    "layer",
    [
        node("Lambda", name="l", function=CODE),
        {"class_name": "Lambda", "config": {"name": "l", "function": ["4wE=", None, None]}},
        node("Lambda", module="keras.src.layers.core.lambda_layer", name="l"),
        node("Dense", name="d", activation=CODE),
        node("TimeDistributed", name="t", layer=node("Lambda", name="l", function=CODE)),
        node("Sequential", "keras", name="s", layers=[node("Bidirectional", layer=node("Lambda", name="l"))]),
        {**node("Dense", name="d"), "build_config": {"x": CODE}},
        {**node("Dense", name="d"), "compile_config": {"loss": CODE}},
        {**node("Net", None, name="d"), "registered_name": "keras>Lambda"},
        node("get_file", "keras.utils", fname="x", origin="http://example.org/x"),
        node("function", "keras.utils", config="get_file"),
        node("function", "keras.saving", config="load_model"),
        node("function", "keras.config", config="enable_unsafe_deserialization"),
        node("function", "keras.src.utils.python_utils", config="func_load"),
        node("load_model", "keras.models", filepath="x"),
        node("function", "keras.src.ops.numpy", config="np.load"),
        {**node("Foo", "keras.src.layers.core.tf_op_layer", function="io.write_file"), "registered_name": "TFOpLambda"},
        node("deserialize", "keras.layers"),
        node("Lambda.from_config", "keras.layers"),
        node("TFSMLayer", name="t", filepath="/tmp/model"),
        node("TorchModuleWrapper", name="t", module=""),
        node("JaxLayer", name="t"),
        node("StringLookup", name="v", vocabulary="/etc/passwd"),
        node("TextVectorization", name="v", vocabulary="http://example.org/x"),
        node("TFOpLambda", "keras.src.layers.core.tf_op_layer", name="t", function="io.write_file"),
        node("TFOpLambda", name="t", function="compat.v1.write_file"),
        node("TFOpLambda", name="t", function="numpy_function"),
        node("TFOpLambda", name="t", function="load_op_library"),
        node("TFOpLambda", name="t", function="keras.utils.get_file"),
        node("TFOpLambda", name="t", function="raw_ops.WriteFile"),
        node("TFOpLambda", name="t", function="io.gfile.rmtree"),
        node("TFOpLambda", name="t"),
        node("TFOpLambda", name="t", function=["math.add"]),
        node("ClassMethod", name="c", cls_symbol="saved_model.Asset", method_name="load"),
        node("InstanceMethod", name="c", method_name="__reduce__"),
        {"class_name": "TensorFlowOpLayer", "config": {"name": "o", "node_def": 'name: "x"\nop: "WriteFile"\n'}},
        {"class_name": "TensorFlowOpLayer", "config": {"name": "o", "node_def": {"name": "x", "op": "PyFunc"}}},
        {"class_name": "TensorFlowOpLayer", "config": {"name": "o"}},
    ],
)
def test_what_would_run(layer):
    code, _ = judged(layer)
    assert code


@pytest.mark.parametrize(
    ("layer", "needs"),
    [
        (node("system", "os", config={"command": "true"}), "os.system"),
        (node("eval", "builtins"), "builtins.eval"),
        (node("function", "os", config="system"), "os.system"),
        (node("function", "builtins", config="eval"), "the function eval"),
        (node("Popen", "subprocess"), "subprocess.Popen"),
        (node("Thing", "kerasy.layers"), "kerasy.layers.Thing"),
        ({"class_name": "deserialize", "config": {}}, "deserialize"),
        ({"class_name": "__typespec__", "spec_name": "X", "module": "os", "registered_name": "X"}, "os.X"),
        ({**node("Dense", name="d"), "compile_config": {"loss": node("Loss", "mine")}}, "mine.Loss"),
    ],
)
def test_what_is_not_of_keras(layer, needs):
    _, foreign = judged(layer)
    assert needs in foreign


@pytest.mark.parametrize(
    "layer",
    [
        node("TFOpLambda", "keras.src.layers.core.tf_op_layer", name="t", function="math.add"),
        node("TFOpLambda", name="t", function="__operators__.add"),
        node("TFOpLambda", name="t", function="compat.v1.gather"),
        node("TFOpLambda", name="t", function="nn.relu"),
        node("TFOpLambda", name="t", function="raw_ops.AddV2"),
        node("SlicingOpLambda", name="t", function="__operators__.getitem"),
        node("InstanceMethod", name="c", method_name="to_tensor"),
        {"class_name": "TensorFlowOpLayer", "config": {"name": "o", "node_def": {"name": "x", "op": "AddV2"}}},
        node("Add", "keras.src.ops.numpy", name="a"),
        node("GlorotUniform", "keras.initializers", seed=None),
        node("DTypePolicy", "keras", config={"name": "float32"}),
        node("function", "keras.activations", config="relu"),
        node("Functional", "keras.src.models.functional", name="f", layers=[]),
        node("Functional", "keras.src.engine.functional", name="f", layers=[]),
        node("StringLookup", name="v", vocabulary=["a", "b"]),
        {"class_name": "TensorShape", "items": [None, 3]},
        {"class_name": "__tuple__", "items": [1]},
    ],
)
def test_what_only_computes(layer):
    assert judged(layer) == ((), ())


@pytest.mark.parametrize(
    "name", ["conv", "multi", "dicts", "lstm", "anysize", "k2conv", "k2oplambda", "custom", "subclass"]
)
def test_recorded_models_hold_no_code(name):
    assert code_in(nodes_of(recorded(name)["config"]), KNOWN) == ()


@pytest.mark.parametrize(("key", "value"), [("class_name", ["A"]), ("class_name", None), ("module", 3)])
def test_names_of_other_types(key, value):
    with pytest.raises(Malformed, match=key):
        nodes_of({"class_name": "A", key: value})

"""What workers say of what they can't do: each problem from the cause that makes it, by its code."""

import sys
import types

import pytest

from envdoctor.stages.problems import Scope, problem_kinds
from envdoctor.stages.workers import (
    keras_model,
    litert_run,
    onnx_direct,
    onnx_source,
    recipe,
    torch_convert,
    torch_source,
    turned,
)
from envdoctor.stages.workers.components import Components
from envdoctor.stages.workers.stage import Problem
from envdoctor.stages.workers.torch_graph import KNOWN, components_of

np = pytest.importorskip("numpy")


def code_of(caught):
    return problem_kinds()[caught.value.name].code


@pytest.fixture
def components(tmp_path):
    return Components(tmp_path / "rows.json", KNOWN)


# What torchvision 0.20 beside torch 2.4 (operators, ABI), litert-torch 0.6 and onnx2torch 1.5 print.
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("RuntimeError: operator torchvision::nms does not exist", "RUN171"),
        ("OSError: /env/torchvision/_C.so: undefined symbol: _ZN3c1017RegisterOperatorsD1Ev", "RUN171"),
        ("failed to legalize operation 'vhlo.custom_call_v1' that was explicitly marked illegal", "RUN168"),
        ("NotImplementedError: Converter is not implemented (OperationDescription(domain='', type='Foo'))", "RUN176"),
        ("ValueError: something nobody has seen", "RUN169"),
        ("AttributeError: quantized.LinearPackedParamsBase does not have a field '__obj_flatten__'", "RUN334"),
        ("RuntimeError: Lowering not found: aten._fused_moving_avg_obs_fq_helper_functional.default", "RUN334"),
        ("ConcretizationTypeError: Abstract tracer value encountered where concrete value is expected", "RUN165"),
        ("TracerBoolConversionError: Attempted boolean conversion of traced array", "RUN165"),
        ("TypeError: zeros(): argument 'size' failed to unpack: must be tuple of ints,but got FakeTensor", "RUN165"),
        ("ValueError: failed to legalize operation 'tfl.add': (tensor<1x4xf64>) -> tensor<1x4xf64>", "RUN332"),
    ],
)
def test_what_fails_on_the_way_from_pytorch(components, words, code):
    with pytest.raises(Problem) as caught, components.step("lowering", "torch-not-converted"):
        raise RuntimeError(words)
    assert code_of(caught) == code
    assert words.partition(":")[2][:20] in caught.value.message


def test_what_onnx2torch_makes_badly_is_not_the_models_fault(tmp_path):
    """torch.export refuses what onnx2torch wrote: onnx2tf has not been asked yet."""
    request = {"components": str(tmp_path / "rows.json"), "kind": "onnx"}
    with pytest.raises(Problem) as caught, components_of(request).step("export", "torch-export-failed"):
        raise RuntimeError("GuardOnDataDependentSymNode: Could not guard")
    assert code_of(caught) == "RUN177"
    assert problem_kinds()[caught.value.name].shared_by is not Scope.MODEL


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (
            "[ONNXRuntimeError] : 1 : FAIL : Load of m.onnx failed:/x/m.cc:256 M::M(bool, int) Unsupported model: 99",
            "Unsupported model: 99",
        ),
        ("[ONNXRuntimeError] : 2 : INVALID_ARGUMENT : Node input 'q' is", "[ONNXRuntimeError] : 2"),
    ],
)
def test_onnx_runtimes_words_without_its_own_source(words, left):
    assert onnx_source._SIGNATURE.sub("", words).startswith(left)


def test_a_converter_that_ends_without_a_file(components, tmp_path, monkeypatch):
    """litert-torch returned and wrote nothing: a file of 0 bytes is no product."""
    module = types.ModuleType("litert_torch")
    module.convert = lambda *_: types.SimpleNamespace(export=lambda path: None)
    monkeypatch.setitem(sys.modules, "litert_torch", module)
    source = types.SimpleNamespace(module=None, inputs=())
    with pytest.raises(Problem) as caught:
        torch_convert._convert(source, (), {"work": str(tmp_path), "keep_layout": False}, components)
    assert code_of(caught) == "RUN169"


def test_a_file_from_pytorch_that_does_not_run(components, monkeypatch):
    def refuse(_):
        raise RuntimeError("Encountered unresolved custom op: Mine.Node number 0 failed to prepare.")

    monkeypatch.setattr(litert_run, "open_model", refuse)
    with pytest.raises(Problem) as caught:
        turned.judge(None, types.SimpleNamespace(data=b""), None, components)
    assert code_of(caught) == "RUN170"


def test_an_onnx_model_without_a_form_in_pytorch(components, tmp_path, monkeypatch):
    def fail(_):
        raise ValueError("axis must be an initializer")

    monkeypatch.setitem(sys.modules, "torch", types.ModuleType("torch"))
    original = types.SimpleNamespace(model=None, predict=None, by="")
    monkeypatch.setattr(torch_source.onnx_source, "load", lambda *_: original)
    monkeypatch.setattr(torch_source.onnx_source, "as_torch", fail)
    with pytest.raises(Problem) as caught:
        torch_source.load({"source": str(tmp_path / "m.onnx"), "kind": "onnx"}, (), components)
    assert code_of(caught) == "RUN177"


@pytest.mark.parametrize("model", [types.SimpleNamespace(), types.SimpleNamespace(inputs=None)])
def test_a_keras_model_that_does_not_say_its_inputs(tmp_path, monkeypatch, model):
    monkeypatch.setattr(keras_model, "_load", lambda *_: model)
    (tmp_path / "m.keras").write_bytes(b"a model")
    with pytest.raises(Problem, match=r"m\.keras does not say what its inputs are") as caught:
        keras_model.load(tmp_path / "m.keras", None)
    assert code_of(caught) == "RUN036"


@pytest.mark.parametrize(("version", "layer"), [("2.15.0", "ConvLSTM2D"), ("3.12.1", "Dense")])
def test_nothing_can_be_unrolled(monkeypatch, version, layer):
    """A convolutional recurrent layer of Keras 2 has no unrolled form; an LSTM has."""
    module = types.ModuleType("tensorflow")
    module.keras = types.SimpleNamespace(__version__=version)
    monkeypatch.setitem(sys.modules, "tensorflow", module)
    layers = [{"class_name": "InputLayer", "config": {"name": "x"}}, {"class_name": layer, "config": {}}]
    with pytest.raises(Problem) as caught:
        keras_model._adapt({"config": {"layers": layers}}, {"x": [1, 4, 8, 8, 3]}, unroll=True)
    assert code_of(caught) == "RUN040"
    layers[1]["class_name"] = "LSTM"
    assert keras_model._adapt({"config": {"layers": layers}}, {"x": [1, 4, 8]}, unroll=True)


@pytest.fixture
def quantizer(monkeypatch):
    """The names that the LiteRT quantizer knows."""
    package = types.ModuleType("litert_quantizer")
    package.qtyping = types.SimpleNamespace(TFLOperationName=[types.SimpleNamespace(value="CONV_2D")])
    names = types.ModuleType("litert_quantizer.recipe")
    names.AlgorithmName = [types.SimpleNamespace(value="min_max_uniform_quantize")]
    monkeypatch.setitem(sys.modules, "litert_quantizer", package)
    monkeypatch.setitem(sys.modules, "litert_quantizer.recipe", names)
    monkeypatch.setattr(recipe, "_scopes", lambda graph: [("CONV_2D", "model/first;")])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"operation": "CONV_2d"}, "did you mean CONV_2D"),
        ({"algorithm_key": "min_max"}, "is no algorithm_key"),
        ({"regex": "last"}, "matches no CONV_2D of the model"),
    ],
)
def test_a_recipe_that_the_quantizer_or_the_model_does_not_know(quantizer, changed, words):
    entry = {"operation": "CONV_2D", "algorithm_key": "min_max_uniform_quantize", "regex": "first", **changed}
    with pytest.raises(Problem, match=words) as caught:
        recipe.check_recipe([entry], None)
    assert code_of(caught) == "RUN143"


def test_a_regular_expression_that_takes_for_ever_is_refused(quantizer, monkeypatch):
    monkeypatch.setattr(recipe, "_SECONDS", 1)
    monkeypatch.setattr(recipe, "_scopes", lambda graph: [("CONV_2D", "first;"), ("CONV_2D", "a" * 60 + "!")])
    entry = {"operation": "CONV_2D", "algorithm_key": "min_max_uniform_quantize", "regex": "first|(a+)+$"}
    with pytest.raises(Problem, match="takes more than 1 seconds") as caught:
        recipe.check_recipe([entry], None)
    assert code_of(caught) == "RUN143"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("NotImplementedError: Fancy is not supported in flatbuffer_direct.", "RUN330"),
        ("ValueError: Unsupported ONNX op: mylib.Fancy", "RUN330"),
        ("KeyError: 'wa/model/x'", "RUN331"),
    ],
)
def test_what_fails_on_the_way_from_onnx_without_pytorch(tmp_path, words, code):
    components = Components(tmp_path / "rows.json", onnx_direct.KNOWN)
    with pytest.raises(Problem) as caught, components.step("conversion", "onnx2tf-failed"):
        raise RuntimeError(words)
    assert code_of(caught) == code


@pytest.mark.parametrize(("package", "name"), [("first_of_two", "net.py"), ("second_of_two", "__init__.py")])
def test_a_file_of_a_package_may_import_its_neighbours(tmp_path, monkeypatch, package, name):
    inner = tmp_path / package / "inner"
    inner.mkdir(parents=True)
    for folder in (inner.parent, inner):
        (folder / "__init__.py").touch()
    (inner.parent / "blocks.py").write_text("size = 3")
    (inner / name).write_text(
        f"from ..blocks import size\nfrom {package} import blocks\ndef make(): return size + blocks.size"
    )
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert torch_source._import(inner / name).make() == 6

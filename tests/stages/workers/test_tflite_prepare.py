import numpy as np
import pytest

from keras_files import DATA
from mend_models import FLOAT, INT32, INT64, Maker
from tflite_bytes import schema

pytest.importorskip("ai_edge_litert", reason="ai-edge-litert has no wheel here")

from envdoctor.stages.workers import litert_run
from envdoctor.stages.workers.stage import Problem
from envdoctor.stages.workers.tflite_graph import Graph
from envdoctor.stages.workers.tflite_prepare import prepare
from envdoctor.tflite.quantization import Scheme, classify
from envdoctor.tflite.reader import open_model
from envdoctor.tflite.structure import dynamic_tensors, resizable_inputs

pytestmark = pytest.mark.filterwarnings("ignore:Warning. Enabling `experimental_preserve_all_tensors`")


def prepared(name):
    data = (DATA / f"tflite/{name}.tflite").read_bytes()
    (spec,) = litert_run.input_specs(data)
    shape = (1, *spec.shape[1:])
    return data, prepare(data, {spec.name: shape}), shape


def operators(data):
    return [operator.name for operator in open_model(data).main.operators]


def samples(data, shape):
    (detail,) = litert_run.open_model(data).inputs.values()
    low, high = (0, 256) if detail["dtype"] is np.uint8 else (-2, 2)
    return np.random.default_rng(7).uniform(low, high, (5, *shape)).astype("uint8" if high > 2 else "float32")


def answers(data, samples):
    (name,) = litert_run.open_model(data).inputs
    runner = litert_run.open_model(data, {name: samples.shape[1:]})
    return np.stack([next(iter(runner.predict({name: sample}).values())) for sample in samples])


@pytest.mark.parametrize(
    ("name", "change", "gone"),
    [
        (
            "flatten_dynamic_batch",
            "computed 3 operators whose result is constant (PACK, SHAPE, STRIDED_SLICE)",
            "SHAPE",
        ),
        ("flatten_float16", "DEQUANTIZE", "DEQUANTIZE"),
        ("flatten_dynamic_range", "turned the integer weights of 1 float operator into float", "SHAPE"),
        ("layernorm", "wrote 1 NEG as operators that can be quantized", "NEG"),
        ("pixels", "wrote 1 LEAKY_RELU, 1 PRELU as", "CAST"),
        ("pixels", "wrote 1 chain of TILE as RESIZE_NEAREST_NEIGHBOR", "TILE"),
    ],
)
def test_prepared_models_are_float_static_and_the_same(name, change, gone):
    data, result, shape = prepared(name)
    assert any(change in one for one in result.changes), result.changes
    assert gone not in operators(result.data)
    model = open_model(result.data)
    assert classify(model) is Scheme.FLOAT
    assert not dynamic_tensors(model.main)
    assert not resizable_inputs(model)
    assert result.signature in {signature.key for signature in model.signatures}
    tolerance = 0.02 if result.was_hybrid else 1e-5
    inputs = samples(data, shape)
    expected = answers(data, inputs)
    assert np.ptp(expected) > 0.1
    assert np.allclose(expected, answers(result.data, inputs), atol=tolerance)


def test_preparing_twice_changes_nothing_more():
    _, result, shape = prepared("flatten_float16")
    again = prepare(result.data, {"image": shape})
    assert again.changes == ()
    assert operators(again.data) == operators(result.data)


def test_a_file_without_a_signature_gets_one():
    graph = Graph((DATA / "tflite/layernorm.tflite").read_bytes())
    graph.model.signatureDefs = None
    result = prepare(graph.pack(), {})
    assert "added a signature" in result.changes
    assert len(open_model(result.data).signatures) == 1


def test_the_old_numbering_is_replaced():
    graph = Graph((DATA / "tflite/layernorm.tflite").read_bytes())
    for code in graph.model.operatorCodes:
        code.builtinCode = 0
    result = prepare(graph.pack(), {})
    assert not open_model(result.data).deprecated_codes_only


def test_text_is_refused():
    graph = Graph((DATA / "tflite/pixels.tflite").read_bytes())
    graph.main.tensors[int(graph.main.inputs[0])].type = 5
    with pytest.raises(Problem, match="takes text"):
        litert_run.input_specs(graph.pack())


def test_a_mask_is_chosen_and_a_bias_has_one_axis():
    maker, random = Maker(), np.random.default_rng(2)
    given, outer = maker.tensor([1, 2, 2, 2], FLOAT, name="image"), maker.tensor([1, 4, 4, 3], FLOAT)
    peak, mask, out = (maker.tensor([1, 4, 4, 3], kind) for kind in (6, FLOAT, FLOAT))
    weights = maker.constant(random.normal(size=(3, 2, 2, 2)).astype("float32"))
    bias = maker.constant(random.normal(size=(1, 1, 1, 3)).astype("float32"))
    options = schema().TransposeConvOptionsT()
    options.strideW = options.strideH = 2
    shape, zero = maker.constant(np.array([1, 4, 4, 3], "int32")), maker.constant(np.zeros(1, "float32"))
    maker.operator("TRANSPOSE_CONV", [shape, weights, given, bias], [outer], options, 3)
    maker.operator("GREATER", [outer, zero], [peak])
    maker.operator("CAST", [peak], [mask])
    maker.operator("MUL", [outer, mask], [out], schema().MulOptionsT())
    data = maker.done([given], [out], signature=False)
    result = prepare(data, {"image": (1, 2, 2, 2)})
    assert operators(result.data) == ["TRANSPOSE_CONV", "GREATER", "SELECT_V2", "MUL"]
    main = open_model(result.data).main
    assert main.taken(main.operators[0])[3].shape == (3,)
    inputs = samples(data, (1, 2, 2, 2))
    assert np.allclose(answers(data, inputs), answers(result.data, inputs), atol=1e-5)


def test_sizes_that_values_decide_are_not_those_of_one_run():
    """Of zeros, the places that WHERE finds are none: their number is not stored as a constant."""
    maker = Maker()
    given, whole = maker.tensor([1, 4], FLOAT, name="image"), maker.tensor([1, 4], 6)
    places, count = (maker.tensor([1, 2], INT64, shapeSignature=[-1, 2]), maker.tensor([2], INT32))
    fixed, rows, out = (maker.tensor(shape, INT32) for shape in ([2], [4], [4]))
    zero = maker.constant(np.zeros(1, "float32"))
    maker.operator("GREATER", [given, zero], [whole])
    maker.operator("WHERE", [whole], [places])
    whole_numbers = schema().ShapeOptionsT()
    whole_numbers.outType = INT32
    maker.operator("SHAPE", [places], [count], whole_numbers)
    maker.operator("SHAPE", [given], [fixed], whole_numbers)
    maker.operator("CONCATENATION", [count, fixed], [rows], schema().ConcatenationOptionsT())
    maker.operator("ADD", [rows, maker.constant(np.zeros(4, "int32"))], [out], schema().AddOptionsT())
    data = maker.done([given], [out], signature=False)
    result = prepare(data, {"image": (1, 4)}, bits=0)
    assert operators(result.data) == ["GREATER", "WHERE", "SHAPE", "CONCATENATION", "ADD"]
    inputs = samples(data, (1, 4))
    assert np.ptp(answers(data, inputs)[:, 0]) > 0
    assert (answers(data, inputs) == answers(result.data, inputs)).all()


def test_the_shape_of_a_scalar_is_an_option_for_the_quantizer():
    maker = Maker()
    given, out = maker.tensor([1], FLOAT, name="image"), maker.tensor([], FLOAT)
    maker.operator("RESHAPE", [given, maker.constant(np.zeros(0, "int32"))], [out])
    data = maker.done([given], [out], signature=False)
    result = prepare(data, {"image": (1,)})
    assert len(open_model(result.data).main.operators[0].inputs) == 1
    inputs = samples(data, (1,))
    assert (answers(data, inputs) == answers(result.data, inputs)).all()

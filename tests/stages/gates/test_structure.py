from pathlib import Path

import pytest

from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.goal import parse_goal
from envdoctor.core.request import BuildOptions, Request
from envdoctor.stages.gates.structure import Wanted, judge_float, judge_int8, judge_small
from envdoctor.stages.problems import Scope, shared_by
from envdoctor.tflite.model import Model, Operator, OperatorCode, Subgraph
from envdoctor.tflite.quantization import Scheme
from envdoctor.tflite.reader import read_model
from graphs import Graph
from keras_files import DATA
from shared_data import shared


def model(graph, outputs, **rest):
    main = Subgraph(
        index=0,
        name="main",
        tensors=tuple(graph.tensors),
        inputs=tuple(graph.inputs),
        outputs=tuple(outputs),
        operators=tuple(graph.operators),
    )
    codes = tuple(
        OperatorCode(name=name, version=version)
        for name, version in dict.fromkeys((one.name, one.version) for one in graph.operators)
    )
    return Model(name="m.tflite", version=3, description="", operator_codes=codes, subgraphs=(main,), **rest)


def dense(graph, source, scales=(0.5,), **rest):
    weights = graph.const((4, 8), scales=scales)
    return graph.op("FULLY_CONNECTED", [source, weights], (1, 4), **rest)


def names(found):
    return [one.name for one in found]


def good():
    graph = Graph()
    return model(graph, [dense(graph, graph.input((1, 8)))])


def test_a_good_model():
    assert names(judge_int8(good(), Wanted(per_tensor_dense=True, reader="edgetpu"))) == []


@pytest.mark.parametrize("shape", [(1, 8)])
def test_a_float_model_is_not_quantized(shape):
    graph = Graph()
    (found,) = judge_int8(model(graph, [graph.op("RELU", [graph.input(shape, "FLOAT32")], shape, "FLOAT32")]), Wanted())
    assert (found.name, found.message.endswith("it is float.")) == ("not-quantized", True)


def with_branch(name):
    graph = Graph()
    first = graph.op("DEQUANTIZE", [dense(graph, graph.input((1, 8)))], (1, 4), "FLOAT32")
    middle = graph.op(name, [first], (1, 4), "FLOAT32")
    return model(graph, [graph.op("QUANTIZE", [middle], (1, 4))])


@pytest.mark.parametrize(("name", "words"), [("IF", "branch (tf.cond)"), ("WHILE", "loop (tf.while_loop)")])
def test_control_flow_is_named_as_such(name, words):
    (found,) = judge_int8(with_branch(name), Wanted())
    assert found.name == "control-flow-left"
    assert words in found.message
    assert "tf.where" in found.fix.text
    (accepted,) = judge_int8(with_branch(name), Wanted(allow_float=True))
    assert accepted.name == "float-operators-accepted"


@pytest.mark.parametrize(
    ("name", "problem"),
    [("RANDOM_UNIFORM", "random-numbers-left"), ("READ_VARIABLE", "variables-left"), ("VAR_HANDLE", "variables-left")],
)
def test_random_numbers_and_variables_are_named_as_such(name, problem):
    found = [one for one in judge_int8(with_branch(name), Wanted()) if one.name.endswith("-left")]
    assert names(found) == [problem]
    assert name in found[0].message


def wide():
    graph = Graph()
    source = graph.input((1, 8), "INT16")
    weights = graph.const((4, 8))
    return model(graph, [graph.op("FULLY_CONNECTED", [source, weights], (1, 4), "INT16")])


def test_int16_activations_are_what_is_asked_for_or_not():
    asked = Wanted.of(Request(goal=parse_goal("tflite-int16x8")))
    assert names(judge_int8(wide(), asked)) == []
    assert names(judge_int8(good(), asked)) == ["not-quantized"]
    assert names(judge_int8(wide(), Wanted())) == ["not-quantized"]


def test_small_weights_are_what_is_asked_for_or_not():
    dynamic = read_model(DATA / "tflite/flatten_dynamic_range.tflite")
    assert names(judge_small(dynamic, Scheme.DYNAMIC_RANGE)) == []
    (found,) = judge_small(dynamic, Scheme.FLOAT16)
    assert found.message.endswith("it is dynamic-range.")
    assert names(judge_small(read_model(DATA / "tflite/flatten_float16.tflite"), Scheme.FLOAT16)) == []


def with_island(name="NEG"):
    graph = Graph()
    first = graph.op("DEQUANTIZE", [dense(graph, graph.input((1, 8)))], (1, 4), "FLOAT32")
    middle = graph.op(name, [first], (1, 4), "FLOAT32")
    return model(graph, [graph.op("QUANTIZE", [middle], (1, 4))])


def test_a_float_island_is_named_with_its_first_operator():
    (found,) = judge_int8(with_island(), Wanted())
    assert found.name == "float-operators-left"
    assert found.message.startswith("1 of the model's operators computes in floats, beginning with NEG (tensor t4)")
    assert found.evidence[0].excerpt == "operators 1 to 3: DEQUANTIZE NEG QUANTIZE -> t4"


def test_what_no_conversion_quantizes_is_the_models_fault_where_all_routes_begin_with_it():
    for kind, name in (("saved-model", "operators-only-float"), ("onnx", "float-operators-left")):
        source = Artifact(kind=kind, path=DATA, sha256="0")
        wanted = Wanted.of(Request(goal=parse_goal("tflite-int8"), source=source))
        (found,) = judge_int8(with_island("RFFT2D"), wanted)
        assert found.name == name
    assert shared_by(found) is Scope.STAGES
    (found,) = judge_int8(with_island("RFFT2D"), Wanted(one_graph=True))
    assert shared_by(found) is Scope.MODEL
    assert "among them RFFT2D, which no conversion makes int8" in found.message
    (found,) = judge_int8(with_island("NEG"), Wanted(one_graph=True))
    assert found.name == "float-operators-left", "the LiteRT quantizer writes it otherwise"


def test_a_way_over_floats_in_which_nothing_computes():
    graph = Graph()
    floats = graph.op("DEQUANTIZE", [dense(graph, graph.input((1, 8)))], (1, 4), "FLOAT32")
    (found,) = judge_int8(model(graph, [graph.op("QUANTIZE", [floats], (1, 4))]), Wanted())
    assert found.message.startswith(
        "the model passes through floats, though nothing computes in them, beginning with D"
    )


def test_a_float_island_that_is_accepted_is_still_said():
    (found,) = judge_int8(with_island(), Wanted(allow_float=True))
    assert (found.name, found.severity.name) == ("float-operators-accepted", "WARNING")


def test_an_island_that_gives_nothing():
    graph = Graph()
    floats = graph.op("DEQUANTIZE", [dense(graph, graph.input((1, 8)))], (1, 4), "FLOAT32")
    graph.operators.append(Operator(index=2, name="ASSIGN_VARIABLE", inputs=(floats,), outputs=()))
    found = list(judge_int8(model(graph, [graph.op("RELU", [1], (1, 4))]), Wanted()))
    assert "variables-left" in names(found)
    assert "float-operators-accepted" in names(judge_int8(model(graph, [3]), Wanted(allow_float=True)))


@pytest.mark.parametrize(
    ("dtype", "wanted", "wrong"),
    [("INT8", "INT8", 0), ("UINT8", "INT8", 2), ("INT8", "UINT8", 2), ("UINT8", "UINT8", 0), ("INT16", "INT8", None)],
)
def test_types_of_inputs_and_outputs(dtype, wanted, wrong):
    graph = Graph()
    found = names(
        judge_int8(model(graph, [dense(graph, graph.input((1, 8), dtype), dtype=dtype)]), Wanted(io_type=wanted))
    )
    assert found == (["not-quantized"] if wrong is None else ["wrong-io-type"] * wrong)


def test_an_input_that_nothing_takes_is_told_and_may_have_any_type():
    graph = Graph()
    output = dense(graph, graph.input((1, 8)))
    graph.input((1, 2), "FLOAT32")
    assert names(judge_int8(model(graph, [output]), Wanted())) == ["input-unused"]


def test_indexes_and_counts_may_stay_integers():
    graph = Graph()
    index = graph.input((1, 4), "INT32")
    table = graph.const((50, 8))
    row = graph.op("GATHER", [table, index], (1, 8))
    assert names(judge_int8(model(graph, [graph.op("ARG_MAX", [row], (1,), "INT64")]), Wanted())) == []


def test_float_edges_are_told():
    graph = Graph()
    inner = graph.op("QUANTIZE", [graph.input((1, 8), "FLOAT32")], (1, 8))
    found = list(judge_int8(model(graph, [dense(graph, inner)]), Wanted()))
    assert names(found) == ["wrong-io-type"]
    assert "the input t0 is float32, but int8 was asked for" in found[0].message


def test_shapes_that_are_computed():
    graph = Graph()
    source = graph.input((1, 4, 4, 1))
    shape = graph.op("SHAPE", [source], (4,), "INT32")
    assert names(judge_int8(model(graph, [graph.op("RESHAPE", [source, shape], (1, 16))]), Wanted())) == [
        "dynamic-tensors"
    ]


def test_a_batch_that_is_open():
    graph = Graph()
    source = graph.input((1, 8), shape_signature=(-1, 8))
    assert names(judge_int8(model(graph, [dense(graph, source)]), Wanted())) == ["batch-not-fixed"]


def test_dense_weights_with_a_scale_for_each_output():
    graph = Graph()
    made = model(graph, [dense(graph, graph.input((1, 8)), scales=(0.5, 0.25, 0.5, 0.125))])
    (found,) = judge_int8(made, Wanted(per_tensor_dense=True))
    assert found.name == "per-channel-dense"
    assert found.evidence[0].excerpt.endswith("4 scales")
    assert names(judge_int8(made, Wanted())) == []


def test_weights_outside_the_flatbuffer():
    graph = Graph()
    made = model(graph, [dense(graph, graph.input((1, 8)))], external_buffers=True)
    assert names(judge_int8(made, Wanted())) == ["weights-outside"]


def test_an_operator_that_is_too_new_for_the_compiler():
    graph = Graph()
    made = model(graph, [graph.op("TILE", [graph.input((1, 8)), graph.axes(1, 2)], (1, 16), version=3)])
    (found,) = judge_int8(made, Wanted(reader="edgetpu"))
    assert found.message == "the reader knows no TILE of version 3."
    assert names(judge_int8(made, Wanted())) == []
    assert names(judge_int8(made, Wanted(reader="vela"))) == []


@pytest.mark.parametrize("judge", [judge_float, lambda one: judge_int8(one, Wanted())])
def test_lost_variables(judge):
    graph = Graph()
    handle = graph.op("VAR_HANDLE", [], (), "RESOURCE", shared_name="w")
    read = graph.op("READ_VARIABLE", [handle], (4, 8), "FLOAT32")
    made = model(graph, [graph.op("FULLY_CONNECTED", [graph.input((1, 8), "FLOAT32"), read], (1, 4), "FLOAT32")])
    assert names(judge(made))[0] == "variables-lost"


def test_what_a_request_wants():
    options = BuildOptions(io_type="uint8", allow_float=True)
    wanted = Wanted.of(Request(goal=parse_goal("edgetpu"), options=options))
    assert wanted == Wanted(io_type="UINT8", per_tensor_dense=True, allow_float=True, reader="edgetpu")
    assert Wanted.of(Request(goal=parse_goal("tflite-int8"))).reader == "litert"
    assert Wanted.of(Request()) == Wanted()


@pytest.mark.parametrize(("asked", "wanted"), [("int8", ""), ("float32", "FLOAT32"), ("uint8", "UINT8")])
def test_a_mended_file_keeps_its_edges_unless_others_are_asked_for(asked, wanted):
    source = Artifact(kind=ArtifactKind.TFLITE_INT8, path=Path("m.tflite"), sha256="0")
    assert Wanted.of(Request(source=source, options=BuildOptions(io_type=asked))).io_type == wanted


@pytest.mark.parametrize("goal", ["tflm", "ethos-u55-128", "tflite-int16x8"])
def test_a_mended_16x8_file_stays_one_whatever_the_goal(goal):
    source = Artifact(kind=ArtifactKind.TFLITE_INT16X8, path=Path("m.tflite"), sha256="0")
    assert names(judge_int8(wide(), Wanted.of(Request(source=source, goal=parse_goal(goal))))) == []


@pytest.mark.slow
def test_models_that_the_real_compiler_took_are_not_refused_for_their_versions():
    """No false alarm: what edgetpu_compiler compiled, the gate does not call too new for it."""
    for path in sorted(shared("data/edgetpu/models").glob("*.tflite")):
        found = names(judge_int8(read_model(path), Wanted(reader="edgetpu")))
        assert "operator-version-too-new" not in found, path.name
        assert "variables-lost" not in found, path.name
        assert "not-quantized" not in found, path.name

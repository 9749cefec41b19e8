"""Whether an operator by itself is taken: what is judged, and in which order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envdoctor.compilers.edgetpu.limits import Question
from envdoctor.compilers.edgetpu.rulebook import find_compiler, rulebook
from envdoctor.compilers.edgetpu.support import objection
from graphs import Graph

IMAGE = [1, 8, 8, 4]


def status(build, *, compiler="16.0", int8=True):
    graph = Graph()
    build(graph)
    subgraph = graph.subgraph()
    asked = Question(
        subgraph=subgraph, operator=subgraph.operators[-1], compiler=find_compiler(compiler), rules=rulebook()
    )
    found = objection(asked, int8=int8)
    return found and found.status


def one(name, *, shape=IMAGE, taken="INT8", given="INT8", **rest):
    return lambda graph: graph.op(name, [graph.input(shape, taken)], shape, given, **rest)


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (one("LOGISTIC"), None),
        (one("LOGISTIC", taken="UINT8", given="UINT8"), None),
        (one("LOGISTIC", taken="FLOAT32", given="FLOAT32"), "data-type"),
        (one("LOGISTIC", taken="INT16", given="INT16"), "data-type"),
        (one("HARD_SWISH"), "unsupported"),
        (one("HARD_SWISH", taken="FLOAT32", given="FLOAT32"), "data-type"),  # the type goes first
        (one("DEQUANTIZE", given="FLOAT32"), "data-type"),
        (one("QUANTIZE", taken="FLOAT32"), "limit"),
        (one("QUANTIZE", taken="INT8"), None),
        (one("LESS_EQUAL", given="BOOL"), "data-type"),
        (one("CUSTOM", given="FLOAT32", custom="TFLite_Detection_PostProcess"), "data-type"),
        (one("CUSTOM", custom="Mine"), "unsupported"),
        (one("ADD", version=4), "version"),
        (one("MAX_POOL_2D", version=99), "version"),
        (one("MAX_POOL_2D", version=99, fused_activation_function="RELU"), "limit"),  # limits before versions
        (one("RELU", shape=[2, 8, 8, 4]), "rank"),
    ],
)
def test_the_first_thing_that_fails_is_reported(build, expected):
    assert status(build) == expected


def test_parameters_do_not_count_as_data():
    def gather(graph):
        graph.op("GATHER", [graph.input([1, 8]), graph.const([1, 3], "INT64")], [1, 3])

    assert status(gather) == "unsupported"

    def split(graph):
        graph.op("SPLIT", [graph.axes(3), graph.input(IMAGE)], [1, 8, 8, 2])

    assert status(split) is None


def test_weights_that_are_computed_are_refused():
    def conv(graph):
        graph.op("CONV_2D", [graph.input(IMAGE), graph.input([2, 3, 3, 4])], [1, 8, 8, 2])

    assert status(conv) == "constant"


@pytest.mark.parametrize(
    ("name", "compiler", "expected"),
    [("TRANSPOSE", "15.0", "unsupported"), ("QUANTIZE", "1.0", "unsupported"), ("RELU", "1.0", None)],
)
def test_what_a_release_did_not_know_yet_is_unsupported(name, compiler, expected):
    def build(graph):
        graph.op(name, [graph.input(IMAGE, "UINT8"), graph.axes(0, 1, 2, 3)], IMAGE, "UINT8")

    assert status(build, compiler=compiler) == expected


def test_without_int8_only_uint8_is_taken():
    assert status(one("RELU"), int8=False) == "data-type"
    assert status(one("RELU", taken="UINT8", given="UINT8"), int8=False) is None


def test_refused_versions_end_with_the_release_they_were_seen_in():
    def resize(graph):
        graph.op("RESIZE_NEAREST_NEIGHBOR", [graph.input(IMAGE), graph.axes(16, 16)], [1, 16, 16, 4], version=3)

    assert status(resize, compiler="14.1") == "version"
    assert status(resize, compiler="16.0") is None


@pytest.mark.parametrize(
    ("name", "compiler", "certain"),
    [
        ("HARD_SWISH", "16.0", True),  # refused on record
        ("ELU", "16.0", False),  # nobody tells
        ("BATCH_MATMUL", "16.0", None),  # taken
        ("BATCH_MATMUL", "15.0", False),
        ("TRANSPOSE", "15.0", True),
        ("GATHER", "16.0", True),
    ],
)
def test_an_operator_that_no_source_refuses_is_not_refused_for_certain(name, compiler, certain):
    graph = Graph()
    graph.op(name, [graph.input(IMAGE), graph.axes(0, 1, 2, 3)], IMAGE)
    subgraph = graph.subgraph()
    release = find_compiler(compiler)
    found = objection(
        Question(subgraph=subgraph, operator=subgraph.operators[0], compiler=release, rules=rulebook()), int8=True
    )
    assert (found and found.certain) is certain


SHAPES = st.lists(st.integers(-1, 5), max_size=6)


@pytest.mark.slow
@given(
    st.sampled_from([*rulebook().operators, "CUSTOM", "NOTHING"]),
    st.lists(st.tuples(SHAPES, st.sampled_from(["INT8", "INT32", "FLOAT32"]), st.booleans()), max_size=4),
    SHAPES,
    st.lists(st.integers(-9, 9), max_size=8),
)
def test_whatever_the_shapes_there_is_an_answer(name, inputs, output, numbers):
    graph = Graph()
    taken = [graph.axes(*numbers) if constant else graph.input(shape, dtype) for shape, dtype, constant in inputs]
    options = dict(zip(("axis", "align_corners", "new_axis_mask", "dilation_h_factor"), numbers, strict=False))
    graph.op(name, taken, output, **options)
    subgraph = graph.subgraph()
    for release in ("1.0", "16.0"):
        asked = Question(
            subgraph=subgraph,
            operator=subgraph.operators[0],
            compiler=find_compiler(release),
            rules=rulebook(),
        )
        found = objection(asked, int8=True)
        assert found is None or found.reason

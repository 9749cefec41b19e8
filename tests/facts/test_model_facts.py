"""What is found out about a model for one reader."""

import dataclasses

import pytest

from envdoctor.compilers.edgetpu import COMPILER as EDGETPU
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.errors import FactUnavailable
from envdoctor.core.goal import parse_goal
from envdoctor.core.request import Request
from envdoctor.facts import Facts
from envdoctor.facts.model import Refusal, collect, examine
from envdoctor.tflite.model import OperatorCode
from envdoctor.tflite.readers import find_reader
from graphs import Graph, chain
from tflite_bytes import pack, small


def test_a_request_without_a_model_has_no_such_fact():
    with pytest.raises(FactUnavailable, match="no model was given"):
        collect(Request(), executor=None)


def test_the_goal_of_a_request_says_who_is_to_read_the_model(tmp_path):
    path = tmp_path / "m.tflite"
    path.write_bytes(pack(small()))
    source = Artifact(kind=ArtifactKind.TFLITE_INT8, path=path, sha256="0" * 64)
    for goal, reader in (("edgetpu", "edgetpu-16.0"), ("ethos-u55-128", "vela"), ("tflite-int8", "litert")):
        facts = Facts(Request(source=source, goal=parse_goal(goal)), executor=object())
        assert facts.model.reader.name == reader
        assert facts.model.short_name == "m.tflite"


def test_placement_is_predicted_for_the_edge_tpu_alone():
    model = chain("RELU", "HARD_SWISH", "RELU")
    assert len(examine(model, find_reader("edgetpu"), EDGETPU).placement.mapped) == 1
    assert [advice.name for advice in examine(model, find_reader("edgetpu"), EDGETPU).guidance.advice] == ["hard-swish"]
    assert examine(model, find_reader("litert")).placement is None
    assert examine(model, find_reader("vela")).placement is None


def test_refused_versions_and_unknown_operators_are_told_apart():
    graph = Graph()
    taken = graph.op("CONV_2D", [graph.input([1, 4]), graph.const([1, 1, 1, 4]), -1], version=6)
    model = graph.model(graph.op("STABLEHLO_COMPOSITE", [taken]))
    assert examine(model, find_reader("edgetpu"), EDGETPU).refusals == (
        Refusal(op="CONV_2D", version=6, known=True, any_version=False),
        Refusal(op="STABLEHLO_COMPOSITE", version=1, known=True, any_version=True),
    )
    assert examine(model, find_reader("litert")).refusals == ()
    assert examine(model, find_reader("vela")).refusals == ()


def test_custom_operators_that_the_reader_has_are_not_unresolved():
    graph = Graph()
    for code in ("TFLite_Detection_PostProcess", "Mine"):
        graph.op("CUSTOM", [graph.input([1])], custom=code)
    assert examine(graph.model(), find_reader("litert")).unresolved == ("Mine",)


def test_a_custom_operator_code_that_no_operator_uses_is_no_problem():
    """LiteRT 2.3 opens and runs such a file; of a builtin operator's code it asks even if nothing uses it."""
    model = chain("RELU")
    unused = OperatorCode(name="CUSTOM", custom_code="Mine", version=1)
    model = dataclasses.replace(model, operator_codes=(*model.operator_codes, unused))
    assert examine(model, find_reader("litert")).unresolved == ()


def test_dense_layers_are_sorted_by_what_goes_in():
    graph = Graph()
    for dtype in ("INT8", "FLOAT32"):
        kernel = graph.const([2, 4], scales=(0.5, 0.25))
        graph.op("FULLY_CONNECTED", [graph.input([1, 4], dtype), kernel, -1], [1, 2], dtype)
    facts = examine(graph.model(), find_reader("litert"))
    assert (len(facts.dense), len(facts.hybrid)) == (1, 1)


def test_bodies_of_composites_and_entry_points_are_no_control_flow():
    from envdoctor.tflite.model import Signature

    graph, body, loop, entry = Graph(), Graph(), Graph(), Graph()
    graph.op("STABLEHLO_COMPOSITE", [graph.input([1])], decomposition_subgraph_index=1)
    graph.op("WHILE", [graph.input([1])])
    others = [part.subgraph(index=number) for number, part in enumerate((body, loop, entry), start=1)]
    model = graph.model(others=others, signatures=(Signature(key="second", subgraph=3, inputs={}, outputs={}),))
    assert examine(model, find_reader("edgetpu"), EDGETPU).control_flow == 1


def test_what_makes_a_reader_refuse_a_model_is_told_together():
    graph = Graph()
    taken = graph.op("CONV_2D", [graph.input([1, 4]), graph.const([1, 1, 1, 4]), -1], version=6)
    graph.op("RESHAPE", [taken, graph.op("SHAPE", [taken], [4], "INT32")])
    graph.op("CUSTOM", [taken], custom="Mine")
    model = graph.model()
    expected = ("dynamic shapes", "CONV_2D version 6", "the custom operator Mine")
    assert examine(model, find_reader("edgetpu"), EDGETPU).refused == expected
    assert examine(model, find_reader("litert")).refused == expected[2:]
    assert examine(model, find_reader("vela")).refused == ()

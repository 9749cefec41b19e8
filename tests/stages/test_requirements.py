from dataclasses import replace
from pathlib import Path

import pytest

from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.errors import UsageProblem
from envdoctor.core.goal import parse_goal
from envdoctor.core.request import BuildOptions, Request
from envdoctor.core.route import Reason, Route, StagePlan, Verdict
from envdoctor.facts import Facts
from envdoctor.facts.model import ModelFacts, Refusal
from envdoctor.stages.given import needs_samples, needs_sizes, refuse_without_samples
from envdoctor.stages.requirements import (
    all_quantized,
    all_quantized_by_litert,
    convertible_layers,
    has_trait,
    known_operators,
    loops_crash,
    no_control_flow,
    no_keras_2_functions,
    odd_types,
    one_plain_graph,
    open_batch,
    read_by_compiler,
    repeatable,
    saved_loops_crash,
    with_trait,
)
from envdoctor.tflite.readers import find_reader


def source(*traits, kind=ArtifactKind.KERAS):
    return Artifact(kind=kind, path=Path("m"), sha256="0", traits=frozenset(traits))


def reasons(requirement, artifact=None, **options):
    return list(requirement(Facts(), Request(source=artifact, options=BuildOptions(**options))))


def test_traits():
    assert reasons(loops_crash, source()) == []
    assert [reason.code for reason in reasons(loops_crash, source("recurrent"))] == ["RUN010"]
    (reason,) = reasons(no_keras_2_functions, source("keras-2-only"))
    assert (reason.verdict, bool(reason.fix)) == (Verdict.BLOCKED, True)
    assert reasons(loops_crash) == []


@pytest.mark.parametrize(("trait", "words"), [("random", "random numbers"), ("stateful", "variables")])
def test_what_gives_two_answers_to_the_same_input_is_not_ready(trait, words):
    (reason,) = reasons(repeatable, source(trait, kind=ArtifactKind.SAVED_MODEL))
    assert (reason.verdict, reason.code) == (Verdict.UNKNOWN, "RUN153")
    assert words in reason.text
    assert reasons(repeatable, source()) == []


def test_operators_of_tensorflow_itself_block():
    (reason,) = reasons(one_plain_graph, source("flex-ops", kind=ArtifactKind.TFLITE_FLOAT))
    assert (reason.verdict, reason.code) == (Verdict.BLOCKED, "RUN154")
    assert "SELECT_TF_OPS" in reason.fix.text


def test_what_keras_quantized_and_layers_with_a_state_block():
    (reason,) = reasons(convertible_layers, source("keras-quantized"))
    assert (reason.verdict, reason.code) == (Verdict.BLOCKED, "RUN348")
    (reason,) = reasons(convertible_layers, source("stateful-layer"))
    assert reason.verdict is Verdict.BLOCKED
    assert reasons(convertible_layers, source()) == []


def test_several_graphs_are_quantized_one_by_one():
    (reason,) = reasons(one_plain_graph, source("several-graphs", kind=ArtifactKind.TFLITE_FLOAT))
    assert (reason.verdict, reason.code) == (Verdict.BLOCKED, "RUN350")
    assert reasons(one_plain_graph, source("several-graphs", kind=ArtifactKind.TFLITE_INT8)) == []


@pytest.mark.parametrize("trait", ["float64", "complex"])
def test_numbers_that_tensorflow_lite_hardly_computes_in(trait):
    (reason,) = reasons(odd_types, source(trait, kind=ArtifactKind.SAVED_MODEL))
    assert (reason.verdict, reason.code) == (Verdict.UNKNOWN, "RUN120")


def test_operators_that_tensorflow_lite_lacks_are_named():
    artifact = source("lacks Svd", "lacks PrintV2", "stateful", kind=ArtifactKind.SAVED_MODEL)
    (reason,) = reasons(known_operators, artifact)
    assert (reason.verdict, reason.code) == (Verdict.UNKNOWN, "RUN016")
    assert "no operator for PrintV2, Svd," in reason.text
    assert reasons(known_operators, source("stateful")) == []


def test_a_saved_model_for_two_samples_at_once_is_blocked():
    (reason,) = reasons(open_batch, source("fixed-batch", kind=ArtifactKind.SAVED_MODEL))
    assert (reason.verdict, reason.code) == (Verdict.BLOCKED, "RUN038")
    assert reasons(open_batch, source("fixed-batch")) == [], "a Keras file is given another batch"


def test_a_known_crash_is_not_ready():
    (reason,) = reasons(loops_crash, source("recurrent"))
    assert reason.verdict is Verdict.UNKNOWN


def test_float16_is_held_against_a_saved_model_alone():
    (reason,) = reasons(odd_types, source("float16", kind=ArtifactKind.SAVED_MODEL))
    assert (reason.verdict, reason.code) == (Verdict.UNKNOWN, "RUN120")
    assert "float32" in reason.fix.text
    assert reasons(odd_types, source("float16", kind=ArtifactKind.TFLITE_FLOAT)) == []


def test_control_flow_stays_in_floats():
    assert reasons(no_control_flow, source()) == []
    assert [one.verdict for one in reasons(no_control_flow, source("control-flow"))] == [Verdict.UNKNOWN]
    assert [one.verdict for one in reasons(no_control_flow, source("control-flow"), allow_float=True)] == [
        Verdict.READY
    ]


def test_layers_whose_operators_stay_in_floats_are_not_certain():
    grown, counted = source("stays float EXP", "stays float NOT_EQUAL"), source("stays float CUMSUM")
    assert reasons(all_quantized, source()) == []
    for requirement in (all_quantized, all_quantized_by_litert):
        assert reasons(requirement, grown) == [], "what is left in floats between two conversions is written on int8"
        (reason,) = reasons(requirement, counted)
        assert (reason.verdict, reason.code, "CUMSUM" in reason.text) == (Verdict.UNKNOWN, "RUN061", True)
        (reason,) = reasons(requirement, counted, allow_float=True)
        assert reason.verdict is Verdict.READY


def test_nothing_is_written_on_int16_afterwards():
    request = Request(source=source("stays float EXP"), goal=parse_goal("tflite-int16x8"))
    assert [one.code for one in all_quantized_by_litert(Facts(), request)] == ["RUN061"]


def test_a_build_without_samples_is_refused_for_what_is_missing():
    def route(*found):
        return Route(name="r", stages=(StagePlan(action="a", title="t", produces="x", reasons=found),))

    open_sizes = source("open-sizes")
    missing = (*reasons(needs_samples, open_sizes), *reasons(needs_sizes, open_sizes))
    with pytest.raises(UsageProblem, match="needs representative samples"):
        refuse_without_samples(Request(source=open_sizes), [route(*missing)])
    with pytest.raises(UsageProblem, match="leaves a size of its input open"):
        refuse_without_samples(Request(source=open_sizes), [route(*missing[1:])])
    refuse_without_samples(Request(source=open_sizes), [route(Reason(verdict=Verdict.BLOCKED, text="no"), *missing)])


def test_a_model_that_its_compiler_refuses_has_no_route():
    """`envdoctor model` and `envdoctor routes` say the same."""
    refusal = Refusal(op="TRANSPOSE_CONV", version=4, known=True, any_version=False)
    model = ModelFacts(reader=find_reader("edgetpu"), refusals=(refusal,), unresolved=("Mine",))
    request = Request(source=source(kind=ArtifactKind.TFLITE_INT8))
    versions, customs = read_by_compiler(Facts(model=model), request)
    assert (versions.verdict, versions.code, customs.code) == (Verdict.BLOCKED, "MDL006", "MDL008")
    assert "TRANSPOSE_CONV version 4" in versions.text
    unknown = replace(model, refusals=(replace(refusal, known=False),), unresolved=())
    assert list(read_by_compiler(Facts(model=unknown), request)) == []
    assert list(read_by_compiler(Facts(), Request(source=source()))) == []


def test_a_loop_that_an_export_unrolls_does_not_crash_the_next_stage():
    assert reasons(saved_loops_crash, source("recurrent")) == []
    assert reasons(saved_loops_crash, source("recurrent", kind=ArtifactKind.SAVED_MODEL)) != []


@pytest.mark.parametrize(("kind", "speaks"), [(ArtifactKind.TFLITE_INT8, True), (ArtifactKind.TFLITE_FLOAT, False)])
def test_traits_of_one_kind_alone(kind, speaks):
    requirement = with_trait("x", Verdict.READY, "it has x", kind=ArtifactKind.TFLITE_INT8)
    found = reasons(requirement, source("x", kind=kind))
    assert bool(found) is speaks
    assert all(reason.fix is None and not reason.code for reason in found)


def test_what_an_action_is_for():
    assert has_trait("recurrent")(source("recurrent"))
    assert not has_trait("recurrent")(source())

"""Routes one after the other, on real processes and made-up actions."""

import sys
from dataclasses import replace

import pytest

from builds import Bench, copying, failing, problem, route
from envdoctor.action import StageFailed
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.events import RouteFailed, RouteStarted, StageEnded, StageStarted
from envdoctor.core.route import StageStatus
from envdoctor.stages.problems import finding
from envdoctor.support.hashing import hash_path

K = ArtifactKind


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


@pytest.mark.parametrize("name", ["code-not-trusted", "lambda-refused"])
def test_a_refusal_for_trust_ends_the_build(bench, name):
    refusal = StageFailed(finding(name, "model.h5", words="it holds code"))
    careful = failing("careful", K.KERAS, K.TFLITE_INT8, refusal)
    careless = copying("careless", K.KERAS, K.TFLITE_INT8, "+ran", bench.calls)
    attempts = bench.run(route(careful), route(careless), actions=[careful, careless])
    assert [attempt.route.name for attempt in attempts] == ["careful"]
    assert bench.calls == [], "the other route would have run what was refused"
    assert isinstance(bench.events[-1], RouteFailed)


def test_stages_hand_on_what_they_made(bench):
    one = copying("a", K.KERAS, K.TFLITE_INT8, "+a", bench.calls)
    two = copying("b", K.TFLITE_INT8, "vela-tflite", "+b", bench.calls)
    (attempt,) = bench.run(route(one, two), actions=[one, two])
    assert attempt.succeeded
    final = attempt.results[-1].artifact
    assert final.path.read_text() == "model+a+b"
    assert final.sha256 == hash_path(final.path)
    first = attempt.results[0]
    assert first.status is StageStatus.DONE
    assert first.seconds > 0
    assert first.commands[0][0] == sys.executable
    assert first.log.read_text() == "copied\n"
    kinds = [type(event) for event in bench.events]
    assert kinds == [RouteStarted, StageStarted, StageEnded, StageStarted, StageEnded]


@pytest.mark.slow
def test_a_failed_stage_ends_its_route_and_the_next_begins(bench):
    bad = failing("bad", K.KERAS, K.TFLITE_INT8, problem("killed by SIGSEGV"))
    good = copying("good", K.KERAS, K.TFLITE_INT8, "+g", bench.calls)
    last = copying("last", K.TFLITE_INT8, "vela-tflite", "+l", bench.calls)
    first, second = bench.run(route(bad, last), route(good, last), route(bad), actions=[bad, good, last])
    assert not first.succeeded
    assert [result.status for result in first.results] == [StageStatus.FAILED]
    assert first.results[0].findings[-1].message == "killed by SIGSEGV"
    assert second.succeeded
    assert any(isinstance(event, RouteFailed) for event in bench.events)
    assert bench.leftovers() == []


@pytest.mark.slow
@pytest.mark.parametrize("summary", [{}, {"comparison": {"samples": 3}}])
def test_what_goes_around_a_failed_mend_is_told_to_be_unproven(bench, summary):
    mend = replace(failing("mend", K.KERAS, K.TFLITE_INT8, problem("it can't be run.")), mends=lambda _: frozenset())
    last = copying("last", K.KERAS, "vela-tflite", "+l", bench.calls)
    bench.gate = lambda context, artifact, output: replace(output, summary=summary)
    (alone,) = bench.run(route(last), actions=[last])
    _, after = bench.run(route(mend), route(last), actions=[mend, last])
    told = [found.message for found in after.results[-1].findings]
    words = "it can't be run, and no other stage ran it."
    assert told == ([] if summary else [f"the quantized model was not compared with the float model: {words}"])
    assert alone.results[-1].findings == ()


def named(name):
    return StageFailed(finding(name, "m.keras", words="x", failure="x", title="x", output="x"))


SWALLOWED = ("tensor", "range", "result", "op", "step", "widest", "largest", "source", "enough", "constant", "signal")


def tried(bench, failure, *others, traits=frozenset()):
    """The routes that are tried after a first one in the environment `new` failed like that."""
    first = replace(failing("first", K.KERAS, K.TFLITE_INT8, failure), environment="new")
    routes = [route(first), *(route(one) for one in others)]
    bench.traits = traits
    attempts = bench.run(*routes, actions=[first, *others])
    return [attempt.route.name for attempt in attempts[1:]]


def other(name, environment, **rest):
    return replace(failing(name, K.KERAS, K.TFLITE_INT8, problem()), environment=environment, **rest)


@pytest.mark.parametrize(
    "name", ["operators-not-in-tflite", "input-size-unknown", "text-input", "no-signature", "model-does-not-run"]
)
def test_a_fault_of_the_model_itself_is_told_once(bench, name):
    assert tried(bench, named(name), other("same", "new"), other("old", "old")) == []


@pytest.mark.parametrize("name", ["signal-swallowed", "outputs-differ"])
def test_what_one_quantizer_swallows_is_left_to_another(bench, name):
    named_so = StageFailed(finding(name, "m.keras", **dict.fromkeys((*SWALLOWED, "output", "words"), "x")))
    others = (other("same", "new-2.15"), other("other", "litert"), other("float", "new-2.15", produces=K.TFLITE_FLOAT))
    assert tried(bench, named_so, *others) == ["other", "float"]


def test_what_a_quantizer_makes_of_another_conversion_is_tried(bench):
    """As of a PyTorch model by way of its own converter and of ONNX, or of an LSTM that is unrolled."""
    converts = [
        replace(copying(f"by-{one}", K.KERAS, K.TFLITE_FLOAT, "+f", bench.calls), environment=one)
        for one in ("new", "new-2.15", "other")
    ]
    quantizes = replace(
        failing("quantizes", K.TFLITE_FLOAT, K.TFLITE_INT8, named("outputs-differ")), environment="litert"
    )
    routes = [route(each, quantizes) for each in converts]
    tried_so = [attempt.route.name for attempt in bench.run(*routes, actions=[*converts, quantizes])]
    assert tried_so == ["by-new+quantizes", "by-other+quantizes"]
    unrolled = other("unrolled", "new", unrolls=True)
    assert tried(bench, named("outputs-differ"), unrolled) == []
    assert tried(bench, named("outputs-differ"), unrolled, traits=frozenset({"recurrent"})) == ["unrolled"]


def test_a_file_of_another_keras_is_left_to_the_other_keras(bench):
    assert tried(bench, named("keras-version-mismatch"), other("same", "new"), other("old", "old")) == ["old"]


def test_what_another_export_wrote_is_no_file_of_the_same_kind(bench):
    """TensorFlow 2.15 does not read what Keras 3 exports; what Keras 2 exports it does."""
    new = replace(copying("new-export", K.KERAS, K.SAVED_MODEL, "+n", bench.calls), environment="new")
    old = replace(copying("old-export", K.KERAS, K.SAVED_MODEL, "+o", bench.calls), environment="old")
    reads = replace(failing("reads", K.SAVED_MODEL, K.TFLITE_INT8, named("saved-model-too-new")), environment="old")
    attempts = bench.run(route(new, reads), route(old, reads), actions=[new, old, reads])
    assert [attempt.route.name for attempt in attempts] == ["new-export+reads", "old-export+reads"]


def test_an_export_that_changed_the_model_leaves_out_that_form_alone(bench):
    others = (other("same", "new"), other("unrolled", "new", unrolls=True), other("old", "old"))
    assert tried(bench, named("model-changed"), *others) == ["old"]
    as_onnx = other("onnx", "new", produces=K.ONNX)
    assert tried(bench, named("model-changed"), other("same", "new"), as_onnx) == ["onnx"]
    assert tried(bench, named("model-changed"), *others, traits=frozenset({"recurrent"})) == ["unrolled", "old"]


def test_any_other_failure_leaves_all_others_to_be_tried(bench):
    assert tried(bench, named("outputs-constant"), other("same", "new"), other("old", "old")) == ["same", "old"]


def test_a_stage_that_waits_for_a_person_has_not_failed(bench):
    waits = StageFailed(finding("notebook-waits", "m", words="n.ipynb"), of_place=True, waits=True)
    by_hand = failing("by-hand", K.KERAS, K.TFLITE_INT8, waits)
    (attempt,) = bench.run(route(by_hand), route(other("next", None)), actions=[by_hand, other("next", None)])
    assert (attempt.succeeded, attempt.waiting) == (False, True)
    assert attempt.results[-1].status is StageStatus.WAITING
    assert not any(isinstance(event, RouteFailed) for event in bench.events)

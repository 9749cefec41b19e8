import dataclasses

import pytest

from envdoctor.action import StageOutput
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.errors import EnvironmentProblem
from envdoctor.core.request import Thresholds
from envdoctor.stages.gates.comparison import compare_with_float, judge_accuracy, judge_outputs
from envdoctor.stages.problems import Scope, shared_by
from stages import stage_context

GOOD = {
    "name": "o",
    "finite": True,
    "difference": 0.02,
    "cosine": 0.999,
    "agreement": 0.97,
    "still": False,
    "constant": False,
    "lost": None,
    "flat": None,
    "drowned": None,
}
LOST = {"axis": 2, "indexes": [4, 5], "count": 2, "of": 6, "step": 1.43, "range": 0.07, "certain": True}
FLAT = {"range": 0.5, "step": 3.92, "gone": True}
SWALLOWED = {
    "tensor": "scores", "range": 7.5, "signal": 7.5, "op": "ADD", "result": "masked", "step": 3.9e6, "widest": "mask",
    "largest": 1e9, "constant": -1e9,
}  # fmt: skip


def judged(thresholds=None, *, swallowed=None, **changed):
    values = {"outputs": [{**GOOD, **changed}], "samples": 100, "swallowed": swallowed}
    return list(judge_outputs(values, thresholds or Thresholds(), "m.tflite"))


def test_a_float_model_that_answers_all_alike():
    frozen = {"outputs": [{**GOOD, "frozen": True, "still": True}] * 2, "samples": 80}
    (found,) = judge_outputs(frozen, Thresholds(), "m.tflite")
    assert (found.name, shared_by(found)) == ("float-model-constant", Scope.MODEL)
    assert "the same outputs for all 80 samples" in found.message
    one_moves = {"outputs": [{**GOOD, "frozen": True}, GOOD], "samples": 80}
    for values in (one_moves, {**frozen, "random": True}):
        assert "float-model-constant" not in [each.name for each in judge_outputs(values, Thresholds(), "m.tflite")]


def test_a_good_output():
    assert judged() == []
    assert judged(noise=0.9, noisy=[]) == []
    assert judged(Thresholds(max_difference=1.0), noise=1.2) == [], "any error is accepted"
    assert judged(agreement=None) == []


@pytest.mark.parametrize(
    ("changed", "name", "words"),
    [
        ({"difference": 0.5}, "outputs-differ", "the largest difference is 50.0% of the output's range, at most 35.0%"),
        ({"cosine": 0.5}, "outputs-differ", "cosine similarity is 0.5000, at least 0.9"),
        ({"agreement": 0.5}, "outputs-differ", "in 50.0% of the samples, at least 80.0%"),
        ({"difference": None}, "outputs-differ", "unknown"),
        ({"cosine": None}, "outputs-differ", "unknown"),
        ({"noise": 1.2}, "outputs-differ", "its error is 120.0% of what it moves by over the samples"),
        ({"noisy": [3]}, "outputs-differ", "at the indexes 3 of its last axis the error is as large"),
        ({"finite": False}, "outputs-not-finite", "NaN"),
        ({"constant": True}, "outputs-constant", "same for all samples"),
        ({"still": True}, "comparison-says-little", "hardly changes"),
        (
            {"flat": FLAT, "still": True},
            "movement-below-step",
            "moves by 0.5 over the samples in the float model",
        ),
        ({"flat": {**FLAT, "gone": False}, "still": True}, "movement-of-a-step", "one int8 step is 3.92"),
        ({"lost": LOST}, "channels-lost", "2 of 6 indexes of axis 2 (4, 5) of the output o move in the float model"),
        ({"lost": {**LOST, "certain": False}}, "channels-perhaps-lost", "one int8 step is 1.43, their range 0.07"),
        ({"lost": {**LOST, "step": None}}, "channels-lost", "in int8 they do not move"),
        (
            {"drowned": {"classes": 1000, "largest": 0.0011, "step": 1 / 256}, "constant": True},
            "probabilities-below-step",
            "none of its 1000 classes more than 0.0011 for any sample, and an int8 step is 0.00391",
        ),
    ],
)
def test_a_bad_output(changed, name, words):
    (found,) = judged(**changed)
    assert found.name == name
    assert words in found.message
    assert found.evidence[0].source == "LiteRT on 100 samples"


def test_thresholds_are_the_users():
    assert judged(Thresholds(max_difference=0.01))[0].name == "outputs-differ"
    assert judged(Thresholds(max_difference=0.9, min_cosine=0.0, min_agreement=0.0), difference=0.8, cosine=0.1) == []


@pytest.mark.parametrize(
    ("limit", "measured", "words"),
    [
        ({"min_cosine": 0.9999999}, {"cosine": 0.99999}, "is 0.99999, at least 0.9999999 is"),
        ({"min_cosine": 1.0}, {"cosine": 0.99999}, "is 0.99999, at least 1 is"),
        ({"max_difference": 0.35}, {"difference": 0.35004}, "35.004% of the output's range, at most 35.000%"),
        ({"min_agreement": 0.8}, {"agreement": 0.7999}, "in 79.99% of the samples, at least 80.00%"),
    ],
)
def test_what_is_measured_never_reads_like_the_limit_that_it_misses(limit, measured, words):
    (finding,) = judged(Thresholds(**limit), **measured)
    assert words in finding.message


def test_everything_that_is_wrong_is_said_at_once():
    (found,) = judged(difference=0.5, cosine=0.1, agreement=0.0)
    assert found.message.count(";") == 2


def test_the_step_is_the_proof():
    (found,) = judged(lost=LOST)
    assert found.evidence[-1].excerpt == "one int8 step is 1.43 > range 0.07"
    assert "two outputs" in found.fix.text
    (found,) = judged(lost={**LOST, "range": 1.9})
    assert found.evidence[-1].excerpt == "one int8 step is 1.43, 1.3 make the range 1.9"


def test_what_flattens_a_signal_is_named_in_place_of_how_far_off_the_output_is():
    (found,) = judged(agreement=0.58, swallowed=SWALLOWED)
    assert found.name == "signal-swallowed"
    assert "a mask of -20 in place of -1e+09" in found.fix.text, "-12 would do for scores that differ by nothing"
    assert "scores moves by 7.5, which is lost in masked (ADD), whose step is 3.9e+06" in found.message
    assert found.message.endswith("mask reaches 1e+09, from the constant -1e+09.")
    assert "58.0%" in found.evidence[-1].excerpt
    assert judged(swallowed=SWALLOWED) == [], "an output that is right needs no cause"


@pytest.mark.parametrize("changed", [{"cosine": 0.97}, {"agreement": 0.89}], ids=["cosine", "agreement"])
def test_attention_that_a_mask_flattens_is_no_success_while_what_goes_around_it_keeps_the_output_near(changed):
    """As of a Keras MultiHeadAttention(use_causal_mask=True) with a residual connection: every weight was the same."""
    (found,) = judged(swallowed=SWALLOWED, **changed)
    assert (found.name, shared_by(found)) == ("signal-swallowed", Scope.QUANTIZER)
    assert judged(swallowed={**SWALLOWED, "constant": None}, **changed) == []


def test_items_that_are_nearly_as_good_as_what_was_left_are_told_where_they_are_most():
    few = {"of": "items", "agreement": 1.0, "cosine": 1.0, "decided": 0.1, "of_all": 0.4}
    (found,) = judged(**few)
    assert found.name == "items-within-noise"
    assert "only 10.0% score better" in found.message
    assert "of all of them, 40.0% are" in found.message
    assert judged(**{**few, "of_all": 0.9}) == []


@pytest.mark.parametrize(
    ("operators", "words"),
    [
        (["FULLY_CONNECTED"], "--to tflite-int16x8, whose"),
        (["EXP", "FULLY_CONNECTED", "LOG"], "--to tflite-int16x8 --allow-float (EXP and LOG in floats), whose"),
    ],
)
def test_finer_steps_are_named_as_they_can_be_had(operators, words):
    """A softplus is EXP and LOG, which 16x8 leaves in floats: without --allow-float it refuses them."""
    values = {"outputs": [{**GOOD, "flat": FLAT}], "samples": 80, "operators": operators}
    (found,) = judge_outputs(values, Thresholds(), "m.tflite")
    assert found.name == "movement-below-step"
    assert words in found.fix.text


UNREAD = {"input": "x", "axis": 1, "indexes": [0, 2], "count": 2, "of": 4, "step": 47.1, "range": 5.2, "certain": True}


def test_values_of_an_input_that_a_step_swallows_are_named_first():
    values = {"outputs": [{**GOOD, "constant": True}], "samples": 80, "swallowed": SWALLOWED, "unread": UNREAD}
    (found,) = judge_outputs(values, Thresholds(), "m.tflite")
    assert (found.name, shared_by(found)) == ("input-values-lost", Scope.MODEL)
    assert found.message.startswith("2 of 4 indexes of axis 1 (0, 2) of the input x move by 5.2 at most")
    assert list(judge_outputs({**values, "outputs": [GOOD]}, Thresholds(), "m.tflite")) == []


def test_a_lost_part_is_told_before_that_the_whole_differs():
    assert [each.name for each in judged(agreement=0.5, lost=LOST)] == ["channels-lost", "outputs-differ"]
    perhaps = judged(agreement=0.5, lost={**LOST, "certain": False})
    assert [each.name for each in perhaps] == ["outputs-differ", "channels-perhaps-lost"]


@pytest.mark.parametrize("constant", [None, 640.0])
def test_a_narrow_signal_beside_a_wide_one_is_no_mask(constant):
    (found,) = judged(agreement=0.58, swallowed={**SWALLOWED, "constant": constant, "step": 5.0, "largest": 640.0})
    assert found.name == "narrow-signal-joined"
    assert "one range" in found.fix.text
    assert "mask" not in found.fix.text


@pytest.mark.parametrize(
    ("accuracy", "limit", "words"),
    [
        ((1.0, 0.113), 0.05, "88.7 points, from 100.0% to 11.3%; at most 5 points are accepted"),
        ((0.97, 0.95), 0.01, "2.0 points"),
        ((0.97, 0.93), 0.05, None),
        ((1.0, 0.95), 0.05, None),
        ((0.5, 0.6), 0.0, None),
    ],
)
def test_accuracy_that_was_measured_is_judged(accuracy, limit, words):
    measured = {"float": accuracy[0], "int8": accuracy[1], "samples": 300, "output": "o", "commonest": 0.2}
    found = list(judge_accuracy(measured, Thresholds(max_drop=limit), "m.tflite"))
    assert [one.name for one in found] == ["accuracy-dropped"] * bool(words)
    assert all(words in one.message for one in found)


@pytest.mark.parametrize(
    ("right", "commonest", "samples", "told"),
    [
        (0.1, 0.12, 300, True),
        (0.5, 0.5, 20, True),
        (0.4, 0.12, 300, False),
        (0.1, 0.2, 10, False),
        (0.9, 1.0, 50, False),
    ],
)
def test_a_float_model_that_knows_no_class_is_told(right, commonest, samples, told):
    measured = {"float": right, "int8": right, "samples": samples, "output": "o", "commonest": commonest}
    found = list(judge_accuracy(measured, Thresholds(), "m.tflite"))
    assert [one.name for one in found] == ["float-model-at-chance"] * told


def test_no_other_route_is_tried_for_probabilities_below_a_step():
    (found,) = judged(drowned={"classes": 1000, "largest": 0.0011, "step": 1 / 256})
    assert shared_by(found) is Scope.MODEL


@pytest.fixture
def product(tmp_path):
    (tmp_path / "m_int8.tflite").write_bytes(b"x")
    source = Artifact(kind=ArtifactKind.TFLITE_FLOAT, path=tmp_path / "m.tflite", sha256="0")
    return stage_context(tmp_path / "stage", source), StageOutput(path=tmp_path / "m_int8.tflite")


def test_without_a_reference_nothing_is_known(product):
    (found,) = compare_with_float(*product).findings
    assert (found.name, found.severity.name) == ("not-compared", "WARNING")


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        (ArtifactKind.TFLITE_INT8, "mending"),
        (ArtifactKind.TFLITE_INT16X8, "mending"),
        (ArtifactKind.TFLITE_FLOAT, "comparison"),
    ],
)
def test_a_mended_model_is_held_against_the_one_before(product, tmp_path, monkeypatch, kind, wanted):
    context, output = product
    context = dataclasses.replace(
        context, interpreter=lambda _: tmp_path, source=dataclasses.replace(context.source, kind=kind)
    )
    values = {"outputs": [GOOD], "samples": 8}
    monkeypatch.setattr("envdoctor.stages.gates.comparison.run_worker", lambda *_: values)
    compared = compare_with_float(context, dataclasses.replace(output, reference=tmp_path))
    assert list(compared.summary) == [wanted]


def test_without_litert_nothing_is_known(product, tmp_path):
    def refuse(_):
        raise EnvironmentProblem("no Python fits")

    context = dataclasses.replace(product[0], interpreter=refuse, reference=tmp_path)
    (found,) = compare_with_float(context, product[1]).findings
    assert found.name == "not-compared"
    assert found.evidence[0].excerpt == "no Python fits"


@pytest.mark.parametrize(
    ("of", "words"),
    [
        ("labels", "70.0% of its whole numbers are the float model's, at least 80.0% is required"),
        ("items", "70.0% of the float model's items are among its own, at least 80.0% is required"),
    ],
)
def test_outputs_without_places_or_distances(of, words):
    (found,) = judged(of=of, agreement=0.7)
    assert words in found.message
    assert judged(of=of, agreement=0.9) == []


def judged_with(monkeypatch, context, output, folder, **changed):
    values = {"outputs": [{**GOOD, **changed.pop("measured", {})}], "samples": 100, **changed}
    monkeypatch.setattr("envdoctor.stages.gates.comparison.run_worker", lambda *_: values)
    return compare_with_float(dataclasses.replace(context, reference=folder), output).findings


def test_a_part_that_the_output_itself_loses_is_told_of_the_output():
    wide = {**SWALLOWED, "constant": None, "step": LOST["step"]}
    (found,) = judged(swallowed=wide, lost=LOST, agreement=0.5)
    assert (found.name, shared_by(found)) == ("channels-lost", Scope.MODEL)
    (found,) = judged(swallowed={**wide, "step": 0.1}, lost=LOST, agreement=0.5)
    assert (found.name, shared_by(found)) == ("narrow-signal-joined", Scope.QUANTIZER)


FAR = {**GOOD, "difference": 0.9, "cosine": 0.6}


def test_a_range_that_single_samples_make_is_told(product, tmp_path, monkeypatch):
    (found,) = judged_with(monkeypatch, *product, tmp_path, measured={"clipped": FAR})
    assert (found.name, found.severity.name) == ("range-rests-on-few", "WARNING")
    assert "it is off by up to 90.0% of that range" in found.message
    assert judged_with(monkeypatch, *product, tmp_path, measured={"clipped": GOOD}) == ()
    assert judged_with(monkeypatch, *product, tmp_path, measured={"clipped": None}) == ()
    (found,) = judged_with(monkeypatch, *product, tmp_path, measured={"clipped": FAR, "cosine": 0.1})
    assert found.name == "outputs-differ", "what is wrong already is told once"


def test_samples_that_did_not_calibrate_are_judged(product, tmp_path, monkeypatch):
    seen = {"measured": {"clipped": FAR}}
    (found,) = judged_with(monkeypatch, *product, tmp_path, evaluated={"samples": 300, "outputs": [FAR]}, **seen)
    assert (found.name, shared_by(found)) == ("calibration-too-narrow", Scope.MODEL)
    assert "on the samples of --evaluate the largest difference is 90.0%" in found.message
    assert found.evidence[0].source == "LiteRT on 300 samples of --evaluate"
    assert judged_with(monkeypatch, *product, tmp_path, evaluated={"samples": 300, "outputs": [GOOD]}, **seen) == ()
    nan = {"samples": 300, "outputs": [{**FAR, "finite": False}]}
    (found,) = judged_with(monkeypatch, *product, tmp_path, evaluated=nan)
    assert found.name == "outputs-not-finite"


def test_one_clipped_sample_does_not_outweigh_a_good_accuracy(product, tmp_path, monkeypatch):
    outputs = [{**GOOD, "difference": 0.9}]
    accuracy = {"float": 0.9, "int8": 0.9, "commonest": 0.1, "samples": 300}
    evaluated = {"samples": 300, "outputs": outputs}
    assert judged_with(monkeypatch, *product, tmp_path, evaluated=evaluated, accuracy=accuracy) == ()
    (found,) = judged_with(monkeypatch, *product, tmp_path, evaluated=evaluated)
    assert found.name == "calibration-too-narrow"


@pytest.mark.parametrize("measured", [{"difference": 0.3}, {"difference": None}])
def test_what_is_hardly_right_on_calibration_samples_may_be_right_by_another_route(
    product, tmp_path, monkeypatch, measured
):
    evaluated = {"samples": 300, "outputs": [{**GOOD, "difference": 0.4}]}
    found = judged_with(monkeypatch, *product, tmp_path, evaluated=evaluated, measured=measured)
    assert {(each.name, shared_by(each)) for each in found} == {("outputs-differ", Scope.QUANTIZER)}

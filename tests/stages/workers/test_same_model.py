"""Two forms of one model, as functions from inputs to outputs."""

import numpy as np
import pytest

from envdoctor.stages.workers.arrays import InputSpec
from envdoctor.stages.workers.same_model import compare_forms, influence, require_repeatable, require_single
from envdoctor.stages.workers.samples import Samples
from envdoctor.stages.workers.stage import Problem

SAMPLES = Samples({"x": np.array([[1.0, 2.0], [3.0, 4.0]], "float32")})


def scaled(factor):
    return lambda sample: {"y": sample["x"] * np.float32(factor)}


def test_the_same_up_to_rounding():
    assert compare_forms(SAMPLES, scaled(2), scaled(2.0001), "exporting it") == pytest.approx(5e-5, rel=0.01)


@pytest.mark.parametrize("other", [3.0, np.nan, np.inf])
def test_a_form_that_computes_something_else(other):
    with pytest.raises(Problem, match="exporting it changed the model") as caught:
        compare_forms(SAMPLES, scaled(2), scaled(other), "exporting it")
    assert caught.value.name == "model-changed"


def counting():
    calls = iter(range(100))
    return lambda sample: {"y": sample["x"] + next(calls)}


def test_a_model_that_gives_two_answers_is_not_blamed_on_the_change():
    with pytest.raises(Problem, match=r"two answers .* 'y'.* random numbers or keeps a state") as caught:
        compare_forms(SAMPLES, counting(), scaled(1), "exporting it")
    assert caught.value.name == "not-repeatable"
    require_repeatable(SAMPLES, scaled(2))


@pytest.mark.parametrize(
    ("predict", "words"),
    [
        (lambda sample: {"y": sample["x"] - sample["x"].mean(axis=0)}, "output 'y' is another"),
        (lambda sample: {"y": sample["x"].sum()}, "computes across"),
        (lambda sample: {"y": sample["x"].reshape(4)[:4] + np.zeros(4)}, "asked for one alone: cannot reshape"),
    ],
)
def test_a_batch_that_can_not_be_made_one(predict, words):
    with pytest.raises(Problem, match="takes 2 samples at once") as caught:
        require_single([InputSpec("x", (2, 2), "float32")], SAMPLES, predict, predict)
    assert caught.value.name == "batch-computed-across"
    assert words in caught.value.message


@pytest.mark.parametrize("size", [4, 2, 1, None])
def test_samples_that_do_not_meet_may_be_asked_alone(size):
    require_single([InputSpec("x", (size, 2), "float32"), InputSpec("k", (), "int32")], SAMPLES, scaled(2), scaled(2))


@pytest.mark.parametrize("odd", [["a", "b"], [np.nan, 1.0], []])
def test_answers_that_can_not_be_held_against_each_other(odd):
    require_repeatable(SAMPLES, lambda sample: {"y": np.array(odd), "z": sample["x"]})


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_model_that_gives_nan_itself_is_not_blamed_on_the_change(broken):
    with pytest.raises(Problem, match="the float model itself gives NaN or infinity") as caught:
        compare_forms(SAMPLES, scaled(broken), scaled(broken), "exporting it")
    assert caught.value.name == "float-model-not-finite"


def centred(sample):
    return {"y": sample["x"] - sample["x"].mean(axis=0)}


def taking_one(sample):
    if len(sample["x"]) > 1:
        raise IndexError("one at a time")
    return scaled(2)(sample)


def test_samples_of_a_batch_that_change_each_other():
    assert influence(SAMPLES, centred, centred) == "its output 'y' moves by 1 of its range"


@pytest.mark.parametrize(
    "predict",
    [
        scaled(2),
        taking_one,
        lambda _: {"y": np.ones((5, 4), "float32")},  # says nothing of a sample: anchors
        lambda sample: {"y": sample["x"].argmax(axis=1) + len(sample["x"])},  # whole numbers: a tie is no influence
        lambda sample: {"y": np.full_like(sample["x"], np.nan)},
    ],
)
def test_samples_of_a_batch_that_do_not(predict):
    assert influence(SAMPLES, predict, predict) == ""


def test_one_sample_meets_no_other():
    assert influence(SAMPLES.at_most(1), centred, centred) == ""

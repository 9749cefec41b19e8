import numpy as np

from envdoctor.core.finding import Severity
from envdoctor.core.request import BuildOptions
from envdoctor.stages.gates.compiled import judge_numbers
from envdoctor.stages.workers.compiled_compare import compare_runs
from envdoctor.stages.workers.samples import Samples

GIVEN = Samples({"x": np.linspace(-1, 1, 40, dtype="float32").reshape(40, 1)})
OTHERS = Samples({"x": np.linspace(-20, 20, 40, dtype="float32").reshape(40, 1)})


def judged(made, labelled=None):
    summary = compare_runs((lambda one: {"y": one["x"] * 3}, "a test"), (made, "a test"), GIVEN, labelled)
    found = judge_numbers(summary, BuildOptions(), "m", "a test")
    return [one.name for one in found if one.severity is Severity.ERROR], summary["comparison"]


def clipped(one):
    return {"y": one["x"].clip(-1, 1) * 3}


def test_evaluation_samples_without_labels_judge_what_calibration_could_not_see():
    assert judged(clipped) == ([], judged(clipped)[1])
    names, comparison = judged(clipped, OTHERS)
    assert names == ["calibration-too-narrow"]
    assert comparison["evaluated"]["samples"] == OTHERS.count
    assert judged(lambda one: {"y": one["x"] * 3}, OTHERS)[0] == []


def test_that_nothing_else_judged_is_told():
    assert judged(clipped)[1]["evaluated"] is None


def test_a_compiled_file_that_gives_nan_is_not_told_as_the_float_model():
    assert judged(lambda one: {"y": one["x"] * np.nan})[0] == ["outputs-not-finite"]

"""Prediction before the compiler runs, and comparison after it, on real models and the stand-in compiler's files."""

import dataclasses
import json

import pytest

from envdoctor.action import StageFailed
from envdoctor.compilers.edgetpu.action import ACTION
from envdoctor.compilers.edgetpu.forecast import foresee, hopeless, surprise
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.prediction import Placement
from envdoctor.support.hashing import hash_path
from envdoctor.tflite.reader import read_model
from shared_data import shared
from stages import stage_context
from standin import build_standin


def pair_of(partly):
    """A model that the real compiler 16.0 mapped wholly, or only in part."""
    for line in shared("data/edgetpu/pairs.jsonl").read_text("utf-8").splitlines():
        pair = json.loads(line)
        if pair["file"] and bool(pair["on_cpu"]) is partly and (pair["compiler_version"] or "").startswith("16."):
            return pair, shared("data/edgetpu") / pair["file"]
    raise AssertionError("the data hold no such pair")


def artifact(path):
    return Artifact(kind=ArtifactKind.TFLITE_INT8, path=path, sha256=hash_path(path))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    build_standin(folder)
    return folder


@pytest.fixture(scope="module")
def whole():
    return read_model(pair_of(partly=False)[1])


@pytest.fixture(scope="module")
def partial():
    return read_model(pair_of(partly=True)[1])


def test_the_options_of_the_compiler_are_those_of_the_prediction(whole):
    settings = foresee(whole, ["-a", "--min_runtime_version=13", "-i", "x,y"], "15.0.340273435").settings
    assert settings.compiler.release == "15.0"
    assert (settings.all_subgraphs, settings.min_runtime_version) == (True, 13)
    assert settings.intermediate_tensors == {"x", "y"}
    assert foresee(whole, [], "99.0").settings.compiler.release == "16.0"


@pytest.mark.parametrize("option", ["-d", "--search_delegate", "-n", "--num_segments=2"])
def test_what_the_compiler_measures_is_not_predicted(whole, option):
    assert foresee(whole, [option]) is None


def test_a_requirement_that_can_be_met_does_not_end_a_build(whole, partial):
    assert hopeless(whole, foresee(whole, []), 1.0) is None
    assert hopeless(partial, foresee(partial, []), 0.0) is None


def test_a_requirement_that_can_not_be_met_names_the_operators(partial):
    found = hopeless(partial, foresee(partial, []), 1.0)
    assert (found.code, found.name) == ("RUN088", "prediction-too-low")
    assert "100.0% are required" in found.message
    assert all(one.source.startswith("operator ") for one in found.evidence)


def test_what_is_not_known_counts_as_mapped_when_a_build_would_be_refused(partial):
    prediction = foresee(partial, [])
    unsure = dataclasses.replace(
        prediction,
        ops=tuple(
            dataclasses.replace(op, placement=Placement.UNKNOWN) if op.placement is Placement.CPU else op
            for op in prediction.ops
        ),
    )
    assert hopeless(partial, unsure, 1.0) is None


def test_a_build_is_refused_before_any_compiler_runs(bundle, tmp_path):
    path = pair_of(partly=True)[1]
    context = stage_context(tmp_path / "stage", artifact(path), "edgetpu", compiler=bundle, require_mapped=1.0)
    started = []
    with pytest.raises(StageFailed) as caught:
        ACTION.run(dataclasses.replace(context, run=started.append))
    assert caught.value.finding.name == "prediction-too-low"
    assert started == []


@pytest.mark.slow
def test_a_file_as_predicted_is_no_surprise(bundle, whole, tmp_path):
    context = stage_context(tmp_path / "stage", artifact(pair_of(partly=False)[1]), "edgetpu", compiler=bundle)
    output = ACTION.run(context)
    assert "prediction-differs" not in [found.name for found in output.findings]
    assert surprise(whole, read_model(output.path), foresee(whole, [])) is None


@pytest.mark.slow
def test_a_file_that_is_not_as_predicted_asks_for_a_report_without_weights(bundle, whole, tmp_path):
    context = stage_context(tmp_path / "stage", artifact(pair_of(partly=False)[1]), "edgetpu", compiler=bundle)
    compiled = read_model(ACTION.run(context).path)
    prediction = foresee(whole, [])
    first = dataclasses.replace(prediction.ops[0], placement=Placement.CPU, status="Operation not supported")
    wrong = dataclasses.replace(prediction, ops=(first, *prediction.ops[1:]))
    found = surprise(whole, compiled, wrong)
    assert (found.code, found.name) == ("RUN089", "prediction-differs")
    assert "1 of" in found.message
    assert found.evidence[0].source.startswith("operator 0, ")
    assert "predicted CPU (Operation not supported), the file has it mapped" in found.evidence[0].excerpt
    assert found.evidence[-1].excerpt.split()[0] == whole.main.operators[0].name

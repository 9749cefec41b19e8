import pytest

from envdoctor.action import StageOutput
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.errors import EnvironmentProblem
from envdoctor.core.request import Thresholds
from envdoctor.stages.gates.comparison import compare_with_float, judge_outputs
from stages import stage_context

GOOD = {
    "name": "o",
    "finite": True,
    "difference": 0.02,
    "cosine": 0.999,
    "agreement": 0.97,
    "still": False,
    "constant": False,
}


def judged(thresholds=None, **changed):
    return list(judge_outputs([{**GOOD, **changed}], thresholds or Thresholds(), "m.tflite", 100))


def test_a_good_output():
    assert judged() == []
    assert judged(agreement=None) == []


@pytest.mark.parametrize(
    ("changed", "name", "words"),
    [
        ({"difference": 0.5}, "outputs-differ", "the largest difference is 50.0% of the output's range, at most 35.0%"),
        ({"cosine": 0.5}, "outputs-differ", "cosine similarity is 0.5000, at least 0.9"),
        ({"agreement": 0.5}, "outputs-differ", "in 50.0% of the samples, at least 80.0%"),
        ({"difference": None}, "outputs-differ", "unknown"),
        ({"cosine": None}, "outputs-differ", "unknown"),
        ({"finite": False}, "outputs-not-finite", "NaN"),
        ({"constant": True}, "outputs-constant", "same for all samples"),
        ({"still": True}, "comparison-says-little", "hardly changes"),
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


def test_everything_that_is_wrong_is_said_at_once():
    (found,) = judged(difference=0.5, cosine=0.1, agreement=0.0)
    assert found.message.count(";") == 2


@pytest.fixture
def product(tmp_path):
    (tmp_path / "m_int8.tflite").write_bytes(b"x")
    source = Artifact(kind=ArtifactKind.TFLITE_FLOAT, path=tmp_path / "m.tflite", sha256="0")
    return stage_context(tmp_path / "stage", source), StageOutput(path=tmp_path / "m_int8.tflite")


def test_without_a_reference_nothing_is_known(product):
    (found,) = compare_with_float(*product).findings
    assert (found.name, found.severity.name) == ("not-compared", "WARNING")


def test_without_litert_nothing_is_known(product, tmp_path):
    import dataclasses

    def refuse(_):
        raise EnvironmentProblem("no Python fits")

    context = dataclasses.replace(product[0], interpreter=refuse, reference=tmp_path)
    (found,) = compare_with_float(context, product[1]).findings
    assert found.name == "not-compared"
    assert found.evidence[0].excerpt == "no Python fits"

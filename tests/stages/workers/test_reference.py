import numpy as np
import pytest

from envdoctor.stages.workers import reference
from envdoctor.stages.workers.samples import Samples
from envdoctor.stages.workers.stage import Problem


def double(sample):
    return {"b": sample["x"] * 2, "a": sample["x"].sum(axis=1)}


def test_written_and_read(tmp_path):
    samples = Samples({"x": np.arange(400, dtype="float32").reshape(200, 2)}, random=True)
    labelled = Samples({"x": np.ones((3, 2))}, np.array([0, 1, 2]))
    made = reference.make(double, "a test", samples, labelled)
    reference.write(tmp_path / "ref", made)
    read = reference.read(tmp_path / "ref")
    assert read.by == "a test"
    assert read.calibration.samples.random
    assert read.calibration.samples.count == reference.COMPARED
    assert list(read.calibration.outputs) == ["b", "a"]
    assert np.array_equal(read.calibration.outputs["b"], read.calibration.samples.inputs["x"] * 2)
    assert read.calibration.outputs["a"].shape == (100,)
    assert read.evaluation.samples.labels.tolist() == [0, 1, 2]


def test_without_evaluation(tmp_path):
    samples = Samples({"x": np.zeros((2, 2), "float32")})
    reference.write(tmp_path / "ref", reference.make(double, "", samples, None))
    assert reference.read(tmp_path / "ref").evaluation is None


def test_arrays_are_written_by_their_names(tmp_path):
    """Evaluation samples that have their inputs, and outputs, in another order than the calibration samples."""
    first = Samples({"b": np.zeros((4, 2)), "a": np.ones((4, 3))})
    labelled = Samples({"a": np.full((5, 3), 2.0), "b": np.full((5, 2), 3.0)}, np.arange(5))
    made = reference.Reference(
        "",
        reference.Answers(first, {"p": np.zeros(4), "q": np.ones(4)}),
        reference.Answers(labelled, {"q": np.full(5, 2.0), "p": np.full(5, 3.0)}),
    )
    reference.write(tmp_path / "ref", made)
    read = reference.read(tmp_path / "ref").evaluation
    assert read.samples.inputs["a"].tolist() == [[2.0] * 3] * 5
    assert read.samples.inputs["b"].tolist() == [[3.0] * 2] * 5
    assert (read.outputs["q"].max(), read.outputs["p"].max()) == (2.0, 3.0)


def test_a_float_model_that_gives_nan():
    with pytest.raises(Problem, match="output 'o'"):
        reference.answer(lambda _: {"o": np.array([np.nan])}, Samples({"x": np.zeros((2, 2))}))

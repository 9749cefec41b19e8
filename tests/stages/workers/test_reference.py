import numpy as np
import pytest

from envdoctor.stages.workers import reference
from envdoctor.stages.workers.arrays import InputSpec
from envdoctor.stages.workers.samples import Samples
from envdoctor.stages.workers.stage import Problem

X = InputSpec("x", (1, 2), "float32")


def double(sample):
    return {"b": sample["x"] * 2, "a": sample["x"].sum(axis=1)}


def test_written_and_read(tmp_path):
    np.savez(tmp_path / "test.npz", x=np.ones((3, 2)), y=[0, 1, 2])
    samples = Samples({"x": np.arange(400, dtype="float32").reshape(200, 2)}, random=True)
    made = reference.make(double, "a test", samples, {"evaluation": str(tmp_path / "test.npz")}, [X])
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
    reference.write(tmp_path / "ref", reference.make(double, "", samples, {"evaluation": None}, [X]))
    assert reference.read(tmp_path / "ref").evaluation is None


def test_evaluation_without_labels(tmp_path):
    np.savez(tmp_path / "test.npz", x=np.ones((3, 2)))
    with pytest.raises(Problem, match="no array 'y'"):
        reference.make(double, "", Samples({"x": np.zeros((2, 2))}), {"evaluation": str(tmp_path / "test.npz")}, [X])


def test_a_float_model_that_gives_nan():
    with pytest.raises(Problem, match="output 'o'"):
        reference.answer(lambda _: {"o": np.array([np.nan])}, Samples({"x": np.zeros((2, 2))}))

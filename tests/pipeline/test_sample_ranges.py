import numpy as np
import pytest

from envdoctor.pipeline.sample_ranges import measure
from envdoctor.stages.workers.arrays import InputSpec, stored_arrays
from envdoctor.stages.workers.assignment import assign
from envdoctor.stages.workers.stage import Problem

SPEC = InputSpec("x", (None, 3), "float32")


def measured(folder, *arrays, spec=SPEC):
    for number, array in enumerate(arrays):
        np.save(folder / f"{number}.npy", array)
    return measure(assign(stored_arrays(folder), [spec]).parts["x"])


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "i1", "u1", "<i2", ">u2", "<i4", "<i8", "bool"])
def test_the_range_in_every_type(tmp_path, dtype):
    values = np.array([[0, 1, 0], [1, 1, 0]], dtype) if dtype == "bool" else np.array([[3, 7, 100], [5, 5, 5]], dtype)
    found = measured(tmp_path, values)
    assert (found.low, found.high, found.whole, found.equal) == (values.min(), values.max(), True, False)


def test_numbers_between_whole_ones(tmp_path):
    found = measured(tmp_path, np.array([[-0.5, 0.25, 1]]))
    assert (found.magnitude, found.whole, found.describe()) == (1.0, False, "-0.5 to 1")


def test_samples_that_are_all_the_same(tmp_path):
    row = np.array([1.0, 2.0, 3.0])
    assert measured(tmp_path, np.tile(row, (4, 1))).equal
    assert measured(tmp_path, np.tile(row, (4, 1)), row).equal, "in several files"
    assert not measured(tmp_path, np.tile(row, (4, 1)), row + 1).equal
    assert not measured(tmp_path, np.array([[1.0, 2, 3], [1, 2, 3], [1, 2, 4]]), row).equal


def test_one_sample_is_not_all_the_same(tmp_path):
    assert not measured(tmp_path, np.ones((1, 3))).equal


@pytest.mark.slow
def test_large_samples_are_compared_piece_by_piece(tmp_path):
    spec = InputSpec("x", (None, 300_001), "float32")
    values = np.tile(np.arange(300_001, dtype="float32"), (3, 1))
    assert measured(tmp_path, values, spec=spec).equal
    values[2, 300_000] = 0
    assert not measured(tmp_path, values, spec=spec).equal


def test_what_is_not_looked_at(tmp_path):
    assert measured(tmp_path, np.zeros((2, 3), "float16")) is None


def test_nan(tmp_path):
    with pytest.raises(Problem, match="NaN or infinity"):
        measured(tmp_path, np.array([[0.0, np.nan, 1]]))

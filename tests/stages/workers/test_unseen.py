import numpy as np
import pytest

from envdoctor.stages.workers.unseen import clipped

RANDOM = np.random.default_rng(3)


def test_samples_of_one_size_are_hardly_clipped():
    values = RANDOM.uniform(-1, 1, (100, 4))
    assert np.abs(clipped(values) - values).max() < 0.05


def test_one_sample_that_makes_the_range_is_clipped_by_the_others():
    values = RANDOM.uniform(0, 1, (100, 4))
    values[37, 2] = 50.0
    made = clipped(values)
    assert made[37, 2] < 1.0
    assert np.delete(made, 37, axis=0) == pytest.approx(np.delete(values, 37, axis=0), abs=0.05)


def test_no_order_of_the_samples_makes_a_part_of_one_class():
    classes = np.eye(5)[np.arange(100) % 5] * [1, 10, 20, 30, 40]
    assert (clipped(classes) == classes).all()


def test_few_samples_tell_nothing():
    assert clipped(np.ones((19, 2))) is None
    assert clipped(np.ones((30, 0))) is None

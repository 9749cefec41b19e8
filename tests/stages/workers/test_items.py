import numpy as np
import pytest

from envdoctor.stages.workers.items import compare_items, compare_labels, sorted_items

RANDOM = np.random.default_rng(8)
BOXES = RANDOM.uniform(0, 1, (10, 20, 4))
CLASSES = RANDOM.integers(0, 90, (10, 20))


def shuffled(values):
    return np.stack([each[RANDOM.permutation(len(each))] for each in values])


@pytest.mark.parametrize("values", [BOXES, CLASSES, CLASSES.astype("float32"), CLASSES[..., None]])
def test_items_in_another_order_are_the_same(values):
    one = compare_items("o", values, shuffled(values))
    assert (one["agreement"], one["of"], one["difference"]) == (1.0, "items", 0.0)


def test_items_that_are_others_are_not():
    assert compare_items("o", BOXES, RANDOM.uniform(5, 9, BOXES.shape))["agreement"] == 0.0
    assert compare_items("o", CLASSES, CLASSES + 100)["agreement"] == 0.0
    half = CLASSES.copy()
    half[:, :10] += 100
    assert compare_items("o", CLASSES, shuffled(half))["agreement"] == pytest.approx(0.5)


def test_boxes_may_be_off_by_a_little_and_are_taken_once():
    assert compare_items("o", BOXES, shuffled(BOXES + 0.01))["agreement"] == pytest.approx(1.0, abs=0.02)
    assert compare_items("o", BOXES, np.repeat(BOXES[:, :1], 20, axis=1))["agreement"] < 0.2


def test_the_same_class_twice_is_two_items():
    assert compare_items("o", np.array([[1, 1, 2, 2]]), np.array([[1, 2, 2, 2]]))["agreement"] == 0.75


def test_what_is_no_set_of_items():
    assert compare_items("count", np.array([[3.0], [4.0]]), np.array([[3.0], [5.0]])) is None
    assert compare_items("scores", RANDOM.uniform(0, 1, (5, 9)), RANDOM.uniform(0, 1, (5, 9))) is None
    scores = RANDOM.uniform(0, 1, (5, 9))
    assert np.array_equal(sorted_items(shuffled(scores)), sorted_items(scores))


def test_class_numbers_have_no_distance():
    expected = RANDOM.integers(0, 21, (4, 32, 32))
    given = expected.copy()
    given[0, 0, 0] = 20 - given[0, 0, 0]
    one = compare_labels("map", expected, given)
    assert one["agreement"] > 0.999
    assert (one["difference"], one["constant"], one["of"]) == (0.0, False, "labels")
    assert compare_labels("map", expected, np.zeros_like(expected))["constant"]
    assert not compare_labels("map", np.eye(100, dtype=int)[:3], np.zeros((3, 100), int))["constant"]

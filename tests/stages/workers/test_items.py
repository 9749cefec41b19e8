import numpy as np
import pytest

from envdoctor.stages.workers.items import (
    Chosen,
    compare_items,
    compare_labels,
    compare_together,
    find_chosen,
    sorted_items,
)

RANDOM = np.random.default_rng(8)
BOXES = RANDOM.uniform(0, 1, (10, 20, 4))
CLASSES = RANDOM.integers(0, 90, (10, 20))


def items_of(name, expected, given):
    return compare_items(name, expected, given, Chosen())


def shuffled(values):
    return np.stack([each[RANDOM.permutation(len(each))] for each in values])


@pytest.mark.parametrize("values", [BOXES, CLASSES, CLASSES.astype("float32"), CLASSES[..., None]])
def test_items_in_another_order_are_the_same(values):
    one = items_of("o", values, shuffled(values))
    assert (one["agreement"], one["of"], one["difference"]) == (1.0, "items", 0.0)


def test_items_that_are_others_are_not():
    assert items_of("o", BOXES, RANDOM.uniform(5, 9, BOXES.shape))["agreement"] == 0.0
    assert items_of("o", CLASSES, CLASSES + 100)["agreement"] == 0.0
    half = CLASSES.copy()
    half[:, :10] += 100
    assert items_of("o", CLASSES, shuffled(half))["agreement"] == pytest.approx(0.5)


def test_boxes_may_be_off_by_a_little_and_are_taken_once():
    assert items_of("o", BOXES, shuffled(BOXES + 0.01))["agreement"] == pytest.approx(1.0, abs=0.02)
    assert items_of("o", BOXES, np.repeat(BOXES[:, :1], 20, axis=1))["agreement"] < 0.2


def test_the_same_class_twice_is_two_items():
    assert items_of("o", np.array([[1, 1, 2, 2]]), np.array([[1, 2, 2, 2]]))["agreement"] == 0.75


def test_what_is_no_set_of_items():
    assert items_of("scores", RANDOM.uniform(0, 1, (5, 9)), RANDOM.uniform(0, 1, (5, 9))) is None
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


def ranked(*scores):
    """Scores of ten samples, the same but for a little in each."""
    return np.stack([np.array(scores, dtype="float64") * (1 - 0.01 * number) for number in range(10)])


def judged(expected, given, scores, int8_scores):
    chosen = find_chosen({"s": scores, "o": expected}, {"s": int8_scores, "o": given})
    return compare_items("o", expected, given, chosen)["agreement"]


def test_the_fifth_best_of_classes_that_are_all_unlikely_may_be_another():
    scores, given = ranked(0.98, 0.001, 0.0005, 0.0002), np.round(ranked(0.98, 0, 0, 0) * 256) / 256
    best = np.arange(10)[:, None]
    expected, other = (np.concatenate([best, best + rest], axis=1) for rest in ([[1, 2, 3]], [[4, 5, 6]]))
    assert items_of("o", expected, other)["agreement"] == 0.25
    assert judged(expected, other, scores, given) == 1.0
    assert judged(expected, other + 100, scores, given) == 0.0
    likely = ranked(0.4, 0.3, 0.2, 0.1)
    assert judged(expected, other, likely, likely) == pytest.approx(1 / 3)


def test_places_that_an_nms_left_empty_are_nothing_that_was_found():
    scores = np.concatenate([ranked(0.9, 0.7), np.zeros((10, 48))], axis=1)
    boxes = np.zeros((10, 50, 4))
    boxes[:, :2] = RANDOM.uniform(0.5, 1, (10, 2, 4))
    assert items_of("o", boxes, boxes * 0.2)["agreement"] == 0.96
    assert judged(boxes, boxes * 0.2, scores, scores) == 0.0
    assert judged(boxes, boxes[:, ::-1], scores, scores) == 1.0


@pytest.mark.parametrize(("column", "kept", "added"), [(4, 0, 0), (5, 1, 3)], ids=["score", "class"])
def test_scores_and_classes_beside_boxes_in_pixels_have_ranges_of_their_own(column, kept, added):
    items = np.concatenate([BOXES * 640, -np.sort(-RANDOM.uniform(0, 1, (10, 20, 1)), axis=1)], axis=2)
    items = np.concatenate([items, CLASSES[..., None]], axis=2)
    given = items.copy()
    assert judged(items, given, items[..., 4], given[..., 4]) == 1.0
    given[..., column] = given[..., column] * kept + added
    assert judged(items, given, items[..., 4], given[..., 4]) < 0.5
    near = items + np.array([20, 20, 20, 20, 0.15, 0])
    assert judged(items, near, items[..., 4], near[..., 4]) > 0.9


def test_without_scores_every_item_counts():
    assert find_chosen({"o": BOXES, "c": CLASSES}, {"o": BOXES, "c": CLASSES}) == Chosen({}, 20)
    same = np.full((10, 20), 0.5)
    assert find_chosen({"s": same}, {"s": same}).decided == {}


def test_a_count_may_be_off_by_one_and_the_only_class_may_not():
    expected, given = np.array([[3], [1], [2], [2]]), np.array([[3], [1], [2], [1]])
    assert compare_items("n", expected, given, Chosen({}, 10))["agreement"] == pytest.approx(7 / 8)
    assert compare_items("best", expected, given, Chosen({}, 1))["agreement"] == 0.75
    none = np.zeros((4, 1), int)
    assert compare_items("n", none, none, Chosen({}, 10))["agreement"] == 1.0


def together(**given):
    scores = -np.sort(-RANDOM.uniform(0, 1, (10, 20)), axis=1)
    masks = RANDOM.uniform(0, 1, (10, 20, 7, 7))
    expected = {"boxes": BOXES * 640, "scores": scores, "classes": CLASSES, "masks": masks}
    both = {name: (value, given[name](value) if name in given else value) for name, value in expected.items()}
    return list(compare_together(both, Chosen()))


def turned(values):
    return values[:, ::-1]


def test_boxes_belong_to_their_scores_and_classes():
    (one,) = together()
    assert (one["name"], one["agreement"], one["of"]) == ("boxes with scores with classes", 1.0, "items")
    (one,) = together(boxes=turned, scores=turned, classes=turned)
    assert one["agreement"] == 1.0
    (one,) = together(boxes=turned)
    assert one["agreement"] < 0.2
    assert items_of("boxes", BOXES, turned(BOXES))["agreement"] == 1.0, "by themselves they are all there"
    (one,) = together(boxes=lambda boxes: boxes + 20, scores=lambda scores: scores + 0.1)
    assert one["agreement"] == pytest.approx(1.0, abs=0.03)


def test_an_output_alone_is_held_against_no_other():
    assert list(compare_together({"boxes": (BOXES, BOXES), "count": (CLASSES[:, :1],) * 2}, Chosen())) == []


def test_where_few_items_had_to_be_chosen_the_others_are_told():
    scores = ranked(0.9, 0.011, 0.01, 0.009)
    best = np.arange(10)[:, None] + np.arange(4) * 20
    other = best + np.array([0, 100, 100, 100])
    one = compare_items("o", best, other, find_chosen({"s": scores}, {"s": scores + 0.02}))
    assert (one["agreement"], one["decided"], one["of_all"]) == (1.0, 0.25, 0.25)

import numpy as np
import pytest

from envdoctor.stages.workers.channels import Scale, drowned, find_flat, find_lost, find_noisy

RANDOM = np.random.default_rng(5)
STEP = 1.43


def rounded(values, step):
    return np.round(values / step) * step


def detector(samples=20, scores=6, *, wide=360.0, narrow=0.1):
    """Boxes in pixels beside scores, of several places in each sample."""
    boxes = RANDOM.uniform(0, wide, (samples, 16, 4))
    return np.concatenate([boxes, RANDOM.uniform(0.05, 0.05 + narrow, (samples, 16, scores))], axis=-1).astype(
        "float32"
    )


def test_scores_beside_boxes_in_pixels():
    expected = detector()
    found = find_lost(expected, rounded(expected, STEP), Scale(STEP, joined=True, bounded_range=0.1))
    assert (found["axis"], found["indexes"], found["count"], found["of"]) == (2, [4, 5, 6, 7, 8, 9], 6, 10)
    assert found["range"] == pytest.approx(0.1, rel=0.1)
    assert found["certain"]


def test_scores_that_keep_two_levels_are_lost_too():
    """Of a model that was trained: 0.9 beside a step of 1.43 becomes 0 or 1.43."""
    expected = detector(narrow=0.9)
    given = rounded(expected, STEP)
    assert np.ptp(given[..., 5]) > 0
    assert find_lost(expected, given, Scale(STEP, joined=True))["count"] == 6


def test_channels_first():
    expected = np.moveaxis(detector(), -1, 1)
    found = find_lost(expected, rounded(expected, STEP), Scale(STEP, joined=True))
    assert (found["axis"], found["count"], found["of"]) == (1, 6, 10)


def test_the_first_steps_of_a_forecast_are_not_certain():
    expected = RANDOM.uniform(-1, 1, (40, 10, 2)) * np.linspace(0.001, 5, 10)[:, None]
    found = find_lost(expected, rounded(expected, 0.04), Scale(0.04))
    assert (found["axis"], found["indexes"], found["certain"]) == (1, [0], False)


def test_numbers_of_other_units_without_places():
    expected = np.stack([RANDOM.uniform(0, 1000, 50), RANDOM.uniform(0, 0.01, 50)], axis=1)
    found = find_lost(expected, rounded(expected, 3.9), Scale(3.9))
    assert found["indexes"] == [1]
    assert found["certain"]


@pytest.mark.parametrize(
    ("expected", "step", "scale"),
    [
        (detector(wide=1.0), 1 / 255, Scale(1 / 255, joined=True, bounded_range=0.1)),  # boxes as shares
        (detector(wide=1.0, narrow=0.0), 1 / 255, Scale(1 / 255, joined=True)),  # scores that do not move
        (RANDOM.dirichlet(np.full(1000, 0.01), 30), 1 / 256, Scale(1 / 256)),  # a thousand classes
        (RANDOM.uniform(0, 1, (30, 8)) ** np.arange(1, 9), 1 / 256, Scale(1 / 256, bounded=True)),  # rare labels
        (np.eye(5)[RANDOM.integers(0, 5, 30)], 1 / 255, Scale(1 / 255)),  # one-hot
        (np.hstack([RANDOM.uniform(0, 9, (30, 3)), np.zeros((30, 2))]), 0.04, Scale(0.04)),  # dead channels
        (RANDOM.uniform(0, 9, (30, 12, 12, 3)), 0.04, Scale(0.04)),  # images
        (RANDOM.integers(0, 9, (30, 2)), 0.0, Scale()),  # whole numbers
        (RANDOM.uniform(0, 1, 30), 0.01, Scale(0.01)),  # one number
    ],
)
def test_outputs_that_lose_nothing(expected, step, scale):
    assert find_lost(expected, rounded(expected, step) if step else expected, scale) is None


def test_a_class_that_no_sample_shows_is_no_loss_where_the_other_scores_are_there():
    expected = detector(wide=1.0, narrow=0.9)
    expected[..., 7] = RANDOM.uniform(0, 0.001, expected[..., 7].shape)
    given = rounded(expected, 1 / 255)
    assert find_lost(expected, given, Scale(1 / 255, joined=True, bounded_range=0.9)) is None
    assert find_lost(expected, given, Scale(1 / 255, joined=True, bounded_range=0.0))["indexes"] == [7]


@pytest.mark.parametrize(
    ("low", "high", "step", "certain"),
    [
        (0.90, 0.99, STEP, True),  # 0 or 1.43: no threshold between them is left
        (0.975, 0.985, STEP, True),
        (0.90, 0.99, 0.25, True),
        (0.975, 0.985, 0.25, False),  # always 1: it hardly moves, but a threshold of 0.98 is gone
        (0.1, 0.9, 0.25, False),  # three steps
        (0.975, 0.985, 1 / 128, None),  # as precise as a score is in int8
    ],
)
def test_an_objectness_beside_boxes(low, high, step, certain):
    expected = detector(scores=1)
    expected[..., 4] = RANDOM.uniform(low, high, expected[..., 4].shape)
    found = find_lost(expected, rounded(expected, step), Scale(step, joined=True, bounded_range=0.6))
    assert (found and found["certain"]) is certain
    assert found is None or found["indexes"] == [4]


def test_a_channel_on_an_offset_beside_others_is_told_with_care():
    expected = RANDOM.uniform(0, 1000, (30, 3))
    expected[:, 1] = RANDOM.uniform(999.5, 1000, 30)
    found = find_lost(expected, rounded(expected, 3.9), Scale(3.9))
    assert (found["indexes"], found["certain"]) == ([1], False)


@pytest.mark.parametrize(("moves", "certain"), [(0.006, False), (0.3, True)])
def test_offsets_that_make_the_range_drown_no_channel(moves, certain):
    """Classes of a net that hardly reacts to the samples: each moves by a few steps, on an offset of its own."""
    offsets = np.linspace(-0.2, 0.25, 10)
    expected = offsets + RANDOM.uniform(0, 0.002, (60, 10))
    expected[:, 3] += np.linspace(0, moves, 60)
    found = find_lost(expected, rounded(expected, 0.0018), Scale(0.0018))
    assert (found["certain"], found["count"] > 0) == (certain, True)


def test_a_channel_of_other_units_is_drowned_though_none_has_many_steps():
    """Hectopascals, degrees and a share: the offset of the first makes the step."""
    expected = np.stack([RANDOM.uniform(low, high, 50) for low, high in ((990, 1040), (5, 35), (-0.03, 0.03))], axis=1)
    found = find_lost(expected, rounded(expected, 4.1), Scale(4.1))
    assert (found["indexes"], found["certain"]) == ([2], True)


def test_what_is_certain_is_told_first():
    expected = detector(scores=2)
    expected[..., 4] = RANDOM.uniform(0.1, 3.5, expected[..., 4].shape)
    found = find_lost(expected, rounded(expected, STEP), Scale(STEP, joined=True))
    assert (found["indexes"], found["certain"]) == ([5], True)


@pytest.mark.parametrize(
    ("low", "high", "step", "gone"),
    [
        (1000.0, 1000.5, 3.9, True),
        (-7.02, -7.0, 0.03, True),
        (1000.0, 1005.0, 3.9, False),
        (1000.0, 1010.0, 3.9, None),
        (0.0, 1.0, 1 / 256, None),
        (1.0, 1.000001, 1 / 256, None),  # the float model's own rounding
    ],
)
def test_an_output_that_moves_by_less_than_a_step(low, high, step, gone):
    expected = np.linspace(low, high, 60).reshape(20, 3)
    found = find_flat(expected, rounded(expected, step), step)
    assert (found and found["gone"]) is gone
    assert found is None or found["range"] < 2 * found["step"]


def test_an_output_that_differs_between_places_and_not_between_samples_moves_little():
    expected = np.repeat(RANDOM.uniform(0, 100, (1, 8, 8)), 5, axis=0)
    assert find_flat(expected, expected, 0.4) is None, "it says nothing at all"
    expected[1, 2, 2] += 0.1
    assert find_flat(expected, rounded(expected, 0.4), 0.4)["gone"]


def test_a_few_of_many_features_are_not_certain():
    expected = RANDOM.uniform(0, 9, (30, 64))
    expected[:, 3] *= 1e-4
    found = find_lost(expected, rounded(expected, 0.035), Scale(0.035))
    assert (found["indexes"], found["certain"]) == ([3], False)


def test_an_output_that_is_lost_as_a_whole_is_another_problem():
    expected = RANDOM.uniform(0, 0.001, (30, 4))
    assert find_lost(expected, np.zeros_like(expected), Scale(1.0)) is None


def test_a_float_output_of_an_int8_model_has_no_step_of_its_own():
    expected = detector()
    assert find_lost(expected, rounded(expected, STEP), Scale())["step"] is None


def test_probabilities_below_a_step():
    flat = RANDOM.dirichlet(np.full(1000, 50.0), 10).astype("float32")
    found = drowned(flat, 1 / 256)
    assert found["classes"] == 1000
    assert found["largest"] < 1 / 256
    assert drowned(RANDOM.dirichlet(np.full(1000, 0.01), 10), 1 / 256) is None
    assert drowned(flat * 2, 1 / 256) is None, "no probabilities"
    assert drowned(flat, 0.0) is None


@pytest.mark.parametrize("axis", [1, 2])
def test_heads_that_are_joined_on_a_middle_axis(axis):
    """Anchors by attributes by places, as YOLO's heads have it."""
    expected = np.moveaxis(detector()[:, :, None, :], -1, axis)
    found = find_lost(expected, rounded(expected, STEP), Scale(STEP, joined=True))
    assert (found["axis"], found["count"], found["certain"]) == (axis, 6, True)


def test_features_of_one_tensor_may_be_nearly_dead():
    expected = RANDOM.uniform(0, 1, (20, 64)).astype("float32")
    expected[:, :19] *= 1e-3
    found = find_lost(expected, rounded(expected, 0.01), Scale(0.01))
    assert (found["count"], found["certain"]) == (19, False)


def test_most_of_many_channels_are_no_dead_features():
    expected = detector(scores=80)
    found = find_lost(expected, rounded(expected, STEP), Scale(STEP))
    assert (found["count"], found["of"], found["certain"]) == (80, 84, True)
    features = RANDOM.uniform(0, 1, (20, 84)).astype("float32")
    features[:, :20] *= 0.004  # a few of many are nearly dead
    assert (
        find_lost(features, rounded(features, 0.01), Scale(0.01)) is None
        or not find_lost(features, rounded(features, 0.01), Scale(0.01))["certain"]
    )


def test_attributes_on_a_middle_axis():
    expected = np.moveaxis(detector(samples=6, scores=16).reshape(6, 2, 8, 20), 2, 3)  # anchors, attributes, places
    found = find_lost(expected, rounded(expected, STEP), Scale(STEP))
    assert (found["axis"], found["count"], found["of"], found["certain"]) == (2, 16, 20, True)


def test_a_channel_whose_error_is_as_large_as_what_it_moves_by():
    expected = RANDOM.normal(3, 1, (200, 4))
    given = expected + RANDOM.normal(0, 0.1, expected.shape)
    assert find_noisy(expected, given, 0.05) == []
    given[:, 2] = expected[::-1, 2]
    assert find_noisy(expected, given, 0.05) == [2]
    assert find_noisy(expected, given, 5.0) == [], "it is the step that errs"
    assert find_noisy(np.repeat(expected, 16, axis=1), np.repeat(given, 16, axis=1), 0.05) == []


def test_a_class_that_no_sample_shows_is_no_noise():
    classes = np.eye(4)[RANDOM.integers(0, 3, 100)] * 0.9 + 0.001 * RANDOM.random((100, 4))
    assert find_noisy(classes, rounded(classes, 1 / 256), 1 / 256) == []

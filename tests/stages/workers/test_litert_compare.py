import numpy as np
import pytest

pytest.importorskip("ai_edge_litert", reason="ai-edge-litert has no wheel here")

from envdoctor.stages.workers import accuracy, litert_compare, litert_run, reference
from envdoctor.stages.workers.assignment import require_class_numbers
from envdoctor.stages.workers.litert_compare import compare
from envdoctor.stages.workers.samples import Samples
from envdoctor.stages.workers.stage import Problem
from int8_models import joined
from keras_files import DATA

MODEL = DATA / "tflite/flatten_dynamic_batch.tflite"


def recorded(folder, *, shift=0.0, names=None, labels=None):
    """A reference with the model's own answers, moved by `shift`."""
    runner = litert_run.open_model(MODEL.read_bytes())
    generator = np.random.default_rng(1)
    samples = Samples({"image": generator.uniform(-3, 3, (20, 8, 8, 1)).astype("float32")})
    made = reference.answer(lambda one: runner.predict({next(iter(runner.inputs)): one["image"]}), samples)
    outputs = {(names or {}).get(name, name): value + shift for name, value in made.outputs.items()}
    answers = reference.Answers(samples, outputs)
    evaluation = None
    if labels is not None:
        value = next(iter(outputs.values()))
        evaluation = reference.Answers(Samples(samples.inputs, labels(value)), outputs)
    reference.write(folder, reference.Reference("itself", answers, evaluation))
    return {"model": str(MODEL), "reference": str(folder)}


def test_a_model_agrees_with_itself(tmp_path):
    values = litert_compare.run(recorded(tmp_path / "r", labels=lambda value: value.argmax(axis=1)))
    (one,) = values["outputs"]
    assert (one["difference"], one["agreement"], one["finite"], one["constant"]) == (0.0, 1.0, True, False)
    assert one["cosine"] == pytest.approx(1)
    assert 0 < values["accuracy"].pop("commonest") <= 1
    assert values["accuracy"] == {"samples": 20, "output": "output_0", "float": 1.0, "int8": 1.0}


def test_the_outputs_are_compared_on_evaluation_samples_too(tmp_path):
    values = litert_compare.run(recorded(tmp_path / "r", shift=0.5, labels=lambda _: None))
    assert values["accuracy"] is None
    assert values["evaluated"]["samples"] == 20
    assert values["evaluated"]["outputs"][0]["difference"] == values["outputs"][0]["difference"] > 0
    assert litert_compare.run(recorded(tmp_path / "other"))["evaluated"] is None


def test_what_the_others_ranges_would_clip(tmp_path):
    (one,) = litert_compare.run(recorded(tmp_path / "r"))["outputs"]
    assert one["clipped"]["name"] == one["name"]
    assert 0 <= one["clipped"]["difference"] < 1


def test_outputs_of_other_names_are_matched_by_shape(tmp_path):
    values = litert_compare.run(recorded(tmp_path / "r", names={"output_0": "probabilities"}))
    assert values["outputs"][0]["name"] == "probabilities"


def test_another_model_is_no_comparison(tmp_path):
    asked = recorded(tmp_path / "r")
    with pytest.raises(Problem, match="are not those of the float model"):
        litert_compare.run({**asked, "model": str(DATA / "tflite/layernorm.tflite")})


EXPECTED = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])


def test_how_far_apart():
    one = compare("o", EXPECTED, EXPECTED + np.array([[0, 0.08], [0, 0], [0, 0]]))
    assert one["difference"] == pytest.approx(0.1)
    assert one["cosine"] == pytest.approx(0.999, abs=1e-3)
    assert one["agreement"] == 1.0


def test_an_error_as_large_as_what_the_output_moves_by():
    """On large offsets the cosine is 0.99 and the difference a small share of the range of all values."""
    offsets = np.array([10.0, -30.0, 20.0])
    expected = offsets + np.random.default_rng(3).normal(0, 1, (100, 3))
    shuffled = compare("o", expected, expected[::-1])
    assert shuffled["cosine"] > 0.99
    assert shuffled["noise"] == pytest.approx(1.4, abs=0.2)
    assert compare("o", expected, expected + 0.1)["noise"] == pytest.approx(0.1, abs=0.02)
    assert compare("o", expected * 0 + offsets, expected)["noise"] is None


def test_disagreement_and_ties():
    swapped = EXPECTED[:, ::-1]
    assert compare("o", EXPECTED, swapped)["agreement"] == 0.0
    tied = np.full_like(EXPECTED, 0.5)
    assert compare("o", EXPECTED, tied, 1 / 64)["agreement"] == pytest.approx(1 / 3)
    near = np.array([[0.51, 0.5]] * 3)
    assert compare("o", near, near[:, ::-1])["agreement"] == 0.0
    assert compare("o", near, near[:, ::-1], 1 / 64)["agreement"] == 1.0  # the float model hardly told them apart


def test_classes_that_are_all_within_a_step_are_lost_and_not_tied():
    logits = 5 * np.arange(6.0)[:, None] + 0.1 * np.random.default_rng(0).permuted(
        np.tile(np.arange(10.0), (6, 1)), axis=1
    )
    rounded = np.round(logits / 1.5) * 1.5
    assert compare("o", logits, rounded, 1.5)["agreement"] <= 0.5


@pytest.mark.parametrize("scores", [0, 6])
def test_the_places_of_a_detector_are_no_classes(scores):
    """Of many boxes, alone or with scores, which one lies furthest right says nothing; what each holds does."""
    random = np.random.default_rng(3)
    expected = random.uniform(0, 1, (20, 4 + scores, 500)).astype("float32")
    near = np.round((expected + random.normal(0, 2 / 255, expected.shape)) * 255) / 255
    assert litert_compare._agreement(expected, near, 1 / 255) > 0.95
    assert litert_compare._agreement(expected, random.permuted(expected, axis=1), 1 / 255) < 0.5


def test_outputs_of_one_value_have_no_class():
    assert compare("o", np.array([[1.0], [2.0]]), np.array([[1.0], [2.0]]))["agreement"] is None


def test_nan_is_no_number():
    one = compare("o", EXPECTED, np.full_like(EXPECTED, np.nan))
    assert (one["finite"], one["difference"], one["cosine"]) == (False, None, None)


def test_an_output_that_does_not_move():
    flat = np.repeat(EXPECTED[:1], 3, axis=0)
    assert compare("o", EXPECTED, flat)["constant"]
    assert not compare("o", EXPECTED, EXPECTED)["constant"]
    still = compare("o", flat + np.array([[0, 1e-6], [0, 0], [0, 0]]), flat)
    assert (still["still"], still["constant"]) == (True, False)


def test_a_small_movement_on_a_large_offset_is_one():
    expected = 1000 + np.arange(12.0).reshape(6, 2)
    one = compare("o", expected, np.full_like(expected, 1000.0), 0.5)
    assert (one["still"], one["constant"]) == (True, True)


def test_a_wrongly_scaled_output_is_not_hidden_by_its_own_coarse_steps():
    one = compare("o", EXPECTED, np.zeros_like(EXPECTED), 8.0)
    assert one["constant"]
    assert one["difference"] > 1


def test_zeros_are_like_zeros():
    assert compare("o", np.zeros((3, 2)), np.zeros((3, 2)))["cosine"] == 1.0
    assert compare("o", np.zeros((3, 2)), np.ones((3, 2)))["cosine"] == 0.0


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        ([[0.1, 0.9], [0.6, 0.4]], [1, 0]),
        ([[0.9], [0.2]], [1, 0]),
        ([[[0.1, 0.9]], [[0.6, 0.4]]], [1, 0]),
        ([[[0.1, 0.9]] * 2, [[0.6, 0.4]] * 2], None),
    ],
)
def test_classes(values, classes):
    found = accuracy._classes(np.array(values), 2, 0.5)
    assert (None if found is None else found.tolist()) == classes


def joined_reference(folder, wide, *, step):
    """What a float model gives that joins boxes with probabilities, and an int8 model of it with one step for all."""
    generator = np.random.default_rng(4)
    scores, boxes = generator.uniform(-3, 3, (12, 8)), generator.uniform(-wide, wide, (12, 8))
    samples = Samples({"boxes": boxes.astype("float32"), "scores": scores.astype("float32")})
    outputs = {"out": np.concatenate([boxes, 1 / (1 + np.exp(-scores))], axis=1)}
    reference.write(folder, reference.Reference("float", reference.Answers(samples, outputs)))
    (folder / "model.tflite").write_bytes(joined(step))
    return litert_compare.run({"model": str(folder / "model.tflite"), "reference": str(folder)})


def test_probabilities_that_are_lost_beside_pixels(tmp_path):
    values = joined_reference(tmp_path / "r", 300, step=2.5)
    (one,) = values["outputs"]
    assert one["cosine"] > 0.999, "as a whole it looks right"
    assert one["lost"]["indexes"] == list(range(8, 16))
    assert one["lost"]["certain"]
    assert values["swallowed"]["tensor"] == "probabilities"


def test_probabilities_beside_shares_are_not_lost(tmp_path):
    values = joined_reference(tmp_path / "r", 1, step=1 / 127)
    assert values["outputs"][0]["lost"] is None
    assert "swallowed" not in values


SHAPES = {"a": (4,), "b": (6,)}


def test_pairs_by_name_and_by_the_only_shapes():
    assert litert_compare.pair(SHAPES, {"b": (6,), "a": (4,)}, "inputs") == {"a": "a", "b": "b"}
    assert litert_compare.pair(SHAPES, {"y": (6,), "x": (4,)}, "inputs") == {"a": "x", "b": "y"}
    assert litert_compare.pair({"a-b": (4,), "c": (4,)}, {"c": (4,), "a_b": (4,)}, "inputs") == {"a-b": "a_b", "c": "c"}


@pytest.mark.parametrize("present", [{"x": (4,), "y": (4,)}, {"x": (5,), "y": (6,)}, {"x": (4,)}])
def test_what_is_no_pair(present):
    wanted = {"a": (4,), "b": (4,)} if len(set(present.values())) == 1 else SHAPES
    with pytest.raises(Problem, match="are not those of the float model") as caught:
        litert_compare.pair(wanted, present, "inputs")
    assert caught.value.name == "not-comparable"


def test_an_output_that_is_given_twice_may_be_either():
    one, other = np.ones((3, 4)), np.zeros((3, 4))
    assert litert_compare._interchangeable({"a": one, "b": one.copy(), "c": np.ones((3, 2))})
    assert not litert_compare._interchangeable({"a": one, "b": other})
    pairs = litert_compare.pair({"a": (4,), "b": (4,)}, {"x": (4,), "y": (4,)}, "outputs", interchangeable=True)
    assert sorted(pairs.values()) == ["x", "y"]


@pytest.mark.parametrize(("labels", "classes"), [([1, 4], 4), ([-1, 1], 2)])
def test_labels_without_a_class_measure_nothing(labels, classes):
    with pytest.raises(Problem, match=f"has {classes} classes; they are counted from 0") as caught:
        require_class_numbers(min(labels), max(labels), classes, "output out")
    assert caught.value.name == "evaluation-without-labels"


def test_labels_with_a_class_each():
    require_class_numbers(0, 3, 4, "output out")


def test_what_nms_chose_of_one_image_has_no_batch_axis():
    boxes = np.random.default_rng(3).uniform(0, 1, (5, 10, 4))
    shuffled = np.stack([each[np.random.default_rng(number).permutation(10)] for number, each in enumerate(boxes)])
    flat, other = (litert_compare.by_sample(each.reshape(50, 4), 5) for each in (boxes, shuffled))
    assert np.array_equal(flat, boxes)
    assert litert_compare._measures("boxes", flat, other, 0.01, litert_compare.items.Chosen())["agreement"] == 1.0


def test_an_nms_that_gives_another_number_of_boxes_is_named():
    with pytest.raises(Problem, match=r"has the shape \[7, 4\] of the float model and \[50, 4\]") as caught:
        litert_compare._side_by_side("boxes", np.zeros((7, 4)), np.zeros((50, 4)), 5)
    assert caught.value.name == "outputs-of-other-size"


@pytest.mark.parametrize(("shape", "count"), [((20, 4), 20), ((7, 4), 5), ((4, 4), 5)])
def test_a_batch_axis_stays(shape, count):
    assert litert_compare.by_sample(np.zeros(shape), count).shape == shape


def test_a_dead_output_has_no_class_and_stays_dead():
    """A ReLU that gives nothing but 0: its step is as small as 1e-9, and the numbers of it are any."""
    dead = np.zeros((20, 4))
    one = compare("o", dead, np.random.default_rng(2).integers(-128, 128, (20, 4)) * 7.8e-9, 7.8e-9)
    assert (one["cosine"], one["agreement"], one["frozen"]) == (1.0, 1.0, True)
    assert compare("o", dead, dead + 0.3, 0.01)["cosine"] == 0.0


def test_of_a_thousand_values_no_more_are_tied_than_of_fifty():
    flat = np.random.default_rng(3).uniform(0.0, 0.005, (40, 1500))
    other = np.roll(flat, 700, axis=1)
    assert compare("o", flat, other, 0.004)["agreement"] < 0.2

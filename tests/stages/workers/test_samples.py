import numpy as np
import pytest

from envdoctor.stages.workers.arrays import InputSpec
from envdoctor.stages.workers.samples import (
    Samples,
    as_batch,
    fixed_inputs,
    for_request,
    keep_sizes,
    labelled_for_request,
    load,
    make_up,
    taken_sizes,
)
from envdoctor.stages.workers.stage import Problem

X = InputSpec("x", (None, 2), "float32")
IDS = InputSpec("ids", (None, 3), "int32")


def save(folder, **arrays):
    np.savez(folder / "data.npz", **arrays)
    return folder / "data.npz"


def test_samples_are_spread_over_the_file(tmp_path):
    path = save(tmp_path, x=np.arange(200.0).reshape(100, 2), y=np.arange(100))
    samples = load(path, [X], 10)
    assert samples.inputs["x"][:, 0].tolist() == [0, 20, 40, 60, 80, 100, 120, 140, 160, 180]
    assert samples.labels.tolist() == list(range(0, 100, 10))
    assert samples.inputs["x"].dtype == np.float32


def test_samples_from_several_files_of_a_folder(tmp_path):
    for number in range(5):
        np.save(tmp_path / f"{number}.npy", np.full((2, 2), number))
    np.save(tmp_path / "9.npy", np.full(2, 9.0))
    assert load(tmp_path, [X], 100).inputs["x"][:, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 9]
    assert load(tmp_path, [X], 3).inputs["x"][:, 0].tolist() == [0, 1, 3]


def test_samples_of_different_sizes_are_refused(tmp_path):
    for number in (2, 3):
        np.save(tmp_path / f"{number}.npy", np.zeros((1, number)))
    with pytest.raises(Problem, match="different sizes"):
        load(tmp_path, [InputSpec("x", (None, None), "float32")], 10)


@pytest.mark.parametrize("dtype", ["float16", "float32", ">f8"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_are_refused(tmp_path, dtype, value):
    array = np.zeros((4, 2), dtype)
    array[3, 1] = value
    with pytest.raises(Problem, match="NaN or infinity"):
        load(save(tmp_path, x=array), [X], 10)


def test_whole_numbers_for_integer_inputs(tmp_path):
    assert load(save(tmp_path, x=np.ones((4, 3))), [IDS], 10).inputs["ids"].dtype == np.int32
    with pytest.raises(Problem, match="fractions"):
        load(save(tmp_path, x=np.full((4, 3), 0.5)), [IDS], 10)


def test_text_inputs_are_refused(tmp_path):
    with pytest.raises(Problem, match="takes text"):
        load(save(tmp_path, x=np.ones((4, 3))), [InputSpec("x", (None, 3), "string")], 10)


@pytest.mark.parametrize(
    ("labels", "read"),
    [
        (np.array([1, 0, 2]), [1, 0, 2]),
        (np.array([[1], [0], [2]]), [1, 0, 2]),
        (np.array([1.0, 0.0, 2.0]), [1, 0, 2]),
        (np.eye(3)[[1, 0, 2]], [1, 0, 2]),
        (np.array([0.5, 1.0, 2.0]), None),
        (np.array([[0.2, 0.8], [1, 0], [0, 1]]), None),
        (np.array([1, 2]), None),
        (np.array(["a", "b", "c"]), None),
    ],
)
def test_labels(tmp_path, labels, read):
    found = load(save(tmp_path, x=np.zeros((3, 2)), y=labels), [X], 10).labels
    assert (None if found is None else found.tolist()) == read


def test_random_samples_are_the_same_each_time():
    one, other = make_up([X, IDS]), make_up([X, IDS])
    assert one.random
    assert one.count == 100
    assert np.array_equal(one.inputs["x"], other.inputs["x"])
    assert set(np.unique(one.inputs["ids"])) == {0, 1}
    with pytest.raises(Problem, match="no fixed size"):
        make_up([InputSpec("x", (None, None), "float32")])


def test_what_a_request_asks_for(tmp_path):
    path = save(tmp_path, x=np.zeros((4, 2)))
    assert for_request({"calibration": str(path), "random": True}, [X], 10).count == 4
    assert for_request({"calibration": None, "random": True}, [X], 10).count == 10
    assert for_request({"calibration": None, "random": False}, [X], 10) is None


def test_open_sizes_are_taken_from_the_samples():
    spec = InputSpec("x", (None, None, 3), "float32")
    (fixed,) = fixed_inputs([spec], Samples({"x": np.zeros((5, 7, 3))}))
    assert fixed.shape == (1, 7, 3)
    with pytest.raises(Problem, match="no fixed size"):
        fixed_inputs([spec], None)


def test_one_by_one():
    samples = Samples({"x": np.arange(4).reshape(2, 2), "z": np.arange(2)})
    assert [{name: array.shape for name, array in one.items()} for one in samples.one_by_one()] == [
        {"x": (1, 2), "z": (1,)}
    ] * 2


def test_the_order_of_the_first_stage_decides_for_arrays_without_names(tmp_path):
    """The signature of a SavedModel has its inputs in alphabetical order, the Keras model before it in its own."""
    import json

    first, second = InputSpec("b", (None, 2), "float32"), InputSpec("a", (None, 2), "float32")
    np.savez(tmp_path / "data.npz", np.zeros((4, 2)), np.ones((4, 2)), y=np.arange(4))
    (tmp_path / "reference.json").write_text(json.dumps({"inputs": ["b", "a"]}))
    asked = {"calibration": str(tmp_path / "data.npz"), "evaluation": str(tmp_path / "data.npz")}
    later = {**asked, "order_from": str(tmp_path / "reference.json")}
    for samples in (
        for_request(asked, [first, second], 9),
        for_request(later, [second, first], 9),
        labelled_for_request(later, [second, first]),
    ):
        assert (samples.inputs["b"].max(), samples.inputs["a"].min()) == (0, 1)
        assert samples.told.startswith("arr_0 feeds 'b'")
    assert list(for_request(later, [second, first], 9).inputs) == ["a", "b"], "in the order of the model at hand"


def test_evaluation_without_labels(tmp_path):
    fractions = save(tmp_path, x=np.zeros((4, 2)), y=np.full(4, 0.5))
    with pytest.raises(Problem, match=r"the array 'y' .* is not one class number for each sample; leave it out"):
        labelled_for_request({"evaluation": str(fractions)}, [X])
    path = save(tmp_path, x=np.zeros((4, 2)))
    judged = labelled_for_request({"evaluation": str(path)}, [X])
    assert (judged.count, judged.labels) == (4, None)
    assert labelled_for_request({"evaluation": None}, [X]) is None


def test_samples_under_other_names():
    samples = Samples({"x": np.zeros((3, 2))}, np.arange(3), told="how").renamed({"x": "y"})
    assert (list(samples.inputs), samples.labels.tolist(), samples.told) == (["y"], [0, 1, 2], "how")


def test_what_was_taken_for_an_open_size_is_told():
    spec = InputSpec("x", (None, None, 3), "float32")
    fixed = fixed_inputs([spec, X], Samples({"x": np.zeros((5, 7, 3)), X.name: np.zeros((5, 7, 3))}))
    assert taken_sizes([spec], fixed[:1]) == ["(1, 7, 3) for 'x' (float32, (N, any, 3))"]
    assert taken_sizes([X], [InputSpec("x", (1, 2), "float32")]) == []


def test_sizes_that_are_fixed_stay_and_a_sample_fills_the_batch():
    inputs = (InputSpec("x", (4, 3), "float32"), InputSpec("y", (None, 2), "float32"), InputSpec("z", None, "float32"))
    fixed = (InputSpec("x", (1, 3), "float32"), InputSpec("y", (1, 2), "float32"), InputSpec("z", (1, 5), "float32"))
    kept = keep_sizes(inputs, fixed)
    assert [spec.shape for spec in kept] == [(4, 3), (1, 2), (1, 5)]
    sample = {"x": np.arange(3.0)[None], "y": np.zeros((1, 2)), "z": np.zeros((1, 5))}
    batch = as_batch(sample, kept)
    assert [batch[name].shape for name in "xyz"] == [(4, 3), (1, 2), (1, 5)]
    assert (batch["x"] == np.arange(3.0)).all()

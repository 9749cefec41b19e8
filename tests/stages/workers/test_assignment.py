import numpy as np
import pytest

from envdoctor.stages.workers.arrays import InputSpec, stored_arrays
from envdoctor.stages.workers.assignment import assign, in_order_of, only_ways
from envdoctor.stages.workers.stage import Problem

IMAGE = InputSpec("image", (None, 28, 28, 1), "float32")
LEFT = InputSpec("left", (None, 8), "float32")
RIGHT = InputSpec("right", (None, 4, 4, 2), "float32")


def npy(folder, array, name="x.npy"):
    np.save(folder / name, array)
    return folder / name


def npz(folder, **arrays):
    np.savez(folder / "data.npz", **arrays)
    return folder / "data.npz"


def assigned(path, *inputs):
    found = assign(stored_arrays(path), inputs)
    return {
        name: [(part.array.name, part.single, part.samples) for part in parts] for name, parts in found.parts.items()
    }


def problem(path, *inputs):
    with pytest.raises(Problem) as caught:
        assign(stored_arrays(path), inputs)
    return caught.value.message


def test_a_batch_and_a_single_sample(tmp_path):
    assert assigned(npy(tmp_path, np.zeros((10, 28, 28, 1))), IMAGE) == {"image": [("x", False, 10)]}
    assert assigned(npy(tmp_path, np.zeros((28, 28, 1))), IMAGE) == {"image": [("x", True, 1)]}


def test_a_folder_of_samples_in_the_order_of_their_names(tmp_path):
    for name, count in (("b", 2), ("a", 1), ("c", 3)):
        npy(tmp_path, np.zeros((count, 28, 28, 1)), f"{name}.npy")
    npy(tmp_path, np.zeros((28, 28, 1)), "d.npy")
    assert assigned(tmp_path, IMAGE) == {"image": [("a", False, 1), ("b", False, 2), ("c", False, 3), ("d", True, 1)]}


def test_an_npz_by_name_by_x_and_by_shape(tmp_path):
    images, labels = np.zeros((5, 28, 28, 1)), np.zeros(5)
    assert assigned(npz(tmp_path, image=images, y=labels), IMAGE) == {"image": [("image", False, 5)]}
    assert assigned(npz(tmp_path, x=images, y=labels), IMAGE) == {"image": [("x", False, 5)]}
    assert assigned(npz(tmp_path, anything=images, y=labels), IMAGE) == {"image": [("anything", False, 5)]}
    assert assigned(npz(tmp_path, arr_0=images), IMAGE) == {"image": [("arr_0", False, 5)]}


def test_several_inputs_by_name_and_by_position(tmp_path):
    left, right = np.zeros((5, 8)), np.zeros((5, 4, 4, 2))
    assert set(assigned(npz(tmp_path, right=right, left=left, y=left), LEFT, RIGHT)) == {"left", "right"}
    np.savez(tmp_path / "data.npz", left, right)
    assert assigned(tmp_path / "data.npz", LEFT, RIGHT)["right"] == [("arr_1", False, 5)]


def test_names_that_a_converter_decorated(tmp_path):
    decorated = InputSpec("serving_default_left:0", (1, 8), "float32")
    path = npz(tmp_path, left=np.zeros((5, 8)), right=np.zeros((5, 4, 4, 2)))
    assert assigned(path, decorated, RIGHT)["serving_default_left:0"] == [("left", False, 5)]


def test_open_sizes_take_anything(tmp_path):
    spec = InputSpec("x", (None, None, 3), "float32")
    assert assigned(npy(tmp_path, np.zeros((5, 7, 3))), spec) == {"x": [("x", False, 5)]}
    assert assigned(npy(tmp_path, np.zeros((5, 7, 3))), InputSpec("x", None, "float32")) == {"x": [("x", False, 5)]}


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((10, 28, 28)), "add the last axis, x[..., None]"),
        (np.zeros((10, 784)), "reshape it to (10, 28, 28, 1)"),
        (
            np.zeros((10, 32, 32, 1)),
            "(10, 32, 32, 1), but the input takes 'image' (float32, (N, 28, 28, 1))",
        ),
        (np.zeros((0, 28, 28, 1)), "no sample"),
        (np.zeros((10, 28, 28, 1), complex), "element type <c16"),
        (np.zeros(()), "has the shape ()"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, array, words):
    assert words in problem(npy(tmp_path, array), IMAGE)


@pytest.mark.parametrize(
    ("given", "wanted", "words"),
    [
        ((10, 3, 28, 28), (28, 28, 3), "another order, numpy.transpose(x, (0, 2, 3, 1))"),
        ((10, 28, 28, 3), (3, 28, 28), "another order, numpy.transpose(x, (0, 3, 1, 2))"),
        ((10, 40, 6), (6, 40), "another order, numpy.transpose(x, (0, 2, 1))"),
        ((10, 8, 4, 6), (4, 8, 6), "its axes stand in another order"),
        ((10, 8, 24), (8, 4, 6), "reshape it to (10, 8, 4, 6)"),
    ],
)
def test_axes_in_another_order_are_not_reshaped(tmp_path, given, wanted, words):
    found = problem(npy(tmp_path, np.zeros(given)), InputSpec("x", (None, *wanted), "float32"))
    assert words in found
    assert ("reshape" in found) == ("reshape" in words)


def test_several_inputs_and_no_names(tmp_path):
    message = problem(npz(tmp_path, a=np.zeros((5, 8)), b=np.zeros((5, 8)), c=np.zeros(5)), LEFT, RIGHT)
    assert "2 inputs, 'left' (float32, (N, 8)), 'right'" in message
    assert "it has a (5, 8), b (5, 8), c (5,)" in message


IDS, MASK = InputSpec("ids", (None, 16), "int32"), InputSpec("mask", (None, 16), "float32")


def told(path, *inputs):
    return assign(stored_arrays(path), inputs).told


def test_names_that_tell_nothing_leave_the_only_way_that_the_shapes_fit(tmp_path):
    path = npz(tmp_path, one=np.zeros((5, 4, 4, 2)), two=np.zeros((5, 8)), y=np.zeros(5))
    assert assigned(path, LEFT, RIGHT) == {"left": [("two", False, 5)], "right": [("one", False, 5)]}
    assert told(path, LEFT, RIGHT) == "two feeds 'left', one feeds 'right', as only their shapes fit"
    assert told(npz(tmp_path, left=np.zeros((5, 8)), two=np.zeros((5, 4, 4, 2))), LEFT, RIGHT).startswith("two feeds")
    assert told(npz(tmp_path, left=np.zeros((5, 8)), right=np.zeros((5, 4, 4, 2))), LEFT, RIGHT) == ""


def test_of_equal_shapes_the_kind_of_number_tells(tmp_path):
    path = npz(tmp_path, a=np.zeros((5, 16)), b=np.zeros((5, 16), int))
    assert assigned(path, IDS, MASK) == {"ids": [("b", False, 5)], "mask": [("a", False, 5)]}


def test_two_ways_to_fit_are_none(tmp_path):
    same = InputSpec("other", (None, 8), "float32")
    assert "do not tell which is which" in problem(npz(tmp_path, a=np.zeros((5, 8)), b=np.zeros((5, 8))), LEFT, same)


def test_positions_are_those_of_the_inputs_unless_only_another_order_fits(tmp_path):
    same = InputSpec("other", (None, 8), "float32")
    np.savez(tmp_path / "p.npz", np.zeros((5, 8)), np.ones((5, 8)), y=np.zeros(5))
    assert assigned(tmp_path / "p.npz", LEFT, same)["other"] == [("arr_1", False, 5)]
    assert told(tmp_path / "p.npz", LEFT, same).endswith("in the order of its inputs")
    np.savez(tmp_path / "p.npz", np.zeros((5, 4, 4, 2)), np.zeros((5, 8)))
    assert assigned(tmp_path / "p.npz", LEFT, RIGHT)["left"] == [("arr_1", False, 5)]


def test_names_as_a_signature_carries_them(tmp_path):
    spec = InputSpec("left_in", (None, 8), "float32")
    path = npz(tmp_path, **{"left-in": np.zeros((5, 8)), "right": np.zeros((5, 8))})
    assert assigned(path, spec, InputSpec("right", (None, 8), "float32"))["left_in"] == [("left-in", False, 5)]


def test_an_earlier_stages_order():
    assert in_order_of(["right", "left"], [LEFT, RIGHT]) == [RIGHT, LEFT]
    assert in_order_of(["a", "b"], [LEFT, RIGHT]) == [LEFT, RIGHT]
    assert in_order_of([], [LEFT]) == [LEFT]


def test_only_ways():
    assert only_ways({"a": [1, 2], "b": [1]}) == [{"b": 1, "a": 2}]
    assert len(only_ways({"a": [1, 2], "b": [1, 2]})) == 2
    assert only_ways({"a": [1], "b": [1]}) == []
    assert len(only_ways({str(name): list(range(12)) for name in range(12)})) == 2
    assert only_ways({str(name): [name] for name in range(40)}) == [], "too many to try"


def test_two_arrays_that_could_be_the_input(tmp_path):
    assert "name the array" in problem(npz(tmp_path, a=np.zeros((5, 28, 28, 1)), b=np.zeros((5, 28, 28, 1))), IMAGE)


def test_different_numbers_of_samples(tmp_path):
    path = npz(tmp_path, left=np.zeros((5, 8)), right=np.zeros((6, 4, 4, 2)))
    assert "left: 5, right: 6" in problem(path, LEFT, RIGHT)

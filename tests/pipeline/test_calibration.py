from pathlib import Path

import numpy as np
import pytest

from envdoctor.core.errors import UsageProblem
from envdoctor.core.request import BuildOptions, Request
from envdoctor.pipeline.calibration import check_samples
from envdoctor.pipeline.sources import identify
from keras_files import write_keras


@pytest.fixture
def request_for(tmp_path):
    source = identify(write_keras(tmp_path / "model.keras"))

    def make(**options):
        return Request(source=source, options=BuildOptions(**options))

    return make


IMAGES = np.random.default_rng(0).uniform(0, 1, (5, 28, 28, 1))


def npz(folder, **arrays):
    np.savez(folder / "samples.npz", **arrays)
    return folder / "samples.npz"


def test_samples_that_fit(tmp_path, request_for):
    path = npz(tmp_path, x=IMAGES, y=np.zeros(5))
    assert check_samples(request_for(calibration=path, evaluation=path)) == ()


@pytest.mark.slow
def test_samples_that_would_fill_the_memory_are_refused(tmp_path, request_for):
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, x=np.zeros((43_000, 28, 28, 1), np.float32))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(UsageProblem, match=r"--calibration: .* would unpack to more than 100 times its size"):
        check_samples(request_for(calibration=path))


def test_nothing_to_check(request_for):
    check_samples(request_for())
    check_samples(Request())


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": np.zeros((5, 28, 28))}, "--calibration: samples.npz: x has the shape"),
        ({"x": np.full((5, 28, 28, 1), np.nan)}, "NaN or infinity"),
        ({"x": np.full((5, 28, 28, 1), np.inf, "float32")}, "NaN or infinity"),
        ({"x": np.full((5, 28, 28, 1), np.nan, ">f4")}, "NaN or infinity"),
    ],
)
def test_samples_that_do_not_fit(tmp_path, request_for, arrays, words):
    with pytest.raises(UsageProblem) as caught:
        check_samples(request_for(calibration=npz(tmp_path, **arrays)))
    assert words in str(caught.value)


def test_opposite_infinities_and_large_sums_are_told_apart(tmp_path, request_for):
    both = np.zeros((2, 28, 28, 1))
    both[0, 0, 0, 0], both[1, 0, 0, 0] = np.inf, -np.inf
    with pytest.raises(UsageProblem, match="NaN or infinity"):
        check_samples(request_for(calibration=npz(tmp_path, x=both)))
    large = np.where(IMAGES > 0.5, 3e38, 1e38).astype("float32")
    check_samples(request_for(calibration=npz(tmp_path, x=large)))


def test_evaluation_needs_no_labels(tmp_path, request_for):
    assert check_samples(request_for(evaluation=npz(tmp_path, x=IMAGES))) == ()


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.zeros(4), r"samples.npz: y has the shape \(4,\); give one class number for each of the 5 samples"),
        (np.float32(1), r"y has the shape \(\)"),
        (np.array(list("abcde")), "y has the element type <U1; give class numbers"),
        (np.array([0, 1, 2, 3, -1]), "the class numbers in 'y' go from -1 to 3"),
        (np.array([0, 1, 2, 3, 10]), "go from 0 to 10, and the model has 10 classes; they are counted from 0"),
        (np.linspace(0, 1, 5), "y holds fractions; accuracy is counted over one class number for each sample"),
        (np.array([0, 1, np.nan, 3, 1]), "y holds NaN or infinity"),
        (np.full((5, 2), 0.5), r"y has the shape \(5, 2\) and is not one-hot"),
        (np.ones((5, 2), "int8"), r"y has the shape \(5, 2\) and is not one-hot"),
        (np.eye(5, 12, 7), "go from 7 to 11, and the model has 10 classes"),
    ],
)
def test_labels_that_do_not_belong_to_the_samples(tmp_path, request_for, labels, words):
    with pytest.raises(UsageProblem, match=words):
        check_samples(request_for(evaluation=npz(tmp_path, x=IMAGES, y=labels)))


@pytest.mark.parametrize(
    "labels",
    [np.eye(5), np.eye(5, 10, 5, dtype="uint8"), np.arange(5, 10.0), np.array([[0], [9], [1], [2], [3]], ">i4")],
)
def test_labels_that_will_do(tmp_path, request_for, labels):
    check_samples(request_for(evaluation=npz(tmp_path, x=IMAGES, y=labels)))


def test_a_name_that_cannot_be_asked_about(request_for):
    with pytest.raises(UsageProblem, match=r"--calibration: x+ (can't be read: File name too long|does not exist)"):
        check_samples(request_for(calibration=Path("x" * 300)))


def test_a_missing_file(tmp_path, request_for):
    with pytest.raises(UsageProblem, match="does not exist"):
        check_samples(request_for(calibration=tmp_path / "none.npz"))


def test_a_model_whose_inputs_are_not_known(tmp_path):
    def forget(config):
        config["config"]["layers"].pop(0)

    source = identify(write_keras(tmp_path / "m.keras", change=forget))
    check_samples(Request(source=source, options=BuildOptions(calibration=npz(tmp_path, x=np.zeros((5, 3))))))


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((5, 28, 28, 1)), "every number in samples.npz is 0: give samples that differ"),
        (np.ones((1, 28, 28, 1)), "every number in samples.npz is 1"),
        (np.tile(IMAGES[:1], (5, 1, 1, 1)), "all samples in samples.npz are the same"),
    ],
)
@pytest.mark.parametrize("option", ["calibration", "evaluation"])
def test_samples_that_say_nothing(tmp_path, request_for, option, images, words):
    with pytest.raises(UsageProblem, match=words):
        check_samples(request_for(**{option: npz(tmp_path, x=images, y=np.zeros(len(images)))}))


def test_an_input_that_is_always_the_same_beside_one_that_is_not(tmp_path):
    def two(config):
        config["config"]["layers"][:1] = [_input("ids"), _input("mask")]
        config["config"]["input_layers"] = [["ids", 0, 0], ["mask", 0, 0]]

    source = identify(write_keras(tmp_path / "m.keras", change=two))
    given = npz(tmp_path, ids=np.arange(40).reshape(10, 4), mask=np.ones((10, 4)))
    (note,) = check_samples(Request(source=source, options=BuildOptions(calibration=given)))
    assert note.startswith("'mask' is the same in all samples of --calibration")
    given = npz(tmp_path, ids=np.zeros((10, 4)), mask=np.ones((10, 4)))
    with pytest.raises(UsageProblem, match="every number"):
        check_samples(Request(source=source, options=BuildOptions(calibration=given)))


def _input(name):
    return {"class_name": "InputLayer", "config": {"name": name, "batch_shape": [None, 4], "dtype": "float32"}}


def files(folder, calibration, evaluation):
    np.savez(folder / "first.npz", x=calibration)
    np.savez(folder / "second.npz", x=evaluation, y=np.zeros(len(evaluation)))
    return {"calibration": folder / "first.npz", "evaluation": folder / "second.npz"}


def test_a_stray_number_is_no_other_scale(tmp_path, request_for):
    stray = IMAGES.copy()
    stray[0, 0, 0, 0] = 60
    assert check_samples(request_for(**files(tmp_path, IMAGES, stray))) == ()


def test_samples_that_are_not_scaled_alike(tmp_path, request_for):
    words = "--calibration for '.*' go from -.* to .*, those of --evaluate from .*: scale both"
    with pytest.raises(UsageProblem, match=words):
        check_samples(request_for(**files(tmp_path, IMAGES * 2 - 1, IMAGES * 255)))
    with pytest.raises(UsageProblem, match="scale both"):
        check_samples(request_for(**files(tmp_path, np.round(IMAGES * 255).astype("uint8"), IMAGES)))


@pytest.mark.parametrize(("first", "second"), [(1, 3), (3, 1)])
def test_samples_most_of_which_lie_beyond_the_others_are_worth_a_word(tmp_path, request_for, first, second):
    """As of two inputs of one shape whose arrays were swapped in one of the files."""
    (note,) = check_samples(request_for(**files(tmp_path, IMAGES * first, IMAGES * second)))
    assert "which int8 cuts off or makes coarse: are the arrays those of this input" in note
    assert check_samples(request_for(**files(tmp_path, IMAGES, IMAGES * 1.5))) == ()


def scaling(scale):
    def add(config):
        config["config"]["layers"].insert(1, {"class_name": "Rescaling", "config": {"name": "r", "scale": scale}})

    return add


@pytest.mark.parametrize(
    ("scale", "images", "accepted"),
    [
        (1 / 255, IMAGES, False),
        (1 / 127.5, IMAGES * 2 - 1, False),
        (1 / 255, (IMAGES - 0.45) / 0.22, False),
        (1 / 32768, IMAGES * 2 - 1, False),
        (1 / 32768, IMAGES * 400 - 200, True),
        (1 / 255, IMAGES * 255, True),
        (1 / 255, np.round(IMAGES * 4), True),
        (640.0, IMAGES, True),
        (0.5, IMAGES, True),
        ([0.1, 0.2], IMAGES, True),
    ],
)
def test_samples_that_are_scaled_for_a_model_that_does_it_itself(tmp_path, scale, images, accepted):
    source = identify(write_keras(tmp_path / "m.keras", change=scaling(scale)))
    request = Request(source=source, options=BuildOptions(calibration=npz(tmp_path, x=images)))
    if accepted:
        assert check_samples(request) == ()
    else:
        with pytest.raises(UsageProblem, match=r"the model scales its input itself .* give them unscaled"):
            check_samples(request)


def test_pixels_for_a_model_that_does_not_scale_them_are_worth_a_word(tmp_path, request_for):
    pixels = np.round(IMAGES * 255).astype("uint8")
    (note,) = check_samples(request_for(calibration=npz(tmp_path, x=pixels)))
    assert "as pixels do, and no layer of the model scales them" in note
    (note,) = check_samples(request_for(calibration=npz(tmp_path, x=IMAGES * 255)))
    assert "as pixels do" in note, "ranges tell, not types"


@pytest.mark.parametrize("images", [IMAGES, IMAGES * 2 - 1, (IMAGES - 0.45) / 0.22, IMAGES * 180, IMAGES * 400])
def test_samples_that_may_be_right_need_no_word(tmp_path, request_for, images):
    assert check_samples(request_for(calibration=npz(tmp_path, x=images))) == ()


def test_pixels_for_a_model_that_takes_0_to_1_to_another_range(tmp_path):
    source = identify(write_keras(tmp_path / "m.keras", change=scaling(2.0)))
    request = Request(source=source, options=BuildOptions(calibration=npz(tmp_path, x=IMAGES * 255)))
    (note,) = check_samples(request)
    assert "the model's own Rescaling takes them times 2" in note


def test_pixels_are_not_negative(tmp_path):
    source = identify(write_keras(tmp_path / "m.keras", change=scaling(1 / 255)))
    (note,) = check_samples(
        Request(source=source, options=BuildOptions(calibration=npz(tmp_path, x=IMAGES * 255 - 120)))
    )
    assert "which no pixels do" in note
    assert "unscaled, as 0 to 255" in note


@pytest.mark.parametrize("first", ["BatchNormalization", "TrueDivide", "Normalization"])
def test_a_model_that_begins_with_arithmetic_may_take_anything(tmp_path, first):
    def change(config):
        layer = {
            "class_name": first,
            "module": "keras.src.ops.numpy" if first == "TrueDivide" else "keras.layers",
            "config": {"name": "f"},
        }
        config["config"]["layers"].insert(1, layer)

    source = identify(write_keras(tmp_path / "m.keras", change=change))
    request = Request(source=source, options=BuildOptions(calibration=npz(tmp_path, x=IMAGES * 255)))
    assert check_samples(request) == ()


def test_of_two_layers_that_scale_nothing_is_known(tmp_path):
    def change(config):
        scaling(1 / 255)(config)
        config["config"]["layers"].insert(1, {"class_name": "Rescaling", "config": {"name": "up", "scale": 255.0}})

    source = identify(write_keras(tmp_path / "m.keras", change=change))
    request = Request(source=source, options=BuildOptions(calibration=npz(tmp_path, x=IMAGES)))
    assert check_samples(request) == ()

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


def npz(folder, **arrays):
    np.savez(folder / "samples.npz", **arrays)
    return folder / "samples.npz"


def test_samples_that_fit(tmp_path, request_for):
    path = npz(tmp_path, x=np.zeros((5, 28, 28, 1)), y=np.zeros(5))
    check_samples(request_for(calibration=path, evaluation=path))


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
    check_samples(request_for(calibration=npz(tmp_path, x=np.full((9, 28, 28, 1), 3e38, "float32"))))


def test_evaluation_needs_labels(tmp_path, request_for):
    with pytest.raises(UsageProblem, match="no array 'y'"):
        check_samples(request_for(evaluation=npz(tmp_path, x=np.zeros((5, 28, 28, 1)))))


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.zeros(4), r"samples.npz: y has the shape \(4,\); give one class number for each of the 5 samples"),
        (np.float32(1), r"y has the shape \(\)"),
        (np.array(list("abcde")), "y has the element type <U1; give class numbers"),
    ],
)
def test_labels_that_do_not_belong_to_the_samples(tmp_path, request_for, labels, words):
    with pytest.raises(UsageProblem, match=words):
        check_samples(request_for(evaluation=npz(tmp_path, x=np.zeros((5, 28, 28, 1)), y=labels)))


def test_one_hot_labels_will_do(tmp_path, request_for):
    check_samples(request_for(evaluation=npz(tmp_path, x=np.zeros((5, 28, 28, 1)), y=np.eye(5))))


def test_a_name_that_cannot_be_asked_about(request_for):
    with pytest.raises(UsageProblem, match=r"--calibration: x+ can't be read: File name too long"):
        check_samples(request_for(calibration=Path("x" * 300)))


def test_a_missing_file(tmp_path, request_for):
    with pytest.raises(UsageProblem, match="does not exist"):
        check_samples(request_for(calibration=tmp_path / "none.npz"))


def test_a_model_whose_inputs_are_not_known(tmp_path):
    def forget(config):
        config["config"]["layers"].pop(0)

    source = identify(write_keras(tmp_path / "m.keras", change=forget))
    check_samples(Request(source=source, options=BuildOptions(calibration=npz(tmp_path, x=np.zeros((5, 3))))))

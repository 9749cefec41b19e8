"""The arena that is told from a file, against what the interpreter measured (tests/data/tflm/measured.json)."""

import json

import pytest

from envdoctor.compilers.tflm.estimate import estimate
from envdoctor.tflite.reader import read_model
from keras_files import DATA
from shared_data import shared

MEASURED = json.loads((DATA / "tflm/measured.json").read_text())


def told(model):
    needs = estimate(model).needs
    return needs["in use"], needs["arena"]


def check(path):
    used, needed = MEASURED[path.stem]
    predicted_used, predicted_needed = told(read_model(path))
    assert abs(predicted_used - used) <= 0.02 * used
    assert -0.001 * needed <= predicted_needed - needed <= max(0.02 * needed, 64)


@pytest.mark.parametrize("path", sorted((DATA / "tflm/models").glob("*.tflite")), ids=lambda path: path.stem)
def test_a_model_of_ours(path):
    check(path)


@pytest.mark.slow
def test_public_models():
    found = [path for path in sorted(shared("data/edgetpu/models").glob("*.tflite")) if path.stem in MEASURED]
    assert len(found) > 40
    for path in found:
        check(path)

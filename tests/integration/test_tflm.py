"""TensorFlow Lite Micro's real interpreter: what it measures is what is predicted, and what it refuses is a finding."""

import json
import subprocess
import sys

import pytest

from envdoctor.action import StageFailed
from envdoctor.compilers.tflm.action import ACTIONS
from envdoctor.compilers.tflm.estimate import estimate
from envdoctor.pipeline.sources import identify
from envdoctor.tflite.reader import read_model
from keras_files import DATA
from stages import run_stage

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

MEASURED = json.loads((DATA / "tflm/measured.json").read_text())


@pytest.mark.parametrize("name", ["unet_int8", "convt_i16"])
def test_a_model_runs_as_in_litert_and_takes_what_was_predicted(name, tmp_path):
    path = DATA / f"tflm/models/{name}.tflite"
    output, _ = run_stage(ACTIONS[0], tmp_path / "stage", identify(path), "tflm")
    arena = output.summary["arena"]
    assert [arena["bytes_used"], arena["bytes_needed"]] == MEASURED[name]
    assert abs(estimate(read_model(path)).needs["in use"] - arena["bytes_used"]) <= 0.02 * arena["bytes_used"]
    assert all("are equal" in words for words in output.summary["litert"].values())
    assert not output.findings


def test_what_it_does_not_have_is_told_in_its_words(tmp_path):
    source = identify(DATA / "tflite/pixels.tflite")
    with pytest.raises(StageFailed) as caught:
        run_stage(ACTIONS[1], tmp_path / "stage", source, "tflm")
    told = estimate(read_model(source.path)).refused
    assert caught.value.finding.name == "tflm-operator-missing"
    assert "Didn't find op for builtin opcode 'TILE'" in caught.value.finding.message
    assert any("Didn't find op for builtin opcode 'TILE'" in words for words in told)


def test_an_arena_that_is_too_small_fails_the_build(tmp_path):
    model = DATA / "tflm/models/unet_int8.tflite"
    argv = ("build", str(model), "--to", "tflm", "--no-fallback", "--out", str(tmp_path))
    for limit, status in (("8k", 4), ("64k", 0)):
        done = subprocess.run(
            (sys.executable, "-m", "envdoctor", *argv, "--arena", limit), capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stdout
        assert ("RUN246" in done.stdout) == (status == 4)

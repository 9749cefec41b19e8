"""A model whose quantization was taken out, beside what it was."""

import types

import pytest

from envdoctor.stages.workers.samples import Samples
from envdoctor.stages.workers.stage import Problem
from envdoctor.stages.workers.turned import taken_out

np = pytest.importorskip("numpy")
GENERATOR = np.random.default_rng(7)
SAMPLES = Samples({"x": GENERATOR.normal(size=(20, 6)).astype("float32")})


def _source(before):
    predict = lambda sample: {"output_0": sample["x"]}  # noqa: E731
    return types.SimpleNamespace(predict=predict, before=before)


def test_nothing_is_said_of_a_model_that_had_none():
    assert taken_out(_source(None), SAMPLES) == {}


def test_how_far_the_outputs_are_from_those_of_before_is_told():
    told = taken_out(_source(lambda sample: {"output_0": np.round(sample["x"], 1)}), SAMPLES)
    assert told["unquantized"].startswith("the outputs differ by ")
    assert "cosine 0.99" in told["unquantized"]


def test_a_model_that_leans_on_its_quantization_is_refused():
    """RUN346."""
    with pytest.raises(Problem) as caught:
        taken_out(_source(lambda sample: {"output_0": np.abs(sample["x"])}), SAMPLES)
    assert caught.value.name == "onnx-quantization-essential"
    assert "cosine" in caught.value.message

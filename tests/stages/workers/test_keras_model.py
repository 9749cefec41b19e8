"""What is changed in the stored configuration of a Keras model; loading one needs TensorFlow (see integration)."""

import pytest

from envdoctor.stages.workers import keras_model


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mixed_float16", "computes in float32 instead of mixed precision"),
        ("float16", "computes in float32 instead of float16"),
        ("float64", "computes in float32 instead of float64"),
    ],
)
def test_other_floats_become_float32(name, words):
    policy = {"class_name": "DTypePolicy", "config": {"name": name}}
    config = {"layers": [{"class_name": "Dense", "config": {"name": "d", "dtype": policy}}]}
    assert keras_model._adapt(config, {}, unroll=False) == (words,)
    assert policy["config"]["name"] == "float32"


def test_element_types_that_stand_alone_become_float32():
    config = {"layers": [{"class_name": "InputLayer", "config": {"name": "x", "dtype": "float64"}}]}
    assert keras_model._adapt(config, {}, unroll=False) == ("computes in float32 instead of float64",)
    assert config["layers"][0]["config"]["dtype"] == "float32"


def test_float32_stays():
    policy = {"class_name": "DTypePolicy", "config": {"name": "float32"}}
    layers = [{"class_name": "Dense", "config": {"dtype": policy}}, {"class_name": "Add", "config": {"dtype": "int32"}}]
    assert keras_model._adapt({"layers": layers}, {}, unroll=False) == ()

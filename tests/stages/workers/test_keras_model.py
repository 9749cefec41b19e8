"""What is changed in the stored configuration of a Keras model; loading one needs TensorFlow (see integration)."""

import contextlib
import os
import sys
from types import SimpleNamespace

import pytest

from envdoctor.stages.workers import keras_model
from envdoctor.stages.workers.keras_file import refuse_code
from envdoctor.stages.workers.stage import Problem


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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no FIFOs")
def test_a_pipe_in_the_files_place_is_not_waited_for(tmp_path):
    path = tmp_path / "m.keras"
    os.mkfifo(path)
    with pytest.raises(Problem, match="is no regular file") as caught:
        keras_model.load(path, keras_model.Trust(code=True, names={}))
    assert caught.value.name == "keras-file-unreadable"


def test_a_configuration_that_is_no_text_can_not_be_read(tmp_path, monkeypatch):
    """HDF5 keeps arrays of texts too, as which h5py gives the attribute."""
    path = tmp_path / "m.h5"
    path.write_bytes(b"HDF5")
    file = contextlib.nullcontext(SimpleNamespace(attrs={"model_config": ["{}"]}))
    monkeypatch.setitem(sys.modules, "h5py", SimpleNamespace(is_hdf5=lambda _: True, File=lambda *_: file))
    with pytest.raises(Problem, match="can't be read") as caught:
        refuse_code(path, {})
    assert caught.value.name == "keras-file-unreadable"


def test_what_is_loaded_is_what_was_looked_at(tmp_path, monkeypatch):
    """The file changes between the two: a copy was taken before."""
    path = tmp_path / "m.keras"
    path.write_bytes(b"looked at")
    loaded = []

    def load(copy, _):
        path.write_bytes(b"changed")
        loaded.append((copy.name, copy.read_bytes()))
        return type("Model", (), {"inputs": ["x"], "layers": []})()

    monkeypatch.setattr(keras_model, "_load", load)
    keras_model.load(path, keras_model.Trust(code=False, names={}))
    assert loaded == [("m.keras", b"looked at")]

import numpy as np
import pytest

from keras_files import DATA

pytest.importorskip("ai_edge_litert", reason="ai-edge-litert has no wheel here")

from envdoctor.stages.workers import litert_run

INT8 = {"dtype": np.int8, "quantization": (0.5, -3)}


def test_inputs_are_named_as_the_signature_names_them():
    (spec,) = litert_run.input_specs((DATA / "tflite/pixels.tflite").read_bytes())
    assert (spec.name, spec.shape, spec.dtype) == ("pixels", (None, 4, 4, 1), "uint8")


def test_sizes_are_taken_from_the_caller():
    data = (DATA / "tflite/flatten_dynamic_batch.tflite").read_bytes()
    (name,) = litert_run.open_model(data).inputs
    runner = litert_run.open_model(data, {name: (3, 8, 8, 1)})
    (output,) = runner.predict({name: np.zeros((3, 8, 8, 1), np.float32)}).values()
    assert output.shape == (3, 3)


def test_numbers_are_rounded_and_clipped():
    stored = litert_run.quantize(np.array([0.0, 0.74, -0.76, 100.0, -100.0]), INT8)
    assert stored.tolist() == [-3, -2, -5, 127, -128]
    assert litert_run.dequantize(stored, INT8).tolist() == [0.0, 0.5, -1.0, 65.0, -62.5]


def test_numbers_that_are_not_quantized_stay():
    plain = {"dtype": np.int32, "quantization": (0.0, 0)}
    assert litert_run.quantize(np.array([3.0]), plain).tolist() == [3]
    assert litert_run.dequantize(np.array([3], np.int32), plain).tolist() == [3]

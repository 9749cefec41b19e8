"""Task: quantize a float .tflite file to int8 with the LiteRT quantizer.

Request: `source`, `output`, `calibration` or `random`, `evaluation`, `reference` (a folder to write the float model's
answers to, or null if an earlier stage did), `io_type`, `per_tensor_dense`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import litert_run, reference
from .same_model import HYBRID_TOLERANCE, TOLERANCE, compare_forms
from .samples import Samples, fixed_inputs, for_request
from .stage import Problem
from .tflite_edges import convert_edges_to_uint8
from .tflite_graph import Graph
from .tflite_prepare import Prepared, prepare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .arrays import InputSpec
    from .untyped import Array, Recipe

_CALIBRATED = 500
_ANY = ".*"
_BITS = 8


@dataclass(frozen=True)
class Source:
    """A float model, its inputs with all sizes fixed, and samples for them."""

    data: bytes
    inputs: tuple[InputSpec, ...]
    samples: Samples


def run(request: Mapping[str, Any]) -> Mapping[str, object]:
    """Carry out a request; see the module."""
    source = _read(request)
    shapes = {spec.name: spec.shape or () for spec in source.inputs}
    prepared = prepare(source.data, shapes)
    original = litert_run.open_model(source.data, shapes)
    _prove_unchanged(original, prepared, source.samples)
    if request.get("reference"):
        made = reference.make(original.predict, "LiteRT", source.samples, request, source.inputs)
        reference.write(Path(request["reference"]), made)
    graph = Graph(_quantized(prepared, source.samples, per_tensor_dense=request["per_tensor_dense"]))
    if request["io_type"] == "uint8":
        convert_edges_to_uint8(graph)
    Path(request["output"]).write_bytes(graph.pack())
    return {
        "samples": source.samples.count,
        "random": source.samples.random,
        "prepared": list(prepared.changes),
        "moved_inside": graph.moved_inside,
    }


def _read(request: Mapping[str, Any]) -> Source:
    data = Path(request["source"]).read_bytes()
    inputs = litert_run.input_specs(data)
    samples = for_request(request, inputs, _CALIBRATED)
    if samples is None:
        raise Problem("calibration-missing", "an int8 conversion needs samples; give them with --calibration.")
    return Source(data, fixed_inputs(inputs, samples), samples)


def _prove_unchanged(original: litert_run.Runner, prepared: Prepared, samples: Samples) -> None:
    again = litert_run.open_model(prepared.data)
    by_position = dict(zip(original.inputs, again.inputs, strict=True))
    outputs = dict(zip(again.outputs, original.outputs, strict=True))

    def answer(sample: Mapping[str, Array]) -> Mapping[str, Array]:
        given = again.predict({by_position[name]: value for name, value in sample.items()})
        return {outputs[name]: value for name, value in given.items()}

    tolerance = HYBRID_TOLERANCE if prepared.was_hybrid else TOLERANCE
    compare_forms(samples, original.predict, answer, "preparing it for the quantizer", tolerance)


def _quantized(prepared: Prepared, samples: Samples, *, per_tensor_dense: bool) -> bytes:
    """Quantize weights and activations to int8."""
    from litert_quantizer import qtyping, quantizer

    recipe = [(qtyping.TFLOperationName.ALL_SUPPORTED, qtyping.QuantGranularity.CHANNELWISE)]
    if per_tensor_dense:
        recipe.append((qtyping.TFLOperationName.FULLY_CONNECTED, qtyping.QuantGranularity.TENSORWISE))
    work = quantizer.Quantizer(bytearray(prepared.data))
    for operation, granularity in recipe:
        work.add_static_config(
            regex=_ANY,
            operation_name=operation,
            activation_num_bits=_BITS,
            weight_num_bits=_BITS,
            weight_granularity=granularity,
        )
    result = work.quantize(_ranges(prepared, samples, work.get_quantization_recipe()))
    return bytes(result.quantized_model)


def _ranges(prepared: Prepared, samples: Samples, recipe: Recipe) -> Mapping[str, Any]:
    """The smallest and largest value of each tensor over all samples, as TensorFlow's converter takes them.

    The quantizer's own choice, a moving average over the samples, narrows the ranges and clips what lies outside.
    """
    from litert_quantizer import calibrator, recipe_manager
    from litert_quantizer.utils import qsv_utils

    manager = recipe_manager.RecipeManager()
    manager.load_quantization_recipe(recipe)
    runner = litert_run.open_model(prepared.data)
    fed = [  # a list: it is gone through twice
        dict(zip(runner.inputs, (sample[name] for name in samples.inputs), strict=True))
        for sample in samples.one_by_one()
    ]
    calibration = calibrator.Calibrator(prepared.data, qsv_update_func=qsv_utils.min_max_update)
    calibration.calibrate({prepared.signature: fed}, manager)
    ranges: Mapping[str, Any] = calibration.get_model_qsvs()
    return ranges

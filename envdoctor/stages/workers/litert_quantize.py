"""Task: quantize a float .tflite file with the LiteRT quantizer.

Request: `source`, `output`, `form` (a key of `FORMS`), for `mixed` a `recipe` and whether it is `calibrated`,
`calibration` or `random`, `evaluation`, `reference` (a folder to write the float model's answers to, or null if an
earlier stage did), and for int8 `io_type`, `per_tensor_dense` and `keep_composites`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import finite_masks, litert_run, reference, zipped_files
from .mends import integer_edges, integer_islands, transposed_convolution
from .recipe import check_recipe
from .same_model import HYBRID_TOLERANCE, TOLERANCE, compare_forms, influence, require_single
from .samples import Samples, fixed_inputs, for_request, labelled_for_request, make_up, taken_sizes
from .stage import Problem
from .tflite_edges import convert_edges_to_uint8
from .tflite_graph import Graph, prune
from .tflite_prepare import Prepared, prepare
from .weights import Compared, compare_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .arrays import InputSpec
    from .same_model import Predict
    from .untyped import Array, Recipe

_CALIBRATED = 500
_ANY = ".*"
_BITS = 8
#: What can be made, and the bits of activations: 0 for forms that compute in floats and need no samples.
FORMS = {"int8": 8, "int16x8": 16, "dynamic": 0, "weight-only": 0, "float16": 0, "mixed": 0}
_HALF = 16


@dataclass(frozen=True)
class Source:
    """A float model, its inputs with all sizes fixed, and samples for them."""

    data: bytes
    inputs: tuple[InputSpec, ...]
    samples: Samples
    labelled: Samples | None
    sizes: list[str]


def run(request: Mapping[str, Any]) -> Mapping[str, object]:
    """Carry out a request; see the module."""
    bits, entries = FORMS[request["form"]], request.get("recipe")
    calibrated = bits > 0 or request.get("calibrated", False)
    source = _read(request, needs_samples=calibrated)
    shapes = {spec.name: spec.shape or () for spec in source.inputs}
    prepared = prepare(source.data, shapes, bits=bits or 8 * calibrated)
    original = litert_run.open_model(source.data, shapes)
    require_single(
        litert_run.input_specs(source.data), source.samples, _for_a_whole_batch(source.data), original.predict
    )
    names = _prove_unchanged(original, prepared, source.samples)
    if bits:
        prepared = _with_finite_masks(original, prepared, source.samples, names)
    if request.get("reference"):
        made = reference.make(original.predict, "LiteRT", source.samples, source.labelled)
        reference.write(Path(request["reference"]), made)
    weights, samples = Compared("", 0.0), source.samples.renamed(names)
    if entries:
        graph = Graph(_by_recipe(prepared, entries, samples if calibrated else None))
    elif bits:
        graph = Graph(_quantized(prepared, samples, bits, request))
    else:
        graph = Graph(_with_small_weights(prepared, request["form"]))
        weights = compare_weights(Graph(prepared.data), graph)
    changes = [*prepared.changes, *transposed_convolution.apply(graph, {})]
    if request["form"] == "int8" and not request.get("floats_stay"):
        changes += integer_islands.apply(graph, {})
        changes += integer_edges.apply(graph, {}) if request["io_type"] != "float32" else []
    if bits == FORMS["int16x8"]:
        _take_any_scale(graph)
        _restore_biases(graph, Graph(prepared.data))
    prune(graph)
    if request["form"] == "int8" and request["io_type"] == "uint8":
        convert_edges_to_uint8(graph)
    Path(request["output"]).write_bytes(_with_files_behind(source.data, graph.pack()))
    return {
        "samples": source.samples.count,
        "random": source.samples.random,
        "matched": source.samples.told,
        "prepared": changes,
        "weights": weights.words,
        "float_weights_share": weights.left,
        "moved_inside": graph.moved_inside,
        "sizes": source.sizes,
        "influence": influence(
            source.samples, lambda batch: litert_run.predict_batch(source.data, batch), original.predict
        ),
    }


def _take_any_scale(graph: Graph) -> None:
    """Keep ADD and SUB on int16 out of old kernels that shift by powers of two.

    They refuse to add tensors of another scale, as 1 and an exponential, whose scales are such powers by chance.
    """
    for operator in graph.main.operators:
        if graph.operator_name(operator) in {"ADD", "SUB"} and operator.builtinOptions is not None:
            operator.builtinOptions.potScaleInt16 = False


def _restore_biases(graph: Graph, original: Graph) -> None:
    """Write biases anew that the quantizer cut off at 32 bits; beside int16 they have 64."""
    import numpy as np

    found = {tensor.name: index for index, tensor in enumerate(original.main.tensors)}
    for operator in graph.main.operators:
        for index in operator.inputs[2:3]:
            if index >= 0 and graph.dtype(index) == "INT64" and graph.is_constant(index):
                tensor = graph.main.tensors[index]
                if np.isin(graph.constant(index), (np.iinfo("int32").min, np.iinfo("int32").max)).any():
                    wide = original.constant(found[tensor.name]) / np.asarray(tensor.quantization.scale, "float64")
                    graph.make_constant(index, np.round(wide).astype("int64"))


def _with_files_behind(source: bytes, packed: bytes) -> bytes:
    """What was made, with the files behind it that were zipped behind the source (labels)."""
    behind = zipped_files.find(source)
    return packed if behind is None else packed + behind.at(len(packed))


def _read(request: Mapping[str, Any], *, needs_samples: bool) -> Source:
    data = Path(request["source"]).read_bytes()
    inputs = litert_run.input_specs(data)
    samples = for_request(request, inputs, _CALIBRATED)
    if samples is None and needs_samples:
        raise Problem("calibration-missing", "an integer conversion needs samples; give them with --calibration.")
    fixed = fixed_inputs(inputs, samples)
    labelled = labelled_for_request(request, inputs)
    return Source(data, fixed, samples or make_up(fixed, smooth=True), labelled, taken_sizes(inputs, fixed))


def _for_a_whole_batch(data: bytes) -> Predict:
    """Runs the model in the shapes that the file has."""
    return lambda batch: litert_run.open_model(data).predict(batch)


def _prove_unchanged(original: litert_run.Runner, prepared: Prepared, samples: Samples) -> Mapping[str, str]:
    """Prove that the prepared model answers as the original; returns what the original's inputs are called in it.

    Both have their inputs and outputs in the order of the file: preparing it changes names, not that.
    """
    again = litert_run.open_model(prepared.data)
    by_position = dict(zip(original.inputs, again.inputs, strict=True))
    outputs = dict(zip(again.outputs, original.outputs, strict=True))

    def answer(sample: Mapping[str, Array]) -> Mapping[str, Array]:
        given = again.predict({by_position[name]: value for name, value in sample.items()})
        return {outputs[name]: value for name, value in given.items()}

    tolerance = HYBRID_TOLERANCE if prepared.was_hybrid else TOLERANCE
    compare_forms(samples, original.predict, answer, "preparing it for the quantizer", tolerance)
    return by_position


def _with_finite_masks(
    original: litert_run.Runner, prepared: Prepared, samples: Samples, names: Mapping[str, str]
) -> Prepared:
    """The model with masks that can be quantized, if it has others and answers the same with them."""
    data = finite_masks.make_finite(prepared.data, samples, names)
    if data is None:
        return prepared
    told = "wrote what masks scores (minus infinity, or nearly) as a finite number"
    masked = replace(prepared, data=data, changes=(*prepared.changes, told))
    try:
        _prove_unchanged(original, masked, samples)
    except Problem:
        return prepared
    return masked


def _with_small_weights(prepared: Prepared, form: str) -> bytes:
    """Store the weights as float16, or as int8: widened before use, or with activations quantized as operators run."""
    from litert_quantizer import qtyping, quantizer, recipe

    work = quantizer.Quantizer(bytearray(prepared.data))
    every = {"regex": _ANY, "operation_name": qtyping.TFLOperationName.ALL_SUPPORTED}
    if form == "float16":
        work.add_weight_only_config(**every, num_bits=_HALF, algorithm_key=recipe.AlgorithmName.FLOAT_CASTING)
    elif form == "weight-only":
        work.add_weight_only_config(**every, num_bits=_BITS)
    else:
        work.add_dynamic_config(**every, num_bits=_BITS)
    return bytes(work.quantize().quantized_model)


def _quantized(prepared: Prepared, samples: Samples, bits: int, request: Mapping[str, Any]) -> bytes:
    """Quantize weights to int8, and activations to integers of so many bits."""
    from litert_quantizer import qtyping, quantizer
    from litert_quantizer.recipe import AlgorithmName

    recipe = [
        (qtyping.TFLOperationName.ALL_SUPPORTED, qtyping.QuantGranularity.CHANNELWISE),
        # With a scale for each channel, which no kernel of it reads, all that it gives is zero.
        (qtyping.TFLOperationName.BATCH_MATMUL, qtyping.QuantGranularity.TENSORWISE),
    ]
    if request["per_tensor_dense"]:
        recipe.append((qtyping.TFLOperationName.FULLY_CONNECTED, qtyping.QuantGranularity.TENSORWISE))
    work = quantizer.Quantizer(bytearray(prepared.data))
    for operation, granularity in recipe:
        work.add_static_config(
            regex=_ANY,
            operation_name=operation,
            activation_num_bits=bits,
            weight_num_bits=_BITS,
            weight_granularity=granularity,
        )
    if request.get("keep_composites"):
        kept = qtyping.TFLOperationName.STABLEHLO_COMPOSITE
        work.update_quantization_recipe(regex=_ANY, operation_name=kept, algorithm_key=AlgorithmName.NO_QUANTIZE)
    if request["io_type"] == "float32":
        for edge in (qtyping.TFLOperationName.INPUT, qtyping.TFLOperationName.OUTPUT):
            work.update_quantization_recipe(regex=_ANY, operation_name=edge, algorithm_key=AlgorithmName.NO_QUANTIZE)
    result = work.quantize(_ranges(prepared, samples, work.get_quantization_recipe()))
    return bytes(result.quantized_model)


def _by_recipe(prepared: Prepared, entries: Recipe, samples: Samples | None) -> bytes:
    """Quantize as a recipe says; without samples if it takes none.

    Raises:
        Problem: the quantizer does not know what it says, or the model has nothing of it.
    """
    from litert_quantizer import quantizer

    check_recipe(entries, Graph(prepared.data))
    work = quantizer.Quantizer(bytearray(prepared.data))
    try:
        work.load_quantization_recipe(entries)
    except (ValueError, KeyError, TypeError) as error:
        raise Problem("recipe-refused", f"the quantizer refuses it: {' '.join(str(error).split())}") from error
    ranges = None if samples is None else _ranges(prepared, samples, work.get_quantization_recipe())
    return bytes(work.quantize(ranges).quantized_model)


def _ranges(prepared: Prepared, samples: Samples, recipe: Recipe) -> Mapping[str, Any]:
    """The smallest and largest value of each tensor over all samples, as TensorFlow's converter takes them.

    The quantizer's own choice, a moving average over the samples, narrows the ranges and clips what lies outside.
    """
    from litert_quantizer import calibrator, recipe_manager
    from litert_quantizer.utils import qsv_utils

    manager = recipe_manager.RecipeManager()
    manager.load_quantization_recipe(recipe)
    details = litert_run.open_model(prepared.data).inputs  # an input may be float now that took whole numbers
    fed = [  # a list: it is gone through twice
        {name: litert_run.quantize(value, details[name]) for name, value in sample.items()}
        for sample in samples.one_by_one()
    ]
    calibration = calibrator.Calibrator(prepared.data, qsv_update_func=qsv_utils.min_max_update)
    calibration.calibrate({prepared.signature: fed}, manager)
    ranges: Mapping[str, Any] = calibration.get_model_qsvs()
    return ranges

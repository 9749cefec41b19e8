"""Task: turn a Keras model or a SavedModel into a SavedModel with a batch of one, a float or an int8 .tflite file.

Request: `source`, `kind` (`keras` or `saved-model`), `trust_code` and `names` (see `keras_model.Trust`; a SavedModel
was judged before), `signature` (the one of a SavedModel that is meant, or null), `to` (`saved-model`, `float`, `int8`),
`output`, `work` (a folder for what is not kept),
`calibration` or `random`, `evaluation`, `reference` (a folder to write the
float model's answers to, or null), `unroll`, and for int8 `io_type` and `per_tensor_dense`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import keras_model, reference, saved_model
from .assignment import as_argument
from .mends import integer_islands, select, transposed_convolution, upsampling
from .same_model import CHANGED_TOLERANCE, compare_forms, influence, require_single
from .samples import fixed_inputs, for_request, labelled_for_request, make_up, taken_sizes
from .stage import Problem
from .tflite_edges import convert_edges_to_uint8, strip_input_casts
from .tflite_graph import Graph, prune

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .arrays import InputSpec
    from .same_model import Predict
    from .samples import Samples
    from .untyped import ConcreteFunction, KerasModel

#: Ranges hardly change beyond this many samples; TensorFlow keeps the largest and smallest value of each tensor.
_CALIBRATED = 500


@dataclass(frozen=True)
class Exported:
    """A SavedModel with one signature, all sizes fixed.

    Attributes:
        samples: calibration samples by the signature's input names; None if there are none.
        labelled: samples with labels, by the same names; None if there are none.
        changes: what was done to a Keras model before it was exported.
        sizes: what was taken for sizes that the model leaves open.
        influence: how the samples of a batch change each other's answers; see `same_model.influence`.
    """

    folder: Path
    function: ConcreteFunction
    inputs: tuple[InputSpec, ...]
    samples: Samples | None
    labelled: Samples | None
    changes: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    influence: str = ""


def run(request: Mapping[str, Any]) -> Mapping[str, object]:
    """Carry out a request; see the module."""
    exported = _from_keras(request) if request["kind"] == "keras" else _from_saved_model(request)
    import tensorflow as tf  # late: a file that is refused costs no seconds

    values: dict[str, object] = {"tensorflow": tf.__version__}
    if exported.samples is not None:
        values |= {
            "samples": exported.samples.count,
            "random": exported.samples.random,
            "matched": exported.samples.told,
        }
        if request.get("reference"):
            _write_reference(exported, exported.samples, request)
    values |= {"changes": list(exported.changes), "sizes": list(exported.sizes), "influence": exported.influence}
    if request["to"] != "saved-model":
        model = _convert(exported, request)
        stripped: list[str] = []
        if request["to"] == "int8":
            model, stripped = _tidied(model, request["io_type"], floats_stay=request.get("floats_stay", False))
        if stripped:
            values["stripped"] = stripped
        Path(request["output"]).write_bytes(model)
    return values


def _tidied(model: bytes, io_type: str, *, floats_stay: bool) -> tuple[bytes, list[str]]:
    """The model with inputs of its own element type in place of whole numbers that it casts, in forms that more know.

    Returns:
        The model, and the names of those inputs.
    """
    graph = Graph(model)
    stripped = strip_input_casts(graph)
    rewritten = [words for form in (select, upsampling, transposed_convolution) for words in form.apply(graph, {})]
    rewritten += [] if floats_stay else integer_islands.apply(graph, {})
    if not stripped and not rewritten:
        return model, []
    prune(graph)
    if stripped and io_type == "uint8":
        convert_edges_to_uint8(graph)
    return graph.pack(), stripped


def _from_keras(request: Mapping[str, Any]) -> Exported:
    trust = keras_model.Trust(request["trust_code"], request["names"])
    original = keras_model.load(Path(request["source"]), trust)
    inputs = keras_model.inputs_of(original)
    samples, labelled = for_request(request, inputs, _CALIBRATED), labelled_for_request(request, inputs)
    original_sizes = fixed = fixed_inputs(inputs, samples)
    probes = samples or make_up(fixed)
    require_single(inputs, probes, _answers_of(original), _answers_of(original))
    model, changes = keras_model.adapted(original, fixed, Path(request["work"]), trust, unroll=request["unroll"])
    if changes:
        what = f"a change of its form ({', '.join(changes)})"
        compare_forms(probes, _answers_of(original), _answers_of(model), what, CHANGED_TOLERANCE)
    folder = _export_folder(request)
    fixed = fixed_inputs(keras_model.inputs_of(model), probes)
    keras_model.export(model, fixed, folder)
    names = {spec.name: as_argument(spec.name) for spec in fixed}
    exported = _open(
        folder, samples and _as_arguments(samples, fixed), labelled and _as_arguments(labelled, fixed), changes
    )
    compare_forms(
        probes,
        _answers_of(model),
        lambda sample: saved_model.answers(
            exported.function, {names[spec.name]: sample[spec.name].astype(spec.dtype) for spec in fixed}
        ),
        "exporting it",
    )
    return replace(
        exported,
        sizes=tuple(taken_sizes(inputs, original_sizes)),
        influence=influence(probes, _answers_of(original), _answers_of(original)),
    )


def _answers_of(model: KerasModel) -> Predict:
    return lambda sample: keras_model.answers(model, sample)


def _from_saved_model(request: Mapping[str, Any]) -> Exported:
    source = Path(request["source"])
    loaded = saved_model.load(source)
    name, function = saved_model.signature_of(loaded, request.get("signature"))
    inputs = saved_model.inputs_of(function)
    samples, labelled = for_request(request, inputs, _CALIBRATED), labelled_for_request(request, inputs)
    is_fixed = name == saved_model.SIGNATURE and saved_model.is_static(inputs)
    if is_fixed and saved_model.owns_variables(loaded, function) and request["to"] != "saved-model":
        return Exported(source, function, inputs, samples, labelled)
    folder = _export_folder(request)
    fixed = fixed_inputs(inputs, samples)
    saved_model.fix(loaded, name, fixed, folder)
    return replace(
        _open(folder, samples, labelled),
        sizes=tuple(taken_sizes(inputs, fixed)),
        influence=influence(samples or make_up(fixed), *[lambda sample: saved_model.answers(function, sample)] * 2),
    )


def _export_folder(request: Mapping[str, Any]) -> Path:
    return Path(request["output"]) if request["to"] == "saved-model" else Path(request["work"]) / "exported"


def _open(folder: Path, samples: Samples | None, labelled: Samples | None, changes: tuple[str, ...] = ()) -> Exported:
    function = saved_model.load(folder).signatures[saved_model.SIGNATURE]
    inputs = saved_model.inputs_of(function)
    if not saved_model.is_static(inputs):
        described = ", ".join(spec.describe() for spec in inputs)
        raise Problem("batch-not-fixed", f"the exported model's inputs are not fixed to a batch of one: {described}.")
    return Exported(folder, function, inputs, samples, labelled, changes)


def _as_arguments(samples: Samples, inputs: Sequence[InputSpec]) -> Samples:
    """Samples under the names, and in the element types, that the exported signature has."""
    arrays = {as_argument(spec.name): samples.inputs[spec.name].astype(spec.dtype, copy=False) for spec in inputs}
    return replace(samples, inputs=arrays)


def _write_reference(exported: Exported, samples: Samples, request: Mapping[str, Any]) -> None:
    import tensorflow as tf

    made = reference.make(
        lambda sample: saved_model.answers(exported.function, sample),
        f"TensorFlow {tf.__version__}",
        samples,
        exported.labelled,
    )
    reference.write(Path(request["reference"]), made)


def _convert(exported: Exported, request: Mapping[str, Any]) -> bytes:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(str(exported.folder), signature_keys=[saved_model.SIGNATURE])
    if request["to"] == "int8":
        samples = exported.samples
        if samples is None and not request.get("learnt_ranges"):
            raise Problem("calibration-missing", "an int8 conversion needs samples; give them with --calibration.")
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if samples is not None:
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.representative_dataset = samples.one_by_one
        converter.inference_input_type = converter.inference_output_type = getattr(tf, request["io_type"])
        if request["per_tensor_dense"] or request["unroll"]:
            # From 2.17 on dense weights get a scale for each output. Readers of the TF 2.5 age compute wrong numbers
            # with them, and the SPLIT of an unrolled LSTM stays float. Earlier converters don't know the switch.
            converter._experimental_disable_per_channel_quantization_for_dense_layers = True  # noqa: SLF001
    model: bytes = converter.convert()
    return model

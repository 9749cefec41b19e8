"""Keras models: load them safely, unroll their recurrent layers, and export them with a batch of one."""

from __future__ import annotations

import contextlib
import inspect
import json
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from .arrays import InputSpec
from .assignment import as_argument
from .keras_file import CONFIG, copied, refuse_code
from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .stored_code import Names
    from .untyped import Array, Json, KerasModel, Structure, Tensor

#: Layers that take `unroll`; convolutional recurrent layers do in Keras 3 alone.
_UNROLLABLE = frozenset({"LSTM", "GRU", "SimpleRNN", "RNN"})
_UNROLLABLE_IN_KERAS_3 = frozenset({"ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"})
#: What computes several gates: in one product that is then split (implementation 2), or each by itself (1).
_GATED = frozenset({"LSTM", "GRU", "LSTMCell", "GRUCell"})
#: What images are stored as.
_IMAGE = "uint8"
_OTHER_FLOATS = ("float16", "bfloat16", "float64")
_UNROLLED = "unrolled recurrent layers"


@dataclass(frozen=True)
class Trust:
    """Whether code that a file holds may run, and the names that tell what is none (see `stored_code`)."""

    code: bool
    names: Names


def load(path: Path, trust: Trust) -> KerasModel:
    """Load a .keras or .h5 file without what it was trained with; code stored in it runs only if that is trusted.

    What is looked at and what is loaded is a copy: the file may be another one, or a pipe, the next time it is opened.

    Raises:
        Problem: it can't be read, holds code that is not trusted, or is no model of layers with known inputs.
    """
    with tempfile.TemporaryDirectory() as folder:
        model = _load(copied(path, Path(folder, path.name)), trust)
    if not getattr(model, "inputs", None):
        raise Problem(
            "inputs-unknown",
            f"{path.name} does not say what its inputs are (a subclassed model, or one that was never built); "
            "export it where it was made, model.export('folder'), and start from that folder.",
        )
    _refuse_state(model)
    return model


def _refuse_state(model: KerasModel) -> None:
    stateful = [layer.name for layer in _layers(model) if getattr(layer, "stateful", False) is True]
    if stateful:
        raise Problem(
            "stateful-recurrent",
            f"the layer {stateful[0]} keeps its state from one call to the next (stateful=True), which a converted "
            "model can't.",
        )


def _layers(model: KerasModel) -> Iterator[KerasModel]:
    for layer in model.layers:
        yield layer
        yield from _layers(layer) if hasattr(layer, "layers") else ()


def _load(path: Path, trust: Trust) -> KerasModel:
    if not trust.code:
        refuse_code(path, trust.names)
    import tensorflow as tf

    _give_windows()
    return tf.keras.models.load_model(str(path), compile=False, safe_mode=not trust.code)


def _give_windows() -> None:
    """Let TensorFlow compute the window of a STFTSpectrogram, where the SciPy is absent that Keras 3 asks for it."""
    import tensorflow as tf

    with contextlib.suppress(ImportError):  # Keras 2 has no such layer
        from keras.src.utils.module_utils import scipy

        windows = {"hann": tf.signal.hann_window, "hamming": tf.signal.hamming_window}

        def window(name: str, length: int, fftbins: bool = True) -> Array:  # noqa: FBT001, FBT002  (SciPy's)
            if name not in windows:
                raise ImportError(scipy.import_error_msg)
            return windows[name](length, periodic=fftbins).numpy()

        if not scipy.available:
            scipy.module = SimpleNamespace(signal=SimpleNamespace(get_window=window))


def inputs_of(model: KerasModel) -> tuple[InputSpec, ...]:
    """The inputs of a loaded model, in its own order."""
    return tuple(
        InputSpec(_name(tensor), tuple(tensor.shape), _dtype(tensor)) for tensor in _flatten(_structure(model))
    )


def export(model: KerasModel, inputs: Sequence[InputSpec], folder: Path) -> None:
    """Export a SavedModel whose only signature takes exactly these inputs, batch included.

    An ExportArchive keeps the weights and, given a signature, its fixed shape; of the other ways into the converter
    (Keras 3.15, TensorFlow 2.21) some lose the one or the other, and `model.export` calls layers that were written for
    training (augmentation) as in training.
    """
    import tensorflow as tf

    shapes = {spec.name: spec.shape for spec in inputs}
    signature = [
        tf.nest.map_structure(
            lambda tensor: tf.TensorSpec(shapes[_name(tensor)], tensor.dtype, name=as_argument(_name(tensor))),
            _structure(model),
        )
    ]
    archive = tf.keras.export.ExportArchive()
    archive.track(model)
    quiet = {"verbose": False} if "verbose" in inspect.signature(archive.write_out).parameters else {}  # not in Keras 2
    with _plain_choice():
        archive.add_endpoint(
            name="serve", fn=lambda inputs: _flat(model(inputs, training=False)), input_signature=signature
        )
        archive.write_out(str(folder), **quiet)


@contextlib.contextmanager
def _plain_choice() -> Iterator[None]:
    """While this lasts, `ops.argmax` and `ops.argmin` are TensorFlow's own.

    Those of Keras 3 look at the sign bit of a zero first (BitwiseAnd), for which TensorFlow Lite has no operator.
    """
    try:
        from keras.src.backend.tensorflow import numpy as functions
    except ImportError:  # Keras 2
        yield
        return
    import tensorflow as tf

    kept = functions.argmax, functions.argmin
    functions.argmax, functions.argmin = _choosing(tf.argmax), _choosing(tf.argmin)
    try:
        yield
    finally:
        functions.argmax, functions.argmin = kept


def _choosing(choose: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def chosen(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:  # noqa: FBT001, FBT002  (Keras')
        import tensorflow as tf

        values = tf.convert_to_tensor(x)
        rank = len(values.shape)
        index = choose(tf.reshape(values, [-1]) if axis is None else values, axis=axis or 0, output_type="int32")
        if not keepdims:
            return index
        return tf.reshape(index, [1] * rank) if axis is None else tf.expand_dims(index, axis)

    return chosen


def answers(model: KerasModel, sample: Mapping[str, Array]) -> Mapping[str, Array]:
    """The model's own outputs for a batch, named as `export` names them; inputs by the names of `inputs_of`."""
    import tensorflow as tf

    fed = tf.nest.map_structure(lambda tensor: tf.convert_to_tensor(sample[_name(tensor)]), _structure(model))
    outputs = _flat(model(fed, training=False))
    if isinstance(outputs, dict):
        return {name: value.numpy() for name, value in outputs.items()}
    return {f"output_{number}": value.numpy() for number, value in enumerate(outputs)}


def _flat(outputs: Structure) -> dict[str, Tensor] | list[Tensor]:
    """Outputs as a signature takes them: a list, or a dictionary, of tensors; parts of an entry are numbered."""
    import tensorflow as tf

    if not isinstance(outputs, dict):
        flat: list[Tensor] = tf.nest.flatten(outputs)
        return flat
    named: dict[str, Tensor] = {}
    for name, value in outputs.items():
        if tf.nest.is_nested(value):
            named.update({f"{name}_{number}": part for number, part in enumerate(tf.nest.flatten(value))})
        else:
            named[name] = value
    return named


def adapted(
    model: KerasModel, inputs: Sequence[InputSpec], folder: Path, trust: Trust, *, unroll: bool
) -> tuple[KerasModel, tuple[str, ...]]:
    """The same model, weights included, in a form that the converter takes.

    Mixed precision, float16 and float64 become float32 (TensorFlow Lite has hardly an operator for them), inputs of
    uint8 become float32 (else a CAST is left in float before the first layer), and, if asked, recurrent layers are
    unrolled over the fixed time axis of `inputs`: an int8 conversion of a loop kills the process (TensorFlow 2.15 to
    2.22rc0). Only the stored configuration is changed, so the weights come with it.

    Returns:
        The model, and what was done to it; the model itself if there is nothing to do.

    Raises:
        Problem: nothing in it can be unrolled, though it is asked for.
    """
    original, changed = folder / "original.keras", folder / "adapted.keras"
    model.save(str(original))
    with zipfile.ZipFile(original) as source:
        config = json.loads(source.read(CONFIG))
    changes = _adapt(config, {spec.name: list(spec.shape or ()) for spec in inputs}, unroll=unroll)
    if not changes:
        return model, ()
    with zipfile.ZipFile(original) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            target.writestr(name, json.dumps(config) if name == CONFIG else source.read(name))
    return _load(changed, trust), changes


def _adapt(config: Json, shapes: Mapping[str, list[int | None]], *, unroll: bool) -> tuple[str, ...]:
    """Change a stored configuration in place; returns what was done."""
    done: dict[str, None] = {}
    unrollable = _unrollable() if unroll else frozenset()
    for node in _nodes(config):
        kind, own = str(node.get("class_name")), node.get("config")
        if not isinstance(own, dict):
            continue
        done.update(dict.fromkeys(_adapt_precision(kind, own)))
        if kind == "InputLayer" and own.get("name") in shapes:
            done.update(dict.fromkeys(_adapt_input(own, shapes[own["name"]], unroll=unroll)))
        if kind in unrollable and not own.get("unroll"):
            own["unroll"] = True
            done[_UNROLLED] = None
        if unroll and kind in _GATED:
            # TensorFlow 2.21 leaves the SPLIT behind one product float in about every second conversion of the very
            # same model; gates by themselves cost a few operators more and come out int8 each time.
            own["implementation"] = 1
    if unroll and _UNROLLED not in done:
        raise Problem("nothing-to-unroll", "the model has no recurrent layer that can be unrolled.")
    return tuple(done)


def _unrollable() -> frozenset[str]:
    import tensorflow as tf

    version = str(getattr(tf.keras, "__version__", "2."))  # the lazy module of Keras 2 may have none
    return _UNROLLABLE if version.startswith("2.") else _UNROLLABLE | _UNROLLABLE_IN_KERAS_3


def _adapt_precision(kind: str, own: dict[str, Any]) -> Iterator[str]:
    """Make float32 what computes in other floats, for which TensorFlow Lite has hardly an operator."""
    name = str(own.get("name")) if kind.endswith("Policy") else ""
    if name.startswith("mixed_"):
        own["name"] = "float32"
        yield "computes in float32 instead of mixed precision"
    elif name in _OTHER_FLOATS:
        own["name"] = "float32"
        yield f"computes in float32 instead of {name}"
    if own.get("dtype") in _OTHER_FLOATS:
        yield f"computes in float32 instead of {own['dtype']}"
        own["dtype"] = "float32"


def _adapt_input(layer: dict[str, Any], shape: list[int | None], *, unroll: bool) -> Iterator[str]:
    if layer.get("dtype") == _IMAGE:
        layer["dtype"] = "float32"
        yield "takes float32 in place of uint8, before quantization"
    if unroll:
        key = "batch_shape" if "batch_shape" in layer else "batch_input_shape"  # Keras 3, Keras 2
        layer[key] = [None, *shape[1:]]


def _nodes(value: Json) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _nodes(item)
    elif isinstance(value, list):
        for item in value:
            yield from _nodes(item)


def _structure(model: KerasModel) -> Structure:
    """The symbolic inputs, nested as the model's call takes them."""
    import tensorflow as tf

    # A Sequential model has a single input, and no `input` before it was called.
    return model.inputs[0] if isinstance(model, tf.keras.Sequential) else model.input


def _flatten(structure: Structure) -> list[Tensor]:
    import tensorflow as tf

    flat: list[Tensor] = tf.nest.flatten(structure)
    return flat


def _name(tensor: Tensor) -> str:
    return str(tensor.name).partition(":")[0]


def _dtype(tensor: Tensor) -> str:
    return str(getattr(tensor.dtype, "name", tensor.dtype))

"""What the stored configuration of a Keras model says: what goes in, what loops, which Keras reads it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from envdoctor.core.artifact import LACKS, STAYS_FLOAT
from envdoctor.core.data import load_table
from envdoctor.core.errors import Unreadable
from envdoctor.stages.workers.arrays import InputSpec
from envdoctor.stages.workers.stored_code import config_of
from envdoctor.support.packing import convert

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envdoctor.stages.workers.stored_code import Names, Node


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerConfig:
    """The entries of an object's configuration that are looked at, as Keras writes them; others may stand beside.

    A shape is a list, or the dictionary that older versions make of a tuple.
    """

    name: str | None = None
    dtype: str | dict[str, Any] | None = None
    batch_shape: list[int | None] | dict[str, Any] | None = None
    batch_input_shape: list[int | None] | dict[str, Any] | None = None
    activation: str | dict[str, Any] | None = None
    unroll: bool | None = None
    layers: list[dict[str, Any]] | None = None
    input_layers: list[Any] | dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tuple:
    items: list[int | None]


def check_types(nodes: Iterable[Node]) -> None:
    """Hold the configuration of every object against what Keras writes.

    Raises:
        Unreadable: something in it has another type, or a size is negative; says what.
    """
    for node in nodes:
        try:
            config = convert(config_of(node), LayerConfig)
            shapes = [_sizes(shape) for shape in (config.batch_shape, config.batch_input_shape)]
        except Unreadable as error:
            raise Unreadable(f"{node['class_name']}: {error}") from None
        if any(size is not None and size < 0 for shape in shapes for size in shape or ()):
            raise Unreadable(f"{node['class_name']}: a size of its input is negative")


def _sizes(shape: list[int | None] | dict[str, Any] | None) -> list[int | None] | None:
    return convert(shape, _Tuple).items if isinstance(shape, dict) else shape


_HOLDERS = frozenset({"InputLayer", "Functional", "Model", "Sequential", "DTypePolicy"})
_FLOAT_POLICIES = frozenset({"DTypePolicy", "FloatDTypePolicy"})
_SCALING = frozenset({"Rescaling", "Normalization"})
#: Layers that leave numbers as large as they are, and those that may make them anything.
_KEEPING = frozenset({
    "Resizing", "CenterCrop", "RandomCrop", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom",
    "Cropping1D", "Cropping2D", "ZeroPadding1D", "ZeroPadding2D", "Reshape", "Permute", "Flatten",
    "GaussianNoise", "Dropout",
})  # fmt: skip
_CHANGING = frozenset({
    "BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization", "TrueDivide", "Divide",
    "Multiply", "Subtract", "Add", "FloorDivide", "TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "Lambda",
    "Cast",
})  # fmt: skip

#: Layers that leave a model as many classes as it had.
_BEHIND_CLASSES = frozenset({"Activation", "Softmax", "Dropout"})


def names() -> Names:
    """The names of Keras and TensorFlow that `stored_code` judges by."""
    effects = [name for row in load_table("tensorflow-effects")["effect"] for name in row["operators"].split()]
    return {**load_table("keras"), "effects": effects}


def _words(key: str) -> frozenset[str]:
    return frozenset(load_table("keras")[key].split())


def traits_of(nodes: tuple[Node, ...], inputs: tuple[InputSpec, ...] | None) -> Iterator[str]:
    """What a route may have to know; see `Artifact`."""
    if any(node["class_name"] in _words("recurrent") and not config_of(node).get("unroll") for node in nodes):
        yield "recurrent"
    if any(node["class_name"] == "Lambda" for node in nodes):
        yield "lambda"
    if any(_needs_keras_2(node) for node in nodes):
        yield "keras-2-only"
    if any(config_of(node).get("stateful") is True for node in nodes):
        yield "stateful-layer"
    if any(node["class_name"].endswith("DTypePolicy") and node["class_name"] not in _FLOAT_POLICIES for node in nodes):
        yield "keras-quantized"
    if any(node["class_name"] in _words("convolutional_recurrent") for node in nodes):
        yield "not-unrollable"
    lacking = load_table("keras")["not_in_tflite"]
    yield from {f"{LACKS}{lacking[node['class_name']]}" for node in nodes if node["class_name"] in lacking}
    yield from {f"{STAYS_FLOAT}{operator}" for node in nodes for operator in _staying_float(node)}
    if any(node["class_name"] == "Masking" or config_of(node).get("mask_zero") is True for node in nodes):
        masked = load_table("stays-float")["masked"]
        yield from {f"{STAYS_FLOAT}{masked[node['class_name']]}" for node in nodes if node["class_name"] in masked}
    yield from size_traits(inputs or ())


def _staying_float(node: Node) -> Iterator[str]:
    """The operators of a layer that some int8 conversion leaves in floats."""
    layers, activations = (load_table("stays-float")[key] for key in ("layers", "activations"))
    activation = config_of(node).get("activation")
    yield from layers.get(node["class_name"], "").split()
    if isinstance(activation, str):
        yield from activations.get(activation, "").split()


def scale_of(nodes: Iterable[Node]) -> float | None:
    """What a Rescaling layer takes a model's input times; 1 if no layer scales, None if that can't be told.

    That it can only of a layer that is the only one, and the first that changes numbers: others may take back what it
    does. Nor can it of a model that begins with arithmetic or a normalization.
    """
    layers = [node for node in nodes if node["class_name"] not in _HOLDERS | _KEEPING]
    scaling = [node for node in layers if node["class_name"] in _SCALING]
    if not scaling:
        return None if layers and layers[0]["class_name"] in _CHANGING else 1.0
    scale = config_of(scaling[0]).get("scale")
    is_only = len(scaling) == 1 and layers[0] is scaling[0]
    return float(scale) if is_only and isinstance(scale, int | float) else None


def _needs_keras_2(node: Node) -> bool:
    kind, module = node["class_name"], str(node.get("module"))
    refused = load_table("keras")["keras_2_arguments"].get(kind, ())
    gone = any(module == name or module.startswith(f"{name}.") for name in _words("keras_2_modules"))
    return gone or kind in _words("keras_2_layers") or any(name in config_of(node) for name in refused)


def size_traits(inputs: Iterable[InputSpec]) -> frozenset[str]:
    """What inputs leave open: `dynamic-batch` the number of samples, `open-sizes` another size.

    `fixed-batch` if one takes a certain number of samples other than one, or has no axis for them.
    """
    shapes = [spec.shape for spec in inputs]
    batch = {"dynamic-batch"} if any(shape is None or shape[:1] == (None,) for shape in shapes) else set()
    sizes = {"open-sizes"} if any(shape is None or None in shape[1:] for shape in shapes) else set()
    fixed = (
        {"fixed-batch"} if any(shape is not None and shape[:1] not in {(None,), (1,)} for shape in shapes) else set()
    )
    return frozenset(batch | sizes | fixed)


def inputs_of(model: Node) -> tuple[InputSpec, ...] | None:
    """The inputs of a Functional or Sequential model, in the order of its call; None if it is neither."""
    config = config_of(model)
    layers = model.get("config") if isinstance(model.get("config"), list) else config.get("layers")
    if not isinstance(layers, list) or not layers:
        return None
    if "input_layers" in config:
        named = {str(config_of(layer).get("name")): layer for layer in layers if isinstance(layer, dict)}
        specs = [_input(named.get(name, {})) for name in _names(config["input_layers"])]
        return tuple(spec for spec in specs if spec is not None) if specs and all(specs) else None
    first = layers[0] if isinstance(layers[0], dict) else {}
    spec = _input(first)
    if spec is not None:
        return (spec,)
    return inputs_of(first) if "layers" in config_of(first) else None


def classes_of(model: Node) -> int | None:
    """How many classes the only output of a model tells apart, if a dense layer at its end says it; else None."""
    config = config_of(model)
    layers = [layer for layer in config.get("layers") or () if isinstance(layer, dict)]
    if "output_layers" in config:
        named = set(_names(config["output_layers"]))
        layers = [layer for layer in layers if config_of(layer).get("name") in named] if len(named) == 1 else []
    ends = [layer for layer in layers if layer.get("class_name") not in _BEHIND_CLASSES]
    units = config_of(ends[-1]).get("units") if ends and ends[-1].get("class_name") == "Dense" else None
    return max(units, 2) if isinstance(units, int) else None


def _names(layers: object) -> Iterator[str]:
    """Layer names in `[["a", 0, 0], ["b", 0, 0]]`, `["a", 0, 0]` or a dictionary of such."""
    if isinstance(layers, dict):
        for item in layers.values():
            yield from _names(item)
    elif isinstance(layers, list) and layers and isinstance(layers[0], str):
        yield layers[0]
    elif isinstance(layers, list):
        for item in layers:
            yield from _names(item)


def _input(layer: Node) -> InputSpec | None:
    config = convert(config_of(layer), LayerConfig)
    shape = _sizes(config.batch_shape or config.batch_input_shape)
    if shape is None:
        return None
    dtype = config.dtype or "float32"
    named = config_of(dtype).get("name", "float32") if isinstance(dtype, dict) else dtype
    return InputSpec(config.name or "input", tuple(shape), str(named))

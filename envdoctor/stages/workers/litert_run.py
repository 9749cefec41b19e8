"""Run a .tflite model in the LiteRT interpreter, with real numbers in and out whatever the model's types are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .arrays import InputSpec
from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .untyped import Array, Interpreter

_INTEGERS = "iu"


class Runner:
    """A model that is ready to run.

    Attributes:
        inputs, outputs: the interpreter's details of each, by the name in the signature, or the tensor's name.
    """

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter
        self.inputs = _by_name(interpreter, "inputs")
        self.outputs = _by_name(interpreter, "outputs")

    def predict(self, sample: Mapping[str, Array]) -> Mapping[str, Array]:
        """The outputs for a batch, as real numbers: inputs are quantized and outputs dequantized as the model says."""
        for name, detail in self.inputs.items():
            self._interpreter.set_tensor(detail["index"], quantize(sample[name], detail))
        self._interpreter.invoke()
        return {
            name: dequantize(self._interpreter.get_tensor(detail["index"]), detail)
            for name, detail in self.outputs.items()
        }


def make_interpreter(
    data: bytes,
    shapes: Mapping[str, Sequence[int | None]] | None = None,
    *,
    keep_all: bool = False,
    delegates: bool = True,
) -> Interpreter:
    """An interpreter with its tensors allocated, its inputs resized to `shapes` (by name) where they differ.

    With `keep_all`, every tensor can be read after a run; operators are then run one by one, without delegates.
    """
    from ai_edge_litert import interpreter as litert

    resolvers = litert.OpResolverType
    plain = keep_all or not delegates
    interpreter = litert.Interpreter(
        model_content=data,
        experimental_preserve_all_tensors=keep_all,
        experimental_op_resolver_type=resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES if plain else resolvers.AUTO,
    )
    for name, detail in _by_name(interpreter, "inputs").items():
        wanted = (shapes or {}).get(name)
        if wanted is not None and tuple(wanted) != _sizes(detail["shape"]):
            interpreter.resize_tensor_input(detail["index"], list(wanted))
    interpreter.allocate_tensors()
    return interpreter


def open_model(data: bytes, shapes: Mapping[str, Sequence[int | None]] | None = None) -> Runner:
    """Make a model ready to run; see `make_interpreter`."""
    return Runner(make_interpreter(data, shapes))


def predict_batch(data: bytes, batch: Mapping[str, Array]) -> Mapping[str, Array]:
    """The outputs for several samples at once, of a model that leaves their number open.

    Raises:
        ValueError, RuntimeError: it does not, or can't be run for so many.
    """
    if any(_sizes(detail["shape_signature"])[:1] != (-1,) for detail in input_details(data).values()):
        raise ValueError("the number of samples is fixed")
    shapes = {name: array.shape for name, array in batch.items()}
    return Runner(make_interpreter(data, shapes, delegates=False)).predict(batch)


def input_specs(data: bytes) -> tuple[InputSpec, ...]:
    """The inputs of a model; sizes that its signature leaves open are None, and so is a batch of one."""
    details = input_details(data).items()
    return tuple(InputSpec(name, _open_shape(detail), _dtype_name(detail, name)) for name, detail in details)


def input_details(data: bytes) -> Mapping[str, Mapping[str, Any]]:
    """The interpreter's details of a model's inputs, by name; nothing is allocated."""
    from ai_edge_litert import interpreter as litert

    return _by_name(litert.Interpreter(model_content=data), "inputs")


def quantize(value: Array, detail: Mapping[str, Any]) -> Array:
    """Real numbers as the integers that a quantized tensor stores, rounded and clipped; others as they are."""
    import numpy as np

    dtype = np.dtype(detail["dtype"])
    scale, zero_point = detail["quantization"]
    if not scale or dtype.kind not in _INTEGERS:
        return np.asarray(value, dtype=dtype)
    limits = np.iinfo(dtype)
    stored = np.round(np.asarray(value, dtype="float64") / scale) + zero_point
    return np.clip(stored, limits.min, limits.max).astype(dtype)


def dequantize(value: Array, detail: Mapping[str, Any]) -> Array:
    """The real numbers that stored integers stand for; numbers that aren't quantized as they are."""
    import numpy as np

    scale, zero_point = detail["quantization"]
    if not scale or value.dtype.kind not in _INTEGERS:
        return value
    return ((value.astype("float64") - zero_point) * scale).astype(np.float32)


def _by_name(interpreter: Interpreter, which: str) -> dict[str, Mapping[str, Any]]:
    """Details by the name in the only signature; by the tensor's name if there is none, or it doesn't cover them."""
    details = interpreter.get_input_details() if which == "inputs" else interpreter.get_output_details()
    signatures = interpreter.get_signature_list()
    by_index = {int(detail["index"]): detail for detail in details}
    if len(signatures) == 1:
        runner = interpreter.get_signature_runner(next(iter(signatures)))
        named = runner.get_input_details() if which == "inputs" else runner.get_output_details()
        found = {name: by_index.get(int(detail["index"])) for name, detail in named.items()}
        covered = {int(detail["index"]) for detail in named.values()}
        if len(covered) == len(by_index) and all(found.values()):  # a tensor may have two names
            order = {index: position for position, index in enumerate(by_index)}
            ordered = sorted(found.items(), key=lambda item: order[int((item[1] or {})["index"])])
            return {name: detail for name, detail in ordered if detail is not None}
    named_tensors = {str(detail["name"]): detail for detail in details}
    if len(named_tensors) == len(details):
        return named_tensors
    return {f"{detail['name']}_{position}": detail for position, detail in enumerate(details)}


def _open_shape(detail: Mapping[str, Any]) -> tuple[int | None, ...]:
    signature = _sizes(detail["shape_signature"]) or _sizes(detail["shape"])
    sizes = tuple(None if size < 0 else size for size in signature)
    return (None, *sizes[1:]) if sizes[:1] == (1,) else sizes


def _sizes(shape: Array) -> tuple[int, ...]:
    return tuple(int(size) for size in shape)


def _dtype_name(detail: Mapping[str, Any], name: str) -> str:
    import numpy as np

    dtype = detail["dtype"]
    if dtype in {str, bytes, np.bytes_, np.object_}:
        raise Problem("text-input", f"the input '{name}' takes text; envdoctor builds models that take numbers.")
    return str(np.dtype(dtype).name)

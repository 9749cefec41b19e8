""".tflite files as sources: float or int8 by what is inside, and what a route has to know about them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from envdoctor.core.artifact import STAYS_FLOAT, ArtifactKind
from envdoctor.core.data import load_table
from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.stages.workers.arrays import InputSpec
from envdoctor.tflite.compiled import compiled_file
from envdoctor.tflite.quantization import FLOATS, Scheme, classify, computes_in_16_bits, io_types, per_channel_dense
from envdoctor.tflite.reader import read_model
from envdoctor.tflite.structure import (
    RANDOM,
    dynamic_tensors,
    lost_variables,
    operators_named,
    resizable_inputs,
    unfed_tensors,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envdoctor.tflite.model import Model, Tensor

_INTEGER_SCHEMES = frozenset({Scheme.INT8, Scheme.INT8_NARROW_WEIGHTS, Scheme.INT16, Scheme.PARTIAL})


def identify_tflite(path: Path) -> tuple[str, frozenset[str]]:
    """The kind and the traits of a .tflite file.

    Raises:
        UsageProblem: it is compiled already, its operators or its weights are lost, or it is made of integers that no
            quantizer made.
        Unreadable: it is damaged.
    """
    model = read_model(path)
    _require_constants(model)
    compiled = compiled_file(model)
    if compiled is not None:
        raise UsageProblem(
            f"{path} is compiled {compiled.words} already; start from the .tflite file that it was made from."
        )
    gone = unfed_tensors(model)
    if gone or not any(subgraph.operators for subgraph in model.subgraphs):
        what = f"nothing in it makes {gone[0]}" if gone else "it has none"
        raise UsageProblem(
            f"{path} has lost its operators: {what}; get a whole copy of it, or convert the model again."
        )
    lost = lost_variables(model)
    if lost:
        raise UsageProblem(
            f"{path} has lost its weights: nothing in it assigns the variable {lost[0]} that it reads; convert it "
            "again with TFLiteConverter.from_saved_model after model.export(folder)."
        )
    scheme = classify(model)
    if scheme is Scheme.INTEGER:
        raise UsageProblem(
            f"{path} computes with plain integers and holds no quantized number; start from the float model."
        )
    kind = ArtifactKind.TFLITE_FLOAT
    if scheme in _INTEGER_SCHEMES:
        kind = ArtifactKind.TFLITE_INT16X8 if computes_in_16_bits(model) else ArtifactKind.TFLITE_INT8
    return kind, frozenset(_traits(model, scheme))


def _require_constants(model: Model) -> None:
    for subgraph in model.subgraphs:
        for tensor in subgraph.tensors:
            try:
                if tensor.content is not None:
                    tensor.content.view()
            except Unreadable as error:
                raise Unreadable(f"{model.name} is damaged: the tensor {tensor.name}: {error}") from None


def inputs_of(path: Path) -> tuple[InputSpec, ...]:
    """The inputs of the main graph, named as its only signature names them, else as their tensors are."""
    return model_inputs(read_model(path))


def model_inputs(model: Model) -> tuple[InputSpec, ...]:
    """The same of a model that is read."""
    names = {tensor: name for name, tensor in model.signatures[0].inputs.items()} if len(model.signatures) == 1 else {}
    tensors = [model.main.tensors[index] for index in model.main.inputs]
    return tuple(InputSpec(names.get(one.index, one.name), _open_shape(one), one.dtype.lower()) for one in tensors)


def class_count(path: Path) -> int | None:
    """How many classes the only output tells apart, a row of them for each sample; None if it is no such row."""
    main = read_model(path).main
    shape = main.tensors[main.outputs[0]].shape if len(main.outputs) == 1 else ()
    return max(shape[-1], 2) if len(shape) > 1 and math.prod(shape[1:]) == shape[-1] > 0 else None


def _open_shape(tensor: Tensor) -> tuple[int | None, ...]:
    """The shape with None where the file leaves a size open; a batch of one may hold any number of samples."""
    sizes = tuple(None if size < 0 else size for size in tensor.shape_signature or tensor.shape)
    return (None, *sizes[1:]) if sizes[:1] == (1,) else sizes


def _traits(model: Model, scheme: Scheme) -> Iterator[str]:
    io = {*io_types(model)[0], *io_types(model)[1]}
    marks = {
        "dynamic-batch": resizable_inputs(model),
        "open-sizes": any(-1 in (tensor.shape_signature or ())[1:] for tensor in resizable_inputs(model)),
        "several-graphs": len({one.subgraph for one in model.signatures}) > 1,
        "control-flow": operators_named(model, "IF", "WHILE"),
        "dynamic-shapes": any(dynamic_tensors(subgraph) for subgraph in model.subgraphs),
        "old-op-codes": model.deprecated_codes_only,
        "external-weights": model.external_buffers,
        "sparse": operators_named(model, "DENSIFY"),
        "custom-ops": operators_named(model, "CUSTOM"),
        "flex-ops": any(one.custom_code.startswith("Flex") for one in model.operator_codes if one.custom_code),
        "random": operators_named(model, *RANDOM),
        "stateful": operators_named(model, "ASSIGN_VARIABLE"),
        "float-io": scheme in _INTEGER_SCHEMES and FLOATS & io,
        "per-channel-dense": per_channel_dense(model),
        "newer-forms": _newer_forms(model),
        "select": operators_named(model, "SELECT"),
        "reduced-after-transpose": _reduced_after_transpose(model),
    }
    yield scheme.value
    yield from (name for name, present in marks.items() if present)
    if scheme is Scheme.FLOAT:
        yield from {f"{STAYS_FLOAT}{name}" for name in _staying_float(model)}


def _staying_float(model: Model) -> Iterator[str]:
    """The operators on floats that some int8 conversion leaves as they are, or writes in a form that readers mind."""
    table = load_table("stays-float")
    known = {name for names in table["left"].values() for name in names.split()}.union(*table["written"].values())
    for operator in model.main.operators:
        given = model.main.tensors[operator.inputs[0]] if operator.inputs and operator.inputs[0] >= 0 else None
        if operator.name in known and given is not None and given.dtype in FLOATS and not given.constant:
            yield operator.name


def _newer_forms(model: Model) -> bool:
    """True if an operator says what an older one can say, which more readers know: see the mends of workers/mends."""
    makers = model.main.producers()
    tiled = [makers.get(operator.inputs[0]) for operator in model.main.operators if operator.name == "TILE"]
    reshaped = any(maker is not None and maker.name in {"RESHAPE", "EXPAND_DIMS"} for maker in tiled)
    return reshaped or any(each.name == "TRANSPOSE_CONV" and each.version == 4 for each in model.main.operators)  # noqa: PLR2004


def _reduced_after_transpose(model: Model) -> bool:
    makers = model.main.producers()
    sources = (makers.get(operator.inputs[0]) for operator in model.main.operators if operator.name == "MEAN")
    return any(maker is not None and maker.name == "TRANSPOSE" for maker in sources)

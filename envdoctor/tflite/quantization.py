"""How a model computes: in floats, in integers, or in a mixture, and where the mixture begins."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envdoctor.tflite.model import Model, Operator, Subgraph, Tensor

FLOATS = frozenset({"FLOAT32", "FLOAT16", "BFLOAT16", "FLOAT64"})
_QUANTIZED = frozenset({"INT8", "UINT8", "INT16"})
_NARROW = frozenset({"INT4", "UINT4", "INT2"})
_CONVERSIONS = frozenset({"QUANTIZE", "DEQUANTIZE"})


class Scheme(enum.Enum):
    """What a model was quantized to."""

    FLOAT = "float"
    """Floats throughout."""
    FLOAT16 = "float16"
    """Weights kept as float16 and widened before they are used; computed in floats."""
    DYNAMIC_RANGE = "dynamic-range"
    """Integer weights, activations in float: operators quantize them as they run."""
    WEIGHT_ONLY = "weight-only"
    """Integer weights that are widened to float before they are used."""
    INT8 = "int8"
    """8-bit integers throughout (int8 or uint8), but for what converts at the model's edge."""
    INT8_NARROW_WEIGHTS = "int8-int4"
    """8-bit activations, weights of four bits or fewer."""
    INT16 = "int16x8"
    """16-bit activations, 8-bit weights."""
    PARTIAL = "partial"
    """Integers, with operators in between that compute in floats."""
    INTEGER = "integer"
    """Integers that aren't quantized numbers: nothing here came out of a quantizer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatIsland:
    """Operators that compute in floats, connected to each other, within one subgraph.

    Attributes:
        first: the first of them that computes, rather than converts: the one to replace.
        operators: all of them in execution order, with the DEQUANTIZE and QUANTIZE that surround them.
    """

    subgraph: int
    first: Operator
    operators: tuple[Operator, ...]


def classify(model: Model) -> Scheme:
    """What the model was quantized to, by its tensors.

    A model with integers inside and QUANTIZE and DEQUANTIZE at its edge is INT8: `io_types` tells the difference.
    """
    activations = {tensor.dtype for tensor in _activations(model) if tensor.quantization} & _QUANTIZED
    if activations:
        if float_islands(model):
            return Scheme.PARTIAL
        if computes_in_16_bits(model):
            return Scheme.INT16
        narrow = any(tensor.dtype in _NARROW for _, tensor in _constants(model))
        return Scheme.INT8_NARROW_WEIGHTS if narrow else Scheme.INT8
    if not any(tensor.dtype in FLOATS for tensor in _activations(model)):
        return Scheme.INTEGER
    return _float_scheme(model)


def computes_in_16_bits(model: Model) -> bool:
    """Whether operators with weights give 16 bits: a state or an input of 16 bits alone makes no 16-bit model.

    An int8 SVDF keeps its state in 16 bits, and an int8 LSTM its cells.
    """
    if not any(tensor.dtype == "INT16" and tensor.quantization for tensor in _activations(model)):
        return False
    operators = [(subgraph, operator) for subgraph in model.subgraphs for operator in subgraph.operators]
    given = {
        tensor.dtype
        for subgraph, operator in operators
        for weights in [subgraph.input(operator, 1)]
        if weights is not None and weights.constant and weights.dtype in _QUANTIZED | _NARROW
        for tensor in subgraph.given(operator)
    }
    return "INT16" in given if given else True


def _float_scheme(model: Model) -> Scheme:
    quantized = [(operator, tensor) for operator, tensor in _constants(model) if tensor.quantization]
    integer_weights = {operator.name for operator, tensor in quantized if tensor.dtype in _QUANTIZED | _NARROW}
    if integer_weights:
        return Scheme.WEIGHT_ONLY if integer_weights <= _CONVERSIONS else Scheme.DYNAMIC_RANGE
    halves = any(tensor.dtype == "FLOAT16" for _, tensor in _constants(model))
    return Scheme.FLOAT16 if halves else Scheme.FLOAT


def io_types(model: Model) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The data types of the model's inputs and outputs."""
    tensors = model.main.tensors
    return (
        tuple(tensors[index].dtype for index in model.main.inputs),
        tuple(tensors[index].dtype for index in model.main.outputs),
    )


def per_channel_dense(model: Model) -> tuple[tuple[Subgraph, Operator], ...]:
    """FULLY_CONNECTED operators whose quantized weights have one scale for each output.

    Interpreters of TensorFlow 2.5 and 2.7, and so the Edge TPU compiler 16.0, read only the first scale and compute
    wrong numbers without any error. Converters make such weights from TensorFlow 2.17 on; the version stays the same.
    """
    return tuple(
        (subgraph, operator)
        for subgraph in model.subgraphs
        for operator in subgraph.operators
        if operator.name == "FULLY_CONNECTED"
        for weights in [subgraph.input(operator, 1)]
        if weights is not None and weights.dtype in _QUANTIZED | _NARROW and weights.per_channel
    )


def float_islands(model: Model) -> tuple[FloatIsland, ...]:
    """Where an integer model falls back to floats. Empty for a model that has no quantized activation at all."""
    if not any(tensor.quantization and tensor.dtype in _QUANTIZED for tensor in _activations(model)):
        return ()
    return tuple(island for subgraph in model.subgraphs for island in _islands(subgraph))


def _islands(subgraph: Subgraph) -> Iterator[FloatIsland]:
    members = [operator for operator in subgraph.operators if _computes_in_float(subgraph, operator)]
    for group in _connected(subgraph, members):
        first = next((operator for operator in group if operator.name not in _CONVERSIONS), group[0])
        yield FloatIsland(subgraph=subgraph.index, first=first, operators=group)


def _computes_in_float(subgraph: Subgraph, operator: Operator) -> bool:
    taken = [tensor for tensor in subgraph.taken(operator) if not tensor.constant]
    given = subgraph.given(operator)
    float_in = [tensor for tensor in taken if tensor.dtype in FLOATS]
    float_out = [tensor for tensor in given if tensor.dtype in FLOATS]
    if not float_in and not float_out:
        return False
    if operator.name == "QUANTIZE" and all(tensor.index in subgraph.inputs for tensor in float_in):
        return False
    # A DEQUANTIZE, or an operator such as a detection head that dequantizes for itself, may end the model.
    return bool(float_in) or not all(tensor.index in subgraph.outputs for tensor in float_out)


def _connected(subgraph: Subgraph, operators: Iterable[Operator]) -> list[tuple[Operator, ...]]:
    """Operators grouped by the float tensors that they share, groups and members in execution order."""
    groups: list[list[Operator]] = []
    group_of: dict[int, list[Operator]] = {}
    for operator in operators:
        touched = [
            tensor.index
            for tensor in (*subgraph.taken(operator), *subgraph.given(operator))
            if tensor.dtype in FLOATS and not tensor.constant
        ]
        group = [operator]
        groups.append(group)
        for tensor in touched:
            other = group_of.get(tensor)
            if other is not None and other is not group:
                other.extend(group)
                groups.remove(group)
                group_of.update((known, other) for known, owner in list(group_of.items()) if owner is group)
                group = other
            group_of[tensor] = group
    return [tuple(sorted(group, key=lambda operator: operator.index)) for group in groups]


def _activations(model: Model) -> Iterator[Tensor]:
    """Tensors that operators compute, and the inputs of the subgraphs."""
    for subgraph in model.subgraphs:
        for index in subgraph.inputs:
            yield subgraph.tensors[index]
        for operator in subgraph.operators:
            yield from subgraph.given(operator)


def _constants(model: Model) -> Iterator[tuple[Operator, Tensor]]:
    for subgraph in model.subgraphs:
        for operator in subgraph.operators:
            for tensor in subgraph.taken(operator):
                if tensor.constant:
                    yield operator, tensor

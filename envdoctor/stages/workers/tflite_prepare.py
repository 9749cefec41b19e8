"""Make a float .tflite file what the LiteRT quantizer can read: it "quantizes" the rest to nothing, or fails.

Seen with litert-quantizer 0.11.0 and ai-edge-quantizer 0.10.0: operators that are numbered the old way are overlooked,
float16 weights behind DEQUANTIZE are left as they are, a file without a signature is refused, and a shape computed at
run time (SHAPE, STRIDED_SLICE, PACK: a Flatten with an open batch) leaves a float island. So operator numbers are
written both ways, everything that is constant once the input's size is fixed is computed and stored, integer weights
of operators that compute in float become float, operators that it has no int8 form for are written as others
(`tflite_rewrite`), a CAST behind a uint8 input goes (the input becomes float), and a signature is added. Outputs stay
the same; the caller proves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .early_activations import move_activations
from .mends import reduced_axes, select, upsampling
from .mends.mend import count
from .tflite_fold import fold
from .tflite_graph import Graph, prune, schema
from .tflite_rewrite import rewrite
from .whole_activations import put_together

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


#: Bits of the integers for which the quantizer has most operators.
_NARROW = 8
#: Where the bias is among an operator's inputs.
_BIASED = {"CONV_2D": 2, "DEPTHWISE_CONV_2D": 2, "FULLY_CONNECTED": 2, "TRANSPOSE_CONV": 3}
#: Element types of inputs that a CAST makes floats.
_WHOLE = frozenset({"UINT8", "INT8", "INT16", "INT32", "INT64", "BOOL"})


@dataclass(frozen=True)
class Prepared:
    """A prepared model.

    Attributes:
        signature: the key of its main signature.
        changes: what was done to it, as sentences for a person.
        was_hybrid: True if the original quantized its activations as it ran.
    """

    data: bytes
    signature: str
    changes: tuple[str, ...]
    was_hybrid: bool


def prepare(data: bytes, shapes: Mapping[str, Sequence[int | None]], *, bits: int = 8) -> Prepared:
    """Prepare a float model for quantization.

    Args:
        data: the file.
        shapes: the shape of each input, batch included, by name.
        bits: of the integers that activations are to become, 0 for none: what has no such form is written in another
            way.

    Raises:
        Problem: it has an operator that the interpreter doesn't know, or its shapes depend on its values.
    """
    graph = Graph(data)
    changes = []
    if graph.renumbered:
        changes.append(f"numbered {count(graph.renumbered, 'operator')} of before 2020 the way of today")
    widened = _widen_hybrid_weights(graph)
    if widened:
        changes.append(f"turned the integer weights of {count(widened, 'float operator')} into float")
    folded = fold(graph, shapes)
    if folded:
        names = ", ".join(sorted(set(folded)))
        changes.append(f"computed {count(len(folded), 'operator')} whose result is constant ({names})")
    changes += _write_for_integers(graph, bits) if bits else []
    had_signature = bool(graph.model.signatureDefs)
    signature = graph.ensure_signature()
    if not had_signature:
        changes.append("added a signature")
    prune(graph)
    for buffer in graph.model.buffers:
        if buffer.data is not None and not len(buffer.data):
            buffer.data = None  # the quantizer takes an empty one for the values of each tensor that has none
    return Prepared(graph.pack(), signature, tuple(changes), widened > 0)


def _write_for_integers(graph: Graph, bits: int) -> list[str]:
    """Write what has no form with activations of integers in another way."""
    changes = []
    opened, flattened = _drop_casts_of_inputs(graph), _flatten_biases(graph)
    _write_scalar_shapes(graph)
    if opened:
        changes.append(f"took the CAST from {count(opened, 'input')} of whole numbers: float now")
    if flattened:
        changes.append(f"wrote {flattened} bias{'' if flattened == 1 else 'es'} with one axis")
    changes += [
        *put_together(graph),
        *move_activations(graph),
        *reduced_axes.apply(graph, {}),
        *upsampling.apply(graph, {}),
    ]
    changes += select.apply(graph, {})
    rewritten = rewrite(graph, wide=bits > _NARROW)
    if rewritten:
        names = ", ".join(f"{count} {name}" for name, count in sorted(rewritten.items()))
        changes.append(f"wrote {names} as operators that can be quantized")
    return changes


def _widen_hybrid_weights(graph: Graph) -> int:
    """Store quantized constants that a float operator takes directly as the floats they stand for."""
    widened = 0
    for operator in graph.main.operators:
        inputs = [int(index) for index in operator.inputs if index >= 0]
        computes_in_float = any(graph.dtype(index) == "FLOAT32" and not graph.is_constant(index) for index in inputs)
        if not computes_in_float or graph.operator_name(operator) == "QUANTIZE":
            continue
        for index in inputs:
            quantized = graph.dtype(index) == "INT8" and graph.main.tensors[index].quantization is not None
            if quantized and graph.is_constant(index):
                value = graph.real_numbers(index)
                graph.main.tensors[index].type = schema().TensorType.FLOAT32
                graph.main.tensors[index].quantization = None
                graph.make_constant(index, value)
                widened += 1
    return widened


def _flatten_biases(graph: Graph) -> int:
    """Store biases with one axis: of one of litert-torch, (1, 1, 1, n), the quantizer makes a file that none reads."""
    changed = 0
    for operator in graph.main.operators:
        place = _BIASED.get(graph.operator_name(operator), len(operator.inputs))
        bias = int(operator.inputs[place]) if place < len(operator.inputs) else -1
        if bias >= 0 and graph.is_constant(bias) and len(graph.shape(bias)) > 1:
            inputs = [int(each) for each in operator.inputs]
            inputs[place] = graph.add_constant("bias", graph.constant(bias).reshape(-1))
            operator.inputs = inputs
            changed += 1
    return changed


def _write_scalar_shapes(graph: Graph) -> None:
    """Write the shape of a RESHAPE to a scalar as its option: calibration ends at a tensor without values."""
    for operator in graph.main.operators:
        if graph.operator_name(operator) == "RESHAPE" and graph.shape(int(operator.inputs[-1])) == (0,):
            operator.inputs = [int(operator.inputs[0])]
            operator.builtinOptionsType = schema().BuiltinOptions.ReshapeOptions
            operator.builtinOptions = schema().ReshapeOptionsT()
            operator.builtinOptions.newShape = [0]


def _drop_casts_of_inputs(graph: Graph) -> int:
    """Make what a CAST gives the input, where nothing else takes the input of whole numbers itself."""
    count = 0
    for index in [int(index) for index in graph.main.inputs]:
        takers = [operator for operator in graph.main.operators if index in operator.inputs]
        if graph.dtype(index) not in _WHOLE or len(takers) != 1 or graph.operator_name(takers[0]) != "CAST":
            continue
        outer = int(takers[0].outputs[0])
        if graph.dtype(outer) == "FLOAT32":
            graph.main.operators.remove(takers[0])
            graph.main.inputs = [outer if int(each) == index else int(each) for each in graph.main.inputs]
            for argument in graph.arguments():
                argument.tensorIndex = outer if argument.tensorIndex == index else argument.tensorIndex
            count += 1
    return count

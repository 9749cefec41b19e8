"""Whether TensorFlow Lite Micro runs an operator in the form that a model has it, by what its interpreter answered.

operators.toml holds the answers. A form that was not asked is unknown, never taken to run.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.compilers.tflm.variables import STRUCTURES
from envdoctor.core.data import load_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envdoctor.tflite.model import Operator, Subgraph, Tensor

_TABLE = Path(__file__).with_name("operators.toml")
#: Operators of any number of inputs or outputs of one kind, which were asked with two: (inputs, outputs) that matter.
_VARIADIC = {
    "CONCATENATION": (2, 1), "PACK": (2, 1), "ADD_N": (2, 1), "SPLIT": (2, 2), "SPLIT_V": (3, 2), "UNPACK": (1, 1),
}  # fmt: skip
#: Inputs that the kernel of an operator has room for (measured: 10 are taken, 11 are not), and its words for more.
_MOST_JOINED = 10
_TOO_MANY = "tensorflow/lite/micro/kernels/concatenation.cc:156 num_inputs <= kMaxInputNum was not true"
#: Those that take a constant wherever they take a tensor.
_BLIND_TO_CONSTANTS = frozenset({"CONCATENATION", "PACK", "ADD_N", "SELECT_V2"})
#: Outputs of a fixed range, which were asked with its scale and zero point alone.
_FIXED = {
    "LOGISTIC": {"INT8": (1 / 256, -128), "INT16": (1 / 32768, 0)},
    "SOFTMAX": {"INT8": (1 / 256, -128), "INT16": (1 / 32768, 0)},
    "TANH": {"INT8": (1 / 128, 0), "INT16": (1 / 32768, 0)},
    "L2_NORMALIZATION": {"INT8": (1 / 128, 0)},
    "LOG_SOFTMAX": {"INT8": (16 / 256, 127)},
}
#: Input, weights of four gates for it and for the state, four biases, the states of output and cell.
_LSTM_INPUTS = {*range(9), *range(12, 16), 18, 19}
_LSTM_FORMS = {
    f"FLOAT32 {'FLOAT32* ' * 12}FLOAT32 FLOAT32 > FLOAT32",
    f"INT8 {'INT8* ' * 8}{'INT32* ' * 4}INT8 INT16 > INT8",
}
_ACTIVATIONS = frozenset({"NONE", "RELU", "RELU6", "RELU_N1_TO_1"})
#: Options that must be off, as they were when the operator was asked.
_OFF = {"STRIDED_SLICE": ("ellipsis_mask", "new_axis_mask", "offset"), "BATCH_MATMUL": ("asymmetric_quantize_inputs",)}
#: The rank of the first input of operators that have only one.
_RANKS = {
    "CONV_2D": 4, "DEPTHWISE_CONV_2D": 4, "AVERAGE_POOL_2D": 4, "MAX_POOL_2D": 4, "L2_POOL_2D": 4,
    "RESIZE_BILINEAR": 4, "RESIZE_NEAREST_NEIGHBOR": 4, "SPACE_TO_DEPTH": 4, "DEPTH_TO_SPACE": 4, "SVDF": 2,
    "MIRROR_PAD": 4, "BATCH_TO_SPACE_ND": 4, "SPACE_TO_BATCH_ND": 4,
}  # fmt: skip
_LOW_RANK = 4
#: Of so many int8 values that are nearly equal the sum leaves the range of SOFTMAX's kernel, which ends the process
#: (measured: 511 equal ones are taken, 512 are not).
_SOFTMAX = 512
_TOLERANCE = 1e-4
_WITH_SCALES = frozenset({"INT8", "INT16"})
#: The lowest number of int8, and what gives a variance, and what is added to it.
_LOWEST = -128
_OF_A_VARIANCE = frozenset({"ADD", "MEAN", "SUM", "SQUARE", "SQUARED_DIFFERENCE"})
#: SOFTMAX's kernel ends the process at a smaller input scale (its multiplier must be more than 1); no model that was
#: trained has such a scale.
_SMALLEST_SCALE = 2.0**-26


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is known of an operator.

    Attributes:
        refused: the interpreter's words; empty if it does not refuse it.
        unknown: why nothing is known; empty if it is.
        structures: bytes of its options and of its kernel; None where they were not measured.
    """

    refused: str = ""
    unknown: str = ""
    structures: tuple[int, int] | None = None


def ask(graph: Subgraph, operator: Operator) -> Answer:
    """What the interpreter answered to an operator of this form."""
    table = load_file(_TABLE)
    if operator.custom_code is not None:
        is_own = operator.custom_code in table["custom"]
        unasked = Answer(unknown="custom operators were never tried")
        return unasked if is_own else Answer(refused="Failed to get registration from op code CUSTOM")
    if operator.name in table["lacking"]:
        return Answer(refused=f"Didn't find op for builtin opcode '{operator.name}'")
    if operator.name in STRUCTURES:
        unknown = next(chain(_sizes(graph, operator), _gates(graph, operator)), "")
        return Answer(unknown=unknown, structures=STRUCTURES[operator.name])
    form = form_of(graph, operator)
    joined = operator.name == "CONCATENATION" and len(operator.inputs) > _MOST_JOINED
    refusals = {_TOO_MANY: [form]} if joined else table["refused"].get(operator.name, {})
    refused = next((words for words, forms in refusals.items() if form in forms), "")
    if refused:
        return Answer(refused=refused)
    taken = taken_forms(operator.name)
    sizes = next((taken[key] for key in _spellings(operator, form) if key in taken), None)
    if sizes is not None:
        return Answer(unknown=next(_untried(graph, operator, table), ""), structures=sizes)
    return Answer(unknown=f"{form} was never tried", structures=_of_another_form(form, taken))


@functools.cache
def taken_forms(name: str) -> Mapping[str, tuple[int, int]]:
    """The forms of an operator that the interpreter takes, with the bytes of its options and of its kernel."""
    rows: Mapping[str, list[str]] = load_file(_TABLE)["taken"].get(name, {})
    taken: dict[str, tuple[int, int]] = {}
    for words, forms in rows.items():
        options, kernel = map(int, words.split())
        taken |= dict.fromkeys(forms, (options, kernel))
    return taken


def _of_another_form(form: str, taken: Mapping[str, tuple[int, int]]) -> tuple[int, int] | None:
    """The structures of the same operator where its output has the same type: what is constant does not change them."""
    output = form.rpartition(" > ")[2]
    return min((sizes for key, sizes in taken.items() if key.rpartition(" > ")[2] == output), default=None)


def form_of(graph: Subgraph, operator: Operator) -> str:
    """The element types of an operator, constants with a star: `INT8 INT8* INT32* > INT8`."""
    takes = [_word(tensor) for tensor in graph.taken(operator)]
    gives = [tensor.dtype for tensor in graph.given(operator)]
    if operator.name in _VARIADIC and takes and gives:
        inputs, outputs = _VARIADIC[operator.name]
        if len(set(gives)) == 1:
            gives = gives[:1] * outputs
        if inputs == _VARIADIC["PACK"][0] and outputs == 1 and len({word.rstrip("*") for word in takes}) == 1:
            takes = [takes[0].rstrip("*")] * inputs
    return f"{' '.join(takes)} > {' '.join(gives)}"


def _word(tensor: Tensor) -> str:
    stored = tensor.content is not None and tensor.content.size > 0
    return tensor.dtype + "*" * stored


def _spellings(operator: Operator, form: str) -> Iterator[str]:
    yield form
    if operator.name in _BLIND_TO_CONSTANTS:
        yield form.replace("*", "")


def _untried(graph: Subgraph, operator: Operator, table: dict[str, Any]) -> Iterator[str]:
    """What of an operator's form is other than what was asked."""
    taken, given = graph.taken(operator), graph.given(operator)
    rank = len(taken[0].shape) if operator.name not in {"SPLIT", "TRANSPOSE_CONV"} else _LOW_RANK
    ranks = table["ranks"].get(operator.name) or [_RANKS.get(operator.name, rank)]
    if (rank and rank not in ranks) or (operator.name not in table["ranks"] and rank > _LOW_RANK):
        yield f"it was never tried with {rank} dimensions"
    if operator.activation not in _ACTIVATIONS:
        yield f"it was never tried with a fused {operator.activation}"
    if operator.name == "SOFTMAX" and given[0].dtype == "INT8" and taken[0].shape[-1:] >= (_SOFTMAX,):
        yield f"its kernel ends the process where {_SOFTMAX} values or more are nearly equal"
    if operator.name in {"SOFTMAX", "LOG_SOFTMAX"} and _is_tiny(taken[0]):
        yield f"its kernel ends the process at an input scale of {_SMALLEST_SCALE:.2g} or less"
    if operator.name == "RSQRT" and _may_be_negative(graph, taken[0]):
        yield "its kernel stops at a negative number, which its input has the range for"
    if operator.word("weights_format", "DEFAULT") != "DEFAULT":
        yield "it was never tried with shuffled weights"
    yield from (f"it was never tried with {name}" for name in _OFF.get(operator.name, ()) if operator.options.get(name))
    if operator.name == "SVDF" and not _is_bias_of_svdf(graph, operator):
        yield "its bias must have the scale of its state times that of its weights in time, or its kernel refuses it"
    yield from _sizes(graph, operator)
    yield from _scales(operator, taken, given)


def _is_bias_of_svdf(graph: Subgraph, operator: Operator) -> bool:
    scales = []
    for place in (2, 3, 4):
        tensor = graph.input(operator, place)
        known = None if tensor is None or tensor.dtype == "FLOAT32" else tensor.quantization
        scales.append(known.scales[0] if known is not None and len(known.scales) else 0.0)
    return math.isclose(scales[1], scales[0] * scales[2], rel_tol=_TOLERANCE)


def _sizes(graph: Subgraph, operator: Operator) -> Iterator[str]:
    if any(size < 0 for tensor in graph.given(operator) for size in tensor.shape):
        yield "it gives a tensor of unknown size"


def _gates(graph: Subgraph, operator: Operator) -> Iterator[str]:
    """An LSTM other than Keras makes it: with peepholes, a projection, norms or coupled gates, or of other types."""
    if operator.name != "UNIDIRECTIONAL_SEQUENCE_LSTM":
        return
    places = {place for place, index in enumerate(operator.inputs) if index >= 0}
    if places != _LSTM_INPUTS or form_of(graph, operator) not in _LSTM_FORMS:
        yield f"{form_of(graph, operator)} was never tried"


def _is_tiny(tensor: Tensor) -> bool:
    known = tensor.quantization
    return tensor.dtype == "INT8" and known is not None and any(one <= _SMALLEST_SCALE for one in known.scales)


def _may_be_negative(graph: Subgraph, tensor: Tensor) -> bool:
    """Whether a quantized tensor has the range for it; 16 bits always have, and a variance has none all the same."""
    known = tensor.quantization
    if known is None or not len(known.zero_points):
        return False
    maker = graph.producers().get(tensor.index)
    is_variance = maker is not None and maker.name in _OF_A_VARIANCE
    return known.zero_points[0] > _LOWEST if tensor.dtype == "INT8" else tensor.dtype == "INT16" and not is_variance


def _scales(operator: Operator, taken: tuple[Tensor, ...], given: tuple[Tensor, ...]) -> Iterator[str]:
    fixed = _FIXED.get(operator.name, {}).get(given[0].dtype)
    scales = given[0].quantization
    if fixed is not None and (scales is None or not _is(scales.scales, scales.zero_points, *fixed)):
        yield f"it was never tried with another output scale than {fixed[0]:g}"
    for tensor in (*taken, *given):
        if tensor.dtype in _WITH_SCALES:
            yield from _scale(tensor)


def _scale(tensor: Tensor) -> Iterator[str]:
    known = tensor.quantization
    if known is None or not len(known.scales):
        yield f"{tensor.name} has no scale"
    elif tensor.dtype == "INT16" and any(known.zero_points):
        yield f"{tensor.name} has a zero point other than 0"


def _is(scales: Any, zero_points: Any, scale: float, zero_point: int) -> bool:  # noqa: ANN401  (sequences)
    near = all(math.isclose(one, scale, rel_tol=_TOLERANCE) for one in scales)
    return bool(len(scales)) and near and all(one == zero_point for one in zero_points)

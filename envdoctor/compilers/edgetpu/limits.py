"""The limitations of single operators. Which one applies to which, and why it is believed, is in ops.toml.

A limitation is a function of a `Question` that gives an `Objection` where the operator does not meet it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envdoctor.tflite.values import integers

if TYPE_CHECKING:
    from collections.abc import Callable

    from envdoctor.compilers.edgetpu.rulebook import Compiler, Rulebook
    from envdoctor.tflite.model import Operator, Subgraph, Tensor

_RANK_WITH_BATCH = 4
"""With fewer dimensions than this, the compiler takes the batch to be left out."""
_MAPPED_DIMENSIONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """Why an operator stays on the CPU.

    Attributes:
        status: a key of the statuses in the rule book, the compiler's words.
        reason: what it is in the model, for a person.
        certain: False where the evidence says neither that it is mapped nor that it is not.
        limit: the limitation that is not met, by the name of its function; empty for what is no limitation.
    """

    status: str
    reason: str
    certain: bool = True
    limit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An operator that a compiler is asked about, and what is known of the compiler."""

    subgraph: Subgraph
    operator: Operator
    compiler: Compiler
    rules: Rulebook

    def takes(self, form: str) -> bool | None:
        """Whether the compiler takes a form of the rule book; None where no source tells."""
        known = self.rules.forms.get(form)
        return None if known is None else known.known(self.compiler)

    def unless_taken(self, form: str, found: Objection) -> Objection | None:
        """An objection to a form: none where it is known to be taken, certain only where it is known to be refused."""
        taken = self.takes(form)
        if taken is None:
            reason = f"{found.reason}, of which nothing is known for edgetpu_compiler {self.compiler.release}"
            return replace(found, certain=False, reason=reason)
        return None if taken else found

    def input(self, position: int) -> Tensor | None:
        """One input of the operator."""
        return self.subgraph.input(self.operator, position)

    @property
    def activations(self) -> tuple[Tensor, ...]:
        """Inputs and outputs that are no constants."""
        tensors = (*self.subgraph.taken(self.operator), *self.subgraph.given(self.operator))
        return tuple(tensor for tensor in tensors if not tensor.constant)

    @property
    def output(self) -> Tensor | None:
        """The first output."""
        return next(iter(self.subgraph.given(self.operator)), None)


def no_fused_activation(question: Question) -> Objection | None:
    """Pooling and concatenation must not end in an activation of their own."""
    activation = question.operator.activation
    return None if activation == "NONE" else _limit(f"it has the fused activation {activation}")


def only_zero_padding(question: Question) -> Objection | None:
    """A concatenation with a constant is taken only as padding with zeros, and with one other input."""
    inputs = question.subgraph.taken(question.operator)
    constants = [tensor for tensor in inputs if tensor.constant]
    if not constants:
        return None
    if len(inputs) != 2:  # noqa: PLR2004  (the table's own number)
        return _limit(f"one of its {len(inputs)} inputs is a constant, which is taken only with one other input")
    zero = {int(point) for tensor in constants if tensor.quantization for point in tensor.quantization.zero_points}
    values = {value for tensor in constants for value in bytes(tensor.data())}
    if {value & 0xFF for value in zero} != values:
        return _limit("its constant input isn't all zeros")
    return None


def even_dilation(question: Question) -> Objection | None:
    """Dilation must be the same in both directions; where the kernel is one pixel thin it may not count."""
    dilation = tuple(question.operator.integer(f"dilation_{axis}_factor", 1) for axis in "hw")
    if dilation[0] == dilation[1]:
        return None
    found = _limit(f"its dilation is {dilation[0]} x {dilation[1]}")
    kernel = question.input(1)
    if kernel is None or len(kernel.shape) != _RANK_WITH_BATCH:
        return found
    counting = {factor for factor, size in zip(dilation, kernel.shape[1:3], strict=True) if size > 1}
    return found if len(counting) > 1 else question.unless_taken("thin-kernels-dilate", found)


def one_constant_operand(question: Question) -> Objection | None:
    """A dense layer multiplies by constant weights; newer compilers take computed ones too."""
    weights = question.input(1)
    if weights is None or weights.constant:
        return None
    found = Objection(status="constant", reason="it multiplies by weights that are computed, not constant")
    return question.unless_taken("computed-dense-weights", found)


def default_weights(question: Question) -> Objection | None:
    """Shuffled weights, made for ARM CPUs, are not taken."""
    layout = question.operator.word("weights_format", "DEFAULT")
    return None if layout == "DEFAULT" else _limit(f"its weights are laid out as {layout}")


def one_row(question: Question) -> Objection | None:
    """A dense layer gives one row; newer compilers take more."""
    return _rows(question, "dense-of-many-rows")


def softmax_rows(question: Question) -> Objection | None:
    """Softmax runs over one row; newer compilers take more."""
    return _rows(question, "softmax-of-many-rows")


def not_over_batch(question: Question) -> Objection | None:
    """A reduction leaves the batch alone."""
    if 0 not in _axes(question):
        return None
    return _over_batch(question, question.input(0), _limit("it reduces over the first axis"))


def depth_in_fours(question: Question) -> Objection | None:
    """A mean over the depth needs a depth in fours."""
    taken = question.input(0)
    if taken is None or not taken.shape or len(taken.shape) - 1 not in _axes(question) or taken.shape[-1] % 4 == 0:
        return None
    return _limit(f"it takes the mean over a depth of {taken.shape[-1]}, which is no multiple of 4")


def pooled_area(question: Question) -> Objection | None:
    """A mean over too many pixels is not taken."""
    taken = question.input(0)
    if taken is None:
        return None
    area = math.prod(taken.shape[axis] for axis in _axes(question) if axis != len(taken.shape) - 1)
    return _size(question, "pooled", area, f"it takes the mean over {area:,} pixels")


def not_packed_into_batch(question: Question) -> Objection | None:
    """Packing makes no batch."""
    if question.operator.integer("axis") != 0:
        return None
    return _over_batch(question, question.output, _limit("it packs along the first axis"))


def not_split_over_batch(question: Question) -> Objection | None:
    """Splitting along axis 0 is not taken, but into a single output it is a copy."""
    axis, taken = integers(question.input(0)), question.input(1)
    if taken is None or not axis or not taken.shape or axis[0] % len(taken.shape) != 0:
        return None
    found = Objection(status="batch", reason="it splits along the first axis")
    if len(question.operator.outputs) == 1:
        return question.unless_taken("one-way-split", found)
    return _over_batch(question, taken, found)


def batch_not_padded(question: Question) -> Objection | None:
    """Padding leaves the batch alone."""
    amounts = integers(question.input(1)) or ()
    return _over_batch(question, question.input(0), _limit("it pads the first axis")) if any(amounts[:2]) else None


def padded_operand(question: Question) -> Objection | None:
    """An addition of what was padded in height or width is not always taken by newer compilers."""
    producers = question.subgraph.producers()
    pads = [producers[index] for index in question.operator.inputs if index in producers]
    amounts = [integers(question.subgraph.input(pad, 1)) or () for pad in pads if pad.name == "PAD"]
    if not any(any(amount[2:6]) for amount in amounts if len(amount) == 2 * _RANK_WITH_BATCH):
        return None
    return question.unless_taken("sum-of-padded", _limit("it adds what was padded in height or width"))


def slope_per_channel(question: Question) -> Objection | None:
    """PReLU learns one slope a channel, not one a pixel."""
    slope = question.input(1)
    if slope is None or math.prod(slope.shape[:-1]) == 1:
        return None
    return _limit(f"its slopes have the shape {list(slope.shape)}; only the channels may differ")


def unit_strides(question: Question) -> Objection | None:
    """A strided slice takes every element, keeps its rank, and names its axes."""
    strides = integers(question.input(3)) or ()
    if any(stride != 1 for stride in strides):
        return _limit(f"its strides are {list(strides)}, not all 1")
    for mask in ("ellipsis_mask", "new_axis_mask"):
        if question.operator.integer(mask):
            return _limit(f"it has an {mask.replace('_', ' ')}")
    return None


def tile_of_one_pixel(question: Question) -> Objection | None:
    """Tiling is known to be mapped where one pixel becomes an image."""
    taken = question.input(0)
    if taken is not None and math.prod(taken.shape[:-1]) == 1:
        return question.unless_taken("tile-of-one-pixel", _limit("it tiles one pixel"))
    return question.unless_taken("tile-of-many-pixels", _limit("it tiles more than one pixel"))


def row(question: Question) -> Objection | None:
    """The two innermost dimensions together must fit."""
    largest = max((math.prod(tensor.shape[-2:]) for tensor in question.activations), default=0)
    return _size(
        question, "row", largest, f"{largest:,} bytes lie in the two innermost dimensions of one of its tensors"
    )


def reshape_size(question: Question) -> Objection | None:
    """Large tensors are not reshaped."""
    return _size(question, "reshape", _elements(question.output), f"it reshapes {_elements(question.output):,} bytes")


def transpose_size(question: Question) -> Objection | None:
    """Large tensors are not transposed."""
    return _size(
        question, "transpose", _elements(question.output), f"it transposes {_elements(question.output):,} bytes"
    )


def softmax_size(question: Question) -> Objection | None:
    """Softmax runs over so many elements at most."""
    output = question.output
    depth = output.shape[-1] if output is not None and output.shape else 0
    return _size(question, "softmax", depth, f"it runs over {depth:,} elements")


def nearest(question: Question) -> Objection | None:
    """A resize must not give too much."""
    return _size(
        question, "nearest", _elements(question.output), f"its output has {_elements(question.output):,} bytes"
    )


def bilinear(question: Question) -> Objection | None:
    """A bilinear resize must stay precise: no single pixel stretched, not too large, by whole factors."""
    taken, output = question.input(0), question.output
    if taken is None or output is None or taken.shape == output.shape:
        return None
    if not len(taken.shape) == len(output.shape) == _RANK_WITH_BATCH:
        return None
    if min(taken.shape[1:3]) <= 1:
        found = _limit(f"it stretches {taken.shape[1]} x {taken.shape[2]} to {output.shape[1]} x {output.shape[2]}")
        return question.unless_taken("stretch-of-one-pixel", found)
    too_large = _size(question, "bilinear", output.elements, f"its output has {output.elements:,} bytes")
    if too_large is not None:
        return too_large
    corner = 1 if question.operator.flag("align_corners") else 0
    factors = [
        (after - corner) % (before - corner) for before, after in zip(taken.shape[1:3], output.shape[1:3], strict=True)
    ]
    return question.unless_taken("broken-factor", _limit("it resizes by a broken factor")) if any(factors) else None


def too_many_dimensions(question: Question) -> Objection | None:
    """Only the three innermost dimensions may be larger than one."""
    for tensor in question.activations:
        if math.prod(tensor.shape[:-_MAPPED_DIMENSIONS]) > 1:
            return Objection(status="rank", reason=f"a tensor of the shape {list(tensor.shape)} has a batch")
    return None


def limitation(name: str) -> Callable[[Question], Objection | None]:
    """The function that a rule names."""
    function: Callable[[Question], Objection | None] = globals()[name]
    return function


def _limit(reason: str) -> Objection:
    return Objection(status="limit", reason=reason)


def _size(question: Question, name: str, size: int, reason: str) -> Objection | None:
    limit = question.rules.sizes[name].limit(question.compiler)
    if size <= limit.mapped:
        return None
    if limit.refused is not None and size >= limit.refused:
        return _limit(f"{reason}; {limit.refused:,} and more are not mapped")
    known = f"up to {limit.mapped:,} are known to be mapped"
    return Objection(status="limit", reason=f"{reason}; {known}, of this many nothing is known", certain=False)


def _elements(tensor: Tensor | None) -> int:
    return 0 if tensor is None else tensor.elements


def _rows(question: Question, form: str) -> Objection | None:
    """What speaks against more than one row of outputs."""
    output = question.output
    if output is None or math.prod(output.shape[:-1]) <= 1:
        return None
    found = Objection(status="batch", reason=f"its output has the shape {list(output.shape)}, more than one row")
    return question.unless_taken(form, found)


def _over_batch(question: Question, tensor: Tensor | None, found: Objection) -> Objection | None:
    """An objection to work along axis 0: of four dimensions it is the batch, of less it depends on the operator."""
    if tensor is None:
        return None
    if len(tensor.shape) >= _RANK_WITH_BATCH:
        return found
    return question.unless_taken(f"{question.operator.name}-first-of-three", found)


def _axes(question: Question) -> set[int]:
    taken = question.input(0)
    rank = len(taken.shape) if taken is not None else 0
    axes = integers(question.input(1)) or ()
    return {axis % rank for axis in axes if -rank <= axis < rank}

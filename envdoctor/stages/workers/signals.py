"""What the tensors of an int8 model carry, and where a step is too coarse for it.

The int8 file itself is written again in floats, its own weights included, and run on the samples: so every tensor has a
float twin under the same index, whatever made the file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import litert_run
from .channels import Scale
from .tflite_graph import Graph, schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .samples import Samples
    from .untyped import Array

_STORED = frozenset({"INT8", "UINT8", "INT16"})
#: Whole numbers that name places.
_INDEXES = frozenset({"INT32", "INT64"})
#: Operators that only store numbers otherwise: nothing is left of them in floats.
_STORING = frozenset({"QUANTIZE", "DEQUANTIZE"})
#: Operators that move numbers and do not change them.
_MOVING = _STORING | {
    "RESHAPE", "TRANSPOSE", "CONCATENATION", "PACK", "EXPAND_DIMS", "SQUEEZE", "SLICE", "STRIDED_SLICE", "GATHER",
    "SPLIT", "SPLIT_V", "UNPACK", "GATHER_ND", "CAST",
}  # fmt: skip
#: Operators that put several tensors, or a tensor of another scale, under one scale.
_JOINING = frozenset({
    "ADD", "SUB", "CONCATENATION", "PACK", "MAXIMUM", "MINIMUM", "SELECT", "SELECT_V2", "WHERE", "QUANTIZE", "ADD_N",
    "PADV2",
})  # fmt: skip
#: Operators that give 0 to 1, or -1 to 1, whatever goes in.
_BOUNDED = frozenset({"LOGISTIC", "SOFTMAX", "TANH"})
#: Operators that choose the best, and the custom one that LiteRT brings along.
_CHOOSING = frozenset({"TOPK_V2", "NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5", "CUSTOM"})
#: What moves by less than this share of its largest value carries nearly nothing.
_STILL = 1e-3
_LOOKED_AT = 16
#: Scales that differ by no more than this are one.
_SAME = 1e-4
#: Such a share of a tensor's channels is more than the few that are nearly dead in any network.
_MANY = 0.25
#: A step that only a mask makes: 256 of them reach what is meant to be infinite.
_MASKING = 1e3 / 256
#: A step is so large for a channel's sake only if the samples that are looked at use so many of it.
_WIDE = 16


@dataclass(frozen=True)
class Carried:
    """An int8 model, and what its tensors hold on some samples in floats: the smallest and the largest value.

    `channels` has the same of each index of a tensor's last axis, in two rows.
    """

    graph: Graph
    ranges: Mapping[int, tuple[float, float]]
    channels: Mapping[int, Array] = field(default_factory=dict)

    def width(self, index: int) -> float:
        """How much a tensor moves."""
        low, high = self.ranges.get(index, (0.0, 0.0))
        return high - low

    def largest(self, index: int) -> float:
        """The largest magnitude in a tensor."""
        return max(map(abs, self.ranges.get(index, (0.0, 0.0))))

    def step(self, index: int) -> float:
        """The smallest difference that a quantized tensor can show; 0 for others."""
        return _step(self.graph, index)


def _step(graph: Graph, index: int) -> float:
    quantization = graph.main.tensors[index].quantization
    scales = quantization.scale if quantization is not None else None
    return float(scales[0]) if scales is not None and len(scales) and graph.dtype(index) in _STORED else 0.0


def measure(data: bytes, samples: Samples) -> Carried:
    """Run the float twin of an int8 model on a few samples; inputs are named as in the file."""
    import numpy as np

    graph, twin = Graph(data), Graph(data)
    _write_in_floats(twin)
    interpreter = litert_run.make_interpreter(twin.pack(), keep_all=True)
    runner = litert_run.Runner(interpreter)
    channels: dict[int, Array] = {}
    for sample in samples.at_most(_LOOKED_AT).one_by_one():
        runner.predict(sample)
        for index in _results(twin):
            value = np.asarray(interpreter.get_tensor(index), dtype="float64")
            channels[index] = widen(channels.get(index), value)
    ranges = {index: (float(low.min()), float(high.max())) for index, (low, high) in channels.items()}
    for operator in graph.main.operators:
        if graph.operator_name(operator) in _STORING and int(operator.inputs[0]) in ranges:
            ranges[int(operator.outputs[0])] = ranges[int(operator.inputs[0])]
    return Carried(graph, ranges, channels)


def widen(known: Array, value: Array) -> Array:
    """The smallest and the largest number of each channel so far (None: of nothing), and of one more value."""
    import numpy as np

    rows = value.reshape(-1, (value.shape or (1,))[-1] or 1)
    found = np.stack([rows.min(axis=0, initial=np.inf), rows.max(axis=0, initial=-np.inf)])
    known = found if known is None else known
    if known.shape != found.shape:  # its size follows from what goes in, so that it has no channels
        known, found = (np.array([[each[0].min()], [each[1].max()]]) for each in (known, found))
    return np.stack([np.minimum(known[0], found[0]), np.maximum(known[1], found[1])])


def _results(graph: Graph) -> Iterator[int]:
    yield from (int(index) for index in graph.main.inputs)
    for operator in graph.main.operators:
        yield from (int(index) for index in operator.outputs)


def _write_in_floats(graph: Graph) -> None:
    """Make every quantized tensor the floats that it stands for, and drop what only stores them otherwise."""
    for index, tensor in enumerate(graph.main.tensors):
        quantized = tensor.quantization is not None and tensor.quantization.scale is not None
        if quantized and len(tensor.quantization.scale) and graph.dtype(index) in {*_STORED, "INT32", "INT64"}:
            value = graph.real_numbers(index) if graph.is_constant(index) else None
            tensor.type, tensor.quantization = schema().TensorType.FLOAT32, None
            if value is not None:
                graph.make_constant(index, value)
    same: dict[int, int] = {}
    left = []
    for operator in graph.main.operators:
        operator.inputs = [same.get(int(index), int(index)) for index in operator.inputs]
        if graph.operator_name(operator) in _STORING:
            same[int(operator.outputs[0])] = int(operator.inputs[0])
        else:
            left.append(operator)
    graph.main.operators = left
    graph.main.outputs = [same.get(int(index), int(index)) for index in graph.main.outputs]
    for argument in graph.arguments():
        argument.tensorIndex = same.get(argument.tensorIndex, argument.tensorIndex)


def has_huge_step(graph: Graph) -> bool:
    """True if a tensor's step is that of a mask: of numbers that are meant to be infinite."""
    return any(_step(graph, index) > _MASKING for index in range(len(graph.main.tensors)))


def chosen_outputs(graph: Graph) -> set[int]:
    """The outputs that hold what a top-k or NMS chose: their order is that of the scores."""
    return {
        index
        for index in (int(each) for each in graph.main.outputs)
        if any(name in _CHOOSING for _, name in _sources(graph, index))
    }


def is_bounded(graph: Graph, output: int) -> bool:
    """True if an output's step follows from an operator that gives 0 to 1 or -1 to 1 whatever goes in."""
    sources = list(_sources(graph, output))
    return len(sources) == 1 and sources[0][1] in _BOUNDED


def scale_of(carried: Carried, output: int) -> Scale:
    """How an output tells numbers apart, by the operators that lead to it."""
    sources = list(_sources(carried.graph, output))
    bounded = [index for index, name in sources if name in _BOUNDED]
    steps = [carried.step(index) for index in (output, *(index for index, _ in sources))]
    return Scale(
        step=next((step for step in steps if step), 0.0),
        bounded=is_bounded(carried.graph, output),
        joined=len(sources) > 1,
        bounded_range=min((carried.width(index) for index in bounded), default=0.0),
    )


def _sources(graph: Graph, output: int) -> Iterator[tuple[int, str]]:
    """The tensors whose numbers an output holds, with the operators that computed them (empty for an input)."""
    makers = {int(index): operator for operator in graph.main.operators for index in operator.outputs}
    pending, seen = [output], {output}
    while pending:
        index = pending.pop()
        operator = makers.get(index)
        name = "" if operator is None else graph.operator_name(operator)
        counts = graph.dtype(index) in _INDEXES and name not in _CHOOSING  # arithmetic on the places of a GATHER
        if operator is None or not (name in _MOVING or counts):
            yield index, name
            continue
        for taken in (int(index) for index in operator.inputs):
            if taken >= 0 and taken not in seen and not graph.is_constant(taken):
                seen.add(taken)
                pending.append(taken)


def find_swallowed(carried: Carried) -> Mapping[str, object] | None:
    """The first tensor that moves by less than one step of what an operator makes of it; None if there is none.

    Where there is none, the first tensor many channels of which move by less than its own step.

    Returns:
        `tensor` and its `range`; the operator's name (`op`), the `step` of its `result`; the `widest` tensor of that
        step, its `largest` magnitude, and the `constant` that this comes from, if there is one; and the range of the
        widest tensor that is swallowed anywhere, the `signal`.
    """
    found = list(_swallowed(carried))
    if not found:
        return next(_narrow_channels(carried), None)
    index, name, output = found[0]
    return {
        "tensor": _name(carried.graph, index),
        "range": carried.width(index),
        "op": name,
        "result": _name(carried.graph, output),
        "step": carried.step(output),
        "signal": max(carried.width(each) for each, _, _ in found),
        **_widest_beside(carried, carried.step(output)),
    }


def _swallowed(carried: Carried) -> Iterator[tuple[int, str, int]]:
    """Each tensor that moves by less than a step of what an operator makes of it, with its name and its result."""
    graph = carried.graph
    for operator in graph.main.operators:
        name, output = graph.operator_name(operator), int(operator.outputs[0]) if len(operator.outputs) else -1
        if name not in _JOINING or output < 0:
            continue
        for index in (int(index) for index in operator.inputs if index >= 0):
            moves = _STILL * carried.largest(index) < carried.width(index) < carried.step(output)
            if moves and not graph.is_constant(index) and graph.dtype(index) != "BOOL":
                yield index, name, output


def _narrow_channels(carried: Carried) -> Iterator[Mapping[str, object]]:
    """Of each tensor inside the model, what is lost in it beside its widest channel; as `find_swallowed` tells it."""
    graph = carried.graph
    ends = {index for output in graph.main.outputs for index, _ in _sources(graph, int(output))}
    for operator in graph.main.operators:
        name, output = graph.operator_name(operator), int(operator.outputs[0]) if len(operator.outputs) else -1
        step = carried.step(output) if output in carried.channels and output not in ends else 0.0
        if not step or name in _BOUNDED or name in _STORING:
            continue
        low, high = carried.channels[output]
        widths, largest = high - low, carried.largest(output)
        lost = (widths < step) & (widths > _STILL * abs(carried.channels[output]).max(axis=0))
        if lost.mean() >= _MANY and largest > _WIDE * step:
            width, called = float(widths[lost].max()), _name(graph, output)
            told = {
                "tensor": f"the widest of {int(lost.sum())} of {len(lost)} channels",
                "range": width,
                "signal": width,
            }
            beside = {"widest": "another channel", "largest": largest, "constant": None}
            yield {**told, "op": name, "result": called, "step": step, **beside}


def _widest_beside(carried: Carried, step: float) -> Mapping[str, object]:
    """The first of the widest tensors that have this step: it is so large for their sake.

    Where all that meets is already lost in a stored constant, none of them is wide: then it is the widest constant.
    """
    sharing = [index for index in carried.ranges if math.isclose(carried.step(index), step, rel_tol=_SAME)]
    largest = max(carried.largest(index) for index in sharing)
    if largest < step:
        index, value = max(_constants(carried.graph), key=lambda each: abs(each[1]), default=(sharing[0], 0.0))
        return {"widest": _name(carried.graph, index), "largest": abs(value), "constant": value}
    widest = next(index for index in sharing if math.isclose(carried.largest(index), largest, rel_tol=_SAME))
    constant = _constant_behind(carried.graph, widest, largest)
    return {"widest": _name(carried.graph, widest), "largest": largest, "constant": constant}


def _constant_behind(graph: Graph, index: int, magnitude: float) -> float | None:
    """The constant that gives a tensor its magnitude."""
    makers = {int(output): operator for operator in graph.main.operators for output in operator.outputs}
    pending, seen = [index], {index}
    while pending:
        current = pending.pop(0)
        if graph.is_constant(current):
            value = _widest_value(graph, current)
            if abs(value) >= magnitude / 2:
                return value
        elif current in makers:
            new = [int(taken) for taken in makers[current].inputs if taken >= 0 and int(taken) not in seen]
            seen.update(new)
            pending.extend(new)
    return None


def _constants(graph: Graph) -> Iterator[tuple[int, float]]:
    """Each constant that an operator takes, with its number of the largest magnitude."""
    for index in {int(each) for operator in graph.main.operators for each in operator.inputs if each >= 0}:
        if graph.is_constant(index):
            yield index, _widest_value(graph, index)


def _widest_value(graph: Graph, index: int) -> float:
    value = _value(graph, index)
    return float(value.flat[abs(value).argmax()]) if value is not None and value.size else 0.0


def _value(graph: Graph, index: int) -> Array | None:
    """The real numbers of a quantized or float constant."""
    if graph.dtype(index) == "FLOAT32":
        return graph.constant(index)
    quantization = graph.main.tensors[index].quantization
    has_scale = quantization is not None and quantization.scale is not None and len(quantization.scale) > 0
    return graph.real_numbers(index) if has_scale else None


def _name(graph: Graph, index: int) -> str:
    return (graph.main.tensors[index].name or b"").decode("utf-8", "replace") or f"tensor {index}"

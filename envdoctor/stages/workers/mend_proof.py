"""How far two forms of a .tflite file are from each other: both are run on the same numbers, without delegates."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import litert_run
from .mend_inputs import Worst, given_inputs, inputs_near, random_inputs, step_of
from .mends.mend import maker
from .tflite_graph import Graph

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .mend_inputs import Fed
    from .mends.mend import Mend, Shapes
    from .samples import Samples
    from .untyped import Array

    Detail = Mapping[str, Any]

#: Seconds after which no further one is begun, of random samples and of given ones; some are taken all the same.
_PATIENCE, _LEAST = 20.0, 4
#: So many steps of int16 are one of int8 over the same range.
_INT16_STEPS = 256
#: Where so many times probabilities were compared, and this share names the same class, twice the steps are accepted
#: of what is asked for: a softmax enlarges what is near a boundary.
_ENOUGH, _SAME_CLASS = 100, 0.98
#: How far the sum of rounded probabilities may be from one.
_ROUNDED = 0.05


@dataclass
class Measured:
    """What running two forms side by side shows.

    Attributes:
        random, given: how many random samples, and how many of the user's, were compared.
        steps: the largest difference of a quantized output, in steps of its scale, also if it is written as floats
            at the very end; of whole numbers and truth values, the largest difference.
        fine: True if the quantized outputs are int16, whose steps are 256 times smaller than those of int8.
        share: the largest difference of a float output, as a share of its largest value.
        absolute: the largest difference of any output, in real numbers.
        moved: whether any output changed from one sample to another; where none did, nothing is proven.
        classes: in how many samples an output that names a class was compared, and in how many it named the same one.
        likely: in how many of those it gives each class a probability.
        correct: how many of the labelled samples each form got right, and how many there were; None without labels.
    """

    random: int = 0
    given: int = 0
    steps: int = 0
    fine: bool = False
    share: float = 0.0
    absolute: float = 0.0
    moved: bool = False
    classes: list[int] = field(default_factory=lambda: [0, 0])
    likely: int = 0
    correct: list[int] | None = None

    @property
    def identical(self) -> bool:
        """True if there was no difference at all."""
        return self.absolute == 0.0 and self.steps == 0


def measure(before: bytes, after: bytes, shapes: Shapes, samples: Samples | None, *, closely: bool = False) -> Measured:
    """Run both forms on random numbers, and on the samples that are given.

    Inputs and outputs are those of the same place. A number that one of the forms stores as an integer is rounded to
    what that holds first, so that both compute from the same. `closely`: where numbers are rounded otherwise, few
    inputs show how far outputs move: from the worst of them, worse ones are looked for.
    """
    first = litert_run.Runner(litert_run.make_interpreter(before, shapes, delegates=False))
    second = litert_run.Runner(litert_run.make_interpreter(after, _renamed(shapes, first, after), delegates=False))
    found, largest = Measured(fine=_is_fine(first, second)), dict[int, float]()
    first_answer: list[Array] = []
    if samples is not None and samples.labels is not None:
        found.correct = [0, 0, 0]
    worst = Worst()
    near = inputs_near(worst, first) if closely else ()
    rounded = _steps_before_floats(before) if closely else {}
    for is_random, (sample, label) in _in_time(random_inputs(first), given_inputs(first, samples), near):
        left, right = _answers(first, second, sample)
        first_answer = first_answer or left
        found.moved = found.moved or _differ(first_answer, left)
        found.random += is_random
        found.given += not is_random
        outputs = zip(left, right, first.outputs.values(), second.outputs.values(), strict=True)
        distance = 0.0
        for place, (one, other, detail, changed) in enumerate(outputs):
            largest[place] = max(largest.get(place, 0.0), _largest(one))
            step = max(step_of(detail), step_of(changed), rounded.get(int(detail["index"]), 0.0))
            distance = max(distance, _compare(found, one, other, step, largest[place]))
            _classes(found, one, other, label)
        worst.hold(sample, distance)
    return found


def _steps_before_floats(data: bytes) -> Mapping[int, float]:
    """Of outputs that a DEQUANTIZE writes as floats: the int8 step that they were rounded to, by tensor."""
    graph, found = Graph(data), dict[int, float]()
    for index in map(int, graph.main.outputs):
        writer = maker(graph, index)
        if writer is not None and graph.operator_name(writer) == "DEQUANTIZE":
            source = int(writer.inputs[0])
            scales = getattr(graph.main.tensors[source].quantization, "scale", None)
            if scales is not None and len(scales):
                found[index] = float(scales[0]) * (_INT16_STEPS if graph.dtype(source) == "INT16" else 1)
    return found


def _is_fine(*runners: litert_run.Runner) -> bool:
    """True if the quantized outputs are int16 in each form that has some; the other's may be floats."""
    import numpy as np

    details = (detail for runner in runners for detail in runner.outputs.values())
    kinds = {np.dtype(detail["dtype"]) for detail in details if step_of(detail)}
    return kinds == {np.dtype("int16")}


def accepted_steps(mend: Mend, found: Measured, *, asked: bool) -> int:
    """How many steps of the quantized outputs a mend may move a value, where this was measured."""
    compared, same = found.classes
    is_sure = found.likely >= max(compared, _ENOUGH) and same >= _SAME_CLASS * compared
    times = 2 if asked and is_sure else 1
    return times * (mend.asked if asked else mend.steps) * (_INT16_STEPS if mend.rounds_weights and found.fine else 1)


def _in_time(random: Iterable[Fed], given: Iterable[Fed], near: Iterable[Fed]) -> Iterator[tuple[bool, Fed]]:
    """The random inputs, the given ones and those near them, as far as time allows; each with whether it is random."""
    for is_random, inputs in ((True, random), (False, given), (True, near)):
        started = time.monotonic()
        for number, each in enumerate(inputs):
            if number >= _LEAST and time.monotonic() - started > _PATIENCE:
                break
            yield is_random, each


def _differ(one: Sequence[Array], other: Sequence[Array]) -> bool:
    import numpy as np

    return any(not np.array_equal(left, right) for left, right in zip(one, other, strict=True))


def _renamed(shapes: Shapes, first: litert_run.Runner, after: bytes) -> Shapes:
    """The shapes by the names that the other form gives its inputs."""
    names = [spec.name for spec in litert_run.input_specs(after)]
    return {name: shapes[old] for name, old in zip(names, first.inputs, strict=True) if old in shapes}


def _answers(
    first: litert_run.Runner, second: litert_run.Runner, sample: Sequence[Array]
) -> tuple[list[Array], list[Array]]:
    details = zip(sample, first.inputs.values(), second.inputs.values(), strict=True)
    numbers = [_on_grid(value, (one, other)) for value, one, other in details]
    left = first.predict(dict(zip(first.inputs, numbers, strict=True)))
    right = second.predict(dict(zip(second.inputs, numbers, strict=True)))
    return list(left.values()), list(right.values())


def _on_grid(value: Array, details: Iterable[Detail]) -> Array:
    """Numbers as one of the forms can hold them."""
    for detail in details:
        if step_of(detail):
            return litert_run.dequantize(litert_run.quantize(value, detail), detail)
    return value


def _largest(value: Array) -> float:
    import numpy as np

    finite = np.abs(value[np.isfinite(value)].astype("float64")) if value.size else value
    return float(finite.max(initial=0.0))


def _compare(found: Measured, one: Array, other: Array, step: float, largest: float) -> float:
    """Note how far an answer is from another; returns that in steps, or as a share of the largest value."""
    import numpy as np

    difference = _difference(one, other)
    found.absolute = max(found.absolute, difference)
    step = step or (1.0 if one.dtype.kind != "f" else 0.0)
    if step:
        distance = difference / step
        found.steps = max(found.steps, round(distance) if np.isfinite(distance) else 1 << 16)
    else:
        distance = difference / (largest or 1.0)
        found.share = max(found.share, distance)
    return distance


def _difference(one: Array, other: Array) -> float:
    """The largest difference; infinite if the shapes differ, or one is a number where the other is none."""
    import numpy as np

    if one.shape != other.shape:
        return float("inf")
    left, right = one.astype("float64"), other.astype("float64")
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    gap = np.where(same, 0.0, np.abs(np.where(same, 0.0, left) - np.where(same, 0.0, right)))
    largest = float(gap.max(initial=0.0))
    return largest if np.isfinite(largest) else float("inf")


def _classes(found: Measured, one: Array, other: Array, label: int | None) -> None:
    """Count an output that is one row of several numbers: the largest names a class; equal ones are a tie."""
    if one.size < 2 or one.size != one.shape[-1] or one.shape != other.shape:  # noqa: PLR2004
        return
    left, right = one.reshape(-1), other.reshape(-1)
    found.classes[0] += 1
    found.classes[1] += int(right[left.argmax()] >= right.max())
    found.likely += int(left.min() >= 0 and abs(float(left.sum()) - 1) < _ROUNDED)
    if label is not None and found.correct is not None and label < one.size:
        found.correct[0] += int(left.argmax() == label)
        found.correct[1] += int(right.argmax() == label)
        found.correct[2] += 1

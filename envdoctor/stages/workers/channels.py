"""Whether a part of an output is lost in int8 while the whole looks right: each index of a channel axis by itself.

An int8 tensor has one scale. Where a wide channel (boxes in pixels) and a narrow one (scores of 0 to 1) share an
output, the narrow one may fit into a single step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .untyped import Array

#: A channel that moves by less than this share of its largest value says nearly nothing that could be lost.
_STILL = 0.05
#: What moves by less than this share of its largest value may be rounding of the float model itself.
NOISE = 1e-5
#: A channel needs at least so many steps to say more than one thing; beside others it is coarse below the second.
STEPS, _COARSE = 2.0, 4.0
#: Where even the widest channel has fewer steps, and is no more times as wide, offsets make the range and no channel
#: drowns another.
_WIDE, _WIDER = 16, 8
#: A probability that is more likely than not, and a step that is fine enough for it.
_LIKELY, _FINE = 0.5, 0.05
#: An output of so many channels may lose some: among many features some are nearly dead.
_MANY = 32
#: The longest of the middle axes on which heads are joined (anchors, attributes); longer ones are places.
_JOINED = 16
_LISTED = 16
#: How far the sum of probabilities may be from one.
_ROUNDING = 1e-3
_CHANNELS_FIRST = 3


@dataclass(frozen=True)
class Scale:
    """How an int8 output tells numbers apart.

    Attributes:
        step: the smallest difference that it can show; 0 if it is no quantized tensor.
        bounded: True if the step follows from an operator that gives 0 to 1 or -1 to 1 whatever goes in.
        joined: True if it joins several tensors, which then share the step.
        bounded_range: how much the bounded tensor moves that moves least of those that it joins; 0 if it joins none.
    """

    step: float = 0.0
    bounded: bool = False
    joined: bool = False
    bounded_range: float = 0.0


def find_lost(expected: Array, given: Array, scale: Scale) -> Mapping[str, object] | None:
    """The channels that move in the float model's output and can't in this one's; None if there are none.

    Small probabilities are no loss: an operator that gives 0 to 1 has its step (1/256) from that and not from another
    channel, and a class that no sample shows stays below it.

    Returns:
        `axis`; `indexes` of the first; `count` and `of` how many; the `step`; the `range` of the widest; and
        `certain`: False for one tensor of many features, of which some are nearly dead, if the axis may be time, for
        channels that hardly move or have a few steps, and where no channel has many.
    """
    perhaps = None
    for axis in _channel_axes(expected, joined=scale.joined):
        found = [] if _is_distribution(expected, axis) else list(_lost(expected, given, axis, scale))
        lost = [one for one in found if one.certain] or found
        total = expected.shape[axis]
        if lost and len(lost) < total:
            told = {
                "axis": axis,
                "indexes": [one.index for one in lost[:_LISTED]],
                "count": len(lost),
                "of": total,
                "step": scale.step or None,
                "range": max(one.width for one in lost),
                "certain": lost[0].certain and (scale.joined or _is_surely_lost(expected, axis, len(lost), total)),
            }
            if told["certain"]:
                return told
            perhaps = perhaps or told
    return perhaps


def find_flat(expected: Array, given: Array, step: float) -> Mapping[str, object] | None:
    """How a whole output moves over the samples, where that is lost in int8: the value that moves most.

    A movement beside which the float model's own rounding counts is none.

    Returns:
        None if the output moves by at least two steps, or not at all; else its `range`, the `step`, and `gone`: True if
        it is less than a step, or the int8 output does not move.
    """
    import numpy as np

    width, moved = (float(np.ptp(values, axis=0).max(initial=0.0)) for values in (expected, given))
    largest = float(np.abs(expected).max(initial=0.0))
    if expected.dtype.kind != "f" or width <= NOISE * largest or width >= STEPS * step:
        return None
    return {"range": width, "step": step, "gone": moved == 0 or width < step}


def find_noisy(expected: Array, given: Array, step: float) -> list[int]:
    """Of the few channels on the last axis those with an error as large as what they move by over the samples.

    What moves by some steps alone is `find_lost`'s business: there it is the step that errs.
    """
    import numpy as np

    if expected.ndim < 2 or not 1 < expected.shape[-1] < _MANY or not step:  # noqa: PLR2004  (samples, channels)
        return []
    shape = (len(expected), -1, expected.shape[-1])
    left, right = (np.asarray(values, dtype="float64").reshape(shape) for values in (expected, given))
    moves, width = ((left - left.mean(axis=0)) ** 2).mean(axis=(0, 1)), np.ptp(left, axis=0).max(axis=0)
    counts = (width >= _COARSE * step) & (width > _STILL * np.abs(left).max(axis=(0, 1)))
    found = np.flatnonzero(counts & (((left - right) ** 2).mean(axis=(0, 1)) >= moves))
    return [int(index) for index in found]


def drowned(expected: Array, step: float) -> Mapping[str, object] | None:
    """Of probabilities that are all smaller than a step: how many classes, and the `largest` one; None for others."""
    if expected.ndim < 2 or expected.dtype.kind != "f" or not _is_distribution(expected, expected.ndim - 1):  # noqa: PLR2004
        return None
    largest = float(expected.max(initial=0.0))
    return {"classes": expected.shape[-1], "largest": largest, "step": step} if largest < step else None


def _channel_axes(values: Array, *, joined: bool) -> Iterator[int]:
    """The last axis; the first one after the samples, where it may hold channels; others that tensors may join on."""
    if values.ndim > 1 and values.dtype.kind == "f":
        yield values.ndim - 1
        height_and_width = values.ndim > _CHANNELS_FIRST and values.shape[1] == values.shape[2]
        if values.ndim >= _CHANNELS_FIRST and not height_and_width:
            yield 1
        longest = max(_JOINED if joined else 0, 0 if height_and_width else _MANY)
        yield from (axis for axis in range(2, values.ndim - 1) if values.shape[axis] <= longest)


def _is_surely_lost(expected: Array, axis: int, lost: int, total: int) -> bool:
    """Whether what is lost says something: channels of a few, or most of many, which no dead features are."""
    most = 2 * lost >= total
    if axis == expected.ndim - 1 or axis == 1:
        return _names_channels(expected, axis) and (total < _MANY or most)
    return most and total < _MANY


def _names_channels(values: Array, axis: int) -> bool:
    """True for the last axis, and for the first one if it is the shorter: a longer one is that of places or of time."""
    return bool(axis == values.ndim - 1 or values.shape[axis] < values.shape[axis + 1])


def _is_distribution(values: Array, axis: int) -> bool:
    import numpy as np

    return bool(values.min(initial=0.0) >= 0 and np.allclose(values.sum(axis=axis), 1, atol=_ROUNDING))


@dataclass(frozen=True)
class _Channel:
    """A channel that is lost, or may be."""

    index: int
    width: float
    certain: bool


def _lost(expected: Array, given: Array, axis: int, scale: Scale) -> Iterator[_Channel]:
    import numpy as np

    others = tuple(each for each in range(expected.ndim) if each != axis)
    low, high = expected.min(axis=others), expected.max(axis=others)
    widths, largest = high - low, np.maximum(np.abs(low), np.abs(high))
    moved = given.max(axis=others) - given.min(axis=others)
    below = largest < STEPS * scale.step
    says_something = (widths > _STILL * largest) | (below & (widths > NOISE * largest))
    gone = (moved == 0) | (widths < STEPS * scale.step)
    hardly = (widths > NOISE * largest) & (expected.shape[axis] < _MANY) & ((moved == 0) | (widths < scale.step))
    coarse = scale.joined & (widths > _STILL * largest) & (widths < _COARSE * scale.step)
    for index in np.flatnonzero((says_something & gone) | hardly | coarse):
        small = largest[index] < _LIKELY or (largest[index] <= 1 + _ROUNDING and scale.step <= _FINE)
        excused = scale.bounded or scale.bounded_range >= STEPS * scale.step > 0
        if not (small and excused):
            widest = widths.max()
            drowns = widest >= min(_WIDE * scale.step, _WIDER * widths[index]) or (scale.joined and below[index])
            certain = bool(says_something[index] and gone[index] and drowns)
            yield _Channel(int(index), float(widths[index]), certain)

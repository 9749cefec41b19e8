"""What calibration can't have seen: how an output would be clipped by ranges that its own samples did not make."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .untyped import Array

#: In so many parts the samples are split; with fewer samples than this, chance decides what the parts hold.
_PARTS, _FEWEST = 5, 20
_SEED = 20210521


def clipped(values: Array) -> Array | None:
    """An output, (samples, ...), each fifth of it clipped to the range of the others; None for few samples.

    The model itself is calibrated with all of them: keeping some out to judge by made it worse where single samples
    make the range, and did not show it where the widest was not among them. The parts are drawn: samples may be in an
    order that repeats, a class after the other.
    """
    import numpy as np

    count = len(values)
    if count < _FEWEST or not values.size:
        return None
    part = np.random.default_rng(_SEED).permutation(count) % _PARTS
    made = np.array(values)
    for number in range(_PARTS):
        others = values[part != number]
        made[part == number] = values[part == number].clip(min(others.min(), 0), max(others.max(), 0))
    return made

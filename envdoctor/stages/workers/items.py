"""Outputs whose places mean nothing, or whose numbers have no distance: what a top-k or NMS gives, and class numbers.

Int8 turns near ties round: the k best are the same and stand in another order. And a class number that is off by nine
is as wrong as one that is off by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .untyped import Array

#: A vector (a box) is found again if no coordinate is off by more than this share of the output's range.
_NEAR = 0.1
_NEARLY_ALL = 0.95
_PLAIN: dict[str, object] = {
    "difference": 0.0,
    "cosine": 1.0,
    "still": False,
    "constant": False,
    "lost": None,
    "drowned": None,
    "flat": None,
}


def compare_labels(name: str, expected: Array, given: Array) -> Mapping[str, object]:
    """How many whole numbers of an output are the float model's, each at its place.

    `constant` is told as for other outputs, unless nearly all are right all the same.
    """
    agreement = float((expected == given).mean())
    is_constant = bool((given == given[:1]).all() and not (expected == expected[:1]).all() and agreement < _NEARLY_ALL)
    return _PLAIN | {"name": name, "finite": True, "of": "labels", "agreement": agreement, "constant": is_constant}


def compare_items(name: str, expected: Array, given: Array) -> Mapping[str, object] | None:
    """How many of the float model's items are among this one's, whatever their order; items lie along the second axis.

    None if there is one item a sample (a count), or they are numbers that are told by sorting them.
    """
    import numpy as np

    if expected.ndim < 2 or expected.shape[1] < 2 or expected.shape != given.shape:  # noqa: PLR2004  (samples, items)
        return None
    whole = bool((np.asarray(expected) == np.round(expected)).all())
    if not whole and expected.ndim == 2:  # noqa: PLR2004
        return None
    found = _found_whole if whole else _found_near
    span = float(np.ptp(expected)) or 1.0
    shares = [found(left, right, span * _NEAR) for left, right in zip(expected, given, strict=True)]
    agreement = float(np.mean(shares))
    return {**_PLAIN, "name": name, "finite": bool(np.isfinite(given).all()), "of": "items", "agreement": agreement}


def sorted_items(values: Array) -> Array:
    """Numbers of a sample, the largest first: the order in which equal sets are equal."""
    import numpy as np

    return -np.sort(-values, axis=1) if values.ndim == 2 else values  # noqa: PLR2004  (samples, items)


def _found_whole(expected: Array, given: Array, _: float) -> float:
    """The share of the items that are in both, each as often as it is in both."""
    from collections import Counter

    left, right = (Counter(map(tuple, each.reshape(len(each), -1).tolist())) for each in (expected, given))
    return sum((left & right).values()) / len(expected)


def _found_near(expected: Array, given: Array, near: float) -> float:
    """The share of the items that have one of the others near them, none taken twice."""
    import numpy as np

    left, right = expected.reshape(len(expected), -1), given.reshape(len(given), -1)
    free: Array = np.ones(len(right), dtype=bool)
    for item in left:
        distances = np.where(free, np.abs(right - item).max(axis=1), np.inf)
        nearest = int(distances.argmin())
        if distances[nearest] <= near:
            free[nearest] = False
    return float(1 - free.sum() / len(left))

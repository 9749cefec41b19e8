"""Outputs whose places mean nothing, or whose numbers have no distance: what a top-k or NMS gives, and class numbers.

Int8 turns near ties round: the k best are the same and stand in another order. And a class number that is off by nine
is as wrong as one that is off by one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .untyped import Array

#: A vector (a box) is found again if no number in it is off by more than this share of the range of its like; of
#: numbers beside those that range the widest (its score), as far as an output of its own may be off.
_NEAR, _BESIDE = 0.1, 0.35
#: Columns of an output whose ranges are no more times apart are alike: the coordinates of boxes, and not their scores.
_ALIKE = 8.0
#: Whole numbers are classes.
_SAME_CLASS = 0.5
_NEARLY_ALL = 0.95
#: Of items fewer of which than this had to be chosen, the others are told, too.
_HALF = 0.5
#: What an output of an item has no more numbers than this says where and what it is; a mask has more.
_SHORT = 16
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


@dataclass(frozen=True)
class Chosen:
    """What is known of the items that a model chooses for a sample.

    Attributes:
        decided: which of them had to be chosen, (samples, items), by how many a sample has.
        most: how many a sample has at most.
    """

    decided: Mapping[int, Array] = field(default_factory=dict)
    most: int = 0


def find_chosen(expected: Mapping[str, Array], given: Mapping[str, Array]) -> Chosen:
    """Which items had to be chosen, by their scores.

    What is left over was not better than the worst that was chosen. So nothing tells of an item whose score is as near
    to that as int8 moves scores: the fifth best of classes that are all unlikely, or a place that an NMS left empty.

    Args:
        expected: the outputs that hold what was chosen, each with the samples along its first axis.
        given: those of the quantized model.
    """
    decided: dict[int, Array] = {}
    for name, value in expected.items():
        for left, right in _columns(value, given[name]):
            if left.shape[1] not in decided and _are_scores(left):
                decided[left.shape[1]] = left > left.min(axis=1, keepdims=True) + _doubt(left, right)
    return Chosen(decided, max((value.shape[1] for value in expected.values() if value.ndim > 1), default=0))


def _columns(expected: Array, given: Array) -> Iterator[tuple[Array, Array]]:
    if expected.shape != given.shape or expected.dtype.kind != "f":
        return
    if expected.ndim == 2:  # noqa: PLR2004  (samples, items)
        yield expected, given
    elif expected.ndim == 3:  # noqa: PLR2004  (samples, items, and of each a box, a score, a class)
        yield from ((expected[..., column], given[..., column]) for column in range(expected.shape[-1]))


def _are_scores(values: Array) -> bool:
    import numpy as np

    falling = values.shape[1] > 1 and bool((np.diff(values, axis=1) <= 0).all())
    return falling and float(np.ptp(values)) > 0 and not _are_whole(values)


def _doubt(expected: Array, given: Array) -> float:
    """How far apart scores must be to be told apart: by how much int8 moves them, and by its smallest step."""
    import numpy as np

    moved = float(np.sqrt(np.mean((expected - sorted_items(given)) ** 2)))
    different = np.unique(given)
    step = float(np.diff(different).min()) if len(different) > 1 else 0.0
    return min(2 * max(moved, step), _NEAR * float(np.ptp(expected)))


def _are_whole(values: Array) -> bool:
    import numpy as np

    return bool((np.asarray(values) == np.round(values)).all())


def compare_items(name: str, expected: Array, given: Array, chosen: Chosen) -> Mapping[str, object] | None:
    """How many of the float model's items are among this one's, whatever their order; items lie along the second axis.

    A single whole number a sample is how many items there are, or names the only one. None for numbers that are told
    by sorting them.
    """
    import numpy as np

    whole = _are_whole(expected)
    if expected.shape != given.shape or (not whole and expected.ndim < 3):  # noqa: PLR2004  (samples, items, numbers)
        return None
    finite = bool(np.isfinite(given).all())
    told = {**_PLAIN, "name": name, "finite": finite, "of": "items"}
    if expected.size == len(expected):
        counts = chosen.most > 1 and expected.max(initial=0) <= chosen.most
        return {**told, "agreement": _agreement_of_counts(expected, given) if counts else _share(expected == given)}
    return {**told, **_agreement_of_items(expected, given, _near(expected), chosen)}


def compare_together(both: Mapping[str, tuple[Array, Array]], chosen: Chosen) -> Iterator[dict[str, Any]]:
    """What several outputs say of the same items, held together: a box is right only with its own score and class.

    Args:
        both: those of the float model and of this one, (samples, items, ...), by name.
        chosen: what is known of the items.
    """
    import numpy as np

    counts = {expected.shape[1] for expected, _ in both.values() if expected.ndim > 1 and expected.shape[1] > 1}
    for count in sorted(counts):
        parts = {
            name: each
            for name, each in both.items()
            if each[0].ndim > 1 and each[0].shape[1] == count and math.prod(each[0].shape[2:]) <= _SHORT
        }
        if len(parts) > 1:
            joined = [np.concatenate([_rows(each[which]) for each in parts.values()], axis=-1) for which in (0, 1)]
            near = np.concatenate([_near(expected) for expected, _ in parts.values()])
            found = _agreement_of_items(joined[0], joined[1], near, chosen)
            yield {**_PLAIN, "name": " with ".join(parts), "finite": True, "of": "items", **found}


def _rows(values: Array) -> Array:
    """Of each sample and item its numbers in one row."""
    return values.reshape(*values.shape[:2], -1)


def _near(expected: Array) -> Array:
    """By how much each number of an item may be off; of one number alone, as far as an output of its own may be."""
    import numpy as np

    each = expected[..., None] if expected.ndim == 2 else expected  # noqa: PLR2004  (samples, items)
    if _are_whole(each):
        reach = np.full(each.shape[-1], _SAME_CLASS)
    else:
        reach = _reach(each) if expected is each else np.full(1, _BESIDE * float(np.ptp(each)))
    return np.tile(reach, math.prod(each.shape[2:-1]))


def _agreement_of_items(expected: Array, given: Array, near: Array, chosen: Chosen) -> Mapping[str, object]:
    """The share that is found again of the items that had to be chosen, and of all, where those are less than half."""
    import numpy as np

    found = np.stack([_found(left, right, near) for left, right in zip(_rows(expected), _rows(given), strict=True)])
    decided = chosen.decided.get(expected.shape[1])
    if decided is None or not decided.any():
        return {"agreement": _share(found)}
    told = {"agreement": _share(found[decided])}
    few = _share(decided) < _HALF
    return {**told, "decided": _share(decided), "of_all": _share(found)} if few else told


def _agreement_of_counts(expected: Array, given: Array) -> float:
    """Which share of what one of the models counts both do."""
    import numpy as np

    most = float(np.maximum(expected, given).sum())
    return float(np.minimum(expected, given).sum()) / most if most else 1.0


def _share(right: Array) -> float:
    return float(right.mean())


def _reach(values: Array) -> Array:
    """By how much each number of a vector may be off: columns have ranges of their own, boxes in pixels and scores."""
    import numpy as np

    columns = values.reshape(-1, values.shape[-1])
    ranges = np.ptp(columns, axis=0)
    alike = np.array([ranges[ranges <= _ALIKE * each].max() for each in ranges])
    whole = (columns == np.round(columns)).all(axis=0)
    return np.where(whole, _SAME_CLASS, alike * np.where(alike == ranges.max(), _NEAR, _BESIDE))


def sorted_items(values: Array) -> Array:
    """Numbers of a sample, the largest first: the order in which equal sets are equal."""
    import numpy as np

    return -np.sort(-values, axis=1) if values.ndim == 2 else values  # noqa: PLR2004  (samples, items)


def _found(expected: Array, given: Array, near: Array) -> Array:
    """Which of the items have one of the others near them, none taken twice."""
    import numpy as np

    free: Array = np.ones(len(given), dtype=bool)
    found: Array = np.zeros(len(expected), dtype=bool)
    for place, item in enumerate(expected):
        distances = np.where(free, (np.abs(given - item) - near).max(axis=1), np.inf)
        nearest = int(distances.argmin())
        if distances[nearest] <= 0:
            free[nearest], found[place] = False, True
    return found

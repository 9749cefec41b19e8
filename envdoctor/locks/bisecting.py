"""The search for the smallest change between a good and a bad set.

Changes are made in order until the set turns bad: a binary search finds the change that does it, which is one cause. If
that alone is not enough, the search goes on among the changes before it, with the causes that are known made. Each
cause costs a logarithm of the changes, where more changes never turn a bad set good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from envdoctor.core.bisect import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


def smallest_cause(changes: Sequence[T], try_set: Callable[[Sequence[T]], Trial]) -> list[T]:
    """The changes that turn the good set bad together, none of which can be left out.

    Args:
        changes: all that differ between the good set and the bad one, which were tried as such.
        try_set: what becomes of the good set with some changes made; it is asked nothing twice.
    """
    known = {frozenset[int](): Trial.GOOD, frozenset(range(len(changes))): Trial.BAD}

    def trial(chosen: Sequence[int]) -> Trial:
        key = frozenset(chosen)
        if key not in known:
            known[key] = try_set([changes[number] for number in sorted(key)])
        return known[key]

    causes: list[int] = []
    left = list(range(len(changes)))
    while left and trial(causes) is not Trial.BAD:
        number = first_bad(len(left), lambda count, left=left: trial([*causes, *left[:count]]))  # type: ignore[misc]
        causes.append(left[number - 1])
        left = left[: number - 1]
    for number in tuple(causes) if len(causes) > 1 else ():  # one that another change undid on the way
        others = [one for one in causes if one != number]
        causes = others if trial(others) is Trial.BAD else causes
    return [changes[number] for number in sorted(causes)]


def first_bad(most: int, trial: Callable[[int], Trial]) -> int:
    """The smallest number from 1 to `most` that is bad, where `most` is known to be; what is not testable is no answer.

    Beside a set that can't be tested its neighbours are tried, the nearest first; none of them, and it counts as good.
    """
    good, bad = 0, most
    while bad - good > 1:
        number = _testable((good + bad) // 2, good, bad, trial)
        if number is None:
            break
        if trial(number) is Trial.BAD:
            bad = number
        else:
            good = number
    return bad


def _testable(middle: int, good: int, bad: int, trial: Callable[[int], Trial]) -> int | None:
    near = sorted(range(good + 1, bad), key=lambda number: abs(number - middle))
    return next((number for number in near if trial(number) is not Trial.NOT_TESTABLE), None)

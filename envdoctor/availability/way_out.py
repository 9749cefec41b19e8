"""The way out: when a resolver's set is broken by one wheel, the nearest other set that is not."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.availability.uv import Outcome
from envdoctor.core.availability import CellVerdict, Pin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from envdoctor.availability.judging import Judgment
    from envdoctor.availability.uv import Question, Resolution

_TRIES = 12
# Verdicts that another choice of versions can change.
_CURABLE = frozenset({CellVerdict.BROKEN, CellVerdict.CONFLICTS})

_Left = frozenset[tuple[str, str]]


def find_way_out(
    question: Question,
    judgment: Judgment,
    resolve: Callable[[Question], Resolution],
    judge: Callable[[Resolution], tuple[tuple[Pin, ...], Judgment]],
) -> tuple[Pin, ...]:
    """Pins that make a sound set for the same question, by leaving culprits out; empty if none was found.

    Breadth first: sets that leave out one version are tried before those that leave out two, so that the answer is as
    near to the resolver's own as can be. At most a dozen sets are tried.

    Args:
        question: what was resolved.
        judgment: of the resolver's own choice.
        resolve: asks the resolver.
        judge: the pins of a resolution, and what is said of them.
    """
    waiting = deque(_further(frozenset(), judgment.culprits, question))
    seen: set[_Left] = set(waiting)
    for _ in range(_TRIES):
        if not waiting:
            break
        left_out = waiting.popleft()
        resolution = resolve(_without(question, left_out))
        if resolution.outcome is not Outcome.RESOLVED:
            continue
        pins, found = judge(resolution)
        if found.verdict is CellVerdict.SOUND:
            return pins
        if found.verdict in _CURABLE:
            further = [one for one in _further(left_out, found.culprits, question) if one not in seen]
            waiting.extend(further)
            seen.update(further)
    return ()


def _further(left_out: _Left, culprits: Iterable[Pin], question: Question) -> Iterator[_Left]:
    """What is left out already with one culprit more; what was asked for exactly can't be left out."""
    for pin in culprits:
        if not any(_asks_for(line, pin) for line in question.requirements):
            yield left_out | {(pin.name, pin.version)}


def _without(question: Question, left_out: _Left) -> Question:
    lines = tuple(f"{name}!={version}" for name, version in sorted(left_out))
    return replace(question, constraints=(*question.constraints, *lines))


def _asks_for(line: str, pin: Pin) -> bool:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    requirement = Requirement(line)
    pinned = any(one.operator in {"==", "==="} and "*" not in one.version for one in requirement.specifier)
    return pinned and canonicalize_name(requirement.name) == pin.name

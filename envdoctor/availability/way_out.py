"""The way out: when a resolver's set is broken by one wheel, the nearest other set that is not."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.availability.candidates import exact_versions
from envdoctor.availability.uv import Outcome
from envdoctor.core.availability import CellVerdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from envdoctor.availability.judging import Judgment
    from envdoctor.availability.uv import Question, Resolution
    from envdoctor.core.availability import Pin

#: Sets that are tried for a cell of a table.
TRIES = 12
# Verdicts that another choice of versions can change.
_CURABLE = frozenset({CellVerdict.BROKEN, CellVerdict.CONFLICTS})


def find_way_out(
    question: Question,
    judgment: Judgment,
    resolve: Callable[[Question], Resolution],
    judge: Callable[[Resolution], tuple[tuple[Pin, ...], Judgment]],
    tries: int = TRIES,
) -> tuple[Pin, ...]:
    """Pins that make a sound set for the same question, by taking remedies; empty if none was found.

    Breadth first: sets after one remedy are tried before those after two, so that the answer is as near to the
    resolver's own as can be.

    Args:
        question: what was resolved.
        judgment: of the resolver's own choice.
        resolve: asks the resolver.
        judge: the pins of a resolution, and what is said of them.
        tries: how many sets are tried at most.
    """
    waiting = deque(_further(frozenset(), judgment.remedies, question))
    seen = set(waiting)
    for _ in range(tries):
        if not waiting:
            break
        taken = waiting.popleft()
        resolution = resolve(replace(question, constraints=(*question.constraints, *sorted(taken))))
        if resolution.outcome is not Outcome.RESOLVED:
            continue
        pins, found = judge(resolution)
        if found.verdict.is_good:
            return pins
        if found.verdict in _CURABLE:
            further = [one for one in _further(taken, found.remedies, question) if one not in seen]
            waiting.extend(further)
            seen.update(further)
    return ()


def _further(taken: frozenset[str], remedies: Iterable[str], question: Question) -> Iterator[frozenset[str]]:
    """What is taken already with one remedy more; what was asked for exactly can't be left out."""
    for remedy in remedies:
        if not any(_forbids(remedy, line) for line in question.requirements):
            yield taken | {remedy}


def _forbids(remedy: str, line: str) -> bool:
    """Whether a remedy leaves out the very version that a line pins."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    rule, asked = Requirement(remedy), Requirement(line)
    if canonicalize_name(rule.name) != canonicalize_name(asked.name):
        return False
    return any(version not in rule.specifier for version in exact_versions(asked.specifier))

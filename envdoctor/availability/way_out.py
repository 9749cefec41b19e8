"""The way out: when a resolver's set is broken by one wheel, the nearest other set that is not."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envdoctor.availability.candidates import exact_versions
from envdoctor.availability.uv import Outcome
from envdoctor.core.availability import CellVerdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from packaging.version import Version

    from envdoctor.availability.judging import Judgment
    from envdoctor.availability.uv import Question, Resolution
    from envdoctor.core.availability import Pin

#: Sets that are tried for a cell of a table.
TRIES = 12
#: Versions of one package that were left out one after the other before older ones are tried in leaps.
_OFTEN = 4
# Verdicts that another choice of versions can change.
_CURABLE = frozenset({CellVerdict.BROKEN, CellVerdict.CONFLICTS})


@dataclass(kw_only=True)
class WayOut:
    """Searches for one question.

    Attributes:
        question: what was resolved.
        resolve: asks the resolver.
        judge: the pins of a resolution, and what is said of them.
        versions: of a package.
        tries: how many sets are tried at most.
    """

    question: Question
    resolve: Callable[[Question], Resolution]
    judge: Callable[[Resolution], tuple[tuple[Pin, ...], Judgment]]
    versions: Callable[[str], Iterable[Version]]
    tries: int = TRIES

    def find(self, judgment: Judgment) -> tuple[Pin, ...]:
        """Pins that make a sound set for the same question, by taking remedies; empty if none was found.

        Breadth first: sets after one remedy are tried before those after two, so that the answer is as near to the
        resolver's own as can be. Where one package is broken in version after version, older ones are tried in leaps.

        Args:
            judgment: of the resolver's own choice.
        """
        waiting = deque(_further(frozenset(), judgment.remedies, self.question))
        seen = set(waiting)
        deepest: frozenset[str] = frozenset()
        least = self.tries - max(TRIES, self.tries // 2)
        while waiting and self.tries > least:
            taken = waiting.popleft()
            pins, found = self._try(taken)
            if found is None:
                continue
            if found.verdict.is_good:
                return pins
            if found.verdict in _CURABLE:
                further = [one for one in _further(taken, found.remedies, self.question) if one not in seen]
                waiting.extend(further)
                seen.update(further)
                deepest = max((deepest, *further), key=len)
        return self._leap(deepest)

    def _try(self, constraints: Iterable[str]) -> tuple[tuple[Pin, ...], Judgment | None]:
        """What is chosen within more constraints, and what is said of it; None where nothing can be chosen."""
        self.tries -= 1
        held = (*self.question.constraints, *sorted(constraints))
        resolution = self.resolve(replace(self.question, constraints=held))
        return self.judge(resolution) if resolution.outcome is Outcome.RESOLVED else ((), None)

    def _leap(self, taken: frozenset[str]) -> tuple[Pin, ...]:
        """The set with the newest older version of the package that was left out most often, as far as leaps find it.

        Each leap is twice as long as the one before; then the versions between the last two are halved.
        """
        from packaging.version import Version

        left_out = [one.partition("!=") for one in taken if "!=" in one]
        ((name, count),) = Counter(name for name, _, _ in left_out).most_common(1) or [("", 0)]
        if count < _OFTEN:
            return ()
        oldest = min(Version(version) for each, _, version in left_out if each == name)
        older = sorted((one for one in self.versions(name) if one < oldest and not one.is_prerelease), reverse=True)
        others = {one for one in taken if not one.startswith(f"{name}!=")}
        best: tuple[Pin, ...] = ()
        broken, sound, step = -1, len(older), 1
        while broken + 1 < sound and self.tries > 0:
            place = (broken + sound) // 2 if best else min(broken + step, len(older) - 1)
            pins, found = self._try({*others, f"{name}<={older[place]}"})
            if found is not None and found.verdict.is_good:
                best, sound = pins, place
            else:
                broken, step = place, 2 * step
        return best


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

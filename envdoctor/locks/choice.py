"""The choice: for each target a sound set, with the fewest versions that differ between targets.

A target alone gets the newest sound set there is. Then each package that has several versions is held to one of them
everywhere, the oldest of those chosen first, since that is the one that every target is likeliest to take; what no
target loses its sound set by is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envdoctor.core.availability import Pin
    from envdoctor.core.target import Target

#: Versions of one package that are tried for all targets, before it is left to differ.
_MOST_TRIES = 3
#: Packages that are held one by one; each costs a question for every target.
_MOST_HELD = 40


class Solve(Protocol):
    """Who finds sound sets."""

    def __call__(self, held: Sequence[str]) -> Mapping[Target, tuple[Pin, ...]]:
        """The sound set of each target within these constraints; a target without one is left out."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Sets by target, and what they were held to."""

    sets: Mapping[Target, tuple[Pin, ...]]
    held: tuple[str, ...] = ()


def agree(sets: Mapping[Target, tuple[Pin, ...]], solve: Solve) -> Choice:
    """Sets that differ in as few versions as was found, beginning with one for each target.

    Args:
        sets: a sound set for every target.
        solve: asked again, within constraints.
    """
    choice = Choice(sets=sets)
    whole = tuple(f"{name}=={versions[0]}" for name, versions in differing(sets).items())
    if not whole:
        return choice
    at_once = solve(whole)
    if len(at_once) == len(sets) and len(differing(at_once)) < len(differing(sets)):
        choice = Choice(sets=at_once, held=whole)
    given_up: set[str] = set()
    for _ in range(_MOST_HELD):
        left = {name: versions for name, versions in differing(choice.sets).items() if name not in given_up}
        if not left:
            break
        name, versions = next(iter(left.items()))
        better = _held(choice, name, versions, solve)
        if better is None:
            given_up.add(name)
        else:
            choice = better
    return choice


def _held(choice: Choice, name: str, versions: Sequence[str], solve: Solve) -> Choice | None:
    """A better choice with one version of a package everywhere; None if there is none."""
    for version in versions[:_MOST_TRIES]:
        held = (*(line for line in choice.held if not line.startswith(f"{name}==")), f"{name}=={version}")
        found = solve(held)
        if len(found) == len(choice.sets) and len(differing(found)) < len(differing(choice.sets)):
            return Choice(sets=found, held=held)
    return None


def differing(sets: Mapping[Target, tuple[Pin, ...]]) -> dict[str, list[str]]:
    """The packages of which targets have different versions, oldest version first; a package may also be absent."""
    versions: dict[str, set[str]] = {}
    for pins in sets.values():
        for pin in pins:
            versions.setdefault(pin.name, set()).add(pin.version)
    return {name: sorted(found, key=Version) for name, found in sorted(versions.items()) if len(found) > 1}

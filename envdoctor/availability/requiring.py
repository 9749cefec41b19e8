"""Which wheels of a set require which, by their metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.support.requirement import is_of_extra, normal_name, required_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.wheels.contents import WheelContents


def outermost_wheels(wheels: Sequence[WheelContents]) -> Sequence[int]:
    """The places of the wheels that no other requires; of those that require each other all, if no more do."""
    places = {normal_name(wheel.metadata.name): index for index, wheel in enumerate(wheels)}
    direct = [{places[name] for name in required_names(wheel) if name in places} for wheel in wheels]
    reached = [_reached(index, direct) for index in range(len(wheels))]
    return [
        index
        for index in range(len(wheels))
        if all(other in reached[index] for other in range(len(wheels)) if index in reached[other])
    ]


def _reached(start: int, direct: Sequence[set[int]]) -> set[int]:
    """All that a wheel requires, and what that requires; itself only if it is required in turn."""
    reached: set[int] = set()
    waiting = [start]
    while waiting:
        new = direct[waiting.pop()] - reached
        reached |= new
        waiting += new
    return reached


def required_names(wheel: WheelContents) -> Iterator[str]:
    """What a wheel requires, but for its extras: nearly all that a test or a document needs stands there."""
    return filter(None, (required_name(line) for line in wheel.metadata.requires if not is_of_extra(line)))


def extra_names(wheel: WheelContents) -> frozenset[str]:
    """What a wheel requires for one of its extras only."""
    return frozenset(filter(None, (required_name(line) for line in wheel.metadata.requires if is_of_extra(line))))

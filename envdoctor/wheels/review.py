"""Looks for what a wheel's maker should mend: every rule that the parts at hand allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence
from envdoctor.core.inspection import WheelFault
from envdoctor.wheels.reviewed import ReviewedWheel
from envdoctor.wheels.rules import all_rules

if TYPE_CHECKING:
    from envdoctor.wheels.archive import WheelArchive
    from envdoctor.wheels.contents import WheelContents
    from envdoctor.wheels.rules import Rule, Sighting

_MOST_FILES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What was found.

    Attributes:
        faults: the worst first.
        left_out: the rules that could not be looked at.
        refusals: the messages of those for which pip and uv both refuse the wheel.
    """

    faults: tuple[WheelFault, ...] = ()
    left_out: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()


def review(archive: WheelArchive, contents: WheelContents, filename: str, *, is_whole: bool) -> Review:
    """Holds a wheel against all rules.

    Args:
        archive: the wheel.
        contents: what was seen in it.
        filename: as an installer gets it.
        is_whole: whether all of it may be read; else some rules are left out.

    Raises:
        Unreadable: a file of the wheel is damaged.
        NetworkProblem: a remote source did not answer.
    """
    wheel = ReviewedWheel(archive, contents, filename, is_whole=is_whole)
    rules = all_rules()
    looked_at = [rule for rule in rules if rule.needs <= wheel.at_hand]
    sightings = [(rule, seen) for rule in looked_at for seen in rule.search(wheel)]
    faults = [_fault(rule, seen, filename) for rule, seen in sightings]
    return Review(
        faults=tuple(sorted(faults, key=lambda fault: -fault.severity)),
        left_out=tuple(rule.name for rule in rules if rule not in looked_at),
        refusals=tuple(seen.message for _, seen in sightings if seen.is_refused),
    )


def _fault(rule: Rule, seen: Sighting, filename: str) -> WheelFault:
    shown = seen.files[:_MOST_FILES]
    excerpt = seen.excerpt or "\n".join(
        [*shown, *([f"and {len(seen.files) - len(shown)} more"] if seen.files[_MOST_FILES:] else [])]
    )
    return WheelFault(
        name=rule.name,
        severity=seen.severity,
        subject=seen.files[0],
        message=seen.message,
        evidence=(Evidence(source=filename, excerpt=excerpt),),
        fix=rule.fix,
    )

"""What `guard` found, as values."""

from __future__ import annotations

from dataclasses import dataclass, field

from envdoctor.core.availability import SCHEMA, CellReason, CellVerdict, Effort


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A release that the requirements admit, and that is unsound on targets of theirs.

    Attributes:
        releases: that are at fault, name==version; what is asked for, where no release of the set is.
        targets: printed names of the targets that it is unsound on.
        verdict: of the set that an installer would take there.
        since: when the newest of these releases was uploaded, ISO 8601; empty if the index does not tell.
        reasons: why, the worst first.
        pins: what keeps them out: versions out of the nearest sound set; empty if none was found.
        is_new: whether no earlier run has told it.
    """

    releases: tuple[str, ...]
    targets: tuple[str, ...]
    verdict: CellVerdict
    since: str = ""
    reasons: tuple[CellReason, ...] = ()
    pins: tuple[str, ...] = ()
    is_new: bool = True

    @property
    def key(self) -> str:
        """What makes it the same alarm in the next run."""
        return f"{', '.join(self.releases)} on {', '.join(self.targets)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardReport:
    """The state of requirements on their targets.

    Attributes:
        requirements, targets, files: as asked.
        alarms: what is unsound now, new ones first.
        over: keys of alarms that an earlier run told and that are over.
        unknown: targets that could not be looked at, with the reason.
    """

    requirements: tuple[str, ...]
    targets: tuple[str, ...]
    files: tuple[str, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    over: tuple[str, ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()
    as_of: str = ""
    notes: tuple[str, ...] = ()
    effort: Effort = field(default_factory=Effort)
    schema: int = SCHEMA

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing new, and everything could be looked at."""
        return not self.unknown and not any(one.is_new for one in self.alarms)

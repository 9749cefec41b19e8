"""What `guard` found, as values."""

from __future__ import annotations

from dataclasses import dataclass, field

from envdoctor.core.answer import AnswerSummary, summarize_answer, verdict_of, worst_first
from envdoctor.core.availability import SCHEMA, CellReason, CellVerdict, Effort
from envdoctor.core.errors import ExitCode
from envdoctor.core.finding import Finding, Fix, Severity


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

    def as_finding(self) -> Finding:
        """The same as a finding: what is wrong with the set, and the pins that keep it out."""
        return Finding(
            name="unsound-release",
            severity=Severity.ERROR,
            subject=self.key,
            message=" ".join(one.message for one in self.reasons if one.severity is Severity.ERROR)
            or f"The set that an installer would take is {self.verdict.value}.",
            evidence=tuple(proof for one in self.reasons for proof in one.evidence),
            fix=Fix(text=f"Pin {', '.join(self.pins)}.") if self.pins else None,
        )


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

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Every alarm, new or told before, and every target that could not be looked at; the worst first."""
        unknown = (
            Finding(name="not-looked-at", severity=Severity.WARNING, subject=target, message=why)
            for target, why in self.unknown
        )
        return worst_first((*(one.as_finding() for one in self.alarms), *unknown))

    @property
    def summary(self) -> AnswerSummary:
        """What it all comes to; problems with exit code 0 are those that an earlier run has told."""
        new = sum(one.is_new for one in self.alarms)
        counts = {"new": new, "known": len(self.alarms) - new, "over": len(self.over), "unknown": len(self.unknown)}
        verdict = verdict_of(problems=bool(self.alarms), unknown=bool(self.unknown))
        code = ExitCode.OK if self.is_quiet else ExitCode.PROBLEMS
        return summarize_answer(verdict, self.all_findings, counts, code)

"""What `bisect` was asked and what it found, as values."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from envdoctor.core.answer import AnswerSummary, count_values, summarize_answer, worst_first
from envdoctor.core.availability import SCHEMA, CellReason, Effort
from envdoctor.core.finding import Finding, Severity
from envdoctor.core.summary import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class BisectRequest:
    """What is asked; texts are as typed.

    Attributes:
        requirements: what both sets must hold beside; may be empty.
        good, bad: pins joined by commas, or the name of a file of them.
        platform, python: of the one target; empty for this machine and this Python.
        command: a command line that tells a good set (status 0) from a bad one; empty to judge only.
        as_of, offline: as a `MatrixRequest` has them.
    """

    good: str
    bad: str
    requirements: tuple[str, ...] = ()
    platform: str = ""
    python: str = ""
    command: tuple[str, ...] = ()
    as_of: str = ""
    offline: bool = False


class Trial(enum.Enum):
    """What became of one set."""

    GOOD = "good"
    BAD = "bad"
    NOT_TESTABLE = "not testable"  # does not resolve or install, or the command said so by status 125


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One set that was tried: the versions that differ from the good set, and by what it was told."""

    changed: tuple[str, ...]
    trial: Trial
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One version that must change for the set to turn bad.

    Attributes:
        name: of the package.
        good, bad: its versions in the two sets; empty where a set has none.
        last_good, first_bad: neighbours among the releases between them, the other changes made; empty if not narrowed.
    """

    name: str
    good: str
    bad: str
    last_good: str = ""
    first_bad: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BisectReport:
    """The smallest change that turns a good set bad.

    Attributes:
        target: printed name.
        differing: how many versions differ between the two sets.
        causes: the versions that must change together; empty if the sets could not be told apart.
        reasons: what is wrong with the smallest bad set, where it was judged.
        said: the last words of the command on it, where it was run.
        problem: why there is no answer; empty if there is one.
        steps: every set that was tried, in order.
    """

    target: str
    differing: int
    causes: tuple[Change, ...] = ()
    reasons: tuple[CellReason, ...] = ()
    said: str = ""
    problem: str = ""
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    effort: Effort = field(default_factory=Effort)
    schema: int = SCHEMA

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """The versions that turn the set bad, and what is wrong with it; the worst first."""
        causes = (
            Finding(
                name="turns-bad",
                severity=Severity.ERROR,
                subject=one.name,
                message=f"{one.name}: {one.last_good or one.good or 'absent'} is good,"
                f" {one.first_bad or one.bad or 'absent'} is bad.",
            )
            for one in self.causes
        )
        return worst_first((*causes, *(one.as_finding(self.target) for one in self.reasons)))

    @property
    def summary(self) -> AnswerSummary:
        """What it all comes to; counts are trials."""
        verdict = Standing.UNKNOWN if self.problem else Standing.ANSWERED
        return summarize_answer(verdict, self.all_findings, count_values(one.trial for one in self.steps))

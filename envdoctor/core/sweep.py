"""Many things looked at one after the other, and what came of each, as values."""

from __future__ import annotations

import enum
from collections.abc import Mapping  # noqa: TC003  (part of a value)
from dataclasses import dataclass, field

from envdoctor.core.answer import AnswerSummary, count_values, summarize_answer, verdict_of, worst_first
from envdoctor.core.finding import Finding, Severity

#: Raised when a field of the JSON is taken away or changes its meaning.
SCHEMA = 1


class State(enum.Enum):
    """What a verdict comes to, whatever was swept."""

    FINE = "fine"
    CONDITIONAL = "conditional"  # fine if the machine has what the message names
    BROKEN = "broken"
    ABSENT = "absent"  # not made for that target, so that there is nothing to judge
    UNKNOWN = "unknown"  # could not be found out; never fine


class Ending(enum.Enum):
    """How the work on an item ended; all but JUDGED leave it unknown."""

    JUDGED = "JUDGED"
    UNREADABLE = "UNREADABLE"  # it is not what it should be, or can't be asked about
    UNANSWERED = "UNANSWERED"  # a network or a host did not answer; the next sweep asks again
    CRASHED = "CRASHED"  # the worker died of it
    TIMED_OUT = "TIMED-OUT"
    OUT_OF_MEMORY = "OUT-OF-MEMORY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgment:
    """What was found out about one thing on one target.

    Attributes:
        subject: the package, model or host.
        version: of the package; empty where there is none.
        target: a platform with a Python, a goal; empty for a host.
        verdict: in the words of the command that judges one such thing.
        state: what the verdict comes to.
        message: why, in one sentence; empty if it is fine.
        released: when it was uploaded, ISO 8601; empty if that is not known.
    """

    subject: str
    target: str
    verdict: str
    state: State
    version: str = ""
    message: str = ""
    released: str = ""

    def as_finding(self) -> Finding:
        """The same as a finding; of what is fine none should be made."""
        return Finding(
            name=self.state.value,
            severity=Severity.ERROR if self.state is State.BROKEN else Severity.WARNING,
            subject=f"{self.subject}{self.version and f'=={self.version}'} on {self.target}",
            message=self.message or f"The verdict is {self.verdict}.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepItem:
    """One thing to look at.

    Attributes:
        name: as it is shown: a path, a requirement, a host.
        key: the same for the same content and the same question, and for nothing else.
        question: what the judging function gets; a value that reaches another process.
        subject: what its rows are about where no judgment says so.
        version: likewise.
        targets: likewise; one row for each.
    """

    name: str
    key: str
    question: object
    subject: str
    targets: tuple[str, ...]
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRow:
    """One line of the history.

    Attributes:
        kind: what was swept: wheels, models, index or hosts.
        key: of its item.
        item: its item's name.
        ending: how the work on the item ended.
        found: the judgment; one that says UNKNOWN and why where it was not judged.
        seconds: wall time that the item took.
        cpu: processor time likewise, of the worker alone.
        memory: bytes that the worker held at the end of it, or when it was ended.
        measured: when, UTC, ISO 8601.
        envdoctor: the version that judged.
        is_new: found now, and not taken from an earlier sweep.
    """

    kind: str
    key: str
    item: str
    ending: Ending
    found: Judgment
    seconds: float = 0.0
    cpu: float = 0.0
    memory: int = 0
    measured: str = ""
    envdoctor: str = ""
    is_new: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepReport:
    """What came of a sweep.

    Attributes:
        kind: what was swept.
        database: the file that holds it.
        items: how many there were.
        reused: how many of them an earlier sweep had done.
        rows: one for each item and target.
        problem: why it ended early; empty if it did not.
        left: how many items were not looked at then.
        notes: sentences that a reader should not miss.
        seconds: wall time.
    """

    kind: str
    database: str
    items: int
    rows: tuple[SweepRow, ...]
    reused: int = 0
    problem: str = ""
    left: int = 0
    notes: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)
    schema: int = SCHEMA

    @property
    def counts(self) -> Mapping[State, int]:
        """Rows by state."""
        return {state: sum(row.found.state is state for row in self.rows) for state in State}

    @property
    def judged_nowhere(self) -> tuple[str, ...]:
        """The items that are made for none of the targets asked for: nothing is said of them."""
        somewhere = {row.key for row in self.rows if row.found.state is not State.ABSENT}
        return tuple(dict.fromkeys(row.item for row in self.rows if row.key not in somewhere))

    @property
    def is_fine(self) -> bool:
        """Whether everything was looked at and nothing is wrong with any of it."""
        bad = any(row.found.state in {State.BROKEN, State.UNKNOWN, State.CONDITIONAL} for row in self.rows)
        return not (bad or self.problem or self.left or self.judged_nowhere)

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """What is broken, fine only under a condition or unknown, and what was not looked at; the worst first."""
        bad = (row.found.as_finding() for row in self.rows if row.found.state not in {State.FINE, State.ABSENT})
        absent = (
            Finding(
                name="judged-nowhere",
                severity=Severity.WARNING,
                subject=item,
                message="It is made for none of the targets.",
            )
            for item in self.judged_nowhere
        )
        early = (
            Finding(name="ended-early", severity=Severity.ERROR, subject=self.kind, message=text)
            for text in (self.problem, f"Items that were not looked at: {self.left}." if self.left else "")
            if text
        )
        return worst_first((*early, *bad, *absent))

    @property
    def summary(self) -> AnswerSummary:
        """What it all comes to; counts are rows by state."""
        states = [row.found.state for row in self.rows]
        problems = State.BROKEN in states or State.CONDITIONAL in states
        verdict = verdict_of(problems=problems, unknown=not self.is_fine)
        return summarize_answer(verdict, self.all_findings, count_values(states))


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """What is known last of one version on one target.

    Attributes:
        kind: what was swept.
        found: the last judgment; of several files of that version that the target takes, the worst.
        item: the file or the line that it is about.
        since: the first sweep that found this state, without another one after it; ISO 8601.
        measured: the last sweep that looked.
        before: the verdict before that; empty where it never was another.
    """

    kind: str
    found: Judgment
    item: str
    since: str
    measured: str
    before: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryAnswer:
    """Since when something is broken on a target.

    Attributes:
        subject, target, kind: what and where.
        state: of its newest version there.
        text: the answer, in a sentence or two.
        broken: the versions that are broken there, oldest first.
        first_broken: the first of those that all newer ones share; empty if the newest is not broken.
        last_fine: the newest version before it that is fine; empty for none.
    """

    subject: str
    target: str
    kind: str
    state: State
    text: str
    broken: tuple[str, ...] = ()
    first_broken: str = ""
    last_fine: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the history says.

    Attributes:
        database: the file that holds it.
        subject: what was asked about; empty for everything.
        answers: one for each subject and target.
        entries: one for each version and target; by subject, oldest version first.
    """

    database: str
    answers: tuple[HistoryAnswer, ...]
    entries: tuple[HistoryEntry, ...]
    subject: str = ""
    schema: int = SCHEMA

    @property
    def is_fine(self) -> bool:
        """Whether the newest version of everything is fine wherever it is made for."""
        judged = [one.state for one in self.answers if one.state is not State.ABSENT]
        return bool(judged) and all(state is State.FINE for state in judged)

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Of what the newest version is not fine, the worst first."""
        return worst_first(
            Finding(
                name=one.state.value,
                severity=Severity.ERROR if one.state is State.BROKEN else Severity.WARNING,
                subject=f"{one.subject} on {one.target}",
                message=one.text,
            )
            for one in self.answers
            if one.state not in {State.FINE, State.ABSENT}
        )

    @property
    def summary(self) -> AnswerSummary:
        """What it all comes to; counts are the answers by state."""
        states = [one.state for one in self.answers]
        problems = State.BROKEN in states or State.CONDITIONAL in states
        verdict = verdict_of(problems=problems, unknown=not self.is_fine)
        return summarize_answer(verdict, self.all_findings, count_values(states))

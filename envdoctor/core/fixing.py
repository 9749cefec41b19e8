"""What mends an environment: a plan, what each of its steps changes, and what came of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from envdoctor.core.answer import AnswerSummary, count_values, summarize_answer, verdict_of, worst_first
from envdoctor.core.errors import ExitCode
from envdoctor.core.finding import Finding, Severity

#: Raised when a field of the JSON is taken away or changes its meaning.
SCHEMA = 1

Argv = tuple[str, ...]


class StepKind(enum.Enum):
    """Who does the work of a step."""

    PACKAGES = "packages"  # pip or uv, in the examined environment
    CONDA = "conda"
    SYSTEM = "system"  # what changes the machine, as root
    OTHER = "other"  # commands without root: envdoctor's own, and others'


class StepState(enum.Enum):
    """How far a step got."""

    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    DECLINED = "declined"
    NOT_RUN = "not-run"


class Mending(enum.Enum):
    """What became of a finding."""

    FIXED = "fixed"
    NOT_FIXED = "not-fixed"
    CANT_TELL = "cant-tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens to a distribution, or to a package of the system.

    Attributes:
        before, after: its versions; "" where it is absent. The same ones: its files are put back.
        undo: the requirement that puts `before` back; "" where nothing can.
        editable: True if that is the folder of a project.
    """

    name: str
    before: str = ""
    after: str = ""
    undo: str = ""
    editable: bool = False

    @property
    def lost(self) -> bool:
        """Whether the state of before can't be had again."""
        return bool(self.before) and self.before != self.after and not self.undo


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Commands that belong together.

    Attributes:
        title: what they do, in a sentence.
        commands: argv tuples, run in this order; the first that fails ends the step.
        mends: the findings that asked for it.
        changes: what it changes, as far as that is known before.
        root: whether it needs root.
        safe: whether nothing of the user's can be lost by it.
        undo: how it is undone, in a sentence; "" where it can't be.
        refused: why it is not run, with what to do; "" if it may be.
        unjudged: why nobody knows what comes of it; "" if that was tried.
        notes: what else is to be told.
    """

    kind: StepKind
    title: str
    commands: tuple[Argv, ...] = ()
    mends: tuple[Finding, ...] = ()
    changes: tuple[Change, ...] = ()
    root: bool = False
    safe: bool = False
    undo: str = ""
    refused: str = ""
    unjudged: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FixPlan:
    """All steps that mend what was found.

    Attributes:
        python, prefix: the interpreter and its environment's folder.
        steps: in the order in which they run.
        manual: findings that no command mends; their fix says what to do, where one is known.
        blind: probes that could not answer, as `CODE: reason`.
    """

    python: str
    prefix: str
    steps: tuple[Step, ...] = ()
    manual: tuple[Finding, ...] = ()
    blind: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What came of a step; `words` say why it was not done."""

    title: str
    state: StepState
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """What became of a finding; `words` say why that can't be told."""

    finding: Finding
    mending: Mending
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FixReport:
    """What came of a plan.

    Attributes:
        plan: what was to be done.
        results: of its steps, in order; empty if it was only shown.
        checked_again: whether there was a check afterwards.
        mended: what that says of each finding that a step was to mend, and of others that are gone, too.
        left: findings that no step was to mend, and that are still there.
        blind: probes that could not answer then, as `CODE: reason`.
        added: problems that were not there before.
        log: the file that `fix --undo` reads; "" if nothing was run.
        notes: what a reader should not miss.
        is_undo: whether it takes back an earlier fix.
        not_restored: what has another version than before that fix, as sentences.
        schema: of this value.
    """

    plan: FixPlan
    results: tuple[StepResult, ...] = ()
    checked_again: bool = False
    mended: tuple[Mended, ...] = ()
    left: tuple[Finding, ...] = ()
    blind: tuple[str, ...] = ()
    added: tuple[Finding, ...] = ()
    log: str = ""
    notes: tuple[str, ...] = ()
    is_undo: bool = False
    not_restored: tuple[str, ...] = ()
    schema: int = SCHEMA

    @property
    def unmended(self) -> tuple[Finding, ...]:
        """The findings that no step mends, as far as is known."""
        return self.left if self.checked_again else self.plan.manual

    @property
    def unanswered(self) -> tuple[str, ...]:
        """The probes that could not answer when last asked."""
        return self.blind if self.checked_again else self.plan.blind

    @property
    def is_fine(self) -> bool:
        """Whether all that was found is mended, nothing was added and everything could be looked at.

        Of an undo: whether all versions are those of before.
        """
        if self.is_undo:
            return (bool(self.results) or not self.plan.steps) and not self.not_restored
        nothing_left = not self.unmended and not self.unanswered and not self.added
        if not self.results:
            return nothing_left and not self.plan.steps
        states = {one.state for one in self.results}
        # A step that was not run is fine where another one mended what it was for, as the check afterwards tells.
        done = states <= {StepState.DONE, StepState.NOT_RUN} and (self.checked_again or states == {StepState.DONE})
        return nothing_left and done and all(one.mending is Mending.FIXED for one in self.mended)

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """What is not mended (yet), what was added, and what could not be looked at; the worst first."""
        if self.results or self.is_undo:
            left = [one.finding for one in self.mended if one.mending is not Mending.FIXED]
        else:
            left = [one for step in self.plan.steps for one in step.mends]
        unknown = [_note("not-looked-at", one) for one in self.unanswered]
        other = [_note("not-restored", one) for one in self.not_restored]
        return worst_first((*left, *self.unmended, *self.added, *unknown, *other))

    @property
    def summary(self) -> AnswerSummary:
        """What it all comes to; counts are findings by what became of them, and steps by how far they got."""
        states = [one.state for one in self.results]
        told = [one.mending for one in self.mended]
        counts = {**count_values(told), **{f"steps-{name}": count for name, count in count_values(states).items()}}
        unknown = Mending.CANT_TELL in told or bool(self.unanswered)
        sure = Mending.NOT_FIXED in told or bool(self.added or self.unmended or self.not_restored)
        verdict = verdict_of(problems=not self.is_fine and (sure or not unknown), unknown=not self.is_fine)
        interrupted = ExitCode.INTERRUPTED if StepState.INTERRUPTED in states else None
        return summarize_answer(verdict, self.all_findings, counts, interrupted)


def _note(name: str, text: str) -> Finding:
    return Finding(name=name, severity=Severity.WARNING, subject=text.partition(":")[0], message=text)

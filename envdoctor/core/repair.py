"""What came of mending a .tflite file: each mend with its proof, and what a reader makes of both forms."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003  (resolved at run time for the JSON schema)

from envdoctor.core.answer import AnswerSummary, summarize_answer, verdict_of, worst_first
from envdoctor.core.finding import Finding, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far two forms of a file are from each other, run side by side in LiteRT without delegates.

    Attributes:
        random, given: how many random samples, and how many of the user's, were compared.
        identical: True if every output had the very same value.
        steps: the largest difference of an output of integers, in steps of its scale.
        share: the largest difference of a float output, as a share of its largest value.
        absolute: the largest difference, in real numbers.
        moved: whether any output changed from one sample to another; where none did, nothing is proven.
        classes: in how many samples an output that names a class was compared.
        same_class: in how many of those both named the same one.
        labelled: how many samples had a class number; None without any.
        correct_before, correct_after: how many of those each form got right.
    """

    random: int
    given: int
    identical: bool
    steps: int
    share: float
    absolute: float
    moved: bool
    classes: int = 0
    same_class: int = 0
    labelled: int | None = None
    correct_before: int = 0
    correct_after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MendReport:
    """A mend that applied.

    Attributes:
        name: what `--only` takes.
        changes: what it did, as sentences.
        verified: True if the file computes the same with it; it was left out otherwise.
        failure: what went wrong when it was applied or run; empty if nothing did.
        accepted_steps, accepted_share: how far it may move outputs.
        asked_steps: how far it may if it is asked for by name.
    """

    name: str
    changes: tuple[str, ...]
    verified: bool
    difference: Difference | None = None
    failure: str = ""
    accepted_steps: int = 0
    asked_steps: int = 0
    accepted_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What a reader makes of a file.

    Attributes:
        operators: how many the file has.
        mapped: how many of them run on the accelerator; None where that is not told.
        unknown: how many nothing is known of.
        refused: why the reader refuses the file as a whole.
        problems: the codes of what is wrong with the file for it.
        note: why nothing could be told; empty if something could.
    """

    operators: int
    mapped: int | None = None
    unknown: int = 0
    refused: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairReport:
    """What `envdoctor repair` did.

    Attributes:
        source: the file that was mended.
        output: the file that was written; None if none was.
        mends: the mends that applied, in the order in which they were tried.
        whole: the difference between the file before and the one that was written.
        size_before, size_after: bytes.
        files_behind: how many files were zipped behind the model and still are.
        reader: what the file is for, in words; empty if nobody said.
        before, after: what that makes of it.
        findings: why nothing could be done, if that is so.
        notes: what else there is to say.
        schema: of this value.
    """

    version: str
    source: Path
    output: Path | None = None
    mends: tuple[MendReport, ...] = ()
    whole: Difference | None = None
    size_before: int = 0
    size_after: int = 0
    files_behind: int = 0
    reader: str = ""
    before: Placed | None = None
    after: Placed | None = None
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    schema: int = 1

    @property
    def sound(self) -> bool:
        """True if every mend that applied was proven, none was kept from being tried, and the reader takes the file."""
        refused = self.after is not None and bool(self.after.refused)
        return not self.findings and not refused and all(mend.verified for mend in self.mends)

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Why nothing could be done, which mends were left out, and why the reader refuses the file."""
        left = (
            Finding(
                name="mend-left-out",
                severity=Severity.WARNING,
                subject=one.name,
                message=one.failure or f"{one.name} moves outputs further than is accepted, and was left out.",
            )
            for one in self.mends
            if not one.verified
        )
        refused = (
            Finding(name="refused", severity=Severity.ERROR, subject=self.reader, message=one)
            for one in (self.after.refused if self.after else ())
        )
        return worst_first((*self.findings, *refused, *left))

    @property
    def summary(self) -> AnswerSummary:
        """What it all comes to; counts are mends."""
        verified = sum(one.verified for one in self.mends)
        counts = {"verified": verified, "left-out": len(self.mends) - verified}
        return summarize_answer(verdict_of(problems=not self.sound, unknown=False), self.all_findings, counts)

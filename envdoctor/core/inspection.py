"""What is inside one wheel, and whether it loads on a target, as values."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from envdoctor.core.answer import AnswerSummary, summarize_answer, verdict_of, worst_first
from envdoctor.core.availability import CellReason, CellVerdict, Effort, Pin
from envdoctor.core.finding import Evidence, Finding, Fix, Severity

#: Raised when a field of the JSON is taken away or changes its meaning.
SCHEMA = 1


class Basis(enum.Enum):
    """In what company a wheel was judged, and so what its verdict claims."""

    SET = "set"  # with what a resolver would install beside it
    ALONE = "alone"  # without what it requires
    INSTALLED = "installed"  # where it is installed, with all that is there


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeView:
    """One native file, as a person or a script wants it; versions are texts, empty where the file says nothing.

    Attributes:
        path: from site-packages.
        format: ELF, Mach-O or PE.
        architectures: more than one only in a universal file.
        name: its soname or install name, which is never a dependency of its own.
        needed: what it needs; a weak or delayed need is marked.
        search: rpath and runpath entries, as written.
        minimum_os: the oldest macOS that it is for.
        glibc: the oldest glibc that has what it asks for.
        glibcxx: the newest GLIBCXX version asked of libstdc++.
        alignment: the largest page size that it can be mapped with.
        python: the Python it is for, if it is an extension module.
        problem: why it could not be read.
    """

    path: str
    format: str = ""
    architectures: tuple[str, ...] = ()
    name: str = ""
    needed: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    minimum_os: str = ""
    glibc: str = ""
    glibcxx: str = ""
    alignment: int | None = None
    python: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelFault:
    """What is wrong with a wheel as its maker left it, though installers take it without a word.

    Attributes:
        name: the rule's, in kebab-case; it states the problem.
        severity: WARNING for what users meet later, INFO for what is merely worth knowing; never decides the verdict.
        subject: the first file or field that it is about.
        message: what is wrong, in one sentence.
        evidence: what proves it: the files, or the words of the metadata.
        fix: what the wheel's maker can do.
    """

    name: str
    severity: Severity
    subject: str
    message: str
    evidence: tuple[Evidence, ...] = ()
    fix: str = ""

    def as_finding(self) -> Finding:
        """The same as a finding."""
        return Finding(
            name=self.name,
            severity=self.severity,
            subject=self.subject,
            message=self.message,
            evidence=self.evidence,
            fix=Fix(text=self.fix) if self.fix else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was found in a wheel.

    Attributes:
        subject: as it was asked for.
        label: name and version.
        filename: of the wheel; empty if there is none for the target.
        source: where it lies, credentials hidden.
        target: for which it was judged, by printed name.
        verdict: SOUND, SOUND-IF, BROKEN, CONFLICTS or UNKNOWN; another if there is no such wheel.
        reasons: the worst first.
        natives: its native files.
        imports: the names that can be imported from it.
        scripts: the commands that installing it makes.
        requires: its requirements, as written.
        basis: in what company it was judged.
        beside: the set in which it was judged; empty if it was judged alone.
        size: of the wheel, in bytes.
        read: bytes of it that were read to see this, now or when it was looked into first.
        effort: what this run cost in all.
        faults: what its maker should mend, apart from the verdict.
        rules_left_out: the rules about such faults that were not looked at, because only parts of the wheel were read.
    """

    subject: str
    target: str
    verdict: CellVerdict
    label: str = ""
    filename: str = ""
    source: str = ""
    reasons: tuple[CellReason, ...] = ()
    natives: tuple[NativeView, ...] = ()
    imports: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    basis: Basis = Basis.SET
    beside: tuple[Pin, ...] = ()
    size: int = 0
    read: int = 0
    effort: Effort = field(default_factory=Effort)
    faults: tuple[WheelFault, ...] = ()
    rules_left_out: tuple[str, ...] = ()
    schema: int = SCHEMA

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """What its verdict rests on and what its maker should mend, the worst first."""
        about = f"{self.label or self.subject} on {self.target}"
        reasons = (one.as_finding(about) for one in self.reasons)
        return worst_first((*reasons, *(one.as_finding() for one in self.faults)))

    @property
    def summary(self) -> AnswerSummary:
        """What it all comes to; faults of its making do not count."""
        unknown = self.verdict is CellVerdict.UNKNOWN
        verdict = verdict_of(problems=not (self.verdict.is_certain or unknown), unknown=unknown)
        return summarize_answer(verdict, self.all_findings, {self.verdict.value: 1})

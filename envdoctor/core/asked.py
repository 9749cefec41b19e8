"""What `check -r` found of a requirements file or a lock, as values."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envdoctor.core.answer import AnswerSummary, count_values, summarize_answer, verdict_of, worst_first
from envdoctor.core.availability import SCHEMA, CellReason, CellVerdict, Effort
from envdoctor.core.finding import Finding, Severity
from envdoctor.core.summary import Standing

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedRequest:
    """What is asked; texts are as typed.

    Attributes:
        file: a lock by its name (PEP 751, or of uv, Poetry, PDM or Pipenv), a pyproject.toml, or a requirements file in
            pip's format.
        python: the interpreter to examine; None for the active environment's. Not looked at if `platforms` are named.
        platforms: names joined by commas; empty for the examined interpreter's own machine.
        pythons: versions for those platforms.
        extras, groups: of a pyproject.toml, whose requirements are wanted too.
    """

    file: Path
    python: Path | None = None
    platforms: str = ""
    pythons: str = ""
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class Presence(enum.Enum):
    """What an environment has of something that is asked for."""

    INSTALLED = "installed"
    OTHER_VERSION = "other version"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One requirement or pin that applies here, and the version that is installed; empty if none is."""

    requirement: str
    presence: Presence
    installed: str = ""

    def as_finding(self) -> Finding:
        """The same as a finding; of what is installed none should be made."""
        has = f"{self.installed} is installed" if self.installed else "it is not installed"
        return Finding(
            name=self.presence.value.replace(" ", "-"),
            severity=Severity.ERROR,
            subject=self.requirement,
            message=f"{self.requirement} is asked for, and {has}.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SetVerdict:
    """What is asked for, on one target.

    Attributes:
        target: its printed name.
        verdict: of the set as a whole.
        reasons: why, the worst first.
        pins: the set, name==version.
    """

    target: str
    verdict: CellVerdict
    reasons: tuple[CellReason, ...] = ()
    pins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedReport:
    """A file that asks for packages, held against an environment and against targets.

    Attributes:
        file: as named; `kind` is `lock` or `requirements`.
        environment: the examined environment's folder; empty if none was asked about.
        wanted: what applies there.
        sets: one for each target.
        created_by: the program that wrote a lock, as it says.
        notes: sentences that a reader should not miss.
        unjudged: what of the file could not be judged, with its line; the file is never fine with any.
    """

    file: str
    kind: str
    environment: str = ""
    wanted: tuple[Wanted, ...] = ()
    sets: tuple[SetVerdict, ...] = ()
    created_by: str = ""
    notes: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()
    effort: Effort = field(default_factory=Effort)
    schema: int = SCHEMA

    @property
    def is_fine(self) -> bool:
        """Whether everything is installed that is asked for, and every set is good."""
        here = all(one.presence is Presence.INSTALLED for one in self.wanted)
        return here and not self.unjudged and all(self.is_met(one.verdict) for one in self.sets)

    def is_met(self, verdict: CellVerdict) -> bool:
        """Whether a set is as asked for.

        A condition counts where it was looked at: it is not met here. Of other machines nobody knows, as for `lock`.
        """
        return verdict.is_certain if self.environment else verdict.is_good

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """What is missing or of another version, was not judged, and what is said of each set; the worst first."""
        missing = [one.as_finding() for one in self.wanted if one.presence is not Presence.INSTALLED]
        missing += [
            Finding(name="not-judged", severity=Severity.WARNING, subject=self.file, message=said)
            for said in self.unjudged
        ]
        return worst_first((*missing, *(why.as_finding(one.target) for one in self.sets for why in one.reasons)))

    @property
    def summary(self) -> AnswerSummary:
        """What it all comes to; counts are requirements by presence, and sets by verdict."""
        unknown = bool(self.unjudged) or any(one.verdict is CellVerdict.UNKNOWN for one in self.sets)
        bad = any(not self.is_met(one.verdict) and one.verdict is not CellVerdict.UNKNOWN for one in self.sets)
        missing = any(one.presence is not Presence.INSTALLED for one in self.wanted)
        counts = {**count_values(one.presence for one in self.wanted), **count_values(one.verdict for one in self.sets)}
        verdict = verdict_of(problems=bad or missing, unknown=unknown)
        if verdict is Standing.FINE and not all(one.verdict.is_certain for one in self.sets):
            verdict = Standing.MIXED  # nobody knows of another machine whether it has what the condition names
        return summarize_answer(verdict, self.all_findings, counts)

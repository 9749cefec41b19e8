"""A lock over several targets, as values: what was asked, what was chosen, and why nothing could be."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003  (part of a value)

from envdoctor.core.answer import AnswerSummary, summarize_answer, verdict_of, worst_first
from envdoctor.core.availability import SCHEMA, CellReason, CellVerdict, Effort
from envdoctor.core.finding import Finding, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRequest:
    """What is asked; texts are as typed.

    Attributes:
        requirements: PEP 508 lines.
        files: requirement files in pip's format, or a pyproject.toml.
        extras, groups: of a pyproject.toml, whose requirements are wanted too.
        platforms, pythons, as_of, constraints, max_download, offline, cache: as a `MatrixRequest` has them.
    """

    requirements: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    platforms: str = ""
    pythons: str = ""
    as_of: str = ""
    constraints: tuple[Path, ...] = ()
    max_download: int | None = None
    offline: bool = False
    cache: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedFile:
    """One wheel of a lock; `url` is without credentials, `size` in bytes, `uploaded` is ISO 8601, UTC."""

    filename: str
    url: str
    sha256: str
    size: int | None = None
    uploaded: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedPackage:
    """One version of a package, with the wheels that the targets take.

    Attributes:
        targets: the printed names of the targets that install this version.
        marker: true on exactly those among the lock's targets; empty where it is all of them.
        files: one wheel for each target, each listed once.
    """

    name: str
    version: str
    targets: tuple[str, ...]
    marker: str = ""
    files: tuple[LockedFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlocked:
    """A target for which no set was found.

    Attributes:
        target: its printed name.
        verdict: of the resolver's own choice.
        reasons: why, the worst first.
        ways: which requirement would have to give way, each tried: a sentence.
    """

    target: str
    verdict: CellVerdict
    reasons: tuple[CellReason, ...] = ()
    ways: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Exact pins whose every set is sound on every target, or why there are none.

    Attributes:
        requirements: as asked, those of files included.
        targets: printed names; markers: what tells each from the others (PEP 508).
        packages: by name, newest version first; empty if there is no lock.
        unlocked: the targets without a set.
        conditions: what the machines must have for their sets to be sound: targets, then the end of "sound if".
        avoided: versions that a resolver would have taken and that are broken, with the reason.
        as_of: the moment at which the index was looked at, ISO 8601; empty for now.
        notes: sentences that a reader should not miss.
    """

    requirements: tuple[str, ...]
    targets: tuple[str, ...]
    markers: tuple[str, ...] = ()
    requires_python: str = ""
    packages: tuple[LockedPackage, ...] = ()
    unlocked: tuple[Unlocked, ...] = ()
    conditions: tuple[str, ...] = ()
    avoided: tuple[str, ...] = ()
    as_of: str = ""
    notes: tuple[str, ...] = ()
    effort: Effort = field(default_factory=Effort)
    schema: int = SCHEMA

    @property
    def differing(self) -> tuple[str, ...]:
        """The packages that have one version here and another there."""
        seen: dict[str, int] = {}
        for package in self.packages:
            seen[package.name] = seen.get(package.name, 0) + 1
        return tuple(name for name, count in seen.items() if count > 1)

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Why targets have no set, and what machines must have, the worst first."""
        found = [reason.as_finding(one.target) for one in self.unlocked for reason in one.reasons]
        found += [
            Finding(
                name="no-set",
                severity=Severity.ERROR,
                subject=one.target,
                message=f"No sound set was found; the resolver's own choice is {one.verdict.value}.",
            )
            for one in self.unlocked
            if all(reason.severity is not Severity.ERROR for reason in one.reasons)
        ]
        found += [
            Finding(name="condition", severity=Severity.INFO, subject="the targets", message=one)
            for one in self.conditions
        ]
        return worst_first(found)

    @property
    def summary(self) -> AnswerSummary:
        """What it all comes to; counts are targets."""
        unknown = any(one.verdict is CellVerdict.UNKNOWN for one in self.unlocked)
        left = len(self.unlocked)
        verdict = verdict_of(problems=bool(left) and not unknown, unknown=unknown)
        return summarize_answer(verdict, self.all_findings, {"locked": len(self.targets) - left, "unlocked": left})

"""Cells: one version on one target, resolved, explained and, unless only resolution is wanted, looked into."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from envdoctor.availability.remarks import remarks
from envdoctor.availability.uv import Outcome, Question
from envdoctor.availability.walk import Walk
from envdoctor.availability.way_out import TRIES, WayOut
from envdoctor.core.availability import Cell, CellReason, CellVerdict, Pin, ReasonKind
from envdoctor.core.errors import EnvDoctorError, NetworkProblem
from envdoctor.core.finding import Evidence, Severity
from envdoctor.support.parallel import in_parallel
from envdoctor.support.target_names import target_name
from envdoctor.support.text import few

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from envdoctor.availability.catalogue import Catalogue
    from envdoctor.availability.judging import Judgment, SetJudge
    from envdoctor.availability.uv import Resolution
    from envdoctor.availability.walk import WalkResult
    from envdoctor.core.target import Target

_UNIVERSAL, _BOTH = "universal2", ("arm64", "x86_64")
# The hardest to overcome first: what a set of blockers amounts to.
_VERDICTS = {
    ReasonKind.NO_PROJECT: CellVerdict.NO_VERSION,
    ReasonKind.NO_VERSION: CellVerdict.NO_VERSION,
    ReasonKind.YANKED: CellVerdict.NO_VERSION,
    ReasonKind.REQUIRES_PYTHON: CellVerdict.NO_VERSION,
    ReasonKind.OTHER_WHEELS: CellVerdict.NO_WHEEL,
    ReasonKind.CONFLICT: CellVerdict.CONFLICTS,
    ReasonKind.SOURCE_ONLY: CellVerdict.NEEDS_BUILD,
    ReasonKind.PURE_SOURCE: CellVerdict.NEEDS_BUILD,
}
# What leaves open what there is: uv may have read the same page, and taken it for all there is.
_UNANSWERED = {ReasonKind.NETWORK, ReasonKind.UNREADABLE}
# What uv says where the walk, which looks at a few versions of each package only, finds nothing.
_UV_SAYS = (
    (re.compile(r"has no wheels with a matching|no usable wheels"), CellVerdict.NO_WHEEL),
    (re.compile(r"there is no version of|was not found in"), CellVerdict.NO_VERSION),
)
# What stands behind the cause where uv itself crashed.
_OF_A_CRASH = "note: run with `RUST_BACKTRACE"
#: Why a cell was not begun.
TOO_LATE = "the time limit was reached before it was looked at."
# What stands before every such sentence of uv's.
_PREAMBLE = re.compile(r"^(?:error: |\S )?No solution found when resolving dependencies:?\s*(?:cause: |╰─▶ )?")


class Resolver(Protocol):
    """Who decides whether requirements can be met; `UvResolver` in earnest."""

    def resolve(self, question: Question) -> Resolution:
        """The answer."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What one cell is about.

    Attributes:
        version: of the package that the rows are about.
        question: what is resolved.
        explained: whether the whole tree is wanted.
    """

    version: str
    question: Question
    explained: bool = False


class Cells:
    """Fills cells. Safe to share among threads."""

    def __init__(
        self, resolver: Resolver, catalogue: Catalogue, judge: SetJudge | None = None, tries: int = TRIES
    ) -> None:
        """`judge` None stays with resolution: a cell then says RESOLVES at best; `tries`: see `WayOut`."""
        self._tries = tries
        self._resolver = resolver
        self._catalogue = catalogue
        self._judge = judge

    def fill(
        self,
        asked: Sequence[Asked],
        workers: int,
        progress: Callable[[int, int], None] | None = None,
        *,
        seconds: float = math.inf,
    ) -> tuple[Cell, ...]:
        """All cells, in order, some at a time; those that are not begun within `seconds` are UNKNOWN.

        `progress` is told how many are done, of how many.
        """
        end = time.monotonic() + seconds
        cells: list[Cell] = []

        def in_time(one: Asked) -> Cell:
            return self.one(one) if time.monotonic() < end else _late(one)

        for cell in in_parallel(in_time, asked, workers, "cell"):
            cells.append(cell)
            if progress:
                progress(len(cells), len(asked))
        return tuple(cells)

    def one(self, asked: Asked) -> Cell:
        """One cell; what prevents an answer makes it UNKNOWN, with the reason."""
        if asked.question.target.platform.arch == _UNIVERSAL:
            return self._of_both(asked)
        cell = _open(asked)
        try:
            return self._filled(cell, asked)
        except EnvDoctorError as error:
            kind = ReasonKind.NETWORK if isinstance(error, NetworkProblem) else ReasonKind.NOT_LOOKED_AT
            return replace(cell, reasons=(_reason(kind, cell.requirement, str(error)),))

    def _of_both(self, asked: Asked) -> Cell:
        """A universal2 Python runs as arm64 or as x86_64: the worse of both counts, of equals the first."""
        target = asked.question.target
        cells = []
        for arch in _BOTH:
            thin = replace(target, platform=replace(target.platform, arch=arch))
            cells.append(self.one(replace(asked, question=replace(asked.question, target=thin))))
        worse = max(cells, key=lambda cell: (not cell.verdict.is_good, cell.verdict is CellVerdict.SOUND_IF))
        verdicts = " and ".join(f"{cell.verdict.value} as {arch}" for cell, arch in zip(cells, _BOTH, strict=True))
        note = _reason(ReasonKind.NOTE, worse.requirement, f"It is {verdicts}.", severity=Severity.INFO)
        return replace(worse, target=target_name(target), reasons=(*worse.reasons, note))

    def _filled(self, cell: Cell, asked: Asked) -> Cell:
        for line in asked.question.requirements[:1]:  # an index that is not there is told at once; uv tries for long
            self._catalogue.project(re.split(r"[^\w.-]", line.strip(), maxsplit=1)[0])
        resolution = self._resolver.resolve(asked.question)
        cell = replace(cell, resolver=resolution.words)
        if resolution.outcome is Outcome.UNDECIDED:
            evidence = (Evidence(source=resolution.command, excerpt=resolution.words),)
            message = f"uv could not decide: {_last_line(resolution.words)}"
            reason = _reason(ReasonKind.NETWORK, cell.requirement, message, evidence)
            return replace(cell, reasons=(reason,))
        if resolution.outcome is Outcome.UNSATISFIABLE:
            return self._explained(cell, asked, resolution)
        pins = tuple(self.pin(name, version, asked.question.target) for name, version in resolution.pins)
        notes = remarks(asked.question.requirements, pins, asked.question.target, self._catalogue)
        cell = replace(cell, pins=pins, verdict=CellVerdict.RESOLVES, reasons=notes)
        if self._judge is not None:
            judgment = self._judge.judge(pins, asked.question.target)
            cell = replace(cell, verdict=judgment.verdict, reasons=(*judgment.reasons, *cell.reasons))
            if judgment.remedies:
                cell = replace(cell, way_out=self._way_out(asked.question, judgment, self._judge))
        return replace(cell, tree=self._walk(asked, dict(resolution.pins)).roots if asked.explained else ())

    def _way_out(self, question: Question, judgment: Judgment, judge: SetJudge) -> tuple[Pin, ...]:
        def judged(resolution: Resolution) -> tuple[tuple[Pin, ...], Judgment]:
            pins = tuple(self.pin(name, version, question.target) for name, version in resolution.pins)
            return pins, judge.judge(pins, question.target)

        return WayOut(
            question=question,
            resolve=self._resolver.resolve,
            judge=judged,
            versions=self._catalogue.releases,
            tries=self._tries,
        ).find(judgment)

    def pin(self, name: str, version: str, target: Target) -> Pin:
        """A resolved version with the wheel that an installer takes."""
        from packaging.version import Version

        wheel = self._catalogue.wheel(name, Version(version), target)
        return Pin(name=name, version=version, filename=wheel.filename if wheel else "")

    def _explained(self, cell: Cell, asked: Asked, resolution: Resolution) -> Cell:
        walk = self._walk(asked, {})
        definite = [reason for reason in walk.reasons if reason.kind in _VERDICTS]
        if definite:
            kinds = {reason.kind for reason in definite}
            verdict = next(verdict for kind, verdict in _VERDICTS.items() if kind in kinds)
            order = list(ReasonKind)
            reasons = tuple(
                sorted(walk.reasons, key=lambda one: (_VERDICTS.get(one.kind) is not verdict, order.index(one.kind)))
            )
        elif any(reason.kind in _UNANSWERED for reason in walk.reasons):
            verdict, reasons = CellVerdict.UNKNOWN, walk.reasons
        elif resolution.undated and asked.question.as_of is not None:
            verdict = CellVerdict.UNKNOWN
            message = f"the index tells uv no upload time of {few(resolution.undated)}, so that it was left out."
            reasons = (_reason(ReasonKind.NOT_LOOKED_AT, cell.requirement, message), *walk.reasons)
        else:
            verdict = next((said for shape, said in _UV_SAYS if shape.search(cell.resolver)), CellVerdict.CONFLICTS)
            words = _PREAMBLE.sub("", " ".join(resolution.words.split()))
            evidence = (Evidence(source=resolution.command, excerpt=resolution.words),)
            reasons = (_reason(ReasonKind.RESOLVER, cell.requirement, words, evidence), *walk.reasons)
        return replace(cell, verdict=verdict, reasons=reasons, tree=walk.roots if asked.explained else ())

    def _walk(self, asked: Asked, pins: dict[str, str]) -> WalkResult:
        from packaging.requirements import Requirement

        question = asked.question
        walk = Walk(self._catalogue, question.target, map(Requirement, question.constraints), pins)
        return walk.run(map(Requirement, question.requirements))


def _open(asked: Asked) -> Cell:
    """A cell of which nothing is known yet."""
    return Cell(
        requirement=", ".join(asked.question.requirements),
        version=asked.version,
        target=target_name(asked.question.target),
        verdict=CellVerdict.UNKNOWN,
    )


def _late(asked: Asked) -> Cell:
    cell = _open(asked)
    return replace(cell, reasons=(_reason(ReasonKind.NOT_LOOKED_AT, cell.requirement, TOO_LATE),))


def _last_line(words: str) -> str:
    """What uv said last, which is the cause."""
    lines = [line for line in words.splitlines() if not line.startswith(_OF_A_CRASH)]
    return lines[-1].strip().removeprefix("cause: ") if lines else "no words"


def _reason(
    kind: ReasonKind,
    subject: str,
    message: str,
    evidence: tuple[Evidence, ...] = (),
    severity: Severity = Severity.ERROR,
) -> CellReason:
    return CellReason(kind=kind, severity=severity, subject=subject, message=message, evidence=evidence)

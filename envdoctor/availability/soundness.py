"""Judges a resolved set by what is inside its wheels: whether their files load together on the target."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.availability.judging import Judgment
from envdoctor.core.availability import CellReason, CellVerdict, ReasonKind
from envdoctor.core.errors import NetworkProblem
from envdoctor.core.finding import Evidence, Severity
from envdoctor.wheels.judgment import judge_wheel
from envdoctor.wheels.loading import LoadJudge
from envdoctor.wheels.problems import ProblemKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from envdoctor.availability.catalogue import Catalogue
    from envdoctor.availability.inspector import Inspected, Inspector
    from envdoctor.core.availability import Pin
    from envdoctor.core.target import Target
    from envdoctor.index.project import IndexFile
    from envdoctor.wheels.contents import WheelContents
    from envdoctor.wheels.problems import WheelProblem

_DETAILS_SHOWN = 12
_FILES_SHOWN = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class _Member:
    """One wheel of the set that is judged."""

    pin: Pin
    file: IndexFile
    contents: WheelContents


class WheelJudge:
    """Looks into the wheels of a set, all at once, and judges them together. Safe to share among threads."""

    def __init__(self, catalogue: Catalogue, inspector: Inspector) -> None:
        self._catalogue = catalogue
        self._inspector = inspector
        self._known: dict[tuple[frozenset[str], Target], Judgment] = {}

    def judge(self, pins: Sequence[Pin], target: Target) -> Judgment:
        """Judges a set; see `SetJudge`. The same set on the same target is judged once."""
        key = frozenset(pin.filename for pin in pins), target
        if key not in self._known:
            self._known[key] = self._judged(pins, target)
        return self._known[key]

    def _judged(self, pins: Sequence[Pin], target: Target) -> Judgment:
        files = [(pin, self._file(pin, target)) for pin in pins]
        lost = [_unseen(pin, "its wheel is not among those that the index lists") for pin, file in files if not file]
        inspected = self._inspector.all([file for _, file in files if file is not None])
        lost += [_failed(one) for one in inspected if one.contents is None]
        contents = {one.file.url: one.contents for one in inspected}
        members = []
        for pin, file in files:
            found = contents.get(file.url) if file is not None else None
            if file is not None and found is not None:
                members.append(_Member(pin=pin, file=file, contents=found))
        return _judgment(lost, list(self._problems(members, target)))

    def _file(self, pin: Pin, target: Target) -> IndexFile | None:
        from packaging.version import Version

        return self._catalogue.wheel(pin.name, Version(pin.version), target)

    def _problems(self, members: Sequence[_Member], target: Target) -> Iterator[tuple[Pin, WheelProblem]]:
        with ExitStack() as stack:
            readers = {
                member.contents.label: stack.enter_context(self._inspector.texts(member.file)) for member in members
            }
            judge = _load_judge(members, target, readers)
            for member in members:
                analysis = judge.analyse(member.contents)
                if analysis.inexact:
                    exact = self._exactly(members, member)
                    analysis = _load_judge(exact, target, readers).analyse(member.contents)
                for problem in judge_wheel(member.contents, analysis, target):
                    yield member.pin, problem

    def _exactly(self, members: Sequence[_Member], guessed: _Member) -> list[_Member]:
        """The set with one wheel read again, without guesses."""
        contents = self._inspector.one(guessed.file, exact=True).contents or guessed.contents
        exact = _Member(pin=guessed.pin, file=guessed.file, contents=contents)
        return [exact if member is guessed else member for member in members]


def _load_judge(members: Iterable[_Member], target: Target, readers: dict[str, Callable[[str], str]]) -> LoadJudge:
    return LoadJudge(
        [member.contents for member in members], target, lambda wheel, member: readers[wheel.label](member)
    )


def _judgment(lost: list[CellReason], problems: list[tuple[Pin, WheelProblem]]) -> Judgment:
    reasons = [*lost, *(_reason(problem) for _, problem in problems)]
    reasons.sort(key=lambda reason: -reason.severity)
    broken = [pin for pin, problem in problems if problem.severity is Severity.ERROR]
    if broken:
        return Judgment(verdict=CellVerdict.BROKEN, reasons=tuple(reasons), culprits=tuple(dict.fromkeys(broken)))
    blind = bool(lost) or any(problem.kind is ProblemKind.UNREADABLE for _, problem in problems)
    return Judgment(verdict=CellVerdict.UNKNOWN if blind else CellVerdict.SOUND, reasons=tuple(reasons))


def _reason(problem: WheelProblem) -> CellReason:
    more = len(problem.files) - _FILES_SHOWN
    files = ", ".join(problem.files[:_FILES_SHOWN]) + (f" and {more} more" if more > 0 else "")
    evidence = [Evidence(source=f"files of {problem.wheel}", excerpt=files)] if files else []
    if problem.details:
        considered = "\n".join(problem.details[:_DETAILS_SHOWN])
        evidence.append(Evidence(source="paths considered, in order", excerpt=considered))
    return CellReason(
        kind=_KINDS.get(problem.kind, ReasonKind.NOTE) if problem.severity < Severity.ERROR else ReasonKind.BROKEN,
        severity=problem.severity,
        subject=problem.wheel,
        message=f"{problem.wheel}: {problem.message}",
        evidence=tuple(evidence),
    )


_KINDS = {ProblemKind.UNREADABLE: ReasonKind.UNREADABLE}


def _failed(inspected: Inspected) -> CellReason:
    kind = ReasonKind.NETWORK if isinstance(inspected.problem, NetworkProblem) else ReasonKind.UNREADABLE
    message = f"{inspected.file.filename}: {inspected.problem}"
    return CellReason(kind=kind, severity=Severity.ERROR, subject=inspected.file.filename, message=message)


def _unseen(pin: Pin, why: str) -> CellReason:
    return CellReason(
        kind=ReasonKind.NOT_LOOKED_AT, severity=Severity.ERROR, subject=str(pin), message=f"{pin}: {why}."
    )

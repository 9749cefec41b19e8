"""Judges a resolved set by what is inside its wheels: whether their files load together on the target."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.availability.import_judgment import import_reasons
from envdoctor.availability.judging import Judgment
from envdoctor.availability.kept import KeptJudgments
from envdoctor.availability.machine import settle
from envdoctor.availability.set_conflicts import conflict_reasons, numpy_reason
from envdoctor.availability.unnamed import backend_reasons, runtime_reasons
from envdoctor.binaries.numpy_build import NumpyBuild
from envdoctor.core.availability import Cause, CauseKind, CellReason, CellVerdict, ReasonKind, conditions
from envdoctor.core.errors import NetworkProblem
from envdoctor.core.finding import Evidence, Severity
from envdoctor.imports.judgment import judge_wheel
from envdoctor.imports.loading import LoadJudge
from envdoctor.imports.problems import ProblemKind
from envdoctor.support.text import few, read_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from envdoctor.availability.catalogue import Catalogue
    from envdoctor.availability.inspector import Inspected, Inspector
    from envdoctor.availability.machine import HasLibrary
    from envdoctor.core.availability import Pin
    from envdoctor.core.target import Platform, Target
    from envdoctor.imports.packages import PackageVerdict
    from envdoctor.imports.problems import WheelProblem
    from envdoctor.imports.wheel_site import Beside
    from envdoctor.index.project import IndexFile
    from envdoctor.wheels.contents import WheelContents

_DETAILS_SHOWN = 12
_FILES_SHOWN = 6
_NUMPY, _NEW_NUMPY = "numpy", 2
# numpy 2.0 came in June 2024; wheels of 2025 and later, where they use numpy's C API, were built with it: reading all
# of their modules to see that would cost more than everything else.
_NUMPY_2_SETTLED = 2025
# The first that fits is the verdict: what can't load is worse than what overwrites, and both than not knowing.
_VERDICTS = (
    ({ReasonKind.BROKEN}, CellVerdict.BROKEN),
    ({ReasonKind.SHARED_FILES, ReasonKind.CLASH}, CellVerdict.CONFLICTS),
    ({ReasonKind.NOT_LOOKED_AT, ReasonKind.NETWORK, ReasonKind.UNREADABLE}, CellVerdict.UNKNOWN),
)
_GUILTY = frozenset({ReasonKind.BROKEN, ReasonKind.SHARED_FILES, ReasonKind.CLASH})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Member:
    """One wheel of the set that is judged."""

    pin: Pin
    file: IndexFile
    contents: WheelContents


class WheelJudge:
    """Looks into the wheels of a set, all at once, and judges them together. Safe to share among threads."""

    def __init__(
        self, catalogue: Catalogue, inspector: Inspector, here: tuple[Platform, HasLibrary] | None = None
    ) -> None:
        """`here`: this machine's platform, and which libraries it has, if it is what is asked about."""
        self._here = here
        self._catalogue = catalogue
        self._inspector = inspector
        self._kept = KeptJudgments(inspector.cache)
        self._known: dict[tuple[frozenset[str], Target], Judgment] = {}

    def judge(self, pins: Sequence[Pin], target: Target) -> Judgment:
        """Judges a set; see `SetJudge`. The same set on the same target is judged once."""
        key = frozenset(pin.filename for pin in pins), target
        if key not in self._known:
            self._known[key] = self._judged(pins, target)
        return self._known[key]

    def _judged(self, pins: Sequence[Pin], target: Target) -> Judgment:
        files = [(pin, self._file(pin, target)) for pin in pins]
        seen = [(pin, file) for pin, file in files if file is not None]
        lost = [_unseen(pin) for pin, file in files if file is None]
        if lost:
            return self._look(seen, target, lost)
        return self.judge_files(seen, target)

    def judge_files(self, files: Sequence[tuple[Pin, IndexFile]], target: Target, *, complete: bool = True) -> Judgment:
        """Judges the very wheels that are named, or says what was said of them before.

        Args:
            files: the wheels.
            target: where they would be installed.
            complete: whether these are all that would be installed; else only what a wheel lacks of its own is told.
        """
        known = self._kept.get(files, target, complete=complete)
        if known is None:
            known = self._look(files, target, complete=complete)
            self._kept.put(files, target, known, complete=complete)
        if self._here and self._here[0] == target.platform:
            return _settled(known, self._here[1])
        return known

    def _look(
        self,
        files: Sequence[tuple[Pin, IndexFile]],
        target: Target,
        lost: Sequence[CellReason] = (),
        *,
        complete: bool = True,
    ) -> Judgment:
        inspected = self._inspector.all([file for _, file in files])
        failures = [_failed(one) for one in inspected if one.contents is None]
        members = [
            _Member(pin=pin, file=file, contents=one.contents)
            for (pin, file), one in zip(files, inspected, strict=True)
            if one.contents is not None
        ]
        conflicts = conflict_reasons([member.contents for member in members])
        own = [*self._problems(members, target), *self._numpy(members)]
        own += backend_reasons([member.contents for member in members]) if complete and not (lost or failures) else ()
        if not lost and not failures:
            own += self._imports(members, target, complete=complete)
        return _judgment(members, [*lost, *failures, *own, *conflicts])

    def _numpy(self, members: Sequence[_Member]) -> Iterator[CellReason]:
        """Whether wheels from before numpy 2 meet it here."""
        numpy = next((member for member in members if member.pin.name == _NUMPY), None)
        if numpy is None or read_number(numpy.pin.version.partition(".")[0]) < _NEW_NUMPY:
            return
        for member in members:
            has_modules = any(native.is_module for native in member.contents.natives)
            if member is not numpy and has_modules and _is_from_before(member.file):
                use = self._inspector.numpy_use(member.file, member.contents)
                is_unread = use.build is NumpyBuild.NONE and not use.complete
                if is_unread and not _requires_numpy(member.contents):
                    continue
                reason = numpy_reason(member.contents.label, use, numpy.contents.label)
                if reason is not None:
                    yield reason

    def _imports(self, members: Sequence[_Member], target: Target, *, complete: bool) -> Iterator[CellReason]:
        """What importing the wheels asks of others, and does not get."""
        files = {member.contents.label: member.file for member in members}

        def judge(wheel: WheelContents, package: str, beside: Beside, most: int) -> PackageVerdict:
            return self._inspector.imports(files[wheel.label], wheel, package, target, beside, most=most)

        with ExitStack() as stack:
            readers = _readers(self._inspector, members, stack)
            wheels = [member.contents for member in members]
            yield from import_reasons(
                wheels, target, judge, lambda wheel, member: readers[wheel.label](member), complete=complete
            )

    def _file(self, pin: Pin, target: Target) -> IndexFile | None:
        from packaging.version import Version

        return self._catalogue.wheel(pin.name, Version(pin.version), target)

    def _problems(self, members: Sequence[_Member], target: Target) -> Iterator[CellReason]:
        with ExitStack() as stack:
            readers = _readers(self._inspector, members, stack)
            judge = _load_judge(members, target, readers)
            for member in members:
                contents, analysis = member.contents, judge.analyse(member.contents)
                if analysis.inexact:
                    exact = self._exactly(members, member)
                    contents = next(one.contents for one in exact if one.pin is member.pin)
                    analysis = _load_judge(exact, target, readers).analyse(contents)
                yield from map(problem_reason, judge_wheel(contents, analysis, target))
                yield from runtime_reasons(contents, readers[contents.label])

    def _exactly(self, members: Sequence[_Member], guessed: _Member) -> list[_Member]:
        """The set with one wheel read again, without guesses."""
        contents = self._inspector.one(guessed.file, exact=True).contents or guessed.contents
        exact = _Member(pin=guessed.pin, file=guessed.file, contents=contents)
        return [exact if member is guessed else member for member in members]


def _readers(inspector: Inspector, members: Iterable[_Member], stack: ExitStack) -> dict[str, Callable[[str], str]]:
    """What reads the text of a wheel's members, by the wheel, as long as the stack is open."""
    return {
        member.contents.label: stack.enter_context(inspector.texts(member.file, member.contents)) for member in members
    }


def _load_judge(members: Iterable[_Member], target: Target, readers: dict[str, Callable[[str], str]]) -> LoadJudge:
    return LoadJudge(
        [member.contents for member in members], target, lambda wheel, member: readers[wheel.label](member)
    )


def _judgment(members: Sequence[_Member], reasons: list[CellReason]) -> Judgment:
    reasons = sorted(reasons, key=lambda reason: -reason.severity)
    pins = {member.contents.label: member.pin for member in members}
    remedies = [remedy for reason in reasons if reason.kind in _GUILTY for remedy in _remedies(reason, pins)]
    return Judgment(verdict=_verdict(reasons), reasons=tuple(reasons), remedies=tuple(dict.fromkeys(remedies)))


def _verdict(reasons: Sequence[CellReason]) -> CellVerdict:
    kinds = {reason.kind for reason in reasons if reason.severity is Severity.ERROR}
    verdict = next((verdict for of_kind, verdict in _VERDICTS if kinds & of_kind), CellVerdict.SOUND)
    if verdict is not CellVerdict.SOUND:
        return verdict
    unreadable = (reason for reason in reasons if reason.kind is ReasonKind.UNREADABLE)
    if any(reason.severity > Severity.INFO for reason in unreadable):  # not a plug-in
        return CellVerdict.UNKNOWN
    return CellVerdict.SOUND_IF if conditions(reasons) else CellVerdict.SOUND


def _settled(judgment: Judgment, has: HasLibrary) -> Judgment:
    """The same with what this machine has; what keeps it broken keeps its remedies."""
    reasons = settle(judgment.reasons, has)
    verdict = _verdict(reasons)
    return Judgment(verdict=verdict, reasons=reasons, remedies=() if verdict.is_good else judgment.remedies)


def _remedies(reason: CellReason, pins: Mapping[str, Pin]) -> Iterator[str]:
    """What would take a reason away: what it says itself, then each wheel it is about left out."""
    if reason.severity is Severity.ERROR:
        yield from reason.remedies
        for label in reason.subject.split(", "):
            if label in pins:
                yield f"{pins[label].name}!={pins[label].version}"


def problem_reason(problem: WheelProblem) -> CellReason:
    """A statement about a wheel as a reason of a cell."""
    files = few(problem.files, _FILES_SHOWN)
    evidence = [Evidence(source=f"files of {problem.wheel}", excerpt=files)] if files else []
    if problem.details:
        considered = "\n".join(problem.details[:_DETAILS_SHOWN])
        source = "symbols" if problem.kind is ProblemKind.MISSING_SYMBOL else "paths considered, in order"
        evidence.append(Evidence(source=source, excerpt=considered))
    kind = ReasonKind.UNREADABLE if problem.kind is ProblemKind.UNREADABLE else ReasonKind.NOTE
    return CellReason(
        kind=ReasonKind.BROKEN if problem.severity is Severity.ERROR else kind,
        severity=problem.severity,
        subject=problem.wheel,
        message=f"{problem.wheel}: {problem.message}",
        evidence=tuple(evidence),
        condition=problem.condition,
        libraries=((problem.library,),) if problem.library else (),
        cause=_cause(problem),
    )


def _cause(problem: WheelProblem) -> Cause | None:
    files = problem.files[:_FILES_SHOWN]
    if problem.library:
        return Cause(kind=CauseKind.LIBRARY, wheel=problem.wheel, files=files, names=(problem.library,))
    if problem.kind is ProblemKind.MISSING_SYMBOL and problem.details:
        return Cause(kind=CauseKind.SYMBOL, wheel=problem.wheel, files=files, names=problem.details[:1])
    return None


def _is_from_before(file: IndexFile) -> bool:
    """Whether a wheel may be older than what its builders needed to meet numpy 2; one without a date may be."""
    return file.uploaded is None or file.uploaded.year < _NUMPY_2_SETTLED


def _requires_numpy(wheel: WheelContents) -> bool:
    return any(re.fullmatch(r"numpy\b(?!-).*", line.strip(), re.IGNORECASE) for line in wheel.metadata.requires)


def _failed(inspected: Inspected) -> CellReason:
    kind = ReasonKind.NETWORK if isinstance(inspected.problem, NetworkProblem) else ReasonKind.UNREADABLE
    message = f"{inspected.file.filename}: {inspected.problem}"
    return CellReason(kind=kind, severity=Severity.ERROR, subject=inspected.file.filename, message=message)


def _unseen(pin: Pin) -> CellReason:
    message = f"{pin}: its wheel is not among those that the index lists."
    return CellReason(kind=ReasonKind.NOT_LOOKED_AT, severity=Severity.ERROR, subject=str(pin), message=message)

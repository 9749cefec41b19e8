"""How a sweep judges one item: module-level functions of plain values, so that any process can call them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.availability import CellVerdict
from envdoctor.core.finding import Severity
from envdoctor.core.summary import Standing
from envdoctor.core.sweep import Judgment, State

if TYPE_CHECKING:
    from envdoctor.core.availability import Cell, CellReason
    from envdoctor.core.errors import NetworkProblem, Unreadable
    from envdoctor.core.matrix_request import MatrixRequest
    from envdoctor.core.report import Report

_STATES = {
    CellVerdict.PROVEN: State.FINE,
    CellVerdict.SOUND: State.FINE,
    CellVerdict.SOUND_IF: State.CONDITIONAL,
    CellVerdict.NEEDS_BUILD: State.CONDITIONAL,
    CellVerdict.BROKEN: State.BROKEN,
    CellVerdict.CONFLICTS: State.BROKEN,
    CellVerdict.NO_WHEEL: State.BROKEN,
    CellVerdict.NO_VERSION: State.BROKEN,
}
#: Not for the target at all, where it is about the thing itself and not about what it requires.
_NOT_MADE = frozenset({CellVerdict.NO_WHEEL, CellVerdict.NO_VERSION})


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelQuestion:
    """What is asked about a wheel.

    Attributes:
        subject: a path, or a requirement.
        targets: printed name, platform and Python of each; the latter two as `envdoctor inspect` takes them.
        alone: without what it requires.
        offline: ask no network.
        cache: the folder to keep answers in; None for the user's.
    """

    subject: str
    targets: tuple[tuple[str, str, str], ...]
    alone: bool = False
    offline: bool = False
    cache: Path | None = None


def judge_wheel(question: WheelQuestion) -> tuple[Judgment, ...]:
    """Judges a wheel, or a requirement's, on each target that takes it."""
    return tuple(_judged(question, *target) for target in question.targets)


def _judged(question: WheelQuestion, target: str, platform: str, python: str) -> Judgment:
    from envdoctor.doctor.inspect import InspectRequest, inspect

    misfit = _misfit(question.subject, target)
    if misfit is not None:
        return misfit
    told = inspect(
        InspectRequest(
            subject=question.subject,
            platform=platform,
            python=python,
            alone=question.alone,
            offline=question.offline,
            cache=question.cache,
        )
    )
    absent = told.verdict in _NOT_MADE and not told.filename
    state = State.ABSENT if absent else _STATES.get(told.verdict, State.UNKNOWN)
    package, version = named(Path(told.filename or question.subject).name) or told.label.split(" ", 1)
    return Judgment(
        subject=normalized(package),
        version=version,
        target=target,
        verdict=told.verdict.value,
        state=state,
        message=_why(told.reasons, state),
    )


def normalized(name: str) -> str:
    """A package's name as the history has it."""
    from packaging.utils import canonicalize_name

    return str(canonicalize_name(name))


def named(filename: str) -> tuple[str, str] | None:
    """Package and version that a wheel's name tells; None if it is no wheel's name."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return None
    return str(name), str(version)


def _misfit(subject: str, target: str) -> Judgment | None:
    """What is said of a wheel whose tags the target does not take; it is not read."""
    from packaging.utils import parse_wheel_filename

    from envdoctor.availability.here import target_here
    from envdoctor.support.target_names import parse_target

    filename = Path(subject).name
    told = named(filename) if filename.endswith(".whl") else None
    if told is None or parse_target(target, target_here()).accepts(parse_wheel_filename(filename)[3]):
        return None
    return Judgment(
        subject=told[0],
        version=told[1],
        target=target,
        verdict=CellVerdict.NO_WHEEL.value,
        state=State.ABSENT,
        message="Its tags are for other targets.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseQuestion:
    """What is asked about one release on an index.

    Attributes:
        request: the release and the targets.
        released: when it was uploaded, ISO 8601.
        problem: why nothing is known of the package; empty if its releases are known.
    """

    request: MatrixRequest
    released: str = ""
    problem: NetworkProblem | Unreadable | None = None


def judge_release(question: ReleaseQuestion) -> tuple[Judgment, ...]:
    """Judges one release on every target.

    Raises:
        NetworkProblem, Unreadable: nothing is known of the package.
    """
    from envdoctor.doctor.matrix import matrix

    if question.problem is not None:
        raise question.problem
    found = matrix(question.request)
    return tuple(_of_cell(found.package, cell, question.released) for cell in found.cells)


def _of_cell(package: str, cell: Cell, released: str) -> Judgment:
    state = State.ABSENT if cell.verdict in _NOT_MADE else _STATES.get(cell.verdict, State.UNKNOWN)
    return Judgment(
        subject=normalized(package),
        version=cell.version,
        target=cell.target,
        verdict=cell.verdict.value,
        state=state,
        message=_why(cell.reasons, state),
        released=released,
    )


def judge_model(question: tuple[str, tuple[str, ...]]) -> tuple[Judgment, ...]:
    """Judges a model's file for each goal, by the file alone."""
    from envdoctor.doctor.model import inspect_model

    file, goals = question
    return tuple(model_judgment(inspect_model(Path(file), goal=goal, static=True), file, goal) for goal in goals)


def model_judgment(report: Report, file: str, goal: str) -> Judgment:
    """A report on a model in one line: how much of it is mapped, and what is wrong first."""
    standing = report.summary.verdict
    errors = any(one.severity is Severity.ERROR for one in report.all_findings)
    problems = State.BROKEN if errors else State.CONDITIONAL
    state = {Standing.FINE: State.FINE, Standing.PROBLEMS: problems}.get(standing, State.UNKNOWN)
    placed = [f"{one.mapped} of {one.operators} operators mapped" for one in report.models if one.mapped is not None]
    said = [one.message for one in sorted(report.all_findings, key=lambda one: -one.severity)[:1]]
    return Judgment(
        subject=Path(file).name,
        target=goal,
        verdict=standing.value.upper(),
        state=state,
        message="; ".join((*placed, *said)),
    )


def _why(reasons: tuple[CellReason, ...], state: State) -> str:
    return "" if state is State.FINE or not reasons else max(reasons, key=lambda one: one.severity).message

"""`check -r`: what a requirements file or a lock asks for, held against the environment and against targets."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from envdoctor.availability.candidates import pip_refuses, refuses_python
from envdoctor.availability.cells import Asked, Cells
from envdoctor.availability.soundness import WheelJudge
from envdoctor.availability.table import configured_constraints
from envdoctor.availability.tools import open_tools
from envdoctor.availability.uv import Question
from envdoctor.core.asked import AskedReport, Presence, SetVerdict, Wanted
from envdoctor.core.availability import CellReason, CellVerdict, ReasonKind
from envdoctor.core.errors import UsageProblem
from envdoctor.core.finding import Severity
from envdoctor.core.request import Request
from envdoctor.doctor.asked_hashes import held_to_hashes
from envdoctor.doctor.asked_tool_lock import select_locked
from envdoctor.environments.cache import open_cache
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.facts.loading.machine import target_of
from envdoctor.facts.packages.metadata import normalize
from envdoctor.index.access import Access
from envdoctor.locks.asked import AskedLines, python_of_project, read_hashes, read_mixed
from envdoctor.locks.reading import is_lock, read_lock, select
from envdoctor.locks.tool_locks import is_tool_lock, read_tool_lock
from envdoctor.support.python_names import parse_pythons
from envdoctor.support.target_names import parse_columns, target_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from packaging.requirements import Requirement

    from envdoctor.availability.catalogue import Catalogue
    from envdoctor.availability.inspector import Inspector
    from envdoctor.availability.tools import Tools
    from envdoctor.core.asked import AskedRequest
    from envdoctor.core.availability import Cell, Pin
    from envdoctor.core.target import Target
    from envdoctor.index.project import IndexFile
    from envdoctor.locks.reading import Selection

_WORKERS_PER_PROCESSOR = 2
_VERDICTS = (
    (ReasonKind.OTHER_WHEELS, CellVerdict.NO_WHEEL),
    (ReasonKind.NO_VERSION, CellVerdict.NO_VERSION),
    (ReasonKind.SOURCE_ONLY, CellVerdict.NEEDS_BUILD),
    (ReasonKind.UNREADABLE, CellVerdict.BROKEN),
    (ReasonKind.NOT_LOOKED_AT, CellVerdict.UNKNOWN),
)


def check_asked(
    request: AskedRequest,
    progress: Callable[[int, int], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> AskedReport:
    """Reads a file that asks for packages, and judges it.

    Args:
        request: what is asked.
        progress: told how many targets are done, of how many.
        say: told in a sentence before much is read over the network.

    Raises:
        UsageProblem: the file can't be read or is none or has no such part, a platform is unknown, or the interpreter
            is none.
    """
    file, parts = request.file, (request.extras, request.groups)
    lock = _read(file)
    if any(parts) and (lock or file.suffix != ".toml"):
        raise UsageProblem(f"Only a pyproject.toml has extras and groups, and {file} is not a pyproject.toml.")
    asked = AskedLines([], [], [], []) if lock else read_mixed(file, *parts)
    if not (lock or any(asked)):
        raise UsageProblem(f"{file} asks for nothing.")
    facts = None if request.platforms else Facts(Request(python=request.python), LocalExecutor())
    targets = (target_of(facts.host, facts.python),) if facts else _targets(request)
    tools = open_tools(LocalExecutor(), open_cache(Request()).root, Access(say=say))
    if lock is not None:
        sets = tuple(_of_lock(lock, targets, tools, progress))
    else:
        asked.constraints[:0] = configured_constraints(tools.settings)
        sets = _of_lines(file, asked, targets, tools, progress) if asked.requirements else ()
    unjudged = [one for one in asked.unjudged if not one.line or any(any(_applying([one.line], to)) for to in targets)]
    by_address = [one.line for one in unjudged if one.line]
    should_be_here = sets[0].pins if lock else (*asked.projects, *by_address, *asked.requirements)
    own = tuple(f"{name} lies in a folder: what it requires is judged, it itself is not." for name in asked.projects)
    return AskedReport(
        file=str(file),
        kind="lock" if lock else "requirements",
        environment=facts.python.prefix if facts else "",
        wanted=tuple(_wanted(should_be_here, targets[0], facts)) if facts else (),
        sets=sets,
        created_by=lock.tool if lock else "",
        notes=tools.notes if lock else (*tools.notes_on_choice, *own),
        unjudged=tuple(f"{one.said}." for one in unjudged),
        effort=tools.effort,
    )


def _targets(request: AskedRequest) -> tuple[Target, ...]:
    from envdoctor.availability.here import target_here

    here = target_here()
    return parse_columns(request.platforms, parse_pythons(request.pythons or here.interpreter.short_version), here)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Lock:
    """A lock of any kind: who wrote it, what an installer takes of it on a target, and whether pip can be that."""

    tool: str
    is_for_pip: bool = True
    select: Callable[[Target, Catalogue], Selection]


def _read(file: Path) -> _Lock | None:
    """The lock that a file's name says that it is; None for none."""
    if is_tool_lock(file):
        own = read_tool_lock(file)
        return _Lock(tool=own.tool, is_for_pip=own.tool != "uv", select=partial(select_locked, own))
    if not is_lock(file):
        return None
    lock, folder = read_lock(file), file.absolute().parent
    if not lock.packages:
        raise UsageProblem(f"{file} asks for nothing.")
    return _Lock(tool=lock.created_by, select=lambda target, _: select(lock, target, folder))


def _of_lock(
    lock: _Lock, targets: Sequence[Target], tools: Tools, progress: Callable[[int, int], None] | None
) -> Iterator[SetVerdict]:
    inspector, judge = tools.inspector, WheelJudge(tools.catalogue, tools.inspector)
    for number, target in enumerate(targets, 1):
        selection = lock.select(target, tools.catalogue)
        found = judge.judge_files(selection.files, target) if not selection.reasons else None
        weight = Severity.ERROR if lock.is_for_pip else Severity.INFO  # uv alone installs its own lock
        refused = selection.reasons or tuple(_refused(selection.files, target, inspector, weight))
        reasons = (*refused, *found.reasons) if found else refused
        kinds = {reason.kind for reason in refused if reason.severity is not Severity.INFO}
        worst = next((verdict for kind, verdict in _VERDICTS if kind in kinds), None)
        verdict = worst or (found.verdict if found else CellVerdict.UNKNOWN)
        pins = tuple(str(pin) for pin, _ in selection.files)
        yield SetVerdict(target=target_name(target), verdict=verdict, reasons=reasons, pins=pins)
        if progress:
            progress(number, len(targets))


def _refused(
    files: Sequence[tuple[Pin, IndexFile]], target: Target, inspector: Inspector, severity: Severity
) -> Iterator[CellReason]:
    """Wheels that pip refuses for the target's Python, by their own metadata: a lock need not repeat it."""
    for (pin, file), seen in zip(files, inspector.all([file for _, file in files]), strict=True):
        asks = seen.contents.metadata.requires_python if seen.contents else None
        if asks and pip_refuses(replace(file, requires_python=asks), target):
            yield replace(_refusal(pin, asks), severity=severity)


def _refusal(pin: Pin, asks: str) -> CellReason:
    message = f"{pin} asks for Python {asks}: pip refuses it there, and uv does not."
    return CellReason(kind=ReasonKind.NO_VERSION, severity=Severity.ERROR, subject=str(pin), message=message)


def _of_lines(
    file: Path,
    asked: AskedLines,
    targets: Sequence[Target],
    tools: Tools,
    progress: Callable[[int, int], None] | None,
) -> tuple[SetVerdict, ...]:
    lines, limits = tuple(asked.requirements), tuple(asked.constraints)
    hashes, python = read_hashes(file), python_of_project(file)
    questions = [
        Asked(version="", question=Question(requirements=lines, target=target, constraints=limits))
        for target in targets
    ]
    workers = max(2, _WORKERS_PER_PROCESSOR * (os.cpu_count() or 1))
    judge = WheelJudge(tools.catalogue, tools.inspector)
    cells = Cells(tools.resolver, tools.catalogue, judge).fill(questions, workers, progress)
    found = (
        _refused_by_project(target, python, file)
        or _pinned_in_vain(cell, (*lines, *limits), target, tools.catalogue)
        or held_to_hashes(cell, target, hashes, tools.catalogue, judge)
        or SetVerdict(target=cell.target, verdict=cell.verdict, reasons=cell.reasons, pins=tuple(map(str, cell.pins)))
        for target, cell in zip(targets, cells, strict=True)
    )
    others = next((one.said for one in asked.unjudged if one.changes_choice), "")
    return tuple(_left_open(one, others) if others else one for one in found)


def _left_open(one: SetVerdict, others: str) -> SetVerdict:
    """A verdict that is not known, since an installer may take other files than those that were looked at."""
    message = f"{others}, so that an installer may take other files."
    why = CellReason(kind=ReasonKind.NOT_LOOKED_AT, severity=Severity.WARNING, subject=one.target, message=message)
    softened = (replace(reason, severity=min(reason.severity, Severity.WARNING)) for reason in one.reasons)
    return replace(one, verdict=CellVerdict.UNKNOWN, reasons=(why, *softened))


def _refused_by_project(target: Target, python: str, file: Path) -> SetVerdict | None:
    """That a project is for other Pythons, by its `requires-python`."""
    if not python or not refuses_python(python, target):
        return None
    message = f"{file.name} asks for Python {python}: installers refuse the project there."
    reason = CellReason(kind=ReasonKind.NO_VERSION, severity=Severity.ERROR, subject=file.name, message=message)
    return SetVerdict(target=target_name(target), verdict=CellVerdict.NO_VERSION, reasons=(reason,))


def _pinned_in_vain(cell: Cell, lines: Iterable[str], target: Target, catalogue: Catalogue) -> SetVerdict | None:
    """That a file asks for exactly what pip refuses for the target's Python: no other version may take its place."""
    from packaging.version import Version

    exact = {
        (normalize(one.name), Version(each.version))
        for _, one in _applying(lines, target)
        for each in one.specifier
        if each.operator == "==" and not each.version.endswith(".*")
    }
    reasons = tuple(
        _refusal(pin, wheel.requires_python or "")
        for pin in cell.pins
        if (normalize(pin.name), Version(pin.version)) in exact
        and (wheel := catalogue.wheel(pin.name, Version(pin.version), target)) is not None
        and pip_refuses(wheel, target)
    )
    if not reasons:
        return None
    said = (*reasons, *(one for one in cell.reasons if one.kind is not ReasonKind.REQUIRES_PYTHON))
    return SetVerdict(target=cell.target, verdict=CellVerdict.NO_VERSION, reasons=said, pins=tuple(map(str, cell.pins)))


def _wanted(lines: Iterable[str], target: Target, facts: Facts) -> Iterator[Wanted]:
    """What applies on the examined interpreter, and what of it is installed."""
    active = facts.packages.active()
    for line, requirement in _applying(lines, target):
        found = active.get(normalize(requirement.name))
        if found is None:
            yield Wanted(requirement=line, presence=Presence.MISSING)
        elif requirement.specifier.contains(found.version, prereleases=True):
            yield Wanted(requirement=line, presence=Presence.INSTALLED, installed=found.version)
        else:
            yield Wanted(requirement=line, presence=Presence.OTHER_VERSION, installed=found.version)


def _applying(lines: Iterable[str], target: Target) -> Iterator[tuple[str, Requirement]]:
    """The lines whose markers hold on a target."""
    from packaging.requirements import Requirement

    for line in lines:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({**target.markers, "extra": ""}):
            yield line, requirement

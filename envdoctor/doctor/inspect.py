"""`inspect`: what is inside a wheel, and whether it loads on a target."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envdoctor.availability.candidates import exactly, refuses_python
from envdoctor.availability.cells import Asked, Cells
from envdoctor.availability.elsewhere import elsewhere
from envdoctor.availability.here import target_here
from envdoctor.availability.native_view import native_view
from envdoctor.availability.soundness import WheelJudge
from envdoctor.availability.subject import Subject, find_subject, refuse_other_paths
from envdoctor.availability.tools import Tools, open_tools
from envdoctor.availability.uv import Question
from envdoctor.core.availability import CellReason, CellVerdict, Pin, ReasonKind
from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.core.finding import Severity
from envdoctor.core.inspection import Basis, Inspection
from envdoctor.core.request import Request
from envdoctor.doctor._machine import machine_here
from envdoctor.environments.cache import open_cache
from envdoctor.executors.local import LocalExecutor
from envdoctor.index.access import Access
from envdoctor.net.urls import redacted
from envdoctor.support.python_names import parse_pythons
from envdoctor.support.requirement import read_requirement
from envdoctor.support.target_names import HERE, parse_target, platform_name, target_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envdoctor.core.availability import Cell
    from envdoctor.core.target import Target
    from envdoctor.index.project import IndexFile
    from envdoctor.wheels.contents import WheelContents
    from envdoctor.wheels.review import Review


@dataclass(frozen=True, kw_only=True, slots=True)
class InspectRequest:
    """What is asked; texts are as typed.

    Attributes:
        subject: a wheel's path, ``name`` or ``name==version``.
        platform: for which machine; empty for this one.
        python: for which Python; empty for the one that the platform's name says, else this one.
        alone: judge the wheel without those that it requires.
        max_download: bytes that may be read over the network; None for any number.
        offline: ask no network.
        cache: the folder to keep answers in.
    """

    subject: str
    platform: str = ""
    python: str = ""
    alone: bool = False
    max_download: int | None = None
    offline: bool = False
    cache: Path | None = None


def inspect(
    request: InspectRequest,
    say: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Inspection:
    """Looks into one wheel, and judges it in the set that a resolver would install it with.

    Args:
        request: what is asked.
        say: told in a sentence before much is read over the network.
        progress: told how many of the set's wheels have been read, of how many.

    Raises:
        UsageProblem: a text is not understood, or there is no such file, package or version.
        NetworkProblem: the index did not answer, or the wheel could not be fetched.
        Unreadable: the wheel is damaged.
    """
    refuse_other_paths(request.subject)
    target = _target(request)
    access = Access(offline=request.offline, most=request.max_download, say=say, progress=progress)
    tools = open_tools(LocalExecutor(), open_cache(Request(cache=request.cache)).root, access)
    subject = find_subject(request.subject, tools.catalogue, target)
    if subject.file is None:
        cell = _cell(tools, (f"{subject.name}=={subject.version}",), target, subject.version)
        found = Inspection(
            subject=request.subject, target=target_name(target), verdict=cell.verdict, reasons=cell.reasons
        )
        reasons = (*cell.reasons, *_doubts(tools, subject))
        return replace(found, label=f"{subject.name} {subject.version}", reasons=reasons, effort=tools.effort)
    return _looked_into(tools, subject, subject.file, request, target)


def _looked_into(
    tools: Tools, subject: Subject, file: IndexFile, request: InspectRequest, target: Target
) -> Inspection:
    looked = tools.inspector.one(file)
    if looked.damaged is not None:
        return replace(_damaged(tools, subject, file, looked.damaged, target), subject=request.subject)
    if looked.problem is not None and subject.is_local:
        raise UsageProblem(f"{request.subject} can't be read as a wheel: {looked.problem}.")
    if looked.problem is not None:
        raise looked.problem
    if looked.contents is None:
        raise AssertionError("a wheel without a problem has contents")
    beside, notes, refusal = ((), (), None) if request.alone else _set_of(tools, subject, looked.contents, target)
    files = [(Pin(name=subject.name, version=subject.version, filename=file.filename), file)]
    files += [(pin, found) for pin in beside if (found := _wheel(tools, pin, target)) is not None]
    reviewed = _reviewed(tools, subject, file, looked.contents)
    judgment = WheelJudge(tools.catalogue, tools.inspector, machine_here(request.platform)).judge_files(
        files, target, complete=not request.alone and refusal is None
    )
    own = _contents_view(looked.contents)
    left = looked.contents.not_compared
    unread = (replace(_note(subject, left), severity=Severity.INFO),) if left else ()
    misfit = _misfit(file, looked.contents, target)
    misnamed = (f"its file is called {subject.misnamed}, which is no wheel's name",) if subject.misnamed else ()
    refusals = (*misnamed, *reviewed.refusals)
    told = tuple(_note(subject, f"pip and uv refuse to install it: {message}.") for message in refusals)
    refusal = refusal or (CellVerdict.UNKNOWN if told else None)
    return replace(
        own,
        subject=request.subject,
        target=target_name(target),
        verdict=CellVerdict.NO_WHEEL if misfit else refusal or judgment.verdict,
        filename=file.filename,
        source=redacted(file.url),
        reasons=(
            *misfit,
            *told,
            *judgment.reasons,
            *notes,
            *_choice(subject, target),
            *_doubts(tools, subject),
            *unread,
        ),
        basis=Basis.ALONE if request.alone or refusal else Basis.SET,
        beside=beside,
        read=tools.inspector.bytes_read(file, looked.contents),
        effort=tools.effort,
        faults=reviewed.faults,
        rules_left_out=reviewed.left_out,
    )


def _damaged(tools: Tools, subject: Subject, file: IndexFile, contents: WheelContents, target: Target) -> Inspection:
    """No verdict on a wheel whose parts contradict each other; what its maker should mend is told all the same."""
    reviewed = _reviewed(tools, subject, file, contents)
    return replace(
        _contents_view(contents),
        target=target_name(target),
        verdict=CellVerdict.UNKNOWN,
        filename=file.filename,
        source=redacted(file.url),
        reasons=(_note(subject, f"{contents.damage[:1].upper()}{contents.damage[1:]}."),),
        basis=Basis.ALONE,
        read=tools.inspector.bytes_read(file, contents),
        effort=tools.effort,
        faults=reviewed.faults,
        rules_left_out=reviewed.left_out,
    )


def _reviewed(tools: Tools, subject: Subject, file: IndexFile, contents: WheelContents) -> Review:
    try:
        return tools.inspector.review(file, contents)
    except Unreadable as error:
        if subject.is_local:
            raise UsageProblem(f"{file.filename} can't be read as a wheel: {error}.") from error
        raise


def _target(request: InspectRequest) -> Target:
    target = parse_target(request.platform or HERE, target_here())
    return replace(target, interpreter=parse_pythons(request.python)[0]) if request.python else target


def _set_of(
    tools: Tools, subject: Subject, contents: WheelContents, target: Target
) -> tuple[tuple[Pin, ...], tuple[CellReason, ...], CellVerdict | None]:
    """The other wheels that a resolver would install beside it; if there is none, why, and the verdict on that."""
    try:
        lines = _requirements_on(contents, target) if subject.is_local else (subject.requirement,)
    except Unreadable as error:
        problem = f"What it requires can't be read, so that it was judged alone: {error}."
        return (), (_note(subject, problem),), CellVerdict.UNKNOWN
    if not lines:
        return (), (), None
    cell = _cell(tools, lines, target, subject.version)
    if cell.pins:
        return tuple(pin for pin in cell.pins if pin.name != subject.name), cell.reasons, None
    unknown = cell.verdict is CellVerdict.UNKNOWN
    problem = "could not be found out" if unknown else f"can't be installed there ({cell.verdict.value})"
    return (
        (),
        (_note(subject, f"What it requires {problem}, so that it was judged alone."), *cell.reasons),
        cell.verdict,
    )


def _requirements_on(contents: WheelContents, target: Target) -> tuple[str, ...]:
    """What a wheel requires on a target, without its extras.

    Raises:
        Unreadable: a requirement is none.
    """
    markers = {**target.markers, "extra": ""}
    try:
        found = [read_requirement(line) for line in contents.metadata.requires]
    except ValueError as error:
        first = str(error).partition("\n")[0]
        raise Unreadable(f"a requirement of {contents.label} is not valid (PEP 508): {first}") from None
    return tuple(str(one) for one in found if one.marker is None or one.marker.evaluate(markers))


def _cell(tools: Tools, lines: tuple[str, ...], target: Target, version: str) -> Cell:
    asked = Asked(version=version, question=Question(requirements=lines, target=target))
    return Cells(tools.resolver, tools.catalogue).one(asked)


def _wheel(tools: Tools, pin: Pin, target: Target) -> IndexFile | None:
    from packaging.version import Version

    return tools.catalogue.wheel(pin.name, Version(pin.version), target)


def _misfit(file: IndexFile, contents: WheelContents, target: Target) -> tuple[CellReason, ...]:
    """A wheel on this disk need not be one that the target takes at all."""
    said = contents.metadata.requires_python
    if not target.accepts(file.tags):
        why = "an installer there refuses its tags"
    elif refuses_python(said, exactly(target)):
        why = f"it requires Python {said}"
    else:
        return ()
    message = f"{file.filename} is not for {target_name(target)}: {why}."
    return (CellReason(kind=ReasonKind.OTHER_WHEELS, severity=Severity.ERROR, subject=file.filename, message=message),)


def _choice(subject: Subject, target: Target) -> tuple[CellReason, ...]:
    """Why it is this version, where another would be expected."""
    said = []
    if not subject.is_named:
        message = f"{subject.version} is a pre-release, taken because no stable version has a wheel for this target."
        said.append((ReasonKind.PRE_RELEASE, message))
    if subject.passed_over:
        platform = platform_name(target.platform)
        why = f"envdoctor matrix {subject.name}=={subject.passed_over} --platform {platform} --python"
        message = f"{subject.passed_over} is newer and can't be installed there from a wheel; why: {why}"
        said.append((ReasonKind.NOTE, f"{message} {target.interpreter.name}"))
    return tuple(
        CellReason(kind=kind, severity=Severity.INFO, subject=subject.requirement, message=message)
        for kind, message in said
    )


def _doubts(tools: Tools, subject: Subject) -> tuple[CellReason, ...]:
    """Whether it is what was meant, and what indexes did not tell, which leaves the choice of versions in doubt."""
    namesake = "" if subject.is_local else elsewhere(subject.name, tools.catalogue.releases(subject.name))
    said = [(ReasonKind.NETWORK, one) for one in tools.refusals]
    said += [(ReasonKind.NOTE, namesake)] if namesake else []
    return tuple(
        CellReason(kind=kind, severity=Severity.WARNING, subject=subject.name, message=message)
        for kind, message in said
    )


def _contents_view(contents: WheelContents) -> Inspection:
    return Inspection(
        subject="",
        target="",
        verdict=CellVerdict.UNKNOWN,
        label=contents.label,
        natives=tuple(native_view(native) for native in contents.natives),
        imports=contents.imports,
        scripts=tuple(script.name for script in contents.metadata.scripts),
        requires=contents.metadata.requires,
        size=contents.effort.size,
        read=contents.effort.bytes_read,
    )


def _note(subject: Subject, message: str) -> CellReason:
    return CellReason(
        kind=ReasonKind.NOTE, severity=Severity.WARNING, subject=f"{subject.name} {subject.version}", message=message
    )

"""`inspect --upstream` and `matrix --upstream`: a report to the maintainers of a package, written and never sent."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from envdoctor.availability.here import target_here
from envdoctor.availability.tools import open_tools
from envdoctor.core.availability import Cause, CauseKind, CellVerdict, Pin, ReasonKind
from envdoctor.core.errors import EnvDoctorError, UsageProblem
from envdoctor.core.finding import Severity
from envdoctor.core.matrix_request import MatrixRequest
from envdoctor.core.request import Request
from envdoctor.core.upstream import AffectedRelease, Claim, UpstreamReport
from envdoctor.doctor.matrix import matrix
from envdoctor.environments.cache import open_cache
from envdoctor.executors.local import LocalExecutor
from envdoctor.index.access import Access
from envdoctor.support.target_names import parse_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from envdoctor.availability.tools import Tools
    from envdoctor.core.availability import Cell, CellReason, Matrix
    from envdoctor.core.inspection import Inspection
    from envdoctor.core.target import Target
    from envdoctor.doctor.inspect import InspectRequest

    Say = Callable[[str], None] | None

#: Releases before and after the one in question that are looked at.
_BEFORE, _AFTER = 3, 2
_REFUSALS = {
    ReasonKind.NO_PROJECT,
    ReasonKind.NO_VERSION,
    ReasonKind.REQUIRES_PYTHON,
    ReasonKind.OTHER_WHEELS,
    ReasonKind.SOURCE_ONLY,
    ReasonKind.CONFLICT,
    ReasonKind.RESOLVER,
}
_FIXES = {
    CauseKind.LIBRARY: "Put the library into the wheel (auditwheel, delocate, delvewheel), or link without it.",
    CauseKind.SYMBOL: "Link with what defines the symbol, or build against the release that has it.",
    CauseKind.MODULE: "Require the distribution that brings the module, in a version that has it, or import it lazily.",
    CauseKind.NAME: "Require the versions that have the name, or ask for it only where it is there.",
    CauseKind.LOOKUP: "Put the library into the wheel, or say in the error which package of the system brings it.",
    CauseKind.COMPILED: "Build against numpy 2, which serves numpy 1 too, or require numpy<2.",
    CauseKind.SHARED: "Let only one of the two install the file, or let one require the other.",
    CauseKind.REFUSED: "Upload a wheel for this target, or require what has one.",
}


def upstream_of_inspection(found: Inspection, request: InspectRequest, say: Say = None) -> UpstreamReport:
    """The report on an inspected wheel; other releases of it are looked at, too, unless it is a file on the disk.

    Raises:
        UsageProblem: nothing is wrong with it that its maintainers could be told.
    """
    target = _target(found.target)
    name, _, version = found.label.partition(" ")
    own = Pin(name=canonicalize_name(name), version=version, filename=found.filename)
    local = not found.source.startswith(("http:", "https:"))
    report = _report(found.label, found.target, found.reasons, (own, *found.beside))
    report = replace(report, python=target.interpreter.short_version, local=local, looked_at=_now())
    if local or request.offline:
        return report
    tools = open_tools(LocalExecutor(), open_cache(Request(cache=request.cache)).root, Access(say=say))
    window = _window(tools, own, target)
    asked = MatrixRequest(
        requirements=(f"{own.name}>={window[0]},<={window[-1]}",),
        platforms=request.platform,
        pythons=request.python,
        pre_releases=True,
        max_download=request.max_download,
        cache=request.cache,
    )
    try:
        table = matrix(asked, None, say)
    except EnvDoctorError:  # what other releases are like is worth knowing, and not more
        return report
    return replace(report, releases=tuple(_releases(report, table, found.target, tools)))


def upstream_of_matrix(table: Matrix, cache: Path | None = None) -> UpstreamReport:
    """The report on the newest version of a matrix that can't be installed or can't load, on the first such target.

    Raises:
        UsageProblem: there is none.
    """
    bad = [cell for cell in table.cells if not cell.verdict.is_good and cell.verdict is not CellVerdict.UNKNOWN]
    cell = next((one for version in table.versions for one in bad if one.version == version), None)
    if cell is None:
        raise UsageProblem(f"--upstream: nothing is wrong with {table.package} there that its maintainers could mend.")
    target = _target(cell.target)
    pins = tuple(sorted(cell.pins, key=lambda pin: pin.name != table.package))
    pins = pins or (Pin(name=table.package, version=cell.version),)
    report = _report(f"{table.package} {cell.version}", cell.target, cell.reasons, pins)
    report = replace(report, python=target.interpreter.short_version, looked_at=table.as_of or _now())
    tools = open_tools(LocalExecutor(), open_cache(Request(cache=cache)).root, Access())
    return replace(report, releases=tuple(_releases(report, table, cell.target, tools)))


def _report(label: str, target: str, reasons: Iterable[CellReason], wheels: tuple[Pin, ...]) -> UpstreamReport:
    told = list(reasons)
    worst = max((one.severity for one in told), default=Severity.INFO)
    grave = [one for one in told if one.severity is worst] if worst > Severity.INFO else []
    claims = [(one, claim_of(one)) for one in grave]
    if not claims:
        raise UsageProblem(f"--upstream: nothing is wrong with {label} that its maintainers could mend.")
    name, _, version = label.partition(" ")
    return UpstreamReport(
        label=label,
        target=target,
        python="",
        requirement=f"{canonicalize_name(name)}=={version}",
        claims=tuple(claim for _, claim in claims if claim is not None),
        others=tuple(one.message for one, claim in claims if claim is None),
        remedies=tuple(dict.fromkeys(remedy for one in grave for remedy in one.remedies)),
        wheels=wheels,
    )


def claim_of(reason: CellReason) -> Claim | None:
    """What of a reason can be shown without envdoctor; None if nothing can."""
    cause = reason.cause
    if cause is None and reason.kind in _REFUSALS:
        cause = Cause(kind=CauseKind.REFUSED, wheel=reason.subject)
    return None if cause is None else Claim(cause=cause, message=reason.message, fix=_FIXES[cause.kind])


def _window(tools: Tools, own: Pin, target: Target) -> list[Version]:
    """Releases around the one in question that have a wheel there, oldest first."""
    version = Version(own.version)
    known = sorted(one for one in tools.catalogue.releases(own.name) if tools.catalogue.wheel(own.name, one, target))
    older = [one for one in known if one < version][-_BEFORE:]
    newer = [one for one in known if one > version][:_AFTER]
    return [*older, version, *newer]


def _releases(report: UpstreamReport, table: Matrix, target: str, tools: Tools) -> Iterator[AffectedRelease]:
    """Which releases have the first fault, too."""
    keys = {claim.key for claim in report.claims}
    for cell in table.cells:
        if cell.target == target:
            uploaded = _uploaded(table.package, cell, tools, target)
            yield AffectedRelease(version=cell.version, uploaded=uploaded, affected=_is_affected(cell, keys))


def _is_affected(cell: Cell, keys: set[tuple[str, ...]]) -> bool | None:
    found = {claim.key for reason in cell.reasons if (claim := claim_of(reason)) is not None}
    if found & keys:
        return True
    return False if cell.verdict.is_good and cell.verdict is not CellVerdict.RESOLVES else None


def _uploaded(name: str, cell: Cell, tools: Tools, target: str) -> str:
    try:
        wheel = tools.catalogue.wheel(name, Version(cell.version), _target(target))
    except (InvalidVersion, EnvDoctorError):
        return ""
    return wheel.uploaded.date().isoformat() if wheel is not None and wheel.uploaded is not None else ""


def _target(name: str) -> Target:
    return parse_target(name, target_here())


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

"""manifest.json: everything that is needed to say how an artifact came about, and to make it again."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (msgspec resolves the annotations when it decodes)
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.finding import Finding  # noqa: TC001  (the same)
from envdoctor.core.route import StageStatus  # noqa: TC001  (the same)
from envdoctor.support.hashing import hash_path

if TYPE_CHECKING:
    from envdoctor.core.report import Report
    from envdoctor.core.request import BuildOptions, Request
    from envdoctor.core.route import Attempt, StageResult

#: Raised when a field is taken away or changes its meaning.
_SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file by its path and SHA-256; the path of an output is relative to the manifest."""

    path: str
    sha256: str
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage that was run or reused; seconds, bytes of peak memory, and the argv of each process.

    Attributes:
        environment, gate_environment: versions of the packages that it, and the trial of its product, ran with.
    """

    action: str
    place: str
    status: StageStatus
    seconds: float
    peak_memory: int | None
    output: File | None
    environment: Mapping[str, str]
    gate_environment: Mapping[str, str]
    commands: tuple[tuple[str, ...], ...]
    summary: Mapping[str, object]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One route that was tried."""

    route: str
    succeeded: bool
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The whole of manifest.json.

    Attributes:
        route: the one that arrived; empty if none did.
        inputs: the source and, where they were given, the calibration and evaluation samples.
        outputs: the artifacts beside the manifest, and the logs of what made them.
        attempts: every route that was tried, in order.
    """

    schema: int
    envdoctor: str
    created: str
    goal: str
    route: str
    options: BuildOptions
    inputs: tuple[File, ...]
    outputs: tuple[File, ...]
    attempts: tuple[Try, ...]


def make_manifest(report: Report, request: Request) -> Manifest:
    """The manifest of a build from its report."""
    arrived = [attempt for attempt in report.attempts if attempt.succeeded]
    return Manifest(
        schema=_SCHEMA,
        envdoctor=report.version,
        created=report.created,
        goal=request.goal.name if request.goal else "",
        route=arrived[0].route.name if arrived else "",
        options=request.options,
        inputs=tuple(_inputs(request)),
        outputs=tuple(_outputs(report, arrived)),
        attempts=tuple(_try(attempt) for attempt in report.attempts),
    )


def _inputs(request: Request) -> list[File]:
    source = request.source
    files = [] if source is None else [File(path=str(source.path), sha256=source.sha256, kind=source.kind)]
    samples = {"calibration": request.options.calibration, "evaluation": request.options.evaluation}
    return files + [File(path=str(path), sha256=hash_path(path), kind=kind) for kind, path in samples.items() if path]


def _outputs(report: Report, arrived: list[Attempt]) -> list[File]:
    """The artifacts, and what lies beside them: a compiler's log or summary."""
    made = [File(path=one.path.name, sha256=one.sha256, kind=one.kind) for one in report.artifacts]
    others = [file for attempt in arrived for result in attempt.results for file in result.files]
    return made + [File(path=file.name, sha256=hash_path(file), kind="log") for file in others]


def _try(attempt: Attempt) -> Try:
    return Try(
        route=attempt.route.name,
        succeeded=attempt.succeeded,
        stages=tuple(_stage(result) for result in attempt.results),
    )


def _stage(result: StageResult) -> Stage:
    made = result.artifact
    return Stage(
        action=result.stage.action,
        place=result.stage.place,
        status=result.status,
        seconds=result.seconds,
        peak_memory=result.peak_memory,
        output=None if made is None else File(path=made.path.name, sha256=made.sha256, kind=made.kind),
        environment=result.environment,
        gate_environment=result.gate_environment,
        commands=result.commands,
        summary=result.summary,
        findings=result.findings,
    )

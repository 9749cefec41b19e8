"""The last build of a folder, read back from what it left there: its manifest and its logs."""

from __future__ import annotations

import os
from collections.abc import Mapping  # noqa: TC003  (msgspec resolves the annotations when it decodes)
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from envdoctor.core.artifact import Artifact
from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.core.finding import Evidence
from envdoctor.core.route import Attempt, Route, StagePlan, StageResult, StageStatus
from envdoctor.pipeline.manifest import File, Try  # noqa: TC001  (msgspec, too)
from envdoctor.support.files import open_regular, read_regular
from envdoctor.support.packing import unpack_json
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envdoctor.core.finding import Finding
    from envdoctor.pipeline.manifest import Stage

_MOST_BYTES = 64 << 20
_TAIL_BYTES, _TAIL_LINES = 64 << 10, 40


@dataclass(frozen=True, slots=True, kw_only=True)
class PastBuild:
    """What a build left.

    Attributes:
        subject: what was built, by name.
        notes: sentences that a reader should not miss.
    """

    attempts: tuple[Attempt, ...]
    artifacts: tuple[Artifact, ...]
    subject: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifest:
    """What of a manifest is told again."""

    envdoctor: str
    created: str
    goal: str
    inputs: tuple[File, ...] = ()
    outputs: tuple[File, ...] = ()
    attempts: tuple[Try, ...] = ()


def read_build(out: Path) -> PastBuild:
    """Read back the last build that was given the folder `out`.

    Raises:
        UsageProblem: no build left anything there, or what it left can't be read.
    """
    file = out / "manifest.json"
    logs = _logs(out)
    try:
        manifest = unpack_json(read_regular(file, _MOST_BYTES), _Manifest)
    except FileNotFoundError:
        if logs:
            return PastBuild(attempts=(), artifacts=(), notes=(_unfinished(logs[0]),))
        raise UsageProblem(
            f"no build was made in {out}; name the folder that it was given: --since-failed-build --out FOLDER"
        ) from None
    except (OSError, Unreadable) as error:
        raise UsageProblem(f"{file} can't be read ({error}); build again, or name another folder by --out") from None
    return PastBuild(
        attempts=tuple(_attempt(one, logs) for one in manifest.attempts),
        artifacts=tuple(
            Artifact(kind=one.kind, path=out / one.path, sha256=one.sha256)
            for one in manifest.outputs
            if one.kind != "log"
        ),
        subject={
            "built": ", ".join(one.path for one in manifest.inputs),
            "goal": manifest.goal,
            "build": f"{manifest.created} by envdoctor {manifest.envdoctor}",
        },
        notes=tuple(_notes(manifest, file, logs)),
    )


def _notes(manifest: _Manifest, file: Path, logs: list[Path]) -> Iterator[str]:
    arrived = [one.route for one in manifest.attempts if one.succeeded]
    tried = plural(len(manifest.attempts), "route")
    ended = f"succeeded by {arrived[0]}" if arrived else "failed"
    yield f"The build of {manifest.created} {ended}; {tried} tried."
    if logs and logs[0].stat().st_mtime > file.stat().st_mtime:
        yield _unfinished(logs[0])


def _unfinished(log: Path) -> str:
    last = (_tail(log).splitlines() or ["nothing"])[-1]
    return f"A build wrote no manifest: it was ended, or is at work. Its newest log, {log}, ends with: {last}"


def _attempt(tried: Try, logs: list[Path]) -> Attempt:
    results = tuple(_result(stage, logs) for stage in tried.stages)
    return Attempt(route=Route(name=tried.route, stages=tuple(one.stage for one in results)), results=results)


def _result(stage: Stage, logs: list[Path]) -> StageResult:
    made = stage.output
    kind = made.kind if made else ""
    start = f"{stage.action}-{stage.place.replace(':', '-')}-"
    failed = stage.status is StageStatus.FAILED
    log = next((one for one in logs if one.name.startswith(start)), None) if failed else None
    return StageResult(
        stage=StagePlan(action=stage.action, title=stage.action, produces=kind, place=stage.place),
        status=stage.status,
        log=log,
        seconds=stage.seconds,
        peak_memory=stage.peak_memory,
        commands=stage.commands,
        environment=stage.environment,
        gate_environment=stage.gate_environment,
        summary=stage.summary,
        findings=stage.findings if log is None else tuple(_with_log(stage.findings, log)),
    )


def _with_log(findings: tuple[Finding, ...], log: Path) -> Iterator[Finding]:
    """The findings of a failed stage; the last, which is the failure, with the end of the log."""
    yield from findings[:-1]
    for failure in findings[-1:]:
        yield replace(failure, evidence=(*failure.evidence, Evidence(source=str(log), excerpt=_tail(log))))


def _logs(out: Path) -> list[Path]:
    """The logs, the newest first."""
    try:
        found = [one for one in (out / ".envdoctor" / "logs").glob("*.log") if one.is_file()]
        return sorted(found, key=lambda one: one.stat().st_mtime, reverse=True)
    except OSError:
        return []


def _tail(log: Path) -> str:
    """The last lines of a log."""
    try:
        with open_regular(log) as stream:
            length = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, length - _TAIL_BYTES))
            text = (stream.read(_TAIL_BYTES) or b"").decode("utf-8", "replace")
    except OSError as error:
        return f"can't be read: {error.strerror or error}"
    return "\n".join(text.splitlines()[-_TAIL_LINES:])

"""`build`: plan, take the best route, fall back, keep what came of it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor import planner, registry
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.events import Note
from envdoctor.core.goal import goal_names, parse_goal
from envdoctor.doctor._common import environment_provider
from envdoctor.doctor.exporting import OpenRoutes
from envdoctor.doctor.routes import require_text, routes_of
from envdoctor.doctor.workarounds import NO_ROUTE, situation_of_attempts, workarounds
from envdoctor.environments.licenses import accept
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.pipeline.calibration import check_samples
from envdoctor.pipeline.judging import judge
from envdoctor.pipeline.manifest import make_manifest
from envdoctor.pipeline.runner import run_routes
from envdoctor.pipeline.stage import StageRunner
from envdoctor.pipeline.workspace import open_workspace
from envdoctor.stages.given import refuse_without_inputs, refuse_without_samples

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.core.artifact import Artifact
    from envdoctor.core.events import Listener
    from envdoctor.core.report import Report
    from envdoctor.core.request import Request
    from envdoctor.core.route import Attempt
    from envdoctor.pipeline.publication import Publication

#: What a product made by way of 16x8 is called in place of what the same product is called otherwise.
_WIDE = ("_int8_", "_int16x8_")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPlan:
    """How to go about a build, beyond the request itself.

    Attributes:
        out: the folder for the artifacts.
        route: what `--route` named; empty for all, best first.
        fallback: False to stop after the first route.
        fresh: True to reuse nothing.
    """

    out: Path
    route: str = ""
    fallback: bool = True
    fresh: bool = False


def build(request: Request, how: BuildPlan, emit: Listener) -> Report:
    """Build, and tell what was tried.

    Returns:
        The report. If no route could be taken it has no attempts, and if none arrived no artifacts; manifest.json is
        written whenever a route was tried.

    Raises:
        UsageProblem: no such route; samples that are missing where nothing else is, or that don't fit the model; a
            folder that can't be written to.
        NoRoute: no chain of actions leads to the goal, on any machine.
        BuildFailed: the disk is full, or another build works in the same folder.
    """
    require_text(how.out)
    accept(request.options.accepted_licenses)
    executor = LocalExecutor()
    facts = Facts(request, executor)
    report = routes_of(request, facts)
    refuse_without_inputs(request)
    chosen = planner.choose(report.routes, how.route) if how.route else report.routes
    open_routes = [route for route in chosen if route.takeable]
    if not open_routes:
        refuse_without_samples(request, chosen)
        return dataclasses.replace(report, command="build", routes=tuple(chosen))
    notes = check_samples(request)
    for note in notes:
        emit(Note(text=note))
    report = dataclasses.replace(report, notes=(*report.notes, *notes))
    actions = {one.name: one for one in registry.actions()}
    with open_workspace(how.out) as workspace:
        runner = StageRunner(
            request=request,
            workspace=workspace,
            executor=executor,
            gate=judge,
            provide=environment_provider(request, facts, executor, emit),
            fresh=how.fresh,
        )
        plan = OpenRoutes(request, facts, report.routes, emit, how.route)
        tried = plan if how.fallback else open_routes[:1]
        attempts = tuple(run_routes(tried, actions, planner.source_of(request), runner, plan.hear))
        with workspace.publishing() as publication:
            if (situation := situation_of_attempts(attempts)) is not None:
                report = dataclasses.replace(report, notes=(*report.notes, NO_ROUTE, *workarounds("routes", situation)))
            artifacts = _publish(attempts[-1], request, planner.source_of(request), publication, how.out)
            report = dataclasses.replace(
                report, command="build", routes=plan.routes, attempts=attempts, artifacts=artifacts
            )
            _write_manifest(report, request, publication)
    return report


def _publish(
    attempt: Attempt, request: Request, source: Artifact, publication: Publication, out: Path
) -> tuple[Artifact, ...]:
    """Put what a successful attempt made into the user's folder, the goal's artifact first.

    What is no compiler's product stays in the workspace.
    """
    if not attempt.succeeded:
        return ()
    artifacts: list[Artifact] = []
    products = registry.products()
    wide = ArtifactKind.TFLITE_INT16X8 in {source.kind, *(one.artifact.kind for one in attempt.results if one.artifact)}
    for result in attempt.results:
        made = result.artifact
        product = products.get(made.kind) if made else None
        if made is None or product is None:
            continue
        suffix = product.suffix.replace(*_WIDE) if wide else product.suffix
        name = _stem(made, request, source) + suffix
        publication.copy(made.path, name)
        artifacts.append(dataclasses.replace(made, path=out / name))
        for file in result.files:
            belongs = file.name.startswith(made.path.stem)
            publication.copy(file, (out / name).stem + file.name[len(made.path.stem) :] if belongs else file.name)
    return tuple(reversed(artifacts))


def _stem(made: Artifact, request: Request, source: Artifact) -> str:
    """What a file is called before its product's suffix: as the source, and for which chip if there are several."""
    stem = source.path.stem
    for known in ("_float", "_int8"):
        stem = stem.removesuffix(known)
    stem += "_mended" if made.kind == source.kind else ""  # in the source's folder it must not take its place
    chip = request.accelerator
    alike = sum(parse_goal(name).kind == made.kind for name in goal_names())
    return f"{stem}_{chip.lower()}" if chip and alike > 1 else stem


def _write_manifest(report: Report, request: Request, publication: Publication) -> None:
    import msgspec

    from envdoctor.support.redaction import Redactor, redact

    manifest = redact(make_manifest(report, request), Redactor.here())
    text = msgspec.json.format(msgspec.json.encode(manifest, order="deterministic", enc_hook=str), indent=2)
    publication.write("manifest.json", text + b"\n")

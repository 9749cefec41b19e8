"""Take routes one after the other until one arrives."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.events import Listener, RouteFailed, RouteStarted, StageEnded, StageStarted
from envdoctor.core.route import Attempt, Route, StagePlan, StageResult
from envdoctor.pipeline.stage import StageInput, StageRunner
from envdoctor.stages.problems import Scope, ends_build, finding, shared_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from envdoctor.action import Action
    from envdoctor.core.artifact import Artifact

#: What a stage's summary has where its product was run and held against a model, or the stage says why it was not.
_COMPARED = frozenset({"comparison", "mending", "litert"})


def run_routes(
    routes: Iterable[Route], actions: Mapping[str, Action], source: Artifact, runner: StageRunner, emit: Listener
) -> Iterator[Attempt]:
    """Try routes in order; stop after the first that arrives, waits for a person, or refuses what is not trusted.

    Stages that two routes share are run once: what the first made is reused by its key. A route that is known to fail
    for the same cause as one before is left out, see `problems.Scope`.

    Yields:
        Each attempt when it has ended; only the last can have succeeded.
    """
    failed: list[Attempt] = []
    unmended: StageResult | None = None
    number = 0
    for route in routes:
        if any(_shares_cause(route, attempt, actions, source) for attempt in failed):
            continue
        number += 1
        emit(RouteStarted(route=route, number=number))
        attempt = Attempt(route=route, results=tuple(_stages(route, actions, source, runner, emit)))
        if attempt.succeeded and unmended is not None:
            attempt = _told_unproven(attempt, unmended)
        yield attempt
        if attempt.succeeded or attempt.waiting:
            return
        emit(RouteFailed(attempt=attempt))
        if actions[attempt.results[-1].stage.action].mends is not None:
            unmended = attempt.results[-1]
        if any(ends_build(found) for found in attempt.results[-1].findings):
            return
        if runner.is_settled(attempt.results[-1]):
            failed.append(attempt)


def _told_unproven(attempt: Attempt, unmended: StageResult) -> Attempt:
    """A route that goes around a mend that failed, which would have run the model: where no stage did, that is told."""
    last = attempt.results[-1]
    if last.artifact is None or any(result.summary.keys() & _COMPARED for result in attempt.results):
        return attempt
    failure = unmended.findings[-1].message.rstrip(".")
    told = finding("not-compared", last.artifact.path.name, words=f"{failure}, and no other stage ran it")
    results = (*attempt.results[:-1], dataclasses.replace(last, findings=(*last.findings, told)))
    return dataclasses.replace(attempt, results=results)


def _shares_cause(route: Route, attempt: Attempt, actions: Mapping[str, Action], source: Artifact) -> bool:
    """True if a route would fail as one before did; the last finding of a failed stage is the failure."""
    result = attempt.results[-1]
    scope = shared_by(result.findings[-1])
    if scope is Scope.MODEL:
        return True
    if scope is Scope.EXPORT:
        return _form(route.stages[0], actions, source) == _form(result.stage, actions, source)
    if scope is Scope.QUANTIZER:
        failed = _way(attempt.route.stages[: len(attempt.results)], actions, source)
        ends = range(1, len(route.stages) + 1)
        return any(_way(route.stages[:end], actions, source) == failed for end in ends)
    count = len(attempt.results)
    ours, theirs = route.stages[:count], attempt.route.stages[:count]
    if scope is Scope.ENVIRONMENT:  # which reads what the same stages before have made
        same = [stage.environment for stage in ours[-1:]] == [result.stage.environment] and len(ours) == count
        ours, theirs = ours[:-1], theirs[:-1]
        return same and [stage.action for stage in ours] == [stage.action for stage in theirs]
    return [stage.action for stage in ours] == [stage.action for stage in theirs]


def _way(stages: Sequence[StagePlan], actions: Mapping[str, Action], source: Artifact) -> tuple[object, ...]:
    """By whose tools, `tensorflow` of any version, stages make which kind of file; with loops unrolled or not."""
    families = {(stage.environment or "").partition("-")[0] for stage in stages}
    unrolled = "recurrent" in source.traits and any(actions[stage.action].unrolls for stage in stages)
    return families, actions[stages[-1].action].produces, unrolled


def _form(stage: StagePlan, actions: Mapping[str, Action], source: Artifact) -> tuple[str | None, bool, bool]:
    """In which form a stage takes the model out of its file: by whose library, with loops unrolled, as ONNX or not."""
    action = actions[stage.action]
    unrolled = action.unrolls and "recurrent" in source.traits
    return stage.environment, unrolled, action.produces == ArtifactKind.ONNX


def _stages(
    route: Route, actions: Mapping[str, Action], source: Artifact, runner: StageRunner, emit: Listener
) -> Iterator[StageResult]:
    given: StageInput | None = StageInput(artifact=source)
    for number, plan in enumerate(route.stages, start=1):
        if given is None:
            return
        emit(StageStarted(route=route, stage=plan, number=number))
        result, given = runner.run(plan, actions[plan.action], given)
        emit(StageEnded(result=result))
        yield result

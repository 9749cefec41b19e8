"""Take routes one after the other until one arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.events import Listener, RouteFailed, RouteStarted, StageEnded, StageStarted
from envdoctor.core.route import Attempt, Route, StageResult
from envdoctor.pipeline.stage import StageInput, StageRunner
from envdoctor.stages.problems import ends_build

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from envdoctor.action import Action
    from envdoctor.core.artifact import Artifact


def run_routes(
    routes: Sequence[Route], actions: Mapping[str, Action], source: Artifact, runner: StageRunner, emit: Listener
) -> Iterator[Attempt]:
    """Try routes in order; stop after the first that arrives, or that refuses to run what is not trusted.

    Stages that two routes share are run once: what the first made is reused by its key. A route that differs from a
    failed one only in its places is left out, if the failure was not the place's.

    Yields:
        Each attempt when it has ended; only the last can have succeeded.
    """
    settled: set[tuple[str, ...]] = set()
    number = 0
    for route in routes:
        actions_of = [stage.action for stage in route.stages]
        if any(tuple(actions_of[: len(known)]) == known for known in settled):
            continue
        number += 1
        emit(RouteStarted(route=route, number=number))
        attempt = Attempt(route=route, results=tuple(_stages(route, actions, source, runner, emit)))
        yield attempt
        if attempt.succeeded:
            return
        emit(RouteFailed(attempt=attempt))
        if any(ends_build(found) for found in attempt.results[-1].findings):
            return
        if runner.is_settled(attempt.results[-1]):
            settled.add(tuple(actions_of[: len(attempt.results)]))


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

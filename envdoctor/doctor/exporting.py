"""What only a model's exported graph tells: asked before a plan (`routes --export`), or learnt during a build."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from envdoctor import planner, registry
from envdoctor.action import StageContext
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.errors import UsageProblem
from envdoctor.core.events import Note, StageEnded
from envdoctor.core.route import Verdict
from envdoctor.doctor._common import environment_provider
from envdoctor.doctor.routes import plan
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.pipeline.calibration import check_samples
from envdoctor.pipeline.recorder import Recorder
from envdoctor.pipeline.sources import model_inputs
from envdoctor.pipeline.torch import export_only, parse_graph
from envdoctor.stages.given import refuse_without_inputs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from envdoctor.core.events import Event, Listener
    from envdoctor.core.report import Report
    from envdoctor.core.request import Request
    from envdoctor.core.route import Route

#: The environments that a model can be exported in.
_EXPORTERS = ("torch", "torch-cuda")


def exported_routes(request: Request, emit: Listener) -> Report:
    """Plan with what the model's exported graph tells.

    Raises:
        UsageProblem: see `exported` and `routes.plan`.
        NoRoute: see `routes.plan`.
        EnvironmentProblem, NetworkProblem: see `exported`.
    """
    check_samples(request)
    return plan(exported(request, emit))


def exported(request: Request, emit: Listener) -> Request:
    """Run a factory in a stage's process, and export what it makes.

    Returns:
        The request with what the graph tells; without, where no environment for it is open on this machine.

    Raises:
        UsageProblem: the source is no factory, or what it takes was not said.
        EnvironmentProblem, NetworkProblem: PyTorch's environment can't be made.
    """
    source = planner.source_of(request)
    if source.kind != ArtifactKind.TORCH:
        raise UsageProblem(f"--export runs a PyTorch factory (net.py:make_model); {source.path.name} is not a factory.")
    refuse_without_inputs(request)
    executor = LocalExecutor()
    facts = Facts(request, executor)
    name = _open_environment(planner.plan(registry.actions(), request, facts))
    if name is None:
        emit(Note(text="The model was not exported: no route that starts in PyTorch is open here; see the reasons."))
        return request
    made = environment_provider(request, facts, executor, emit)(name)
    options = request.options
    with tempfile.TemporaryDirectory(prefix="envdoctor-export-") as folder:
        log = Path(folder) / "export.log"
        work = Path(folder) / "stage"
        work.mkdir()
        recorder = Recorder(executor, log, options.stage_timeout, options.stage_memory, made.variables, work)
        context = StageContext(
            source=source,
            request=request,
            place="local",
            python=made.python,
            reference=None,
            folder=work,
            run=recorder.run,
            interpreter=lambda _: made.python,
            log=log,
            inputs=lambda: model_inputs(source) or (),
        )
        return dataclasses.replace(request, graph=export_only(context))


def _open_environment(routes: Sequence[Route]) -> str | None:
    """The first environment for an export that nothing keeps a build from; samples are not needed for it."""
    for route in routes:
        first = route.stages[0]
        can_run = all(one.automatic or one.verdict <= Verdict.UNKNOWN for one in first.reasons)
        if first.environment in _EXPORTERS and can_run:
            return first.environment
    return None


class OpenRoutes:
    """The routes that a build tries, in order; planned again once a stage has told what the model's graph holds.

    Attributes:
        routes: all from the model to the goal, as they were planned last; of them those that `wanted` names are tried.
    """

    def __init__(self, request: Request, facts: Facts, routes: Sequence[Route], emit: Listener, wanted: str) -> None:
        self.routes = tuple(routes)
        self._request, self._facts, self._emit, self._wanted = request, facts, emit, wanted
        self._tried: set[str] = set()

    def hear(self, event: Event) -> None:
        """Pass an event on, and learn from it."""
        self._emit(event)
        if isinstance(event, StageEnded) and "graph" in event.result.summary and self._request.graph is None:
            self._learn(cast("Mapping[str, Any]", event.result.summary["graph"]))

    def _learn(self, graph: Mapping[str, Any]) -> None:
        request = dataclasses.replace(self._request, graph=parse_graph(graph))
        before = {route.name for route in self.routes if route.takeable} - self._tried
        planned = planner.plan(registry.actions(), request, self._facts)
        self._request = request
        self.routes = planned
        for route in self.routes:
            if route.name in before and not route.takeable:
                why = "; ".join(reason.text for reason in route.reasons if reason.verdict is Verdict.BLOCKED)
                self._emit(Note(text=f"{route.name} is left out, now that the model is exported: {why}."))

    def __iter__(self) -> Iterator[Route]:
        """Each route that is open when its turn comes, once."""
        while (route := next((one for one in self._open() if one.name not in self._tried), None)) is not None:
            self._tried.add(route.name)
            yield route

    def _open(self) -> Iterator[Route]:
        chosen = planner.choose(self.routes, self._wanted) if self._wanted else self.routes
        return (route for route in chosen if route.takeable)

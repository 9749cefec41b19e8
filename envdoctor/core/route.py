"""Ways from a model to a goal, how far each is open, and what became of those that were tried."""

from __future__ import annotations

import enum
from collections.abc import Mapping  # noqa: TC003  (resolved at run time for the JSON schema)
from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003  (the same)

from envdoctor.core.artifact import Artifact  # noqa: TC001  (the same)
from envdoctor.core.finding import Finding, Fix  # noqa: TC001  (the same)
from envdoctor.core.goal import Goal  # noqa: TC001  (the same)
from envdoctor.core.verdict import Verdict as Verdict  # noqa: PLC0414 - who asks about routes finds it here, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that stands in a route's way, or is worth knowing before taking it.

    Attributes:
        verdict: what this alone makes of the route; READY for a remark.
        text: what it is, in one sentence.
        fix: what opens the way.
        automatic: True if a build does the fix by itself, in folders that envdoctor owns (making an environment).
        code: the finding that says the same at length, if there is one.
    """

    verdict: Verdict
    text: str
    fix: Fix | None = None
    automatic: bool = False
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePlan:
    """One step of a route: an action by name, the place it runs in, the environment it runs with."""

    action: str
    title: str
    produces: str
    place: str = "local"
    environment: str | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A path of stages from the source to the goal.

    Attributes:
        name: what `--route` takes: the actions joined by `+`, a place other than `local` behind an `@`.
        cost: what it costs against the others, in the planner's own unit (about seconds); less is better.
    """

    name: str
    stages: tuple[StagePlan, ...]
    cost: float = 0.0

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The reasons of all stages, each once, in order."""
        return tuple(dict.fromkeys(reason for stage in self.stages for reason in stage.reasons))

    @property
    def verdict(self) -> Verdict:
        """The worst of its reasons; READY without any."""
        return max((reason.verdict for reason in self.reasons), default=Verdict.READY)

    @property
    def takeable(self) -> bool:
        """True if a build may try it: nothing in the way but what is unknown or mends itself."""
        return all(reason.automatic or reason.verdict <= Verdict.UNKNOWN for reason in self.reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalReach:
    """How far one goal is from a model on this machine.

    Attributes:
        route: the best one; None if nothing leads there.
        obstacle: what stands in its way, or what it needs first; empty for nothing.
        fix: what opens the way.
    """

    goal: Goal
    route: Route | None = None
    obstacle: str = ""
    fix: Fix | None = None

    @property
    def verdict(self) -> Verdict:
        """That of the best route; BLOCKED without one."""
        return Verdict.BLOCKED if self.route is None else self.route.verdict

    @property
    def takeable(self) -> bool:
        """True if a build may try it; see `Route.takeable`."""
        return self.route is not None and self.route.takeable


class StageStatus(enum.Enum):
    """How a stage ended; WAITING for a person, who has to do a part of it."""

    DONE = "done"
    REUSED = "reused"
    FAILED = "failed"
    WAITING = "waiting"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResult:
    """What came of one stage.

    Attributes:
        artifact: what it made; None if it failed.
        files: what else it made that is worth keeping (a compiler's log).
        log: the file with everything that its processes printed.
        seconds: wall time of its own processes; of the first run, if the result was reused.
        peak_memory: bytes, the largest resident size among its processes; None if not known.
        overhead: seconds that envdoctor itself spent around them.
        commands: the exact argv of each process.
        environment: distributions and versions of the environment it ran in.
        gate_environment: the same of the environment that its product was tried in; empty if it was not.
        summary: what the stage measured, by name (numbers and words; what the renderers show).
        findings: what is worth saying though it succeeded; the failure itself, last, if it did not.
    """

    stage: StagePlan
    status: StageStatus
    artifact: Artifact | None = None
    files: tuple[Path, ...] = ()
    log: Path | None = None
    seconds: float = 0.0
    peak_memory: int | None = None
    overhead: float = 0.0
    commands: tuple[tuple[str, ...], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    gate_environment: Mapping[str, str] = field(default_factory=dict)
    summary: Mapping[str, object] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One route, and the results of the stages of it that were run."""

    route: Route
    results: tuple[StageResult, ...] = ()

    @property
    def succeeded(self) -> bool:
        """True if every stage of the route is done."""
        done = (StageStatus.DONE, StageStatus.REUSED)
        return len(self.results) == len(self.route.stages) and all(result.status in done for result in self.results)

    @property
    def waiting(self) -> bool:
        """True if its last stage waits for a person."""
        return bool(self.results) and self.results[-1].status is StageStatus.WAITING

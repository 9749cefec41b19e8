"""Everything one command found out, as one value that any renderer can show."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (resolved at run time for the JSON schema)
from dataclasses import field
from typing import TYPE_CHECKING

from envdoctor.core.finding import Finding, Outcome, ProbeResult, Severity
from envdoctor.core.frozen import frozen
from envdoctor.core.summary import Summary, summarize

if TYPE_CHECKING:  # most reports have none of these; who makes the JSON schema finds them in the room
    from envdoctor.core.artifact import Artifact
    from envdoctor.core.file_identity import FileIdentity
    from envdoctor.core.goal import Goal
    from envdoctor.core.model_report import ModelReport, OperatorReport
    from envdoctor.core.route import Attempt, GoalReach, Route

#: Raised when a field is taken away or changes its meaning; a new field does not raise it.
SCHEMA = 2


@frozen
class Ignored:
    """A finding that the user's configuration ignores.

    Attributes:
        reason: the user's.
        until: the last day on which it is ignored, ISO 8601; empty for no end.
        origin: the file that says so.
    """

    finding: Finding
    reason: str
    until: str = ""
    origin: str = ""


@frozen
class Report:
    """The report of one command.

    Attributes:
        command: `check`, `routes`, `build`, ...
        version: of envdoctor.
        created: UTC, ISO 8601.
        subject: what was looked at, by name: the interpreter, the environment's folder, the platform.
        source: the model, for `routes` and `build`.
        probes: every probe that was asked, with its outcome.
        routes: all routes, best first.
        goals: of `routes --to any`, every goal and how far it is, the nearest first.
        build_command: what takes the best route, with the options that `routes` was given; empty if it was not asked.
        attempts: the routes that were tried, in order.
        artifacts: what a successful build leaves, the goal's first.
        findings: the ones that come from no probe and no stage.
        models: the models that were looked into, for `model`.
        ops: their operators in execution order, for `model`.
        file: what a compiled file that is no .tflite file is, for `model`.
        ignored: the findings that count as no problem, since the user's configuration ignores them.
        notes: sentences that a reader should not miss.
        scope: what could be looked at, in words, where much could not; else empty.
        unchanged_since: when the results on packages and libraries were found, where nothing has changed since; empty
            where they were found now.
        schema: of this value.
    """

    command: str
    version: str
    created: str
    subject: Mapping[str, str] = field(default_factory=dict)
    source: Artifact | None = None
    goal: Goal | None = None
    probes: tuple[ProbeResult, ...] = ()
    routes: tuple[Route, ...] = ()
    goals: tuple[GoalReach, ...] = ()
    build_command: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    findings: tuple[Finding, ...] = ()
    models: tuple[ModelReport, ...] = ()
    ops: tuple[OperatorReport, ...] = ()
    file: FileIdentity | None = None
    ignored: tuple[Ignored, ...] = ()
    notes: tuple[str, ...] = ()
    scope: str = ""
    unchanged_since: str = ""
    schema: int = SCHEMA

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Every finding, from probes, from stages and from nowhere, the worst first."""
        found = [finding for result in self.probes for finding in result.findings] + list(self.findings)
        found += [finding for attempt in self.attempts for stage in attempt.results for finding in stage.findings]
        return tuple(sorted(found, key=lambda finding: -finding.severity))

    @property
    def summary(self) -> Summary:
        """What it all comes to."""
        return summarize(self)

    @property
    def problems(self) -> tuple[Finding, ...]:
        """All findings of severity WARNING or worse, from probes and from nowhere, the worst first."""
        found = [finding for result in self.probes for finding in result.findings] + list(self.findings)
        bad = [finding for finding in found if finding.severity >= Severity.WARNING]
        return tuple(sorted(bad, key=lambda finding: -finding.severity))

    @property
    def blind_spots(self) -> tuple[ProbeResult, ...]:
        """The probes that could not answer: unknown, crashed, timed out, or skipped because of one of those."""
        answered = (Outcome.PASSED, Outcome.FAILED, Outcome.DOES_NOT_APPLY, Outcome.IGNORED)
        return tuple(result for result in self.probes if result.outcome not in answered)

    @property
    def complete(self) -> bool:
        """Whether all that was asked could be looked at; a probe that is skipped for what was found is no gap."""
        gaps = (Outcome.UNKNOWN, Outcome.CRASHED, Outcome.TIMED_OUT)
        return not any(result.outcome in gaps for result in self.probes)

    @property
    def is_fine(self) -> bool:
        """Whether everything could be looked at and no finding is of severity WARNING or worse."""
        return self.complete and not self.problems

"""What a report comes to in few words: a verdict, counts, and the exit code that stands for it."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping  # noqa: TC003  (resolved at run time for the JSON schema)
from typing import TYPE_CHECKING

from envdoctor.core.errors import ExitCode
from envdoctor.core.finding import Outcome, Severity
from envdoctor.core.frozen import frozen
from envdoctor.core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.core.report import Report
    from envdoctor.core.route import GoalReach


class Standing(enum.Enum):
    """What all of a report comes to; never FINE where something could not be looked at."""

    FINE = "fine"
    MIXED = "mixed"  # some of what was asked about is fine, and the rest is not, or not known
    ANSWERED = "answered"  # the question was another than whether all is fine
    PROBLEMS = "problems"
    UNKNOWN = "unknown"
    NOTHING_CHECKED = "nothing-checked"
    NO_ROUTE = "no-route"
    BUILD_FAILED = "build-failed"
    WAITING = "waiting"


_STANDINGS = {
    ExitCode.OK: Standing.FINE,
    ExitCode.PROBLEMS: Standing.PROBLEMS,
    ExitCode.NO_ROUTE: Standing.NO_ROUTE,
    ExitCode.BUILD_FAILED: Standing.BUILD_FAILED,
    ExitCode.WAITING: Standing.WAITING,
}


@frozen
class Summary:
    """What a program asks first.

    Attributes:
        verdict: what it all comes to.
        exit_code: of the command; for `report` that of the `check`, `routes` or `build` that it tells of.
        findings: how many of which severity there are among all findings.
        outcomes: how many probes ended how.
        scope: as `Report.scope`.
    """

    verdict: Standing
    exit_code: int
    findings: Mapping[str, int]
    outcomes: Mapping[str, int]
    scope: str = ""


def summarize(report: Report) -> Summary:
    """The summary of a report."""
    severities = Counter(one.severity for one in report.all_findings)
    outcomes = Counter(result.outcome for result in report.probes)
    code = exit_code(report)
    return Summary(
        verdict=_standing(report, code),
        exit_code=int(code),
        findings={one.name.lower(): severities[one] for one in sorted(Severity, reverse=True)},
        outcomes={one.value: outcomes[one] for one in Outcome},
        scope=report.scope,
    )


def exit_code(report: Report) -> ExitCode:
    """What a command returns to the shell.

    OK if everything could be looked at and no finding is of severity WARNING or worse. A build is OK if it left an
    artifact, a list of routes if the best one is certain or can be opened.
    """
    if _is_build(report):
        return _of_build(report)
    if report.command == "routes":
        return _of_routes(report)
    return ExitCode.OK if report.complete and not report.problems else ExitCode.PROBLEMS


def _is_build(report: Report) -> bool:
    """Whether it tells of a build; `report` can, too."""
    return report.command == "build" or bool(report.attempts)


def _of_build(report: Report) -> ExitCode:
    if report.artifacts:
        return ExitCode.OK
    if report.attempts and report.attempts[-1].waiting:
        return ExitCode.WAITING
    return ExitCode.BUILD_FAILED if report.attempts else ExitCode.NO_ROUTE


def _of_routes(report: Report) -> ExitCode:
    if report.goals:
        return _of_goals(report.goals)
    best = report.routes[0] if report.routes else None
    if best is None or best.verdict is Verdict.BLOCKED:
        return ExitCode.NO_ROUTE
    uncertain = any(reason.verdict is Verdict.UNKNOWN for reason in best.reasons)
    return ExitCode.PROBLEMS if uncertain else ExitCode.OK


def _of_goals(goals: Sequence[GoalReach]) -> ExitCode:
    """That of the nearest goal."""
    verdicts = {row.verdict for row in goals if row.takeable} or {row.verdict for row in goals}
    if verdicts == {Verdict.BLOCKED}:
        return ExitCode.NO_ROUTE
    return ExitCode.PROBLEMS if verdicts == {Verdict.UNKNOWN} else ExitCode.OK


def _standing(report: Report, code: ExitCode) -> Standing:
    if _is_build(report) or report.command == "routes":
        return Standing.UNKNOWN if code is ExitCode.PROBLEMS else _STANDINGS[code]
    if report.problems:
        return Standing.PROBLEMS
    asked = any(result.outcome is not Outcome.DOES_NOT_APPLY for result in report.probes)
    if not asked and not report.all_findings:
        return Standing.NOTHING_CHECKED
    if code is not ExitCode.OK or report.blind_spots:
        return Standing.UNKNOWN
    return Standing.MIXED if report.scope else Standing.FINE

"""What the formats for people have in common: findings in groups, verdicts in words, measurements as rows."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import TYPE_CHECKING

from envdoctor.core.finding import FAMILIES, Finding, Outcome, ProbeResult, Severity
from envdoctor.core.frozen import frozen
from envdoctor.core.verdict import Verdict
from envdoctor.support.text import duration, one_line, plural, size
from envdoctor_reports._measured import title, worded
from envdoctor_reports._words import label, rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envdoctor.core.artifact import Artifact
    from envdoctor.core.report import Report
    from envdoctor.core.route import Attempt, Reason, Route, StageResult


class State(enum.Enum):
    """How one thing stands; every format has a mark for each."""

    FINE = "fine"
    ERROR = "error"
    WARNING = "warning"
    UNANSWERED = "unanswered"
    NOTE = "note"


_SEVERITIES = {Severity.ERROR: State.ERROR, Severity.WARNING: State.WARNING, Severity.INFO: State.NOTE}
_VERDICTS = {
    Verdict.READY: (State.FINE, "ready"),
    Verdict.UNKNOWN: (State.UNANSWERED, "not certain"),
    Verdict.FIXABLE: (State.WARNING, "needs a step"),
    Verdict.BLOCKED: (State.ERROR, "blocked"),
}
_OUTCOMES = {
    Outcome.UNKNOWN: "Could not find out",
    Outcome.CRASHED: "The check itself crashed",
    Outcome.TIMED_OUT: "Timed out",
    Outcome.SKIPPED: "Skipped",
}


@frozen
class Group:
    """The probes and findings of one family.

    Attributes:
        title: the family in words.
        findings: the worst first.
        passed: the probes that were asked and found nothing; what is merely worth knowing is among `findings`.
        inapplicable: those whose question makes no sense here.
        unanswered: the probes that could not answer, for whatever reason but being skipped.
        skipped: the probes that were not asked because of another.
        ignored: how many findings the user's configuration ignores.
    """

    title: str
    findings: tuple[Finding, ...]
    passed: tuple[ProbeResult, ...]
    inapplicable: tuple[ProbeResult, ...]
    unanswered: tuple[ProbeResult, ...]
    skipped: tuple[ProbeResult, ...]
    ignored: int = 0

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings that are more than a note."""
        return tuple(one for one in self.findings if one.severity > Severity.INFO)

    @property
    def notes(self) -> tuple[Finding, ...]:
        """The findings that are merely worth knowing."""
        return tuple(one for one in self.findings if one.severity <= Severity.INFO)

    @property
    def state(self) -> State:
        """FINE only if every question was asked and answered well."""
        if self.problems:
            return min((state_of(one) for one in self.problems), key=list(State).index)
        if self.unanswered or self.skipped:
            return State.UNANSWERED
        return State.NOTE if self.ignored else State.FINE

    @property
    def summary(self) -> str:
        """How many of what."""
        states = [state_of(one) for one in self.problems]
        words = [
            _count(states.count(State.ERROR), "error"),
            _count(states.count(State.WARNING), "warning"),
            f"{len(self.unanswered)} without an answer" if self.unanswered else "",
            f"{len(self.skipped)} skipped" if self.skipped else "",
            f"{self.ignored} ignored" if self.ignored else "",
            f"{plural(len(self.passed), 'check')} passed" if self.passed else "",
            f"{len(self.notes)} noted" if self.notes else "",
            f"{len(self.inapplicable)} {'does' if len(self.inapplicable) == 1 else 'do'} not apply"
            if self.inapplicable
            else "",
        ]
        return ", ".join(word for word in words if word)


def _count(number: int, noun: str) -> str:
    return plural(number, noun) if number else ""


def state_of(finding: Finding) -> State:
    """The state that a finding is shown as; an error that nothing proves is shown as a warning."""
    unproven = finding.severity is Severity.ERROR and not finding.evidence
    return State.WARNING if unproven else _SEVERITIES[finding.severity]


def groups(report: Report) -> tuple[Group, ...]:
    """The report's probes and the findings that come from no stage, by family, in the order of the screen."""
    families = dict.fromkeys(FAMILIES) | dict.fromkeys(result.family for result in report.probes)
    families |= dict.fromkeys(finding.code[:3] for finding in report.findings)
    found = (_group(family, report) for family in families)
    return tuple(group for group in found if group is not None)


def _group(family: str, report: Report) -> Group | None:
    results = [result for result in report.probes if result.family == family]
    loose = [finding for finding in report.findings if finding.code[:3] == family]
    if not results and not loose:
        return None
    findings = [finding for result in results for finding in result.findings] + loose
    unanswered = {Outcome.UNKNOWN, Outcome.CRASHED, Outcome.TIMED_OUT}
    return Group(
        title=FAMILIES.get(family, family or "Other"),
        findings=tuple(sorted(findings, key=lambda finding: -finding.severity)),
        passed=tuple(result for result in results if result.outcome is Outcome.PASSED and not result.findings),
        inapplicable=tuple(result for result in results if result.outcome is Outcome.DOES_NOT_APPLY),
        unanswered=tuple(result for result in results if result.outcome in unanswered),
        skipped=tuple(result for result in results if result.outcome is Outcome.SKIPPED),
        ignored=sum(one.finding.code[:3] == family for one in report.ignored),
    )


def headline(report: Report) -> tuple[State, str]:
    """What the checks came to, in one sentence; never "no problem" where nothing was looked at."""
    found = groups(report)
    states = [state_of(finding) for group in found for finding in group.problems]
    asked = sum(result.outcome is not Outcome.DOES_NOT_APPLY for result in report.probes)
    blind = len(report.blind_spots)
    gap = f"; {blind} of them got no answer" if blind else ""
    gap += "" if report.complete else ": not everything could be looked at"
    gap += f"; {plural(len(report.ignored), 'finding')} ignored" if report.ignored else ""
    errors, warnings = states.count(State.ERROR), states.count(State.WARNING)
    if states:
        words = " and ".join(word for word in (_count(errors, "error"), _count(warnings, "warning")) if word)
        return (State.ERROR if errors else State.WARNING), f"{words} in {plural(asked, 'check')}{gap}."
    if asked == blind:
        if not report.complete:
            return State.UNANSWERED, "Nothing is known: no check got an answer; not everything could be looked at."
        return State.UNANSWERED, f"Nothing was checked{': no check applies here' if report.probes else ''}."
    state = State.UNANSWERED if blind or report.scope else State.NOTE if report.ignored else State.FINE
    scope = f"what could be followed, {report.scope}, and " if report.scope else ""
    return state, f"No problem found in {scope}{plural(asked, 'check')}{gap}."


def outcome(report: Report) -> tuple[State, str]:
    """What the whole report came to, in one sentence: of the build if there was one, else of the checks or routes."""
    if report.command == "build" or report.attempts:
        return build_outcome(report)
    if report.command == "routes" and report.routes:
        best = report.routes[0]
        state, words = verdict_of(best)
        which = "The only route" if len(report.routes) == 1 else f"The best of {len(report.routes)} routes"
        return state, f"{which}, {best.name}: {words}."
    if report.goals:
        near = sum(row.takeable for row in report.goals)
        state = State.FINE if near else State.WARNING
        return state, f"{near} of {plural(len(report.goals), 'goal')} can be built here as it is."
    return headline(report)


def outcome_line(result: ProbeResult) -> str:
    """A probe that did not answer: its question, and why."""
    return f"{question(result)} {_OUTCOMES.get(result.outcome, result.outcome.value)}: {result.reason}".rstrip(": ")


def passed_line(result: ProbeResult) -> str:
    """A probe that found nothing: its title names the problem that there is not."""
    return f"Ruled out: {result.title.rstrip('?.')}."


def inapplicable_line(result: ProbeResult) -> str:
    """A probe whose question makes no sense here: the question, and why."""
    return f"Does not apply: {question(result)} {result.reason[:1].upper()}{result.reason[1:]}."


def finding_line(finding: Finding) -> str:
    """What a finding is about and says; one that is merely worth knowing says so."""
    about = "" if not finding.subject or finding.subject in finding.message else f"{one_line(finding.subject)}: "
    noted = "Noted: " if state_of(finding) is State.NOTE else ""
    return f"{noted}{about}{finding.message}"


def question(result: ProbeResult) -> str:
    """What a probe asks: its title names the problem, so that the good answer is no."""
    return f"{result.title.rstrip('?')}?"


def skipped_lines(results: Iterable[ProbeResult]) -> Iterator[str]:
    """The skipped probes, one line a reason: a hint must not drown the finding it hangs on."""
    by_reason: dict[str, list[str]] = {}
    for result in results:
        by_reason.setdefault(result.reason, []).append(result.code)
    for reason, codes in by_reason.items():
        yield f"{', '.join(codes)} skipped {reason}".rstrip()


def verdict_of(route: Route) -> tuple[State, str]:
    """A route's state and verdict in words; what a build mends by itself does not stand in the way."""
    if route.takeable and route.verdict is Verdict.FIXABLE:
        unsure = any(reason.verdict is Verdict.UNKNOWN for reason in route.reasons)
        return _VERDICTS[Verdict.UNKNOWN] if unsure else (State.FINE, "ready, sets itself up")
    return _VERDICTS[route.verdict]


def reason_state(reason: Reason) -> State:
    """A reason's state; a remark and what mends itself are notes."""
    automatic = reason.automatic and reason.verdict <= Verdict.FIXABLE
    return State.NOTE if automatic or reason.verdict is Verdict.READY else _VERDICTS[reason.verdict][0]


def reason_line(reason: Reason) -> str:
    """A reason in words, with who mends it and the code that explains it."""
    done = "; the build does that" if reason.automatic and reason.verdict is Verdict.FIXABLE else ""
    return f"{reason.text}{done} ({reason.code})" if reason.code else f"{reason.text}{done}"


def attempt_state(attempt: Attempt) -> State:
    """How a route ended; one that waits for a person has not failed."""
    if attempt.succeeded:
        return State.FINE
    return State.WARNING if attempt.waiting else State.ERROR


def attempt_line(report: Report, attempt: Attempt) -> str:
    """Which route was tried, why, and how it ended."""
    if attempt.waiting:
        return f"Route {attempt.route.name} waits for you at {attempt.results[-1].stage.action}"
    if not attempt.succeeded:
        where = f" at {attempt.results[-1].stage.action}" if attempt.results else ""
        return f"Route {attempt.route.name} failed{where}"
    before = [one.route.name for one in report.attempts[: report.attempts.index(attempt)]]
    if before:
        return f"Route {attempt.route.name}, taken because {' and '.join(before)} failed"
    if not report.routes:  # of a build that a report looks back on
        return f"Route {attempt.route.name}"
    return f"Route {attempt.route.name}, {_why(report, attempt.route)}"


def _why(report: Report, route: Route) -> str:
    """Why a route was the first to be taken: routes are sorted by verdict, then by how much work they are."""
    takeable = [one.name for one in report.routes if one.takeable]
    if len(report.routes) == 1:
        return "the only one"
    if route.name not in takeable[:1]:
        return "because it was asked for"
    if len(takeable) == 1:
        return f"the only one of {len(report.routes)} that is open"
    least = min(
        (one.cost for one in report.routes if one.takeable and one.verdict == route.verdict),
        default=route.cost,  # routes are planned again after an export, and the attempt was planned before it
    )
    why = "the least work" if route.cost <= least else "it mends the model first"
    return f"the best of {len(takeable)} that are open ({verdict_of(route)[1]}; {why})"


def header(report: Report) -> str:
    """What was done, by which version, and with which Python."""
    words = dict(report.subject)
    version, python = words.pop("version", ""), words.pop("python", "")
    if python and python.startswith(words.get("environment") or "\0"):
        words.pop("environment")
    reasons = {"chosen", "passed over"}
    rest = [f"{name}{':' if name in reasons else ''} {value}" for name, value in words.items() if value]
    about = (
        [f"Python {version} ({python})"]
        if version and python
        else [f"Python {one}" for one in (version, python) if one]
    )
    return " | ".join([f"envdoctor {report.version} {report.command}", *about, *rest])


def build_outcome(report: Report) -> tuple[State, str]:
    """What the build came to, in one sentence."""
    if report.artifacts:
        return State.FINE, f"Built {report.artifacts[0].path}"
    if not report.attempts:
        return State.ERROR, "Nothing was built: no route is open."
    if report.attempts[-1].waiting:
        return State.WARNING, "Waiting for you: do what is said above, then run the same again."
    tried = len(report.attempts)
    return State.ERROR, "Nothing was built: " + ("the route failed." if tried == 1 else f"all {tried} routes failed.")


def stage_row(result: StageResult) -> tuple[str, str, str, str]:
    """A stage in cells: what, how it ended, how long its processes took, their peak memory."""
    peak = "-" if result.peak_memory is None else size(result.peak_memory)
    place = "" if result.stage.place == "local" else f"@{result.stage.place}"
    return f"{result.stage.action}{place}", result.status.value, duration(result.seconds), peak


def artifact_row(artifact: Artifact) -> tuple[str, str, str]:
    """An artifact in cells: what it is, where it is, its hash."""
    return artifact.kind, str(artifact.path), artifact.sha256


def probe_row(result: ProbeResult) -> tuple[str, str]:
    """A probe that found nothing, or that does not apply, in cells: its code, its question and the answer."""
    asked = result.outcome is not Outcome.DOES_NOT_APPLY
    return result.code, passed_line(result) if asked else inapplicable_line(result)


def measurements(result: StageResult) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """What a stage measured, as titled rows of label and value.

    A mapping inside the summary is a section of its own; a list of a single mapping is shown as what is in it.
    """
    summary = worded(result.summary)
    plain = {key: value for key, value in summary.items() if not value or not isinstance(value, Mapping)}
    if plain:
        yield result.stage.action, tuple(rows(plain))
    for key, value in summary.items():
        if isinstance(value, Mapping) and value:
            yield label(title(key)), tuple(rows(value))

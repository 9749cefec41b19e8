"""A report as Markdown, for bug trackers: the outcome first, every finding folded open, what is fine folded away.

Free text can't break out of its place: it is escaped, excerpts stand in fences longer than any run of backticks in
them, and nothing in it mentions a person or links an issue.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from envdoctor.support.text import one_line, plural, quote_command, visible
from envdoctor_reports._routes import fold, goal_rows
from envdoctor_reports._view import (
    State,
    artifact_row,
    attempt_line,
    attempt_state,
    build_outcome,
    finding_line,
    groups,
    headline,
    inapplicable_line,
    measurements,
    outcome_line,
    passed_line,
    reason_line,
    reason_state,
    skipped_lines,
    stage_row,
    state_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from envdoctor.core.finding import Finding, Fix
    from envdoctor.core.guard import GuardReport
    from envdoctor.core.report import Report
    from envdoctor.core.route import Attempt, Reason, StageResult
    from envdoctor_reports._view import Group

MARKS = {State.FINE: "✅", State.ERROR: "❌", State.WARNING: "⚠️", State.UNANSWERED: "❔", State.NOTE: "\N{BULLET}"}

_SPECIAL = re.compile(r"([\\`*_\[\]|~$])")
_REFERENCE = re.compile(r"(?<![\w&])[@#]\w[\w/-]*")


def render(report: Report) -> str:
    """The report as GitHub-flavoured Markdown; what must not leave the machine is hidden in it already."""
    return "\n".join(_document(report)) + "\n"


def render_guard(report: GuardReport) -> str:
    """The text of an issue about what `guard` found."""
    from envdoctor_reports._guard import issue

    return issue(report)


def _document(report: Report) -> Iterator[str]:
    yield f"### envdoctor {_text(report.version)}: {_text(report.command)}"
    yield ""
    yield from _table((("made", report.created), *report.subject.items()), ("", ""))
    if report.source is not None and report.goal is not None:
        yield f"{_code(str(report.source.path))} ({_text(report.source.kind)}) to {_text(report.goal.title)}"
        yield ""
    if report.command == "build":
        state, words = build_outcome(report)
        yield f"**{MARKS[state]} {_text(words)}**"
        yield ""
    for note in report.notes:
        yield f"> {_text(note)}"
        yield ""
    if report.probes or report.findings or report.command == "check":
        yield from _checks(report)
    yield from _ways(report)
    if report.artifacts:
        yield from _table((artifact_row(artifact) for artifact in report.artifacts), ("artifact", "file", "SHA-256"))


def _checks(report: Report) -> Iterator[str]:
    state, words = headline(report)
    yield f"**{MARKS[state]} {_text(words)}**"
    yield ""
    for group in groups(report):
        yield f"#### {MARKS[group.state]} {_text(group.title)}: {_text(group.summary)}"
        yield ""
        yield from _group(group)


def _group(group: Group) -> Iterator[str]:
    for finding in group.findings:
        yield from _finding(finding)
    unanswered = [f"{_code(result.code)} {_text(outcome_line(result))}" for result in group.unanswered]
    unanswered += [_text(line) for line in skipped_lines(group.skipped)]
    if unanswered:
        yield from (f"- {MARKS[State.UNANSWERED]} {line}" for line in unanswered)
        yield ""
    if group.passed:
        passed = (f"- {_code(result.code)} {_text(passed_line(result))}" for result in group.passed)
        yield from _folded(f"{plural(len(group.passed), 'check')} passed", passed)
    if group.inapplicable:
        lines = (f"- {_code(result.code)} {_text(inapplicable_line(result))}" for result in group.inapplicable)
        yield from _folded(f"{len(group.inapplicable)} that do not apply", lines)


def _finding(finding: Finding) -> Iterator[str]:
    state = state_of(finding)
    title = f"{MARKS[state]} <b>{_html(finding.code)}</b> {_html(finding_line(finding))}"
    yield from _folded(title, _details(finding), opened=state is not State.NOTE)


def _details(finding: Finding) -> Iterator[str]:
    for evidence in finding.evidence:
        yield f"Seen in {_code(evidence.source)}:"
        yield from _fenced(evidence.excerpt)
    if finding.fix is not None:
        yield from _fix(finding.fix)


def _fix(fix: Fix) -> Iterator[str]:
    yield f"Fix: {_text(fix.text)}"
    if fix.commands:
        yield from _fenced("\n".join(quote_command(argv) for argv in fix.commands), "sh")
    if fix.link is not None:
        yield f"See {_code(fix.link)}"


def _ways(report: Report) -> Iterator[str]:
    """What was tried, or what could be."""
    for attempt in report.attempts:
        yield from _attempt(report, attempt)
    if report.goals:
        yield from _table(goal_rows(report.goals), ("goal", "state", "route", "what it needs"))
    if report.routes and not report.attempts:
        yield from _routes(report)


def _routes(report: Report) -> Iterator[str]:
    folded = fold(report.routes)
    if folded.shared:
        yield "#### All routes"
        yield ""
        yield from _reasons(folded.shared)
    for group in folded.groups:
        for one in group.routes:
            yield f"#### {MARKS[one.state]} {_text(one.line)}"
            yield ""
            yield _text(one.steps)
            yield ""
            yield from _reasons(one.remarks)
        yield from _reasons(group.obstacles, group.whose)


def _reasons(reasons: Sequence[Reason], whose: str = "") -> Iterator[str]:
    for reason in reasons:
        yield f"- {MARKS[reason_state(reason)]} {_text(whose + reason_line(reason))}"
        if reason.fix is not None and not reason.automatic:
            yield ""
            yield from (f"  {line}" if line else "" for line in _fix(reason.fix))
    if reasons:
        yield ""


def _attempt(report: Report, attempt: Attempt) -> Iterator[str]:
    mark = MARKS[attempt_state(attempt)]
    yield f"#### {mark} {_text(attempt_line(report, attempt))}"
    yield ""
    yield from _table((stage_row(result) for result in attempt.results), ("stage", "ended", "time", "peak memory"))
    for result in attempt.results:
        for finding in result.findings:
            yield from _finding(finding)
        for title, rows in measurements(result):
            yield from _table(rows, (title, ""))
        if result.commands or result.environment:
            yield from _folded(f"How {_html(result.stage.action)} was run", _how(result))


def _how(result: StageResult) -> Iterator[str]:
    lines = [quote_command(argv) for argv in result.commands]
    lines += [f"# {name}=={version}" for name, version in sorted(result.environment.items())]
    yield from _fenced("\n".join(lines), "sh")


def _folded(title: str, lines: Iterable[str], *, opened: bool = False) -> Iterator[str]:
    """A collapsible part; `title` is HTML."""
    yield f"<details{' open' if opened else ''}><summary>{title}</summary>"
    yield ""
    yield from lines
    yield ""
    yield "</details>"
    yield ""


def _fenced(text: str, language: str = "text") -> Iterator[str]:
    safe = visible(text).strip("\n")
    longest = max((len(run) for run in re.findall(r"`+", safe)), default=0)
    fence = "`" * max(3, longest + 1)
    yield ""
    yield fence + language
    yield from safe.split("\n")
    yield fence
    yield ""


def _table(rows: Iterable[Sequence[str]], head: Sequence[str]) -> Iterator[str]:
    yield f"| {' | '.join(_text(cell) for cell in head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join('<br>'.join(_text(line) for line in cell.splitlines()) for cell in row)} |"
    yield ""


def _text(text: str) -> str:
    """Text as it reads, on one line."""
    escaped = _SPECIAL.sub(r"\\\1", escape(one_line(text), quote=False))
    return _REFERENCE.sub(lambda match: f"<code>{match[0]}</code>", escaped)


def _html(text: str) -> str:
    """Text as it reads, inside an HTML element."""
    return _REFERENCE.sub(lambda match: f"<code>{match[0]}</code>", escape(one_line(text), quote=False))


def _code(text: str) -> str:
    """A code span: delimited by more backticks than the text has in a row."""
    safe = one_line(text)
    longest = max((len(run) for run in re.findall(r"`+", safe)), default=0)
    pad = " " if safe.startswith("`") or safe.endswith("`") or not safe else ""
    return f"{'`' * (longest + 1)}{pad}{safe}{pad}{'`' * (longest + 1)}"

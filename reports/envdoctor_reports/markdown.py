"""A report as Markdown, for bug trackers: the outcome first, failures before passes, what is fine folded away.

Free text can't break out of its place: it is escaped, excerpts stand in fences longer than any run of backticks in
them, and nothing in it mentions a person or links an issue. An issue form of GitHub takes 65,536 characters: a longer
report says less of each thing, passed checks first, findings last, and says that it does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from envdoctor.support.text import one_line, plural, quote_command, visible
from envdoctor_reports._files import file_rows, model_line, need_rows
from envdoctor_reports._routes import fold, goal_rows
from envdoctor_reports._view import (
    State,
    artifact_row,
    attempt_line,
    attempt_state,
    finding_line,
    groups,
    headline,
    inapplicable_line,
    measurements,
    outcome,
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
    from envdoctor.core.upstream import UpstreamReport
    from envdoctor_reports._view import Group

MARKS = {State.FINE: "✅", State.ERROR: "❌", State.WARNING: "⚠️", State.UNANSWERED: "❔", State.NOTE: "\N{BULLET}"}

_SPECIAL = re.compile(r"([\\`*_\[\]|~$])")
_REFERENCE = re.compile(r"(?<![\w&])[@#]\w[\w/-]*")


#: What the body of an issue or a comment takes: "body is too long (maximum is 65536 characters)", GitHub's API.
MOST = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class _Detail:
    """How much is said of each thing.

    Attributes:
        passed: whether the checks that passed are listed.
        lines: of each excerpt; 0 for findings of one line each.
        value: characters of one value about the machine.
    """

    passed: bool = True
    lines: int = 10_000
    value: int = 100_000


_DETAILS = (
    _Detail(),
    _Detail(passed=False),
    _Detail(passed=False, lines=12, value=8_000),
    _Detail(passed=False, lines=3, value=2_000),
    _Detail(passed=False, lines=0, value=500),
)
_WIDEST = 1_000


def render(report: Report, *, most: int = MOST) -> str:
    """The report as GitHub-flavoured Markdown; what must not leave the machine is hidden in it already.

    Args:
        report: what is told.
        most: characters that may be used.
    """
    for detail in _DETAILS:
        blocks = list(_document(report, detail))
        if detail is not _DETAILS[0]:
            blocks.insert(2, _SHORTENED)
        text = "\n\n".join(blocks) + "\n"
        if len(text) <= most:
            return text
    return _cut(blocks, most)


_SHORTENED = (
    "> Shortened to what an issue takes. The same command with `--output report.html` writes all of it; attach that."
)


def _cut(blocks: list[str], most: int) -> str:
    """As many whole blocks as fit; how many findings and others are left out."""
    room, fitting = most - 100, list[str]()
    for block in blocks:
        room -= len(block) + 2
        if room < 0:
            break
        fitting.append(block)
    return "\n\n".join([*fitting, f"{plural(len(blocks) - len(fitting), 'part')} left out."]) + "\n"


def render_guard(report: GuardReport) -> str:
    """The text of an issue about what `guard` found."""
    from envdoctor_reports._guard import issue

    return issue(report)


def render_upstream(report: UpstreamReport, script: str) -> str:
    """The text of a report to the maintainers of a package; `script` is the name of the file beside it."""
    from envdoctor_reports._upstream import text

    return text(report, script)


def upstream_script(report: UpstreamReport) -> str:
    """The script that shows what such a report says."""
    from envdoctor_reports._upstream import script

    return script(report)


def _document(report: Report, detail: _Detail) -> Iterator[str]:
    """Blocks that stand alone, what matters most first."""
    yield f"### envdoctor {plain(report.version)}: {plain(report.command)}"
    has_checks = bool(report.probes or report.findings or report.command == "check")
    outcomes = dict.fromkeys((outcome(report), *((headline(report),) if has_checks else ())))
    yield "\n".join(f"**{MARKS[state]} {plain(words)}**  " for state, words in outcomes).rstrip()
    if report.source is not None and report.goal is not None:
        yield f"{code(str(report.source.path))} ({plain(report.source.kind)}) to {plain(report.goal.title)}"
    yield from (f"> {plain(note)}" for note in report.notes)
    for attempt in report.attempts:
        yield from _attempt(report, attempt, detail)
    if report.artifacts:
        yield _block(table((artifact_row(one) for one in report.artifacts), ("artifact", "file", "SHA-256")))
    if has_checks:
        yield from _checks(report, detail)
    yield from _models(report)
    if report.goals:
        yield _block(table(goal_rows(report.goals), ("goal", "state", "route", "what it needs")))
    if report.routes and not report.attempts:
        yield _block(_routes(report))
    about = (("made", report.created), *((name, _short(text, detail)) for name, text in report.subject.items()))
    yield _block(_folded("What was looked at", table(about, ("", ""))))


def _models(report: Report) -> Iterator[str]:
    """What the file is and what its models take of a device."""
    if report.file is not None:
        unknown = (("not known", words) for words in report.file.unknown)
        yield _block(table((*file_rows(report.file), *unknown), ("the file", report.subject.get("file", ""))))
    for model in report.models:
        yield f"{code(model.name)}: {plain(model_line(model))}"
        yield from (f"- {MARKS[State.ERROR]} {plain(model.reader)} refuses it: {plain(word)}" for word in model.refused)
        if model.needs:
            yield _block(table(need_rows(model), ("it needs", "")))


def _short(text: str, detail: _Detail) -> str:
    return text if len(text) <= detail.value else f"{text[: detail.value]} ..."


def _block(lines: Iterable[str]) -> str:
    return "\n".join(lines).strip("\n")


def _checks(report: Report, detail: _Detail) -> Iterator[str]:
    """Groups with problems, then those without an answer, then what is fine."""
    found = groups(report)
    for group in sorted(found, key=lambda group: list(_ORDER).index(group.state)):
        if group.problems or group.unanswered or group.skipped:
            yield f"#### {MARKS[group.state]} {plain(group.title)}: {plain(group.summary)}"
        yield from (_finding(finding, detail) for finding in group.problems)
        unanswered = [f"{code(result.code)} {plain(outcome_line(result))}" for result in group.unanswered]
        unanswered += [plain(line) for line in skipped_lines(group.skipped)]
        if unanswered:
            yield "\n".join(f"- {MARKS[State.UNANSWERED]} {line}" for line in unanswered)
    notes = [finding for group in found for finding in group.notes]
    if notes:
        yield f"#### {MARKS[State.NOTE]} {len(notes)} noted"
        yield from (_finding(finding, detail) for finding in notes)
    yield from _answered(found, detail)


_ORDER = (State.ERROR, State.WARNING, State.UNANSWERED, State.FINE, State.NOTE)


def _answered(found: Sequence[Group], detail: _Detail) -> Iterator[str]:
    """The checks that passed, and those that do not apply, folded."""
    passed = [f"- {code(one.code)} {plain(passed_line(one))}" for group in found for one in group.passed]
    apart = [f"- {code(one.code)} {plain(inapplicable_line(one))}" for group in found for one in group.inapplicable]
    for lines, title in (
        (passed, f"{plural(len(passed), 'check')} passed"),
        (apart, f"{len(apart)} that {'does' if len(apart) == 1 else 'do'} not apply"),
    ):
        if lines:
            yield _block(_folded(title, lines)) if detail.passed else f"{title}."


def _finding(finding: Finding, detail: _Detail) -> str:
    state = state_of(finding)
    title = f"{MARKS[state]} <b>{_html(finding.code)}</b> {_html(finding_line(finding))}"
    if not detail.lines:
        return title
    return _block(_folded(title, _details(finding, detail), opened=state is not State.NOTE))


def _details(finding: Finding, detail: _Detail) -> Iterator[str]:
    if finding.fix is not None:
        yield from _fix(finding.fix)
    for evidence in finding.evidence:
        yield f"Seen in {code(evidence.source)}:"
        yield from fenced(_excerpt(evidence.excerpt, detail))


def _excerpt(text: str, detail: _Detail) -> str:
    if detail is _DETAILS[0]:
        return text
    lines = text.splitlines()
    left = [f"... {plural(len(lines) - detail.lines, 'line')} more"] if len(lines) > detail.lines else []
    shown = (f"{one[:_WIDEST]} ..." if len(one) > _WIDEST else one for one in lines[: detail.lines])
    return "\n".join([*shown, *left])


def _fix(fix: Fix) -> Iterator[str]:
    yield f"Fix: {plain(fix.text)}"
    if fix.commands:
        yield from fenced("\n".join(quote_command(argv) for argv in fix.commands), "sh")
    if fix.link is not None:
        yield f"See {code(fix.link)}"


def _routes(report: Report) -> Iterator[str]:
    folded = fold(report.routes)
    if folded.shared:
        yield "#### All routes"
        yield ""
        yield from _reasons(folded.shared)
    for group in folded.groups:
        for one in group.routes:
            yield f"#### {MARKS[one.state]} {plain(one.line)}"
            yield ""
            yield plain(one.steps)
            yield ""
            yield from _reasons(one.remarks)
        yield from _reasons(group.obstacles, group.whose)


def _reasons(reasons: Sequence[Reason], whose: str = "") -> Iterator[str]:
    for reason in reasons:
        yield f"- {MARKS[reason_state(reason)]} {plain(whose + reason_line(reason))}"
        if reason.fix is not None and not reason.automatic:
            yield ""
            yield from (f"  {line}" if line else "" for line in _fix(reason.fix))
    if reasons:
        yield ""


def _attempt(report: Report, attempt: Attempt, detail: _Detail) -> Iterator[str]:
    mark = MARKS[attempt_state(attempt)]
    yield f"#### {mark} {plain(attempt_line(report, attempt))}"
    for result in attempt.results:
        yield from (_finding(finding, detail) for finding in result.findings)
    yield _block(table((stage_row(result) for result in attempt.results), ("stage", "ended", "time", "peak memory")))
    for result in attempt.results if detail.lines else ():
        for title, rows in measurements(result):
            yield _block(table(rows, (title, "")))
        if result.commands or result.environment:
            yield _block(_folded(f"How {_html(result.stage.action)} was run", _how(result)))


def _how(result: StageResult) -> Iterator[str]:
    lines = [quote_command(argv) for argv in result.commands]
    lines += [f"# {name}=={version}" for name, version in sorted(result.environment.items())]
    yield from fenced("\n".join(lines), "sh")


def _folded(title: str, lines: Iterable[str], *, opened: bool = False) -> Iterator[str]:
    """A collapsible part; `title` is HTML."""
    yield f"<details{' open' if opened else ''}><summary>{title}</summary>"
    yield ""
    yield from lines
    yield ""
    yield "</details>"
    yield ""


def fenced(text: str, language: str = "text") -> Iterator[str]:
    """A fenced block."""
    safe = visible(text).strip("\n")
    longest = max((len(run) for run in re.findall(r"`+", safe)), default=0)
    fence = "`" * max(3, longest + 1)
    yield ""
    yield fence + language
    yield from safe.split("\n")
    yield fence
    yield ""


def table(rows: Iterable[Sequence[str]], head: Sequence[str]) -> Iterator[str]:
    """A table."""
    yield f"| {' | '.join(plain(cell) for cell in head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join('<br>'.join(plain(line) for line in cell.splitlines()) for cell in row)} |"
    yield ""


def plain(text: str) -> str:
    """Text as it reads, on one line."""
    escaped = _SPECIAL.sub(r"\\\1", escape(one_line(text), quote=False))
    return _REFERENCE.sub(lambda match: f"<code>{match[0]}</code>", escaped)


def _html(text: str) -> str:
    """Text as it reads, inside an HTML element."""
    return _REFERENCE.sub(lambda match: f"<code>{match[0]}</code>", escape(one_line(text), quote=False))


def code(text: str) -> str:
    """A code span: delimited by more backticks than the text has in a row."""
    safe = one_line(text)
    longest = max((len(run) for run in re.findall(r"`+", safe)), default=0)
    pad = " " if safe.startswith("`") or safe.endswith("`") or not safe else ""
    return f"{'`' * (longest + 1)}{pad}{safe}{pad}{'`' * (longest + 1)}"

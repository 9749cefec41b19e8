"""A report as workflow commands of GitHub Actions, which become annotations of the run; the worst first.

GitHub shows ten errors, ten warnings and ten notices of a step; the rest stands in its log. The step's summary is the
Markdown of the same report.
Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.support.text import one_line, quote_command, visible
from envdoctor_reports._view import State, finding_line, outcome, outcome_line, state_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.core.finding import Finding
    from envdoctor.core.report import Report

_LEVELS = {State.ERROR: "error", State.WARNING: "warning", State.NOTE: "notice"}


def render(report: Report) -> str:
    """The report as lines of a step's log; what must not leave the machine is hidden in it already."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    state, words = outcome(report)
    yield f"envdoctor {one_line(report.command)}: {state.value}: {one_line(words)}"
    for finding in sorted(report.all_findings, key=lambda one: list(State).index(state_of(one))):
        yield _command(_LEVELS[state_of(finding)], f"{finding.code} {finding.name}", "\n".join(_body(finding)))
    for result in report.blind_spots:
        yield _command("warning", f"{result.code} {result.name} (no answer)", outcome_line(result))
    for note in report.notes:
        yield _command("notice", "envdoctor", note)


def _body(finding: Finding) -> Iterator[str]:
    yield one_line(finding_line(finding))
    if finding.fix is not None:
        yield f"Fix: {one_line(finding.fix.text)}"
        yield from (quote_command(argv) for argv in finding.fix.commands)


def _command(level: str, title: str, message: str) -> str:
    name = _escaped(one_line(title)).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={name}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return visible(text).replace("%", "%25").replace("\n", "%0A")

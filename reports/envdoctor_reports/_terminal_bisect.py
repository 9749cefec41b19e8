"""What a bisection found, on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.support.text import plural
from envdoctor_reports._terminal_matrix import effort_line
from envdoctor_reports._terminal_reasons import show_reasons
from envdoctor_reports._view import State

if TYPE_CHECKING:
    from envdoctor.core.bisect import BisectReport, Change
    from envdoctor_reports._page import Page


def show_bisect(page: Page, report: BisectReport, *, verbose: bool) -> None:
    """Show the changes that broke the set, and what is wrong with it; `verbose` also each set that was tried."""
    page.write(f"{plural(report.differing, 'difference')} in versions, on {report.target}", style="bold")
    for note in report.notes:
        page.mark(State.NOTE, note)
    for step in report.steps if verbose else ():
        page.write(
            f"{step.trial.value} by {step.by}: {', '.join(step.changed) or 'the good set'}", indent=2, style="dim"
        )
    page.gap()
    if report.problem:
        page.mark(State.UNANSWERED, report.problem)
    else:
        words = "This change alone makes it bad" if len(report.causes) == 1 else "These changes together make it bad"
        page.mark(State.ERROR, f"{words}: {'; '.join(map(_change, report.causes))}.")
        show_reasons(page, report.reasons, verbose=verbose)
        if report.said:
            page.verbatim(report.said, label="said", indent=4)
    page.write(f"{plural(len(report.steps), 'set')} tried; {effort_line(report.effort)}", style="dim")


def _change(change: Change) -> str:
    if change.first_bad:
        return f"{change.name} {change.last_good} is good and {change.first_bad} is bad"
    return f"{change.name} {change.good or 'absent'} -> {change.bad or 'absent'}"

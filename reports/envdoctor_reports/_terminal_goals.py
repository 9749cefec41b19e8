"""All goals and how far each is from a model, as one table on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.support.text import plural
from envdoctor_reports._routes import goal_rows, goal_state

if TYPE_CHECKING:
    from envdoctor.core.report import Report
    from envdoctor_reports._page import Page

#: Columns of what a goal needs, where not everything is to be shown.
_SHORT = 60


def show_goals(page: Page, report: Report, *, verbose: bool) -> None:
    """Show the table; what is in the way in full if `verbose`."""
    if report.source is not None:
        page.write(f"{report.source.path.name} ({report.source.kind}) to any goal", style="bold")
    page.heading(plural(len(report.goals), "goal"))
    rows = [("goal", "state", "route", "what it needs"), *goal_rows(report.goals)]
    page.table([(*row[:3], row[3] if verbose else _cut(row[3])) for row in rows], indent=2)
    page.gap()
    open_ones = sum(row.takeable for row in report.goals)
    page.mark(goal_state(report.goals[0])[0], f"{open_ones} of {plural(len(report.goals), 'goal')} can be built here.")


def _cut(text: str) -> str:
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 4]} ..."

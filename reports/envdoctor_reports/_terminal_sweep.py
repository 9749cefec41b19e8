"""What a sweep found, on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.sweep import Ending, State
from envdoctor.support.text import duration, plural, size
from envdoctor_reports import _view

if TYPE_CHECKING:
    from envdoctor.core.sweep import SweepReport, SweepRow
    from envdoctor_reports._page import Page

#: Rows that are shown without -v.
_MOST = 40
MARKS = {
    State.FINE: _view.State.FINE,
    State.CONDITIONAL: _view.State.WARNING,
    State.BROKEN: _view.State.ERROR,
    State.ABSENT: _view.State.NOTE,
    State.UNKNOWN: _view.State.UNANSWERED,
}
_WORST_FIRST = (State.BROKEN, State.UNKNOWN, State.CONDITIONAL, State.ABSENT, State.FINE)


def show_sweep(page: Page, report: SweepReport, *, verbose: bool) -> None:
    """Show what is wrong, the worst first, and what it all comes to; `verbose` also what is fine."""
    shown = [row for state in _WORST_FIRST for row in report.rows if row.found.state is state]
    wanted = shown if verbose else [row for row in shown if row.found.state not in {State.FINE, State.ABSENT}]
    for row in wanted if verbose else wanted[:_MOST]:
        page.mark(MARKS[row.found.state], _line(row))
    if not verbose and len(wanted) > _MOST:
        page.mark(_view.State.NOTE, f"and {plural(len(wanted) - _MOST, 'row')} more (-v, --json, envdoctor history)")
    for name in report.judged_nowhere:
        page.mark(_view.State.UNANSWERED, f"{name}: for none of the targets asked for, so that nothing is said of it")
    for note in report.notes:
        page.mark(_view.State.NOTE, note)
    if report.problem:
        page.mark(_view.State.ERROR, f"{report.problem} {plural(report.left, 'item')} left; what was done is kept.")
    page.gap()
    counts = ", ".join(f"{count} {state.value}" for state, count in report.counts.items() if count)
    new = [row for row in report.rows if row.is_new]
    page.write(
        f"{plural(report.items, 'item')}, {plural(len(report.rows), 'row')}: {counts or 'nothing'}", style="bold"
    )
    spent = sum({row.key: row.cpu for row in new}.values())
    largest = max((row.memory for row in new), default=0)
    effort = f"; {duration(spent)} of processor, workers up to {size(largest)}" if new else ""
    page.write(
        f"{report.reused} from earlier sweeps; {duration(report.seconds)}{effort}; kept in {report.database}",
        style="dim",
    )


def _line(row: SweepRow) -> str:
    found = row.found
    name = f"{found.subject} {found.version}".strip() if row.ending is Ending.JUDGED and found.subject else row.item
    where = f" on {found.target}" if found.target else ""
    return f"{name}{where}: {found.verdict}{': ' if found.message else ''}{found.message}"

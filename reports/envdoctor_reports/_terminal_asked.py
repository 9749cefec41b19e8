"""A file that asks for packages, on a terminal: what is installed of it, and whether its sets are sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.asked import Presence
from envdoctor.core.availability import MEANINGS, CellVerdict
from envdoctor.core.finding import Severity
from envdoctor.support.text import plural
from envdoctor_reports._terminal_matrix import effort_line
from envdoctor_reports._terminal_reasons import show_reasons
from envdoctor_reports._view import State

if TYPE_CHECKING:
    from envdoctor.core.asked import AskedReport
    from envdoctor_reports._page import Page

_SHOWN = 20


def show_asked(page: Page, report: AskedReport, *, verbose: bool) -> None:
    """Show it; `verbose` also what is installed as asked, and every set."""
    by = f", written by {report.created_by}" if report.created_by else ""
    page.write(f"{report.file}: a {'lock' if report.kind == 'lock' else 'requirements file'}{by}", style="bold")
    for note in report.notes:
        page.mark(State.NOTE, note)
    for said in report.unjudged:
        page.mark(State.UNANSWERED, f"not judged: {said}")
    if report.environment:
        _show_environment(page, report, verbose=verbose)
    for one in report.sets:
        page.gap()
        unknown = one.verdict is CellVerdict.UNKNOWN
        state = State.FINE if report.is_met(one.verdict) else State.UNANSWERED if unknown else State.ERROR
        page.mark(state, f"{one.verdict.value} on {one.target}: {MEANINGS[one.verdict]}", style="bold")
        shown = [reason for reason in one.reasons if verbose or reason.severity > Severity.INFO]
        show_reasons(page, shown, verbose=verbose)
        if verbose and one.pins:
            page.labelled("set", ", ".join(one.pins), indent=4)
    page.write(effort_line(report.effort), style="dim")


def _show_environment(page: Page, report: AskedReport, *, verbose: bool) -> None:
    page.heading(f"Installed in {report.environment}")
    lacking = [one for one in report.wanted if one.presence is not Presence.INSTALLED]
    for one in lacking if verbose else lacking[:_SHOWN]:
        what = "is not installed" if one.presence is Presence.MISSING else f"{one.installed} is installed"
        page.mark(State.ERROR, f"{one.requirement}: {what}")
    if len(lacking) > _SHOWN and not verbose:
        page.mark(State.ERROR, f"and {len(lacking) - _SHOWN} more (-v)")
    fine = len(report.wanted) - len(lacking)
    if fine:
        page.mark(State.FINE, f"{fine} of {plural(len(report.wanted), 'requirement')} installed as asked for")
    for one in report.wanted if verbose else ():
        if one.presence is Presence.INSTALLED:
            page.write(f"{one.requirement} ({one.installed})", indent=4, style="dim")

"""Routes on a terminal: ranked, with a verdict and its reasons, and what opens the best one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.route import Verdict
from envdoctor.core.text import plural, quote_command
from envdoctor_reports._terminal_findings import show_fix
from envdoctor_reports._view import State, opening_commands, reason_line, reason_state, verdict_of

if TYPE_CHECKING:
    from envdoctor.core.finding import Fix
    from envdoctor.core.report import Report
    from envdoctor.core.route import Reason, Route
    from envdoctor_reports._page import Page


def show_routes(page: Page, report: Report, *, verbose: bool) -> None:
    """Show all routes; a fix that several need is shown once, at the best of them."""
    page.heading(plural(len(report.routes), "route"))
    seen: set[Fix] = set()
    for number, route in enumerate(report.routes, start=1):
        state, words = verdict_of(route)
        page.mark(state, f"{number}. {route.name}: {words}", style="bold" if state is State.FINE else "")
        page.write(" > ".join(stage.title for stage in route.stages), indent=5, style="dim")
        for reason in route.reasons:
            _show_reason(page, reason, seen, verbose=verbose)
    _show_next_step(page, report)


def _show_reason(page: Page, reason: Reason, seen: set[Fix], *, verbose: bool) -> None:
    page.mark(reason_state(reason), reason_line(reason), indent=5)
    if reason.fix is None or reason.automatic:
        return
    if reason.fix not in seen or verbose:
        show_fix(page, reason.fix, indent=7)
        seen.add(reason.fix)


def _show_next_step(page: Page, report: Report) -> None:
    best = next((route for route in report.routes if route.takeable), None)
    if best is not None:
        if report.command == "routes" and report.source is not None and report.goal is not None:
            page.gap()
            build = ("envdoctor", "build", str(report.source.path), "--to", report.goal.name)
            page.write(f"To take {_described(best)}:")
            page.verbatim(quote_command(build), indent=4, style="cyan")
        return
    page.gap()
    route, commands = opening_commands(report.routes)
    if route is None:
        blocked = all(one.verdict is Verdict.BLOCKED for one in report.routes)
        page.write("No route can be opened on this machine." if blocked else "No route is open.", style="bold")
        return
    number = report.routes.index(route) + 1
    word = "This command opens" if len(commands) == 1 else "These commands open"
    page.write(f"{word} route {number}, {route.name}:", style="bold")
    for command in commands:
        page.verbatim(command, indent=4, style="cyan")


def _described(route: Route) -> str:
    unsure = route.verdict is Verdict.UNKNOWN
    return f"the best one, {route.name}" + (", and see whether it works" if unsure else "")

"""Routes on a terminal: ranked, what several share told once, and what opens or takes the best one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.route import Verdict
from envdoctor.support.text import plural, quote_command
from envdoctor_reports._routes import fold, opening, opening_line
from envdoctor_reports._terminal_findings import show_fix
from envdoctor_reports._view import State, reason_line, reason_state

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.core.finding import Fix
    from envdoctor.core.report import Report
    from envdoctor.core.route import Reason
    from envdoctor_reports._page import Page
    from envdoctor_reports._routes import RankedRoute, RouteGroup


def show_routes(page: Page, report: Report, *, verbose: bool) -> None:
    """Show all routes, and what to do next; each with all its reasons if `verbose`, else folded."""
    page.heading(plural(len(report.routes), "place" if report.source is None else "route"))
    if verbose:
        _show_in_full(page, report)
    else:
        _Folded(page, is_open=any(route.takeable for route in report.routes)).show(report)
    _show_next_step(page, report)


def _show_in_full(page: Page, report: Report) -> None:
    ranked = [one for group in fold(report.routes).groups for one in group.routes]
    for one in sorted(ranked, key=lambda one: one.number):
        _show_head(page, one)
        page.write(one.steps, indent=5, style="dim")
        _show_reasons(page, one.route.reasons, indent=5)


class _Folded:
    """The list without what has been said: steps, remarks and fixes stand where they come first."""

    def __init__(self, page: Page, *, is_open: bool) -> None:
        self._page = page
        self._is_open = is_open
        self._steps: set[str] = set()
        self._fixes: set[Fix] = set()

    def show(self, report: Report) -> None:
        folded = fold(report.routes)
        shared = self._worth_saying(folded.shared)
        if shared:
            self._page.write("All of them:", indent=2)
            _show_reasons(self._page, shared, indent=2, said=self._fixes)
        for group in folded.groups:
            self._show_group(group)

    def _show_group(self, group: RouteGroup) -> None:
        for one in group.routes:
            if one.blocked_by:
                self._page.mark(one.state, f"{one.line}: {one.blocked_by}")
                continue
            _show_head(self._page, one)
            if one.steps not in self._steps:
                self._page.write(one.steps, indent=5, style="dim")
            self._steps.add(one.steps)
            _show_reasons(self._page, self._worth_saying(one.remarks), indent=5)
        if not group.routes[0].blocked_by:
            _show_reasons(self._page, group.obstacles, indent=5, said=self._fixes, whose=group.whose)

    def _worth_saying(self, reasons: Iterable[Reason]) -> list[Reason]:
        """What a build would set up for a route matters once one is open."""
        return [one for one in reasons if self._is_open or reason_state(one) is not State.NOTE]


def _show_head(page: Page, one: RankedRoute) -> None:
    page.mark(one.state, one.line, style="bold" if one.state is State.FINE else "")


def _show_reasons(
    page: Page, reasons: Iterable[Reason], *, indent: int, said: set[Fix] | None = None, whose: str = ""
) -> None:
    """Show reasons with their fixes, but for the fixes that have been said."""
    for reason in reasons:
        page.mark(reason_state(reason), whose + reason_line(reason), indent=indent)
        if reason.fix is None or reason.automatic or (said is not None and reason.fix in said):
            continue
        show_fix(page, reason.fix, indent=indent + 2)
        if said is not None:
            said.add(reason.fix)


def _show_next_step(page: Page, report: Report) -> None:
    best = next((route for route in report.routes if route.takeable), None)
    way = opening(report.routes)
    page.gap()
    if report.source is None:
        page.write("That is the last stage alone; name a model for the whole routes from it.")
    elif best is not None:
        unsure = ", and see whether it works" if best.verdict is Verdict.UNKNOWN else ""
        _show_build(page, report, f"To take the best one, {best.name}{unsure}:")
    elif way is not None:
        page.write(opening_line(way), style="bold")
        for command in way.commands:
            page.verbatim(command, indent=4, style="cyan")
        if not way.others:
            _show_build(page, report, "Then:")
    else:
        blocked = all(one.verdict is Verdict.BLOCKED for one in report.routes)
        page.write("No route can be opened on this machine." if blocked else "No route is open.", style="bold")


def _show_build(page: Page, report: Report, words: str) -> None:
    if report.build_command:
        page.write(words)
        page.verbatim(quote_command(report.build_command), indent=4, style="cyan")

"""A build on a terminal: the attempts in order, the stages of each, what was measured, where the results are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.route import StageStatus
from envdoctor.support.text import cells, duration, quote_command
from envdoctor_reports._terminal_findings import show_finding, show_findings
from envdoctor_reports._view import attempt_line, attempt_state, finding_line, measurements, stage_row, state_of

if TYPE_CHECKING:
    from envdoctor.core.finding import Fix
    from envdoctor.core.report import Report
    from envdoctor.core.route import Attempt, StageResult
    from envdoctor_reports._page import Page


def show_build(page: Page, report: Report, *, verbose: bool) -> None:
    """Show every attempt, the failed ones with their reason, and the artifacts of the one that arrived."""
    told: set[tuple[str, Fix | None]] = set()
    for attempt in report.attempts:
        page.gap()
        page.mark(attempt_state(attempt), attempt_line(report, attempt), style="bold")
        page.write(" > ".join(stage.title for stage in attempt.route.stages), indent=2)
        _show_stages(page, attempt, set() if verbose else told, verbose=verbose)
    if report.artifacts:
        page.heading("Artifacts")
        for artifact in report.artifacts:
            page.verbatim(f"{artifact.path}  ({artifact.kind})", indent=2)


def _show_stages(page: Page, attempt: Attempt, told: set[tuple[str, Fix | None]], *, verbose: bool) -> None:
    rows = [("stage", "", "time", "peak memory"), *(stage_row(result) for result in attempt.results)]
    page.table(rows, indent=2, right=frozenset({2, 3}))
    for result in attempt.results:
        if result.status in {StageStatus.FAILED, StageStatus.WAITING}:
            _show_failure(page, result, told, verbose=verbose)
        else:
            show_findings(page, result.findings, indent=2, verbose=verbose)
            _show_measurements(page, result)
        if verbose:
            _show_details(page, result)
    missing = attempt.route.stages[len(attempt.results) :]
    if missing:
        page.write(f"not run: {', '.join(stage.action for stage in missing)}", indent=2, style="dim")


def _show_failure(page: Page, result: StageResult, told: set[tuple[str, Fix | None]], *, verbose: bool) -> None:
    """Show why a stage failed; of what an earlier route failed for as well, its line alone."""
    for finding in result.findings:
        if (finding.code, finding.fix) in told:
            page.mark(state_of(finding), f"{finding.code}  {finding_line(finding)} (As above.)".lstrip(), indent=2)
            continue
        show_finding(page, finding, indent=2, verbose=verbose)
        told.add((finding.code, finding.fix))
    if result.log is not None:
        page.verbatim(str(result.log), label="log", indent=6)


def _show_measurements(page: Page, result: StageResult) -> None:
    for title, rows in measurements(result):
        page.gap()
        page.write(title, indent=2, style="bold")
        width = max(cells(name) for name, _ in rows)
        for name, value in rows:
            page.write(value, lead=f"{name}{' ' * (width - cells(name))}  ", indent=4)


def _show_details(page: Page, result: StageResult) -> None:
    page.write(f"{result.stage.action}: {result.stage.title}", indent=2, style="bold")
    for name, version in sorted(result.environment.items()):
        page.write(f"{name} {version}", indent=4, style="dim")
    for argv in result.commands:
        page.verbatim(quote_command(argv), label="ran", indent=4, style="dim")
    if result.log is not None:
        page.verbatim(str(result.log), label="log", indent=4, style="dim")
    page.write(f"{duration(result.overhead)} spent around its processes", indent=4, style="dim")

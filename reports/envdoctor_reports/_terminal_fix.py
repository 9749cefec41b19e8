"""A plan of fixes on a terminal, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.fixing import Mending, StepState
from envdoctor.support.text import plural, quote_command
from envdoctor_reports._terminal_findings import show_findings
from envdoctor_reports._view import State

if TYPE_CHECKING:
    from envdoctor.core.fixing import Change, FixReport, Step
    from envdoctor_reports._page import Page

_SHOWN = 12
_STATES = {
    StepState.DONE: State.FINE,
    StepState.FAILED: State.ERROR,
    StepState.INTERRUPTED: State.ERROR,
    StepState.DECLINED: State.NOTE,
    StepState.NOT_RUN: State.NOTE,
}
_MENDINGS = {
    Mending.FIXED: (State.FINE, "fixed"),
    Mending.NOT_FIXED: (State.ERROR, "not fixed"),
    Mending.CANT_TELL: (State.UNANSWERED, "can't tell"),
}


def show_fix(page: Page, report: FixReport, *, verbose: bool) -> None:
    """Show a plan; or, once it has run, what came of it."""
    if report.results:
        _show_results(page, report, verbose=verbose)
    elif not report.notes:
        _show_plan(page, report, verbose=verbose)
    for text in report.not_restored:
        page.mark(State.NOTE, f"not as before: {text}")
    for note in report.notes:
        page.mark(State.NOTE, note)


def _show_plan(page: Page, report: FixReport, *, verbose: bool) -> None:
    plan = report.plan
    page.write(f"The plan for {plan.prefix}", style="bold")
    for number, step in enumerate(plan.steps, 1):
        page.gap()
        _show_step(page, number, step, verbose=verbose)
    if plan.manual:
        page.heading("What no command of the plan mends")
        show_findings(page, plan.manual, indent=0, verbose=verbose, lines=1)
    for blind in plan.blind:
        page.mark(State.UNANSWERED, f"not looked at: {blind}")
    if not plan.steps and not plan.manual:
        page.mark(State.UNANSWERED if plan.blind else State.FINE, "There is nothing to mend.")


def _show_step(page: Page, number: int, step: Step, *, verbose: bool) -> None:
    page.write(step.title, lead=f"{number}. ", style="bold")
    for command in step.commands:
        page.verbatim(quote_command(command), label="run", indent=3, style="cyan")
    shown = step.changes if verbose or len(step.changes) <= _SHOWN + 1 else step.changes[:_SHOWN]
    if step.changes and not step.refused:
        page.table([_row(one) for one in shown], indent=9)
        if len(shown) < len(step.changes):
            page.write(f"and {len(step.changes) - len(shown)} more (-v)", indent=9)
    _show_risks(page, step)
    for finding in step.mends:
        page.write(f"{finding.code}  {finding.message}", lead="for   ", indent=3, style="dim", lead_style="dim")


def _show_risks(page: Page, step: Step) -> None:
    if step.refused:
        page.mark(State.ERROR, f"not offered: {step.refused}", indent=3)
    else:
        page.labelled("is", ", ".join(_properties(step)), indent=3)
    if step.unjudged:
        page.mark(State.UNANSWERED, f"its result can't be told beforehand: {step.unjudged}", indent=3)
    for change in step.changes:
        if change.lost:
            page.mark(State.WARNING, f"{change.name} {change.before} can't be put back afterwards", indent=3)
    for note in step.notes:
        page.mark(State.NOTE, note, indent=3)


def _row(change: Change) -> tuple[str, str]:
    if not change.before:
        return change.name, f"is added: {change.after}"
    if not change.after:
        return change.name, f"{change.before} is removed"
    if change.before == change.after:
        return change.name, f"{change.before}, its files are put back"
    return change.name, f"{change.before} -> {change.after}"


def _properties(step: Step) -> list[str]:
    root = "as root" if step.root else "without root"
    safe = "safe" if step.safe else "not without risk"
    changed = any(one.before != one.after for one in step.changes) or not step.changes
    undo = f"can be undone: {step.undo}" if step.undo else "can't be undone" if changed else "changes no version"
    return [root, safe, undo]


def _show_results(page: Page, report: FixReport, *, verbose: bool) -> None:
    for result in report.results:
        words = f": {result.words}" if result.words else ""
        page.mark(_STATES[result.state], f"{result.title} ({result.state.value.replace('-', ' ')}){words}")
    if report.mended:
        page.heading("Checked again")
    for one in report.mended:
        state, said = _MENDINGS[one.mending]
        words = f" ({one.words})" if one.words else ""
        page.mark(state, f"{said}: {one.finding.code}  {one.finding.message}{words}")
    if report.added:
        page.heading("New problems")
        show_findings(page, report.added, indent=0, verbose=verbose)
    for blind in report.unanswered:
        page.mark(State.UNANSWERED, f"not looked at: {blind}")
    left = len(report.unmended)
    if left:
        look = quote_command(("envdoctor", "check", "--python", report.plan.python))
        page.mark(State.NOTE, f"No command mends {plural(left, 'other finding')}; see `{look}`.")
    if report.log:
        page.write(f"log: {report.log}", style="dim")

"""A mended model on a terminal: each mend with its proof, then what the file was and is for its reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.support.text import plural
from envdoctor_reports._terminal_findings import show_findings
from envdoctor_reports._view import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.core.repair import Difference, MendReport, Placed, RepairReport
    from envdoctor_reports._page import Page


def show_repair(page: Page, report: RepairReport, *, verbose: bool) -> None:
    """Show what was mended, and how far the file's outputs moved."""
    page.heading(report.source.name)
    if report.findings:
        show_findings(page, report.findings, indent=2, verbose=verbose)
        page.mark(State.ERROR, "Nothing was mended: without a run nothing can be proven.")
        return
    for mend in report.mends:
        _show_mend(page, mend)
    if report.whole is not None and len(report.mends) > 1:
        page.write(", ".join(_words(report.whole)), lead="All together: ", indent=2)
    _show_reader(page, report)
    for note in report.notes:
        page.mark(State.NOTE, note)
    page.gap()
    if report.output is not None:
        sizes = f"{report.size_before:,} bytes before, {report.size_after:,} now"
        behind = f"; {plural(report.files_behind, 'file')} behind the model kept" if report.files_behind else ""
        page.mark(State.FINE, f"Written: {report.output} ({sizes}{behind})", style="bold")
    elif report.mends:
        page.mark(State.ERROR, "Nothing was written: no mend was proven.", style="bold")
    else:
        page.mark(State.FINE, "Nothing to mend: nothing was written.", style="bold")


def _show_mend(page: Page, mend: MendReport) -> None:
    state = State.FINE if mend.verified else State.ERROR
    page.mark(state, "; ".join(mend.changes) or "failed", title=f"{mend.name}: ", indent=2)
    if mend.difference is not None:
        page.labelled("proof", ", ".join(_words(mend.difference)), indent=6)
    if not mend.verified:
        page.labelled("left", f"out: {_why_not(mend)}", indent=6)


def _why_not(mend: MendReport) -> str:
    if mend.difference is None:
        return f"it could not be run: {mend.failure}"
    if not mend.difference.moved:
        dead = "the model itself tells these samples no more apart: look at its steps, or at others with --samples"
        fix = dead if mend.difference.given else "give real ones with --samples"
        return f"the outputs were the same for all these inputs, which proves nothing; {fix}"
    accepted = [plural(mend.accepted_steps, "step")] if mend.difference.steps > mend.accepted_steps else []
    if mend.difference.share > mend.accepted_share:
        accepted.append(f"{mend.accepted_share:g} of the largest value")
    can_be_asked = mend.difference.share <= mend.accepted_share and mend.difference.steps <= mend.asked_steps
    asked = f"; --only {mend.name} accepts up to {mend.asked_steps}" if can_be_asked else ""
    return f"at most {' and '.join(accepted)} would be accepted{asked}"


def _words(found: Difference) -> Iterator[str]:
    """A difference in words: how large, over how many samples, and what of the classes."""
    over = " and ".join(
        words
        for words, count in ((f"{found.random} random", found.random), (f"{found.given} given", found.given))
        if count
    )
    if found.identical:
        yield f"difference 0, bit for bit, over {over} samples"
    elif found.steps:
        yield f"largest difference {plural(found.steps, 'step')} ({found.absolute:.3g}) over {over} samples"
    else:
        yield f"largest difference {found.absolute:.2g} ({found.share:.1g} of the largest value) over {over} samples"
    if found.classes:
        yield f"same class in {found.same_class} of {found.classes}"
    if found.labelled:
        before, after = (count / found.labelled for count in (found.correct_before, found.correct_after))
        yield f"accuracy {before:.2%} before, {after:.2%} after"


def _show_reader(page: Page, report: RepairReport) -> None:
    if report.before is None or report.after is None:
        return
    page.gap()
    page.write(f"For {report.reader}:")
    page.labelled("was", _placed(report.before), indent=2)
    page.labelled("is", _placed(report.after), indent=2)


def _placed(placed: Placed) -> str:
    if placed.refused:
        return f"refused: {', '.join(placed.refused)}"
    parts = []
    if placed.mapped is not None:
        unknown = f", {placed.unknown} not known" if placed.unknown else ""
        parts.append(f"{placed.mapped} of {plural(placed.operators, 'operator')} on the accelerator{unknown}")
    if placed.problems:
        parts.append(f"{plural(len(placed.problems), 'problem')} ({', '.join(placed.problems)})")
    if placed.note:
        parts.append(placed.note)
    return "; ".join(parts) or "no problem found"

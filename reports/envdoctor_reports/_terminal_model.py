"""A model on a terminal: what it is, the strip of its operators, what stays on the CPU and why, and what to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.support.text import plural
from envdoctor_reports._files import file_rows, need_rows
from envdoctor_reports._placement import Cell, by_cause, share, strip, waiting
from envdoctor_reports._view import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.core.file_identity import FileIdentity
    from envdoctor.core.model_report import ModelReport, OperatorReport
    from envdoctor.core.report import Report
    from envdoctor_reports._page import Page

_CELLS = {Cell.MAPPED: ("█", "#"), Cell.CPU: ("░", "."), Cell.UNKNOWN: ("?", "?"), Cell.MIXED: ("▒", "+")}
_INDEXES = 3
_NEED = 10
_CUT = 3
_CAUSES = 3
_ADVICE = 1


def show_models(page: Page, report: Report, *, verbose: bool) -> None:
    """Show each model of a report, and a compiled file."""
    if report.file is not None:
        _show_file(page, report.subject["file"], report.file)
    told = frozenset(problem.fix.text for problem in report.problems if problem.fix is not None)
    for model in report.models:
        ops = [op for op in report.ops if not op.model or model.name.endswith(f"!{op.model}")]
        _show_model(page, model, ops, told, verbose=verbose)


def _show_file(page: Page, name: str, file: FileIdentity) -> None:
    page.heading(name)
    for label, words in file_rows(file):
        page.labelled(label, words, indent=2)
    for words in file.unknown:
        page.mark(State.UNANSWERED, words, indent=2)


def _show_model(
    page: Page, model: ModelReport, ops: Sequence[OperatorReport], told: frozenset[str], *, verbose: bool
) -> None:
    page.heading(model.name)
    page.labelled("is", f"{model.scheme}, {plural(model.operators, 'operator')}{_compiled(model)}", indent=2)
    page.labelled("in", ", ".join(model.inputs) or "nothing", indent=2)
    page.labelled("out", ", ".join(model.outputs) or "nothing", indent=2)
    if model.needs:
        page.gap()
    for name, shown in need_rows(model):
        page.write(shown, lead=f"{name:<{_NEED}}", indent=2, lead_style="dim")
    if model.refused:
        page.gap()
        page.mark(State.ERROR, f"{model.reader} refuses it: {', '.join(model.refused)}", indent=2, style="bold")
        return
    if model.mapped is not None:
        _show_placement(page, model, ops)
        _show_causes(page, ops, verbose=verbose)
        _show_advice(page, model, told, verbose=verbose)
    if verbose:
        _show_operators(page, ops)


def _compiled(model: ModelReport) -> str:
    return f", compiled {model.compiled}" if model.compiled else ""


def _show_placement(page: Page, model: ModelReport, ops: Sequence[OperatorReport]) -> None:
    page.gap()
    cells = strip(ops, page.width - 4)
    page.verbatim("".join(_CELLS[cell][0 if page.symbols else 1] for cell in cells), indent=2)
    accelerator = "Ethos-U" if "Ethos-U" in model.reader else "Edge TPU"
    words = [f"{model.mapped} of {plural(len(ops), 'operator')} on the {accelerator}"]
    if model.mapped_macs is not None and any(op.macs for op in ops):
        words[0] += f" ({share(model.mapped_macs)} of the multiply-adds)"
    if left := sum(op.placement == "CPU" for op in ops):
        words.append(f"{left} on the CPU")
    if model.unknown:
        words.append(f"{model.unknown} not known")
    if model.all_subgraphs is not None:
        words.append(f"{model.all_subgraphs} on it with -a")
    state = State.FINE if model.mapped == len(ops) else State.UNANSWERED if model.unknown else State.WARNING
    page.mark(state, ", ".join(words), indent=2, style="bold")


def _show_causes(page: Page, ops: Sequence[OperatorReport], *, verbose: bool) -> None:
    causes = by_cause(ops)
    most = len(causes) if verbose else _CAUSES
    for name, reason, indexes in causes[:most]:
        shown = ", ".join(str(index) for index in indexes[:_INDEXES]) + (", ..." if len(indexes) > _INDEXES else "")
        page.write(f"{name} ({shown}): {reason}", lead="- ", indent=4)
    if more := causes[most:]:
        count = sum(len(indexes) for _, _, indexes in more)
        page.write(f"{count} more for {plural(len(more), 'other reason')} (-v shows them)", lead="- ", indent=4)
    if waits := waiting(ops):
        listed = ", ".join(f"{count} {name}" for name, count in waits.most_common(_CAUSES))
        listed += ", ..." if len(waits) > _CAUSES else ""
        page.write(f"{sum(waits.values())} wait for those: {listed}", lead="- ", indent=4)


def _show_advice(page: Page, model: ModelReport, told: frozenset[str], *, verbose: bool) -> None:
    """What to do, the most gain first; of what a finding's fix told already only what it brings."""
    shown = model.advice if verbose else model.advice[:_ADVICE]
    if shown:
        page.gap()
    for advice in shown:
        gain = f" (+{plural(advice.gained_ops, 'operator')}, +{share(advice.gained_macs)} of the multiply-adds)"
        text = "As the fix above says." if advice.text in told else advice.text
        page.labelled("do", text + (gain if advice.gained_ops else ""), indent=2)
        if verbose:
            page.write(f"known from: {advice.source}", indent=8, style="dim")
    if more := len(model.advice) - len(shown):
        page.write(f"{plural(more, 'more thing')} to do, and all operators: -v", indent=8, style="dim")
    if model.cut and model.mapped and len(model.cut) <= _CUT:
        page.labelled("or", "compile only up to where the CPU takes over, with -i:", indent=2)
        page.verbatim(",".join(model.cut), indent=8, style="cyan")


def _show_operators(page: Page, ops: Sequence[OperatorReport]) -> None:
    total = sum(op.macs for op in ops)
    page.gap()
    page.write("operators", indent=2, style="dim")
    rows = [
        (str(op.index), op.op, f"{op.macs:,}", share(op.macs / total) if total else "", op.placement, op.status)
        for op in ops
    ]
    page.table(rows, indent=2, right=frozenset({0, 2, 3}))

"""A report on a terminal: what is fine in a line a group, and for what is not the finding, its proof and its fix.

Plain text with a few escape sequences: importing a library for it would take a third of the time of all checks.
Likewise, parts that a check does not show are imported when they are.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from typing import TYPE_CHECKING, TextIO

from envdoctor.core.verdict import Verdict
from envdoctor.support.streams import unguarded
from envdoctor.support.text import encodable, one_line, quote_command
from envdoctor_reports._links import linked
from envdoctor_reports._page import Page
from envdoctor_reports._terminal_findings import EXCERPT_LINES, show_findings
from envdoctor_reports._view import (
    State,
    build_outcome,
    groups,
    header,
    headline,
    inapplicable_line,
    outcome_line,
    passed_line,
    skipped_lines,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envdoctor.core.report import Report
    from envdoctor.core.sweep import History
    from envdoctor_reports._view import Group

#: Lines longer than this are hard to read, however wide the window is.
_WIDEST = 120
_TITLE_WIDTH = 20
#: Lines of one piece of evidence about a model: what becomes of its operators is told behind.
_MODEL_LINES = 1
#: The modules that show what is no report.
_SHOWN_BY = {
    "asked": "_terminal_asked",
    "bisect": "_terminal_bisect",
    "fix": "_terminal_fix",
    "guard": "_guard",
    "history": "_history",
    "holdings": "_terminal_holdings",
    "inspection": "_terminal_inspection",
    "lock": "_terminal_lock",
    "matrix": "_terminal_matrix",
    "repair": "_terminal_repair",
    "sweep": "_terminal_sweep",
}


def render(report: Report, *, width: int = 80, color: bool = False, symbols: bool = True, verbose: bool = False) -> str:
    """The report as text.

    Args:
        report: secrets are hidden in it already.
        width: columns to fill; commands, paths and URLs are never broken and may be longer.
        color: whether to use escape sequences.
        symbols: False for ASCII alone, apart from what the report itself holds.
        verbose: whether to show what is fine and all of every excerpt too.
    """
    page = Page(width=width, color=color, symbols=symbols)
    _show_report(page, report, verbose=verbose)
    return page.text()


def _show_report(page: Page, report: Report, *, verbose: bool) -> None:
    _show_subject(page, report)
    if report.probes or report.findings or report.command == "check":
        _show_checks(page, report, verbose=verbose)
    if report.models or report.file:
        from envdoctor_reports._terminal_model import show_models

        show_models(page, report, verbose=verbose)
    _show_ways(page, report, verbose=verbose)
    notes = _notes(report, verbose=verbose)
    if notes:
        page.gap()
    for note in notes:
        page.mark(State.NOTE, note)
    if report.command == "build":
        page.gap()
        page.mark(*build_outcome(report), style="bold")


def _notes(report: Report, *, verbose: bool) -> tuple[str, ...]:
    if report.command == "routes" and any(route.verdict < Verdict.BLOCKED for route in report.routes):
        return ()  # it ends with advice
    if verbose and report.unchanged_since:
        since = f"No file of packages and libraries has changed since {report.unchanged_since}: told as then."
        return (*report.notes, since)
    return report.notes


def _show_ways(page: Page, report: Report, *, verbose: bool) -> None:
    """What was tried, or what could be."""
    if report.goals:
        from envdoctor_reports._terminal_goals import show_goals

        show_goals(page, report, verbose=verbose)
    elif report.attempts:
        from envdoctor_reports._terminal_build import show_build

        show_build(page, report, verbose=verbose)
    elif report.routes:
        from envdoctor_reports._terminal_routes import show_routes

        show_routes(page, report, verbose=verbose)


def write(report: Report, *, verbose: bool = False, stream: TextIO | None = None) -> None:
    """Print the report on standard output (or on `stream`), as far as that can show it."""
    _write_page(lambda page: _show_report(page, report, verbose=verbose), stream)


def write_value(kind: str, value: object, *, verbose: bool = False, stream: TextIO | None = None) -> None:
    """Print what is no report (a `matrix`, a `lock`, ...) likewise, by the `show_KIND` of the module that knows it."""
    show = getattr(importlib.import_module(f"envdoctor_reports.{_SHOWN_BY[kind]}"), f"show_{kind}")
    _write_page(lambda page: show(page, value, verbose=verbose), stream)


def history_as_csv(history: History) -> str:
    """The history as a table of comma-separated values."""
    from envdoctor_reports import _history

    return _history.history_as_csv(history)


def _write_page(show: Callable[[Page], None], stream: TextIO | None) -> None:
    """Print what `show` writes on a page that fits the stream.

    Colours need a terminal and no NO_COLOR (https://no-color.org); FORCE_COLOR asks for them anyway. What the stream's
    encoding can't take is printed as an escape. Codes are links where the terminal shows such.
    """
    target = unguarded(sys.stdout if stream is None else stream)
    encoding = target.encoding or "ascii"
    page = Page(
        width=min(shutil.get_terminal_size().columns, _WIDEST),
        color=wants_color(target, os.environ),
        symbols=encoding.lower().replace("-", "").startswith("utf"),
    )
    show(page)
    target.write(linked(encodable(page.text(), encoding), target, os.environ))


def wants_color(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether a stream is to get colours: it is a terminal that knows them, and nobody said otherwise."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environ.get("TERM") != "dumb" and _understands_escapes(stream)


def _understands_escapes(stream: TextIO) -> bool:
    """True but for a Windows console that can't be told to (before Windows 10).

    ENABLE_VIRTUAL_TERMINAL_PROCESSING (4): Console Virtual Terminal Sequences, Microsoft's documentation.
    """
    if sys.platform == "win32":
        import ctypes
        import msvcrt

        kernel = ctypes.windll.kernel32
        handle, mode = msvcrt.get_osfhandle(stream.fileno()), ctypes.c_ulong()
        return bool(kernel.GetConsoleMode(handle, ctypes.byref(mode)) and kernel.SetConsoleMode(handle, mode.value | 4))
    return True


def _show_subject(page: Page, report: Report) -> None:
    page.write(one_line(header(report)), style="bold" if "passed over" in report.subject else "dim")
    if report.source is not None and report.goal is not None:
        page.write(f"{report.source.path} ({report.source.kind}) to {report.goal.title}", style="bold")


def _show_checks(page: Page, report: Report, *, verbose: bool) -> None:
    page.gap()
    for group in groups(report):
        if verbose or report.command == "check" or group.state is not State.FINE:
            _show_group(page, group, verbose=verbose, lines=_MODEL_LINES if report.models else EXCERPT_LINES)
    page.gap()
    page.mark(*headline(report), style="bold")
    if first := next(iter(report.problems), None):
        page.write(f"More about a code: envdoctor explain {first.code}", style="dim")
    if report.command == "check" and any(one.fix and one.fix.commands for one in report.problems):
        words = ("envdoctor", "fix", "--python", report.subject.get("python", ""))
        page.write(f"Mend what can be mended, after asking: {quote_command(words)}", style="dim")


def _show_group(page: Page, group: Group, *, verbose: bool, lines: int) -> None:
    page.mark(group.state, group.summary, title=f"{group.title:<{_TITLE_WIDTH}}  ")
    show_findings(page, group.findings if verbose else group.problems, indent=2, verbose=verbose, lines=lines)
    for result in group.unanswered:
        page.mark(State.UNANSWERED, f"{result.code}  {outcome_line(result)}", indent=2)
    for line in skipped_lines(group.skipped):
        page.mark(State.UNANSWERED, line, indent=2)
    for result in group.passed if verbose else ():
        page.mark(State.FINE, f"{result.code}  {passed_line(result)}", indent=2, style="dim")
    for result in group.inapplicable if verbose else ():
        page.mark(State.NOTE, f"{result.code}  {inapplicable_line(result)}", indent=2, style="dim")

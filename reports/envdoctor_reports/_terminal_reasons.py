"""The reasons of a verdict on a terminal; what is said of plug-ins that nobody has to load is told together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.finding import Severity
from envdoctor_reports._page import LABEL
from envdoctor_reports._view import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.core.availability import CellReason
    from envdoctor.core.finding import Evidence
    from envdoctor_reports._page import Page

#: What `envdoctor.imports.judgment` says of a library that only a plug-in needs: the file, the need, and who has it.
_PLUGIN = re.compile(
    r": an optional plug-in does not load: (?P<file>\S+)(?P<more> and \d+ more)? needs? (?P<library>.+), "
    r"which nothing brings(?:; (?P<supplier>.+) would supply it)?"
)
#: Lines of one piece of evidence that are shown without `--verbose`.
_EXCERPT_LINES = 8
_STATES = {Severity.ERROR: State.ERROR, Severity.WARNING: State.WARNING, Severity.INFO: State.NOTE}


def show_reasons(page: Page, reasons: Iterable[CellReason], *, verbose: bool) -> None:
    """Show reasons, each by itself; without `verbose` the plug-ins of each wheel that do not load as one."""
    plugins: dict[tuple[str, str, str], list[str]] = {}
    for reason in reasons:
        found = None if verbose or reason.severity is not Severity.INFO else _PLUGIN.search(reason.message)
        if found is None:
            _show_reason(page, reason, verbose=verbose)
            continue
        name = found["file"].rpartition("/")[2] + (found["more"] or "")
        plugins.setdefault((reason.subject, name, found["supplier"] or ""), []).append(found["library"])
    if plugins:
        _show_plugins(page, plugins)


def _show_plugins(page: Page, plugins: dict[tuple[str, str, str], list[str]]) -> None:
    """Which plug-ins want which libraries of whom: one line a plug-in, by wheel and file name."""
    lead = "No problem: optional plug-ins, which importing does not load, need more if they are to be used (-v):"
    page.mark(State.NOTE, lead, title="note: ")
    for (wheel, name, supplier), libraries in plugins.items():
        whose = f", of {supplier}" if supplier else ""
        page.write(f"{wheel}: {name}: {', '.join(libraries)}{whose}", indent=4, style="dim")


def _show_reason(page: Page, reason: CellReason, *, verbose: bool) -> None:
    """One reason with the path to it, and on request what it rests on."""
    page.mark(_STATES[reason.severity], reason.message, title=f"{reason.kind.value}: ")
    for path in (reason.path, reason.other_path):
        if len(path) > 1:
            page.labelled("by", " > ".join(path), indent=4)
    for evidence in reason.evidence if verbose or reason.severity is Severity.ERROR else ():
        _show_evidence(page, evidence, 4, verbose=verbose)


def _show_evidence(page: Page, evidence: Evidence, indent: int, *, verbose: bool) -> None:
    lines = evidence.excerpt.split("\n")
    if len(lines) == 1:
        page.labelled("proof", f"{evidence.source}: {lines[0]}", indent=indent, style="dim")
        return
    shown = lines if verbose or len(lines) <= _EXCERPT_LINES + 1 else lines[:_EXCERPT_LINES]
    page.labelled("proof", f"{evidence.source}:", indent=indent, style="dim")
    page.verbatim("\n".join(shown), indent=indent + LABEL, style="dim")
    if len(shown) < len(lines):
        page.write(f"({len(lines) - len(shown)} more lines: -v)", indent=indent + LABEL, style="dim")

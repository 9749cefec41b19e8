"""Findings and fixes on a terminal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from envdoctor.support.text import cells, one_line, plural, quote_command, visible
from envdoctor_reports._page import LABEL
from envdoctor_reports._view import finding_line, state_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.core.finding import Evidence, Finding, Fix
    from envdoctor_reports._page import Page

#: Without `--verbose`: lines of one piece of evidence that are shown, findings of one code that are shown whole, and
#: where their subjects don't tell them apart, how many more in a line each.
EXCERPT_LINES = 6
ALIKE = 5
LISTED = 10


def show_findings(
    page: Page, findings: Iterable[Finding], *, indent: int, verbose: bool, lines: int = EXCERPT_LINES
) -> None:
    """Show findings; of many alike the first few whole, and the names of the others."""
    by_code: dict[tuple[str, int], list[Finding]] = {}
    for one in findings:
        by_code.setdefault((one.code, one.severity), []).append(one)
    for alike in by_code.values():
        shown = len(alike) if verbose or len(alike) <= ALIKE + 1 else ALIKE
        for one in alike[:shown]:
            show_finding(page, one, indent=indent, verbose=verbose, lines=lines)
        tells = len({one.subject for one in alike[shown:]}) == len(alike[shown:])
        listed = () if tells else alike[shown : shown + LISTED]
        for one in listed:
            page.mark(state_of(one), f"{one.code}  {finding_line(one)}".lstrip(), indent=indent)
        if rest := alike[shown + len(listed) :]:
            counts = Counter(one_line(one.subject) for one in rest)
            subjects = ", ".join(f"{name} ({count})" if count > 1 else name for name, count in counts.items())
            page.mark(state_of(rest[0]), f"{rest[0].code}  {len(rest)} more (-v): {subjects}", indent=indent)


def show_finding(page: Page, finding: Finding, *, indent: int, verbose: bool, lines: int = EXCERPT_LINES) -> None:
    """Show what is wrong, what proves it, and what mends it."""
    page.mark(state_of(finding), f"{finding.code}  {finding_line(finding)}".lstrip(), indent=indent)
    for evidence in finding.evidence:
        _show_evidence(page, evidence, indent=indent + 4, most=None if verbose else lines)
    if finding.fix is not None:
        show_fix(page, finding.fix, indent=indent + 4)


def show_fix(page: Page, fix: Fix, *, indent: int) -> None:
    """Show what to do, and each command on a line of its own that can be copied."""
    page.labelled("fix", fix.text, indent=indent)
    for argv in fix.commands:
        page.verbatim(quote_command(argv), label="run", indent=indent, style="cyan")
    if fix.link is not None:
        page.verbatim(fix.link, label="see", indent=indent)


def _show_evidence(page: Page, evidence: Evidence, *, indent: int, most: int | None) -> None:
    source, excerpt = one_line(evidence.source), visible(evidence.excerpt).strip("\n")
    lines = excerpt.split("\n")
    if len(lines) == 1 and indent + LABEL + cells(source) + 2 + cells(excerpt) <= page.width:
        page.verbatim(f"{source}: {excerpt}", label="proof", indent=indent, style="dim")
        return
    page.verbatim(source, label="proof", indent=indent, style="dim")
    shown = lines if most is None or len(lines) <= most + 1 else lines[:most]
    page.verbatim("\n".join(shown), indent=indent + LABEL, style="dim")
    if len(shown) < len(lines):
        page.verbatim(f"({plural(len(lines) - len(shown), 'more line')}: -v)", indent=indent + LABEL, style="dim")

"""A matrix on a terminal: a table for each platform, a line of reason a row, the legend, and the best answers."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from envdoctor.core.availability import MEANINGS, CellVerdict
from envdoctor.core.finding import Severity
from envdoctor.support.moments import moment_option, moment_words
from envdoctor.support.text import cells, duration, one_line, plural, quote_command, size
from envdoctor_reports._terminal_reasons import show_reasons
from envdoctor_reports._view import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.core.availability import Cell, Effort, Matrix, Node
    from envdoctor_reports._page import Page

_PYTHON = re.compile(r"(?:cp|pp)\d+t?")
#: Behind every sentence and every clause.
_CLAUSE_END = re.compile(r"(?<=[.;] )")
_MORE = " ..."
#: Rows that are shown without `--verbose` of a table with more than the second number.
_ROWS, _MOST_ROWS = 20, 30
#: Columns of the line of reason of a row.
_REASON_LENGTH = 280
#: Warnings that are shown of a best answer.
_MOST_RESERVES = 3


def show_matrix(page: Page, matrix: Matrix, *, verbose: bool) -> None:
    """Show a matrix, and the cells of the target that is explained in full; `verbose` shows all evidence too."""
    asked = " with ".join(one_line(line) for line in matrix.requirements)
    limits = f", within {', '.join(matrix.constraints)}" if matrix.constraints else ""
    when = f", as of {moment_words(datetime.fromisoformat(matrix.as_of))}" if matrix.as_of else ""
    page.write(f"{asked}{limits}{when}", style="bold")
    page.write(f"asked: {', '.join(matrix.places) or 'the index that uv knows'}", style="dim")
    rows = matrix.versions if verbose or len(matrix.versions) <= _MOST_ROWS else matrix.versions[:_ROWS]
    for platform, targets in targets_by_platform(matrix.targets).items():
        _show_platform(page, matrix, platform, targets, rows)
    _show_legend(page, matrix)
    _show_hint(page, matrix)
    for cell in matrix.cells:
        if cell.target == matrix.explained:
            show_cell(page, cell, verbose=verbose)
    page.gap()
    for note in matrix.notes:
        page.mark(State.NOTE, note)
    for answer, targets in zip(matrix.best, targets_by_platform(matrix.targets).values(), strict=False):
        page.mark(answer_state([cell for cell in matrix.cells if cell.target in targets]), answer, style="bold")
        _show_reserves(page, matrix, targets)
    page.write(effort_line(matrix.effort), style="dim")


def _show_reserves(page: Page, matrix: Matrix, targets: list[str]) -> None:
    """What is to be known of the newest version that is good there."""
    good = [cell for cell in matrix.cells if cell.target in targets and cell.verdict.is_good]
    newest = [cell for cell in good if cell.version == good[0].version]
    reserves = dict.fromkeys(
        one_line(reason.message) for cell in newest for reason in cell.reasons if reason.severity is Severity.WARNING
    )
    for words in list(reserves)[:_MOST_RESERVES]:
        brief = _cut(_of_any(words, matrix.package, newest[0].version), _REASON_LENGTH)
        page.mark(State.WARNING, f"{newest[0].version}: {brief}", indent=2)
    if len(reserves) > _MOST_RESERVES:
        command = quote_command(("envdoctor", "inspect", f"{matrix.package}=={newest[0].version}"))
        page.write(f"and {len(reserves) - _MOST_RESERVES} more; see {command}", indent=4, style="dim")


def answer_state(column: list[Cell]) -> State:
    """Fine if the newest that works does so as it is, a warning if only on a condition, else an error, or not known."""
    best = next((cell for cell in column if cell.verdict.is_good), None)
    if best and best.verdict is not CellVerdict.SOUND_IF:
        return State.FINE
    if best or any(cell.way_out for cell in column):
        return State.WARNING
    return State.UNANSWERED if any(cell.verdict is CellVerdict.UNKNOWN for cell in column) else State.ERROR


def show_cell(page: Page, cell: Cell, *, verbose: bool) -> None:
    """Show all that is known of one cell: its verdict, its tree, every reason, and what the resolver said."""
    page.heading(f"{cell.version} on {cell.target}: {cell.verdict.value} ({MEANINGS[cell.verdict]})")
    for root in cell.tree:
        _show_node(page, root, "", "", "")
    show_reasons(page, cell.reasons, verbose=verbose)
    if cell.way_out:
        page.mark(State.FINE, "These pins make a sound set:")
        page.verbatim(" ".join(map(str, cell.way_out)), indent=4, style="cyan")
    if cell.resolver and not cell.verdict.is_good:
        page.verbatim(cell.resolver, label="uv", indent=2, style="dim")


def effort_line(effort: Effort) -> str:
    """What an answer cost, in a line."""
    return f"{plural(effort.requests, 'request')}, {size(effort.received)} read, {duration(effort.seconds)}"


def targets_by_platform(targets: Iterable[str]) -> dict[str, list[str]]:
    """Targets by platform, which is their name without the Python."""
    grouped: dict[str, list[str]] = {}
    for target in targets:
        platform = "-".join(word for word in target.split("-") if not _PYTHON.fullmatch(word))
        grouped.setdefault(platform, []).append(target)
    return grouped


def python_of(target: str) -> str:
    """The Python in a target's name."""
    return next((word for word in target.split("-") if _PYTHON.fullmatch(word)), target)


def _show_platform(page: Page, matrix: Matrix, platform: str, targets: list[str], rows: tuple[str, ...]) -> None:
    page.heading(platform)
    by_place = {(cell.version, cell.target): cell for cell in matrix.cells}
    table = [("version", *map(python_of, targets))]
    why: dict[str, list[str]] = {}
    for version in rows:
        row = [by_place[version, target] for target in targets]
        table.append((version, *(cell.verdict.value for cell in row)))
        if words := _reason_of(row):
            why.setdefault(_of_any(words, matrix.package, version), []).append(version)
    page.table(table, indent=2)
    if older := matrix.versions[len(rows) :]:
        verdicts = {one: {by_place[one, target].verdict for target in targets} for one in older}
        good = [one for one, found in verdicts.items() if any(each.is_good for each in found)]
        unknown = sum(CellVerdict.UNKNOWN in found for found in verdicts.values())
        works = f"{len(good)} good somewhere, newest {good[0]}" if good else "none is good"
        if unknown:
            works = f"{works if good else 'none is known to be good'}; {unknown} could not be found out"
        page.write(f"{len(older)} older, down to {older[-1]}: {works} (-v shows them)", indent=2)
    for words, versions in why.items():
        page.write(_cut(f"{', '.join(versions)}: {words}", _REASON_LENGTH), indent=2, style="dim")


def _reason_of(row: list[Cell]) -> str:
    """The one line of a row: the gravest statement of its worst cell."""
    order = list(CellVerdict)
    for cell in sorted(row, key=lambda cell: order.index(cell.verdict)):
        reason = next((one for one in cell.reasons if one.severity is Severity.ERROR), None)
        if reason is not None:
            return one_line(reason.message)
    return ""


def _of_any(words: str, package: str, version: str) -> str:
    """A reason without the row's own package and version, so that it reads the same for all rows that share it."""
    return words.replace(f"{package} {version}: ", "").replace(f". {version} exists; ", "; ")


def _cut(text: str, width: int) -> str:
    """As many of its sentences and clauses as fit, but at least one."""
    shown, *clauses = _CLAUSE_END.split(text)
    for clause in clauses:
        if cells(shown) + cells(clause) + len(_MORE) > width:
            return shown.rstrip(" .;") + _MORE
        shown += clause
    return shown


def _show_legend(page: Page, matrix: Matrix) -> None:
    seen = {cell.verdict for cell in matrix.cells}
    page.gap()
    page.table([(verdict.value, MEANINGS[verdict]) for verdict in CellVerdict if verdict in seen], indent=2)


def _show_hint(page: Page, matrix: Matrix) -> None:
    """How to see all that stands in a cell's way, for the first cell that has something in its way."""
    bad = next((cell for cell in matrix.cells if not cell.verdict.is_good), None)
    if bad is None or matrix.explained:
        return
    as_of = ("--as-of", moment_option(datetime.fromisoformat(matrix.as_of))) if matrix.as_of else ()
    command = (
        "envdoctor",
        "matrix",
        bad.requirement.split(", ")[0],
        *matrix.requirements[1:],
        *(word for file in matrix.constraints for word in ("--constraint", file)),
        *as_of,
        "--explain",
        bad.target,
    )
    page.gap()
    page.write("All that stands in the way of one cell:", style="dim")
    page.verbatim(quote_command(command), indent=4, style="cyan")


def _show_node(page: Page, node: Node, prefix: str, branch: str, below: str) -> None:
    blocked = any(reason.severity is Severity.ERROR for reason in node.reasons)
    chosen = f" -> {node.chosen}" if node.chosen else ""
    again = " (shown above)" if node.repeated else ""
    state = "red" if blocked or not node.chosen else ""
    page.verbatim(f"{prefix}{branch}{one_line(node.requirement)}{chosen}{again}", indent=2, style=state)
    last = len(node.children) - 1
    for number, child in enumerate(node.children):
        fork, under = _branches(page, is_last=number == last)
        _show_node(page, child, prefix + below, fork, under)


def _branches(page: Page, *, is_last: bool) -> tuple[str, str]:
    if page.symbols:
        return ("└─ ", "   ") if is_last else ("├─ ", "│  ")
    return ("`- ", "   ") if is_last else ("|- ", "|  ")

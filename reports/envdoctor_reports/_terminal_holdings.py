"""Which versions have a name, on a terminal: for each name a table a platform, and the newest version that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.holdings import Holding
from envdoctor_reports._terminal_matrix import effort_line, python_of, targets_by_platform
from envdoctor_reports._view import State

if TYPE_CHECKING:
    from envdoctor.core.holdings import HoldingTable
    from envdoctor_reports._page import Page

_MEANINGS = {
    Holding.HAS: "a module of it, or a name that its text binds",
    Holding.LACKS: "no such module, and nothing in its text gives that name",
    Holding.UNKNOWN: "no wheel, or its text does not tell",
}


def show_holdings(page: Page, table: HoldingTable, *, verbose: bool) -> None:
    """Show who has which name; `verbose` also why something is not known."""
    page.write(f"{table.package}: {', '.join(table.names)}", style="bold")
    page.write(f"asked: {', '.join(table.places) or 'the index that uv knows'}", style="dim")
    for name in table.names:
        for platform, targets in targets_by_platform(table.targets).items():
            page.heading(f"{name} on {platform}")
            _show_name(page, table, name, targets)
    page.gap()
    told = {holding for cell in table.cells for holding in cell.holdings.values()}
    for holding in sorted(told, key=list(Holding).index):
        page.write(f"{holding.value}: {_MEANINGS[holding]}", indent=2, style="dim")
    problems = dict.fromkeys(f"{cell.version} on {cell.target}: {cell.problem}" for cell in table.cells if cell.problem)
    for problem in problems if verbose else ():
        page.mark(State.NOTE, problem)
    for name in table.names:
        page.mark(*_answer(table, name))
    page.write(effort_line(table.effort), style="dim")


def _show_name(page: Page, table: HoldingTable, name: str, targets: list[str]) -> None:
    by_place = {(cell.version, cell.target): cell.holdings[name].value for cell in table.cells}
    rows = [(version, *(by_place[version, target] for target in targets)) for version in table.versions]
    page.table([("version", *map(python_of, targets)), *rows], indent=2)


def _answer(table: HoldingTable, name: str) -> tuple[State, str]:
    having = [cell.version for cell in table.cells if cell.holdings[name] is Holding.HAS]
    if having:
        return State.FINE, f"{name}: the newest version that has it is {having[0]}."
    if all(cell.holdings[name] is Holding.LACKS for cell in table.cells):
        return State.ERROR, f"{name}: none of these versions has it."
    return State.UNANSWERED, f"{name}: no version is known to have it."

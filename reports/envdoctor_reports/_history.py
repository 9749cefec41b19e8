"""What the history says: on a terminal, as CSV, and the rows of a heat map."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.sweep import State
from envdoctor.support.text import one_line, plural
from envdoctor_reports import _view
from envdoctor_reports._terminal_sweep import MARKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.core.sweep import History, HistoryEntry
    from envdoctor_reports._page import Page

#: Answers that are shown without -v, and rows of a heat map.
_MOST, _MOST_ROWS = 40, 2000
#: What a spreadsheet would take for a formula.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = (
    *("kind", "subject", "version", "target", "state", "verdict", "message", "released", "since", "before"),
    *("measured", "item"),
)


def show_history(page: Page, history: History, *, verbose: bool) -> None:
    """Show since when each is broken; `verbose` also what is fine, and each version."""
    wanted = [one for one in history.answers if verbose or history.subject or one.state in _WORTH_A_LINE]
    for answer in wanted if verbose else wanted[:_MOST]:
        page.mark(MARKS[answer.state], answer.text)
    if not verbose and len(wanted) > _MOST:
        page.mark(_view.State.NOTE, f"and {plural(len(wanted) - _MOST, 'answer')} more (-v, --json, --csv, --html)")
    if verbose:
        page.gap()
        page.table([("", "version", "target", "verdict", "since"), *map(_line, history.entries)], indent=2)
    page.gap()
    counts = {state: sum(one.found.state is state for one in history.entries) for state in State}
    told = ", ".join(f"{count} {state.value}" for state, count in counts.items() if count)
    page.write(f"{plural(len(history.entries), 'row')}: {told}; from {history.database}", style="dim")


_WORTH_A_LINE = frozenset({State.BROKEN, State.UNKNOWN, State.CONDITIONAL})


def _line(entry: HistoryEntry) -> tuple[str, ...]:
    found = entry.found
    return found.subject, found.version, found.target, found.verdict, entry.since[:10]


def history_as_csv(history: History) -> str:
    """All entries, one a line, with a head; RFC 4180."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(_COLUMNS)
    for entry in history.entries:
        found = entry.found
        said = (entry.kind, found.subject, found.version, found.target, found.state.value, found.verdict)
        times = (found.message, found.released, entry.since, entry.before, entry.measured, entry.item)
        writer.writerow([_cell(value) for value in (*said, *times)])
    return stream.getvalue()


def _cell(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULAS) else one_line(value)


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One field of the map: how much of what it stands for is broken, from 0 to 100; None where nothing is made."""

    words: str
    title: str
    state: State
    heat: int | None


def heat_map(history: History) -> tuple[list[str], list[tuple[str, list[HeatCell | None]]], int]:
    """Columns, rows (name and cells), and how many rows were left out.

    A row is a version where one thing was asked about, else a package, a model or a host.
    """
    columns = list(dict.fromkeys(entry.found.target for entry in history.entries))
    rows: dict[str, dict[str, list[HistoryEntry]]] = {}
    for entry in reversed(history.entries) if history.subject else history.entries:
        name = entry.found.version or entry.found.subject if history.subject else entry.found.subject
        rows.setdefault(name, {}).setdefault(entry.found.target, []).append(entry)
    shown = list(rows.items())[:_MOST_ROWS]
    cells = [(name, [_heat(of[column]) if column in of else None for column in columns]) for name, of in shown]
    return columns, cells, len(rows) - len(shown)


def _heat(entries: Sequence[HistoryEntry]) -> HeatCell:
    made = [one for one in entries if one.found.state is not State.ABSENT]
    worst = max(made or entries, key=lambda one: list(_ORDER).index(one.found.state))
    title = f"{worst.found.version} {worst.found.verdict} since {worst.since[:10]} {worst.found.message}".strip()
    if not made:
        return HeatCell(worst.found.verdict, title, State.ABSENT, None)
    bad = sum(one.found.state is State.BROKEN for one in made)
    words = made[0].found.verdict if len(made) == 1 else f"{bad} of {len(made)} broken"
    return HeatCell(words, title, worst.found.state, 100 * bad // len(made))


_ORDER = (State.ABSENT, State.FINE, State.CONDITIONAL, State.UNKNOWN, State.BROKEN)

"""Lines for a terminal: marks, colours, wrapping and hanging indents; every text made safe on its way in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envdoctor.support.text import cells, one_line, visible, wrap
from envdoctor_reports._view import State

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Select graphic rendition parameters, ECMA-48 section 8.3.117.
_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}

#: For each state: its colour, its mark, and its mark where the encoding has ASCII alone.
_MARKS = {
    State.FINE: ("green", "✓", "ok"),
    State.ERROR: ("red", "✗", "x"),
    State.WARNING: ("yellow", "!", "!"),
    State.UNANSWERED: ("yellow", "?", "?"),
    State.NOTE: ("dim", "·", "-"),
}
#: Columns of a label (`proof`, `fix`, `run`) and the space behind it.
LABEL = 6
#: Text is never squeezed into fewer columns than this; the terminal breaks the lines then.
_NARROWEST = 20


@dataclass(slots=True)
class Page:
    """What a terminal will show.

    Attributes:
        width: columns.
        color: whether escape sequences may be used.
        symbols: whether the stream can take more than ASCII.
    """

    width: int = 80
    color: bool = False
    symbols: bool = True
    lines: list[str] = field(default_factory=list)

    def write(self, text: str, *, lead: str = "", indent: int = 0, style: str = "", lead_style: str = "") -> None:
        """Write a text behind a lead; its further lines stand under its first, not under the lead."""
        lead = visible(lead)
        start = indent + cells(lead)
        first, *rest = wrap(visible(text), max(_NARROWEST, self.width - start))
        self.lines.append(" " * indent + self._paint(lead, lead_style) + self._paint(first, style))
        self.lines.extend(" " * start + self._paint(line, style) for line in rest)

    def mark(self, state: State, text: str, *, title: str = "", indent: int = 0, style: str = "") -> None:
        """Write a text behind the mark of a state, and a title in the same colour if there is one."""
        color, symbol, ascii_symbol = _MARKS[state]
        lead = f"{symbol} " if self.symbols else f"{ascii_symbol:>2} "
        self.write(text, lead=lead + title, indent=indent, style=style, lead_style=color)

    def labelled(self, label: str, text: str, *, indent: int, style: str = "") -> None:
        """Write a text behind a label of fixed width."""
        self.write(text, lead=f"{label:<{LABEL}}", indent=indent, style=style, lead_style="dim")

    def verbatim(self, text: str, *, label: str = "", indent: int, style: str = "") -> None:
        """Write lines that must stay as they are: a command, a path, an excerpt; nothing is broken or squeezed."""
        first, *rest = visible(text).split("\n")
        lead = f"{label:<{LABEL}}" if label else ""
        self.lines.append((" " * indent + self._paint(lead, "dim") + self._paint(first, style)).rstrip())
        under = " " * (indent + cells(lead))
        self.lines.extend((under + self._paint(line, style)).rstrip() for line in rest)

    def heading(self, text: str) -> None:
        """Write a heading, with an empty line above it unless it is the first."""
        self.gap()
        self.write(one_line(text), style="bold")

    def gap(self) -> None:
        """An empty line, but never two, and none at the top."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def table(self, rows: Sequence[tuple[str, ...]], *, indent: int, right: frozenset[int] = frozenset()) -> None:
        """Write rows in aligned columns; the columns in `right` are flush right."""
        safe = [[one_line(cell) for cell in row] for row in rows]
        widths = [max(cells(cell) for cell in column) for column in zip(*safe, strict=True)]
        for row in safe:
            parts = [
                _pad(cell, width, right=number in right)
                for number, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            self.lines.append((" " * indent + "  ".join(parts)).rstrip())

    def text(self) -> str:
        """All lines, each ended by a line feed."""
        return "".join(f"{line}\n" for line in self.lines)

    def _paint(self, text: str, style: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.color and style and text else text


def _pad(cell: str, width: int, *, right: bool) -> str:
    blank = " " * (width - cells(cell))
    return blank + cell if right else cell + blank

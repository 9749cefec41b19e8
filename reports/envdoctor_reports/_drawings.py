"""Pictures inside the HTML page, as SVG that takes its colours from the page; a text beside each says the same."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from envdoctor.core.route import Route
from envdoctor.support.text import duration, one_line, size
from envdoctor_reports._placement import Cell, strip
from envdoctor_reports._view import State, verdict_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from envdoctor.core.model_report import OperatorReport
    from envdoctor.core.route import Attempt, StagePlan

#: Routes that the map shows; more are in the list below it.
MOST_ROUTES = 12
_MARKS = {State.FINE: "\u2713", State.ERROR: "\u2717", State.WARNING: "!", State.UNANSWERED: "?", State.NOTE: "\u00b7"}
_BOX_WIDTH, _BOX_HEIGHT, _GAP, _LEFT, _ROW = 184, 44, 26, 30, 58
_LETTERS = 24
_LABELS, _BARS, _LINE = 170, 330, 34
_STRIP_WIDTH, _STRIP_HEIGHT, _STRIP_CELLS = 900, 36, 150
_PATTERNS = {Cell.MAPPED: "mapped", Cell.CPU: "cpu", Cell.UNKNOWN: "unknown", Cell.MIXED: "mixed"}


def route_map(routes: Sequence[Route]) -> str:
    """Routes as rows, stages as boxes: which of them stands open, and what blocks which."""
    shown = routes[:MOST_ROUTES]
    longest = max((len(route.stages) for route in shown), default=0)
    width = _LEFT + longest * (_BOX_WIDTH + _GAP)
    body = [line for row, route in enumerate(shown) for line in _route(row, route)]
    return _svg(width, len(shown) * _ROW, "Map of the routes; the list below says the same in words", body)


def _route(row: int, route: Route) -> Iterator[str]:
    top = row * _ROW + (_ROW - _BOX_HEIGHT) // 2
    middle = top + _BOX_HEIGHT // 2
    yield f'<text class="number" x="2" y="{middle + 5}">{row + 1}.</text>'
    for column, stage in enumerate(route.stages):
        left = _LEFT + column * (_BOX_WIDTH + _GAP)
        if column:
            start = left - _GAP
            yield f'<path class="arrow" d="M{start + 3} {middle}H{left - 4}m-5 -4l5 4l-5 4"/>'
        yield from _stage(left, top, stage)


def _stage(left: int, top: int, stage: StagePlan) -> Iterator[str]:
    state, words = verdict_of(Route(name="", stages=(stage,)))
    worst = max((reason.verdict for reason in stage.reasons), default=None)
    codes = dict.fromkeys(reason.code for reason in stage.reasons if reason.code and reason.verdict is worst)
    place = "" if stage.place == "local" else f"@{stage.place}"
    told = "\n".join([stage.title, *(reason.text for reason in stage.reasons)])
    said = f"{_MARKS[state]} {words}{': ' if codes else ''}{', '.join(codes)}"
    yield f'<g class="stage {state.value}"><title>{_safe(told)}</title>'
    yield f'<rect x="{left}" y="{top}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="6"/>'
    yield f'<text class="name" x="{left + 8}" y="{top + 18}">{_safe(_short(stage.action + place))}</text>'
    yield f'<text class="said" x="{left + 8}" y="{top + 35}">{_safe(_short(said))}</text></g>'


def timeline(attempt: Attempt) -> str:
    """The stages of a build one after the other: how long each took, and below it the peak of its memory."""
    results = attempt.results
    whole = sum(result.seconds for result in results) or 1.0
    largest = max((result.peak_memory or 0 for result in results), default=0) or 1
    lines, start = list[str](), 0.0
    for row, result in enumerate(results):
        top, left = row * _LINE, _LABELS + _BARS * start / whole
        peak = result.peak_memory or 0
        words = f"{duration(result.seconds)}{f', {size(peak)}' if peak else ''}, {result.status.value}"
        lines += [
            f'<text class="name" x="2" y="{top + 20}">{_safe(_short(result.stage.action))}</text>',
            f'<rect class="track" x="{_LABELS}" y="{top + 6}" width="{_BARS}" height="20"/>',
            _bar("time", left, top + 6, _BARS * result.seconds / whole),
            _bar("memory", _LABELS, top + 18, _BARS * peak / largest),
            f'<text class="said" x="{_LABELS + _BARS + 8}" y="{top + 20}">{_safe(words)}</text>',
        ]
        start += result.seconds
    label = "Timeline of the build; the table below says the same in numbers"
    return _svg(_LABELS + _BARS + 210, len(results) * _LINE, label, lines)


def _bar(kind: str, left: float, top: int, width: float) -> str:
    height = 12 if kind == "time" else 8
    return f'<rect class="{kind}" x="{left:.1f}" y="{top}" width="{max(1.0, width):.1f}" height="{height}"/>'


def placement(ops: Sequence[OperatorReport]) -> str:
    """The operators in execution order, each where it runs; empty where nothing tells that."""
    if not ops or not all(op.placement for op in ops):
        return ""
    cells = strip(ops, _STRIP_CELLS)
    step = _STRIP_WIDTH / len(cells)
    lines = [_cell(number * step, step, cell) for number, cell in enumerate(cells)]
    label = "Operators in execution order by where they run; the table below says the same in words"
    return _svg(_STRIP_WIDTH, _STRIP_HEIGHT, label, lines)


def _cell(left: float, step: float, cell: Cell) -> str:
    """Where an operator runs is told by the height, too: not everyone sees colours."""
    height = {Cell.MAPPED: _STRIP_HEIGHT, Cell.CPU: 14, Cell.UNKNOWN: 8, Cell.MIXED: 25}[cell]
    top, width = _STRIP_HEIGHT - height, max(1.0, step - min(1.0, step / 8))
    return f'<rect class="{_PATTERNS[cell]}" x="{left:.2f}" y="{top}" width="{width:.2f}" height="{height}"/>'


def _svg(width: float, height: float, label: str, body: Iterable[str]) -> str:
    size_of = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    return "\n".join([f'<svg {size_of} role="img" aria-label="{label}">', *body, "</svg>"])


def _short(text: str) -> str:
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}\u2026"


def _safe(text: str) -> str:
    return escape(one_line(text))

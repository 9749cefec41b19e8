"""A picture of where a model's operators run: one bar an operator, as high as its share of the work."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from envdoctor.core.errors import UsageProblem
from envdoctor.support.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.core.model_report import OperatorReport
    from envdoctor.core.report import Report

_COLORS = {"MAPPED": "#2e7d32", "CPU": "#e65100", "UNKNOWN": "#757575", "": "#546e7a"}
_WORDS = {"MAPPED": "accelerator", "CPU": "CPU", "UNKNOWN": "unknown", "": "operators"}
_WIDTH, _HEIGHT, _LOWEST, _MARGIN, _LINE = 960.0, 80.0, 14.0, 8.0, 20.0


def render(report: Report) -> str:
    """The operators of each model as an SVG document; hovering over one tells its name and why it is where it is.

    Raises:
        UsageProblem: the report has no operators to draw.
    """
    models = list(dict.fromkeys(op.model for op in report.ops))
    if not models:
        raise UsageProblem(
            "there are no operators to draw: SVG is for a model: envdoctor model FILE.tflite --svg FILE.svg"
        )
    height = (_HEIGHT + 2 * _LINE) * len(models) + 2 * _MARGIN
    width = _WIDTH + 2 * _MARGIN
    body = [line for number, name in enumerate(models) for line in _model(report, name, number)]
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="sans-serif" font-size="12">',
            f"<title>{_safe(report.subject.get('file', ''))}</title>",
            *body,
            "</svg>",
            "",
        ]
    )


def _model(report: Report, name: str, number: int) -> Iterator[str]:
    ops = [op for op in report.ops if op.model == name]
    top = _MARGIN + number * (_HEIGHT + 2 * _LINE)
    yield f'<text x="{_MARGIN:g}" y="{top + _LINE - 6:g}">{_safe(name)} {_legend(ops)}</text>'
    heaviest = max((op.macs for op in ops), default=0)
    step = _WIDTH / max(1, len(ops))
    for place, op in enumerate(ops):
        share = math.sqrt(op.macs / heaviest) if heaviest else 0.0
        tall = _LOWEST + (_HEIGHT - _LOWEST) * share
        yield (
            f'<rect x="{_MARGIN + place * step:.2f}" y="{top + _LINE + _HEIGHT - tall:.2f}" '
            f'width="{max(0.5, step - min(1.0, step / 8)):.2f}" height="{tall:.2f}" fill="{_COLORS[op.placement]}">'
            f"<title>{_safe(_told(op))}</title></rect>"
        )


def _legend(ops: Sequence[OperatorReport]) -> str:
    spans = []
    for placement, color in _COLORS.items():
        count = sum(op.placement == placement for op in ops)
        if count:
            spans.append(f'<tspan fill="{color}">&#9632; {count} {_WORDS[placement]}</tspan>')
    return " ".join(spans)


def _told(op: OperatorReport) -> str:
    words = [f"{op.index} {op.op}", op.status, op.reason, f"{op.macs:,} multiply-adds" if op.macs else ""]
    return "\n".join(word for word in words if word)


def _safe(text: str) -> str:
    """Text as it reads; XML has no place for control characters."""
    return escape(visible(text))

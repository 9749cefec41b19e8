"""A report as one HTML page that needs nothing else: no script, no font, no picture, no network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from envdoctor.core.availability import MEANINGS, CellVerdict
from envdoctor.support.text import plural, quote_command, visible
from envdoctor_reports import _drawings, _view
from envdoctor_reports._files import file_rows, model_line, need_rows
from envdoctor_reports._history import heat_map
from envdoctor_reports._placement import by_cause
from envdoctor_reports._routes import fold, goal_rows
from envdoctor_reports._terminal_matrix import answer_state, python_of, targets_by_platform
from envdoctor_reports._terminal_sweep import MARKS
from envdoctor_reports._view import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from envdoctor.core.availability import Cell, Matrix
    from envdoctor.core.finding import ProbeResult
    from envdoctor.core.model_report import ModelReport, OperatorReport
    from envdoctor.core.report import Report
    from envdoctor.core.sweep import History
    from envdoctor_reports._view import Group

#: A page with more could hardly be read; the CSV has all.
_MOST_ANSWERS = 2000
TEMPLATES = Path(__file__).parent / "templates"


def render(report: Report) -> str:
    """The report as a page, in ASCII with character references, so that it reads the same in any encoding.

    What must not leave the machine is hidden in the report already.
    """
    found = _view.groups(report)
    has_checks = bool(report.probes or report.findings or report.command == "check")
    outcomes = dict.fromkeys((_view.outcome(report), *((_view.headline(report),) if has_checks else ())))
    parts: dict[str, object] = {
        "problems": _problems(found),
        "noted": [finding for group in found for finding in group.notes],
        "answered": _answered(found),
        "models": list(_models(report)),
    }
    return _page(
        "report.html.jinja",
        title=f"envdoctor {report.command}",
        outcomes=list(outcomes),
        notes=report.notes,
        sections=list(_sections(report, parts)),
        report=report,
        **parts,
    )


def render_matrix(matrix: Matrix) -> str:
    """A matrix as a page likewise: the table, and behind each of its cells the reasons."""
    anchors: dict[Cell, str] = {}
    explained: list[tuple[str, str, Cell]] = []
    for number, (cells, title) in enumerate(_alike(matrix), start=1):
        anchors |= dict.fromkeys(cells, f"reason-{number}")
        explained.append((f"reason-{number}", title, cells[0]))
    used = dict.fromkeys(cell.verdict for cell in matrix.cells)
    platforms = targets_by_platform(matrix.targets)
    states = [answer_state([cell for cell in matrix.cells if cell.target in targets]) for targets in platforms.values()]
    return _page(
        "matrix.html.jinja",
        title=f"envdoctor matrix of {matrix.package}",
        outcomes=list(zip(states, matrix.best, strict=False)),
        notes=matrix.notes,
        sections=[("table", "Table"), *([("reasons", "Reasons")] if explained else []), ("asked", "Asked")],
        matrix=matrix,
        platforms=platforms,
        by_place={(cell.version, cell.target): cell for cell in matrix.cells},
        anchor_of=anchors,
        explained=explained,
        legend=[(verdict.value, MEANINGS[verdict]) for verdict in used],
        state_of=_state_of,
        python_of=python_of,
    )


def render_history(history: History) -> str:
    """The history as a page likewise: a heat map, and since when each is broken."""
    columns, rows, left_out = heat_map(history)
    counts = {state: sum(one.state is state for one in history.answers) for state in MARKS}
    outcomes = [
        (MARKS[state], f"{count} {state.value} in the newest version") for state, count in counts.items() if count
    ]
    return _page(
        "history.html.jinja",
        title=f"envdoctor history{' of ' if history.subject else ''}{history.subject}",
        outcomes=outcomes,
        notes=(),
        sections=[("map", "Heat map"), ("answers", "Since when")],
        history=history,
        columns=columns,
        rows=rows,
        left_out=left_out,
        answers=history.answers[:_MOST_ANSWERS],
        marks=MARKS,
    )


def _alike(matrix: Matrix) -> Iterator[tuple[list[Cell], str]]:
    """Cells of one version with the same reasons, together."""
    grouped: dict[tuple[object, ...], list[Cell]] = {}
    for cell in matrix.cells:
        if cell.reasons:
            grouped.setdefault((cell.version, cell.verdict, cell.reasons, cell.way_out), []).append(cell)
    for cells in grouped.values():
        yield cells, f"{cells[0].version} on {', '.join(cell.target for cell in cells)}"


def _state_of(cell: Cell) -> State:
    if cell.verdict is CellVerdict.UNKNOWN:
        return State.UNANSWERED
    if cell.verdict is CellVerdict.SOUND_IF:
        return State.WARNING
    return State.FINE if cell.verdict.is_good else State.ERROR


def _problems(found: Sequence[Group]) -> list[Group]:
    """The groups with something that is not fine, the worst first."""
    bad = [group for group in found if group.problems or group.unanswered or group.skipped]
    order = (State.ERROR, State.WARNING, State.UNANSWERED)
    return sorted(bad, key=lambda group: order.index(group.state))


def _answered(found: Sequence[Group]) -> list[tuple[str, list[ProbeResult]]]:
    passed = [result for group in found for result in group.passed]
    apart = [result for group in found for result in group.inapplicable]
    titled = ((f"{plural(len(passed), 'check')} passed", passed), (f"{len(apart)} not applicable here", apart))
    return [(title, results) for title, results in titled if results]


def _models(report: Report) -> Iterator[tuple[ModelReport, list[OperatorReport], object]]:
    """Each model with its operators and their picture."""
    for model in report.models:
        ops = [op for op in report.ops if not op.model or model.name.endswith(f"!{op.model}")]
        yield model, ops, _drawn(_drawings.placement)(ops)


def _causes(ops: Sequence[OperatorReport]) -> list[tuple[str, str, str]]:
    return [(names, reason, str(len(indexes))) for names, reason, indexes in by_cause(ops)]


def _sections(report: Report, parts: dict[str, object]) -> Iterator[tuple[str, str]]:
    """The sections that are there: anchor and name."""
    present = {
        "Build": report.attempts,
        "Artifacts": report.artifacts,
        "Problems": parts["problems"],
        "Operators": report.models,
        "Goals": report.goals,
        "Routes": report.routes and not report.attempts,
        "Noted": parts["noted"],
        "Checks": parts["answered"],
        "What was looked at": True,
    }
    anchors = {"Checks": "answered", "What was looked at": "subject"}
    yield from ((anchors.get(name, name.lower()), name) for name, there in present.items() if there)


def _page(template: str, **values: object) -> str:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_safe,
    )
    environment.globals.update(
        view=_view,
        fold=fold,
        goal_rows=goal_rows,
        file_rows=file_rows,
        need_rows=need_rows,
        model_line=model_line,
        causes=_causes,
        route_map=_drawn(_drawings.route_map),
        timeline=_drawn(_drawings.timeline),
        most_routes=_drawings.MOST_ROUTES,
    )
    environment.filters.update(
        command=quote_command,
        is_web=_is_web,
        stage_row=_view.stage_row,
        artifact_row=_view.artifact_row,
        probe_row=_view.probe_row,
    )
    return environment.get_template(template).render(**values).encode("ascii", "xmlcharrefreplace").decode()


def _drawn(draw: Callable[..., str]) -> Callable[..., object]:
    """A picture that is markup already: its texts were escaped where it was drawn."""
    from markupsafe import Markup

    return lambda *values: Markup(draw(*values))  # noqa: S704


def _safe(value: object) -> object:
    """Control characters have no place on a page and are shown as escapes; jinja2 escapes the rest afterwards."""
    return visible(value) if type(value) is str else value


def _is_web(link: str) -> bool:
    """Whether a link may be clicked: others (`javascript:`) are only shown."""
    return urlsplit(link).scheme in {"http", "https"}

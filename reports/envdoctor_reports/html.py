"""A report as one HTML page that needs nothing else: no script, no font, no picture, no network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from envdoctor.support.text import quote_command, visible
from envdoctor_reports import _view
from envdoctor_reports._routes import fold

if TYPE_CHECKING:
    from envdoctor.core.report import Report

TEMPLATES = Path(__file__).parent / "templates"


def render(report: Report) -> str:
    """The report as a page, in ASCII with character references, so that it reads the same in any encoding.

    What must not leave the machine is hidden in the report already.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_safe,
    )
    environment.globals.update(view=_view, fold=fold)
    environment.filters.update(
        command=quote_command,
        is_web=_is_web,
        stage_row=_view.stage_row,
        artifact_row=_view.artifact_row,
        probe_row=_view.probe_row,
    )
    page = environment.get_template("report.html.jinja").render(report=report)
    return page.encode("ascii", "xmlcharrefreplace").decode()


def _safe(value: object) -> object:
    """Control characters have no place on a page and are shown as escapes; jinja2 escapes the rest afterwards."""
    return visible(value) if type(value) is str else value


def _is_web(link: str) -> bool:
    """Whether a link may be clicked: others (`javascript:`) are only shown."""
    return urlsplit(link).scheme in {"http", "https"}

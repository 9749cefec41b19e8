"""Options that several commands share, and printing a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from envdoctor.core.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from envdoctor.core.report import Report

F = TypeVar("F", bound="Callable[..., Any]")

FILE = click.Path(path_type=Path)

json_option = click.option("--json", "as_json", is_flag=True, help="Print the report as JSON on standard output.")
verbose_option = click.option("-v", "--verbose", is_flag=True, help="Show everything, also what is fine.")
offline_option = click.option("--offline", is_flag=True, help="Fetch nothing; use what is cached.")
python_option = click.option(
    "--python",
    type=FILE,
    metavar="PATH",
    help="Examine the environment of this Python (an interpreter or an environment's folder) instead of its own.",
)


def show(report: Report, *, as_json: bool, verbose: bool = False) -> None:
    """Print a report on standard output: as JSON, or for a person."""
    from envdoctor import registry
    from envdoctor.core.redaction import Redactor, redact_report

    if as_json:
        click.echo(registry.renderer("json").render(redact_report(report, Redactor.here())))
        return
    registry.renderer("terminal").write(report, verbose=verbose)


def exit_code(report: Report) -> ExitCode:
    """PROBLEMS if the report holds a finding of severity WARNING or worse, else OK."""
    return ExitCode.PROBLEMS if report.problems else ExitCode.OK

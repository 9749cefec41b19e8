"""`envdoctor report`: a report to put into a bug tracker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from envdoctor.cli import _defaults, _formats, _options

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.command(short_help="Make a report for a bug tracker; nothing is sent anywhere.")
@click.argument("model", type=_options.FILE, required=False)
@click.option("--to", "goal", metavar="GOAL", help="Also check what this goal needs; with MODEL, add the routes to it.")
@_formats.format_option
@_formats.output_option
@click.option(
    "--since-failed-build", "failed_build", is_flag=True, help="Add the last build: what was tried, its logs."
)
@click.option(
    "--out",
    type=_options.FILE,
    default=Path("build"),
    show_default=True,
    help="With --since-failed-build: the folder that the build was given.",
)
@_options.python_option
def command(
    model: Path | None,
    goal: str | None,
    format_name: str | None,
    output: Path | None,
    failed_build: bool,
    out: Path,
    python: Path | None,
) -> None:
    """Check, and make a report of it all for a bug tracker; nothing is sent anywhere.

    Home folders, user and host names, e-mail addresses, passwords and tokens are taken out. Exit code 0 if the report
    was made, whatever is in it.
    """
    from envdoctor import registry
    from envdoctor.doctor.report import report

    if model is not None and goal is None:
        raise click.UsageError("a model needs a goal: add --to GOAL")
    name = _formats.format_of(format_name, output)
    registry.renderer(name)  # a wrong name is told before the work
    made, hidden = report(
        python=python, source=model, goal=goal, build=out if failed_build else None, amend=_defaults.without_ignored
    )
    _formats.write_report(made, name, output)
    click.echo(_hidden_line(hidden), err=True)


def _hidden_line(hidden: Mapping[str, int]) -> str:
    """What was taken out, and what the user should still do."""
    counted = ", ".join(f"{kind} ({count})" for kind, count in sorted(hidden.items()))
    return f"Taken out: {counted or 'nothing'}. Nothing was sent; read the report before you hand it on."

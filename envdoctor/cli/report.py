"""`envdoctor report`: a report to put into a bug tracker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from envdoctor.cli import _defaults, _options
from envdoctor.core.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SUFFIXES = {
    "": "markdown",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".json": "json",
    ".svg": "svg",
}


@click.command(short_help="Make a report for a bug tracker; nothing is sent anywhere.")
@click.argument("model", type=_options.FILE, required=False)
@click.option("--to", "goal", metavar="GOAL", help="Also check what this goal needs; with MODEL, add the routes to it.")
@click.option(
    "--format",
    "name",
    metavar="FORMAT",
    help="markdown, html or json; else told by the suffix of --output, and markdown without one.",
)
@click.option("--output", type=_options.FILE, metavar="FILE", help="Write the report to a file instead of printing it.")
@_options.python_option
def command(model: Path | None, goal: str | None, name: str | None, output: Path | None, python: Path | None) -> None:
    """Check, and make a report of it all for a bug tracker; nothing is sent anywhere.

    Home folders, user and host names, e-mail addresses, passwords and tokens are taken out. Exit code 0 if the report
    was made, whatever is in it.
    """
    from envdoctor import registry
    from envdoctor.doctor.report import report
    from envdoctor.support.outputs import write_output
    from envdoctor.support.text import visible

    if model is not None and goal is None:
        raise click.UsageError("a model needs a goal: add --to GOAL")
    renderer = registry.renderer(name or _format_of(output))
    made, hidden = report(python=python, source=model, goal=goal, amend=_defaults.without_ignored)
    text = visible(renderer.render(made))
    if output is None:
        _options.write_safe(text + "\n")
    else:
        write_output(output, text, option="--output")
    click.echo(_hidden_line(hidden), err=True)


def _format_of(output: Path | None) -> str:
    """The format that a file's suffix tells; Markdown without one.

    Raises:
        UsageProblem: the suffix tells none.
    """
    suffix = output.suffix.lower() if output else ""
    if suffix not in _SUFFIXES:
        known = ", ".join(name for name in _SUFFIXES if name not in {"", ".svg"})
        raise UsageProblem(
            f"--output {output}: the suffix '{suffix}' tells no format; use one of {known}, or say --format"
            " (markdown, html, json)"
        )
    return _SUFFIXES[suffix]


def _hidden_line(hidden: Mapping[str, int]) -> str:
    """What was taken out, and what the user should still do."""
    counted = ", ".join(f"{kind} ({count})" for kind, count in sorted(hidden.items()))
    return f"Taken out: {counted or 'nothing'}. Nothing was sent; read the report before you hand it on."

"""`envdoctor report`: a report to put into a bug tracker."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from envdoctor.cli import _options
from envdoctor.core.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SUFFIXES = {".html": "html", ".htm": "html", ".json": "json"}


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

    if model is not None and goal is None:
        raise click.UsageError("a model needs a goal: add --to GOAL")
    renderer = registry.renderer(name or _SUFFIXES.get(output.suffix.lower() if output else "", "markdown"))
    made, hidden = report(python=python, source=model, goal=goal)
    text = renderer.render(made)
    if output is None:
        _options.echo(text)
    else:
        write_whole(output, text)
    _options.echo(_hidden_line(hidden), err=True)


def write_whole(target: Path, text: str) -> None:
    """Write a file in UTF-8 so that its name never stands for half of it.

    Raises:
        UsageProblem: it can't be written there.
    """
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        try:
            temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise UsageProblem(f"--output {target}: {error.strerror or error}; name a file that can be written") from None


def _hidden_line(hidden: Mapping[str, int]) -> str:
    """What was taken out, and what the user should still do."""
    counted = ", ".join(f"{kind} ({count})" for kind, count in sorted(hidden.items()))
    return f"Taken out: {counted or 'nothing'}. Nothing was sent; read the report before you hand it on."

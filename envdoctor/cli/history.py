"""`envdoctor history`: what sweeps have found, and since when something is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from envdoctor.cli import _options, _tables
from envdoctor.cli.sweep import db_option

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.core.sweep import History


@click.command(short_help="Tell since when something is broken on which target, from what sweeps found.")
@click.argument("subject", metavar="[PACKAGE|MODEL|HOST]", default="")
@click.option(
    "--platform",
    default="",
    metavar="NAME",
    help="Only for this target or goal: macos-arm64-cp311, edgetpu.",
)
@click.option("--kind", type=click.Choice(["wheels", "models", "index", "hosts"]), default=None, help="Only these.")
@click.option("--csv", type=_options.FILE, metavar="FILE", help="Write all of it as a table to this file.")
@click.option("--html", type=_options.FILE, metavar="FILE", help="Write a page with a heat map to this file.")
@db_option
@_options.verbose_option
@_options.json_option
def command(
    *,
    subject: str,
    platform: str,
    kind: str | None,
    csv: Path | None,
    html: Path | None,
    database: Path | None,
    verbose: bool,
    as_json: bool,
) -> int:
    """Tell since when a package, a model or a host is broken on which platform, and which releases are.

    Without a name, of everything that sweeps have looked at. Exit code 1 if the newest version of any is broken
    somewhere, fine only under a condition, or not known.
    """
    from envdoctor.doctor.history import history

    found = history(subject, platform=platform, kind=kind or "", database=database)
    _write(found, csv, html)
    _tables.show("history", found, as_json=as_json, verbose=verbose)
    return found.summary.exit_code


def _write(found: History, csv: Path | None, html: Path | None) -> None:
    if csv is None and html is None:
        return
    from envdoctor import registry
    from envdoctor.support.outputs import write_output
    from envdoctor.support.redaction import Redactor, redact

    safe = redact(found, Redactor.here(personal=True))
    if csv is not None:
        write_output(csv, registry.renderer("terminal").history_as_csv(safe), option="--csv")
    if html is not None:
        write_output(html, registry.renderer("html").render_history(safe), option="--html")

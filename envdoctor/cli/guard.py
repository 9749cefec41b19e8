"""`envdoctor guard`: whether a release that requirements admit has turned unsound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from envdoctor.cli import _options, _tables


@click.command(short_help="Tell once when a new release is unsound on a platform of yours.")
@click.argument("requirements", nargs=-1, metavar="[REQUIREMENT]...")
@_options.lock_options
@click.option(
    "--state",
    type=_options.FILE,
    default=Path("envdoctor-guard.json"),
    show_default=True,
    help="What was told before; keep it between runs.",
)
@click.option("--markdown", type=_options.FILE, help="Write the text of an issue to this file, if there is an alarm.")
@click.option("--sarif", type=_options.FILE, help="Write SARIF 2.1.0 to this file.")
@_options.max_download_option
@_options.offline_option
@_options.verbose_option
@_options.json_option
def command(
    requirements: tuple[str, ...],
    state: Path,
    markdown: Path | None,
    sarif: Path | None,
    as_json: bool,
    verbose: bool,
    **rest: Any,  # noqa: ANN401
) -> int:
    """Tell when a release that your unpinned requirements admit is unsound on a platform that you support.

    Made for a job that runs every day: it resolves as an installer would today, looks into every wheel, and tells which
    release is unsound where, since when, and what to pin. Nothing is installed.

    Exit code 1 when there is a new alarm, or not everything could be looked at; an alarm that was told before is
    0, as long as the state file is kept.
    """
    from envdoctor import registry
    from envdoctor.core.lock import LockRequest
    from envdoctor.doctor.guard import guard
    from envdoctor.support.outputs import write_output
    from envdoctor.support.redaction import Redactor, redact

    with _tables.progress("guard") as progress:
        report, remember = guard(LockRequest(requirements=requirements, **rest), state, progress, _tables.say)
    safe = redact(report, Redactor.here(personal=True))
    if markdown is not None and report.alarms:
        write_output(markdown, registry.renderer("markdown").render_guard(safe), option="--markdown")
    if sarif is not None:
        write_output(sarif, registry.renderer("sarif").render_guard(safe), option="--sarif")
    _tables.show("guard", report, as_json=as_json, verbose=verbose)
    remember()
    return report.summary.exit_code

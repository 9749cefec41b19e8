"""`envdoctor build`: from a model file to a compiled one."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from envdoctor.cli import _build_options, _options


@click.command(short_help="Build a model for a goal by the best route that works here.")
@click.argument("model", type=_options.FILE)
@_options.goal_option
@click.option("--out", type=_options.FILE, default=Path("build"), show_default=True, help="The folder for the results.")
@click.option("--route", default="", metavar="NAME", help="Take this route, or the ones through this action or place.")
@click.option(
    "--resume",
    type=_options.FILE,
    metavar="FILE",
    help="Go on with the file that the notebook of an earlier build made; implies --route notebook.",
)
@click.option("--no-fallback", is_flag=True, help="Stop after the first route, whatever comes of it.")
@click.option("--fresh", is_flag=True, help="Reuse nothing from an earlier build.")
@_build_options.build_options
@_options.offline_option
@_options.python_option
@_options.verbose_option
@_options.json_option
def command(
    model: Path,
    goal: str,
    out: Path,
    route: str,
    resume: Path | None,
    no_fallback: bool,
    fresh: bool,
    python: Path | None,
    offline: bool,
    as_json: bool,
    verbose: bool,
    **rest: object,
) -> int:
    """Build MODEL for a goal by the best route that works here; try the next one when a stage fails.

    Exit code 0 if an artifact was made, 3 if no route is open, 4 if all that were tried failed, 6 if one waits for
    you to run a notebook.
    """
    from envdoctor.cli._progress import display
    from envdoctor.doctor.build import BuildPlan, build
    from envdoctor.doctor.routes import make_request

    if route.startswith("ssh:"):
        route, rest["ssh_host"] = "ssh", route.removeprefix("ssh:")
    if resume is not None:
        route = route or "notebook"
    notebook = route.rpartition("@")[2] == "notebook"
    options = dataclasses.replace(_build_options.read_build_options(rest), resume=resume, notebook=notebook)
    request = make_request(model, goal, options, python=python, offline=offline)
    how = BuildPlan(out=out, route=route, fallback=not no_fallback, fresh=fresh)
    with display() as listener:
        report = build(request, how, listener)
    _options.show(report, as_json=as_json, verbose=verbose)
    return report.summary.exit_code

"""`envdoctor routes`: every way from a model to a goal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from envdoctor.cli import _build_options, _options

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.core.report import Report
    from envdoctor.core.request import Request


@click.command(short_help="List every way from a model to a goal, best first.")
@click.argument("model", type=_options.FILE, required=False)
@_options.goal_option
@click.option(
    "--export",
    is_flag=True,
    help="Run a PyTorch factory in a stage's process, and plan with what its exported graph tells.",
)
@_build_options.build_options
@_options.offline_option
@_options.python_option
@_options.verbose_option
@_options.json_option
def command(
    model: Path | None,
    goal: str,
    export: bool,
    python: Path | None,
    offline: bool,
    as_json: bool,
    verbose: bool,
    **rest: object,
) -> int:
    """List every way from MODEL to a goal, best first, and what stands in each one's way.

    MODEL is a .keras, .h5 or .pt2 file, a SavedModel folder, a float or int8 .tflite file, or net.py:make_model,
    a file and the function in it that makes a PyTorch model; that is never run, unless --export asks for it. With
    --to any, all goals are ranked by how far this machine is from them. Without MODEL: where the last stage to the
    goal can run. Exit code 1 if the best of them is not certain, 3 if all are blocked.
    """
    import dataclasses

    from envdoctor.doctor.routes import make_request, places, plan

    is_any = goal.strip().lower() == "any"
    if export and (model is None or is_any):
        raise click.UsageError("--export takes one model and one goal.")
    if is_any:
        if model is None:
            raise click.UsageError("--to any ranks the goals for one model; name a MODEL.")
        return _every_goal(model, python=python, offline=offline, as_json=as_json, verbose=verbose, **rest)
    options = _build_options.read_build_options(rest)
    if model is None:
        report = places(goal, options=options, python=python)
    else:
        request = make_request(model, goal, options, python=python, offline=offline)
        report = _exported(request) if export else plan(request)
        report = dataclasses.replace(report, build_command=_build_options.build_command(click.get_current_context()))
    _options.show(report, as_json=as_json, verbose=verbose)
    return report.summary.exit_code


def _exported(request: Request) -> Report:
    """The routes, with what the model's exported graph tells."""
    from envdoctor.cli._progress import display
    from envdoctor.doctor.exporting import exported_routes

    with display() as listener:
        return exported_routes(request, listener)


def _every_goal(
    model: Path, *, python: Path | None, offline: bool, as_json: bool, verbose: bool, **rest: object
) -> int:
    """Rank all goals; the exit code is that of the nearest."""
    from envdoctor.doctor.any_goal import every_goal

    report = every_goal(model, options=_build_options.read_build_options(rest), python=python, offline=offline)
    _options.show(report, as_json=as_json, verbose=verbose)
    return report.summary.exit_code

"""`envdoctor model`: know before you compile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from envdoctor.cli import _formats, _options

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@click.command(short_help="Tell what a model is, and where the operators of a .tflite file will run.")
@click.argument("file", type=_options.FILE)
@click.option(
    "--to",
    "goal",
    cls=_options.GoalOption,
    default="",
    metavar="GOAL",
    help="A goal, or what is to read it: edgetpu, edgetpu-15, litert, tflite-runtime-2.14, tf-2.5, ethos-u55-128, ..."
    "  [default: litert, for a .tflite file]",
)
@click.option(
    "--compare",
    type=_options.FILE,
    metavar="FILE",
    help="Compare the prediction with the compiler's log or its output.",
)
@click.option("--static", is_flag=True, help="Judge by the file alone: do not run it in LiteRT, where that is there.")
@click.option("-a", "--all-subgraphs", is_flag=True, help="Predict for edgetpu_compiler -a.")
@click.option("-m", "--min-runtime-version", type=int, metavar="N", help="Predict for edgetpu_compiler -m N.")
@click.option("-i", "--intermediate-tensors", metavar="NAMES", default="", help="Predict for edgetpu_compiler -i a,b.")
@click.option("--svg", type=_options.FILE, metavar="FILE", help="Draw where the operators run, into this file.")
@click.option(
    "--arena",
    type=_options.size,
    metavar="SIZE",
    help="With --to tflm: a problem if it needs more memory.",
)
@click.option("--flash", type=_options.size, metavar="SIZE", help="With --to tflm: a problem if the model is larger.")
@_options.verbose_option
@_options.json_option
@_formats.format_option
@_formats.output_option
def command(
    *,
    file: Path,
    goal: str,
    svg: Path | None,
    verbose: bool,
    as_json: bool,
    format_name: str | None,
    output: Path | None,
    **rest: Any,  # noqa: ANN401
) -> int:
    """Tell what a .tflite FILE is, where each of its operators will run, and what to change.

    Of a file that another compiler made (.rknn, .vmfb, .hef, .engine, ...) it tells the chip, the compiler and whether
    the file is whole.

    The exit code is 1 if something is wrong with it for its reader, or if not all of it will be mapped.
    """
    from envdoctor.doctor.model import inspect_model

    written = _formats.asked(format_name, output, as_json=as_json)
    arguments = _compiler_arguments(rest)
    report = inspect_model(file, goal=goal, arguments=arguments, compare=rest["compare"], static=rest["static"])
    limits = {name: rest[name] for name in ("arena", "flash") if rest[name] is not None}
    if limits:
        from envdoctor.doctor.limits import hold_limits

        report = hold_limits(report, file, goal, limits)
    if svg is not None:
        from envdoctor import registry
        from envdoctor.support.outputs import write_output
        from envdoctor.support.redaction import Redactor, redact_report

        drawn = registry.renderer("svg").render(redact_report(report, Redactor.here()))
        write_output(svg, drawn, option="--svg")
    _formats.show_or_write(report, written, output, as_json=as_json, verbose=verbose)
    return report.summary.exit_code


def _compiler_arguments(given: Mapping[str, Any]) -> tuple[str, ...]:
    """The arguments of edgetpu_compiler that a prediction is for."""
    return (
        *(("-a",) if given["all_subgraphs"] else ()),
        *(() if given["min_runtime_version"] is None else ("-m", str(given["min_runtime_version"]))),
        *(("-i", given["intermediate_tensors"]) if given["intermediate_tensors"] else ()),
    )

"""The options that say how to build, which `build` and `routes` share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from envdoctor.cli import _options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envdoctor.core.request import BuildOptions

build_options = _options.all_of(
    click.option(
        "--max-download",
        type=_options.size,
        metavar="SIZE",
        help="Fetch no more than this for the environments of stages (500M); a route that needs more fails.",
    ),
    click.option(
        "--calibration",
        metavar="PATH|random",
        help="Representative samples: a .npy or .npz file or a folder of .npy files; or the word random.",
    ),
    click.option(
        "--evaluate",
        "evaluation",
        type=_options.FILE,
        metavar="FILE.npz",
        help="Compare on other samples (x), and measure accuracy where classes are given (y).",
    ),
    click.option("--io", "io_type", type=click.Choice(["int8", "uint8", "float32"]), default="int8", show_default=True),
    click.option("--allow-float", is_flag=True, help="Accept operators that stay float inside an int8 model."),
    click.option(
        "--recipe",
        type=_options.FILE,
        metavar="FILE.json",
        help="A recipe of the LiteRT quantizer, for --to tflite-mixed.",
    ),
    click.option("--part", metavar="NAME", help="Build this model of a .task bundle alone."),
    click.option("--tasks-api", is_flag=True, help="Open a .task bundle in MediaPipe's Tasks API, too (about 600 MB)."),
    click.option("--signature", metavar="NAME", help="Build this signature of a SavedModel."),
    click.option(
        "--inputs",
        default="",
        metavar="SIZES",
        help="What a PyTorch model takes: 1x3x224x224, several with commas, in full name=1x3x224x224:float32.",
    ),
    click.option(
        "--keep-layout", is_flag=True, help="Leave the channels of a PyTorch model's inputs and outputs first."
    ),
    click.option(
        "--allow-large",
        is_flag=True,
        help="Let an environment of several gigabytes be made (a compiler or PyTorch that comes with CUDA alone).",
    ),
    click.option(
        "--accept-license",
        "accepted_licenses",
        multiple=True,
        metavar="NAME",
        help="Accept the licence of what a stage needs, once and for all; `routes` shows it.",
    ),
    click.option(
        "--trust-code", is_flag=True, help="Let what the model holds run: a Lambda layer, operators that write files."
    ),
    click.option(
        "--max-difference",
        type=_options.percent,
        metavar="PERCENT",
        help="Largest output difference, as a share of the range.  [default: 35%]",
    ),
    click.option(
        "--min-cosine",
        type=_options.cosine,
        metavar="NUMBER",
        help="Smallest cosine similarity with the float outputs.  [default: 0.9]",
    ),
    click.option(
        "--min-agreement",
        type=_options.percent,
        metavar="PERCENT",
        help="Smallest share of samples with the same class.  [default: 80%]",
    ),
    click.option(
        "--max-drop",
        type=_options.points,
        metavar="POINTS",
        help="Largest drop of the accuracy that --evaluate measures: 5 and 5% are 5 points.  [default: 5]",
    ),
    click.option("--stage-timeout", type=_options.seconds, default=3600.0, metavar="SECONDS"),
    click.option(
        "--stage-memory", type=_options.size, metavar="SIZE", help="End a stage that takes more memory than this."
    ),
    click.option("--compiler", type=_options.FILE, metavar="PATH", help="The edgetpu_compiler to use."),
    click.option("--compiler-arg", "compiler_args", multiple=True, help="One more argument for the last compiler."),
    click.option(
        "--ssh", "ssh_host", metavar="HOST", help="An x86_64 Linux machine that may run edgetpu_compiler, by ssh."
    ),
    click.option(
        "--require-mapped",
        type=_options.percent,
        metavar="PERCENT",
        help="Fail if fewer operators run on the accelerator.",
    ),
    click.option(
        "--arena",
        type=_options.size,
        metavar="SIZE",
        help="Fail if the model needs more working memory on a microcontroller.",
    ),
    click.option(
        "--flash", type=_options.size, metavar="SIZE", help="Fail if the model takes more of a microcontroller's flash."
    ),
)


def read_build_options(values: Mapping[str, Any]) -> BuildOptions:
    """The build options among a command's parameters."""
    from envdoctor.core.request import BuildOptions, Thresholds

    given = {name: values[name] for name in Thresholds.__dataclass_fields__ if values.get(name) is not None}
    calibration = values["calibration"]
    random = calibration == "random"
    read = {
        "calibration": None if calibration is None or random else Path(calibration),
        "random_calibration": random,
        "thresholds": Thresholds(**given),
    }
    return BuildOptions(**{name: values[name] for name in BuildOptions.__dataclass_fields__ if name in values} | read)


#: Options of other commands: how a report is printed, and what is asked before a plan.
_NOT_OF_BUILD = frozenset({"as_json", "verbose", "export"})


def build_command(ctx: click.Context) -> tuple[str, ...]:
    """The `build` command with the argument and the options that another command was given, but for those it lacks.

    What stands in the way is the same for it then, since `build` takes every option that `routes` takes.
    """
    from click.core import ParameterSource

    words = ["envdoctor", "build"]
    for parameter in ctx.command.params:
        name = parameter.name or ""
        if name in _NOT_OF_BUILD or ctx.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        given = ctx.params[name]
        for value in given if isinstance(given, tuple) else (given,):
            flag = isinstance(parameter, click.Option) and parameter.is_flag
            words += [parameter.opts[0]] * isinstance(parameter, click.Option) + ([] if flag else [_as_word(value)])
    return tuple(words)


def _as_word(value: object) -> str:
    """A value as a word of a command: a path that begins with a dash would be taken for an option."""
    text = str(value)
    return f"./{text}" if isinstance(value, Path) and text.startswith("-") else text

"""Options that several commands share, and printing a report."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from envdoctor.core.report import Report
    from envdoctor.core.request import BuildOptions

F = TypeVar("F", bound="Callable[..., Any]")


class _File(click.Path):
    """A path, without steps that lead back: `models/../b` is `b`, unless a link makes that another place."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        """The path that was typed."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        shorter = Path(os.path.normpath(path))
        leads_back = len(shorter.parts) < len(path.parts) and path.name == shorter.name
        # Of the folders: interpreters of several environments are links to the same file.
        return shorter if leads_back and os.path.realpath(shorter.parent) == os.path.realpath(path.parent) else path


FILE = _File()

json_option = click.option("--json", "as_json", is_flag=True, help="Print the report as JSON on standard output.")
verbose_option = click.option("-v", "--verbose", is_flag=True, help="Show everything, also what is fine.")
offline_option = click.option("--offline", is_flag=True, help="Fetch nothing; use what is cached.")
python_option = click.option(
    "--python",
    type=FILE,
    metavar="PATH",
    help="Examine the environment of this Python (an interpreter or an environment's folder) instead of the active one,"
    " or else that of this folder (.venv, venv), or else envdoctor's own.",
)
goal_option = click.option(
    "--to",
    "goal",
    required=True,
    metavar="GOAL",
    help="Where to get to: tflite-int8, ethos-u55-128, edgetpu, ... (`routes` also takes any)",
)


class GoalOption(click.Option):
    """`--to`, which also takes its name of before, `--for`, and does not show it."""

    def __init__(self, declarations: Sequence[str], **attributes: Any) -> None:  # noqa: ANN401  (click's own)
        super().__init__([*declarations, "--for"], **attributes)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The line of the help."""
        record = super().get_help_record(ctx)
        return record and (record[0].replace("--for, ", "").replace(", --for", ""), record[1])


def percent(text: str) -> float:
    """A share, typed as `95%` or `0.95`: a number from 0 to 1."""
    try:
        share = float(text.strip().removesuffix("%")) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        raise click.BadParameter(f"'{text}' is no share; write 95% or 0.95") from None
    if not 0 <= share <= 1:
        raise click.BadParameter(f"'{text}' is not between 0% and 100%")
    return share


def points(text: str) -> float:
    """A difference of two shares, typed as `5` or `5%`, both 5 points: a number from 0 to 1."""
    word = text.strip()
    number = _number(word.removesuffix("%"), "is no number of points; write 5 or 5%", least=0.0, most=100.0)
    if 0 < number < 1 and not word.endswith("%"):
        raise click.BadParameter(
            f"'{text}' is unclear; write {number:g}% for {number:g} points, or {100 * number:g}% for {100 * number:g}"
        )
    return number / 100


def seconds(text: str | float) -> float:
    """A time limit: a finite number above 0."""
    return _number(text, "is no time limit; write a number of seconds above 0", least=sys.float_info.min)


def cosine(text: str) -> float:
    """A cosine similarity: a number from -1 to 1."""
    return _number(text, "is no cosine similarity; write a number from -1 to 1", least=-1.0, most=1.0)


def _number(text: str | float, complaint: str, *, least: float, most: float = sys.float_info.max) -> float:
    """A number in a range; NaN, with which every comparison would be false, is in none."""
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise click.BadParameter(f"'{text}' {complaint}")
    return number


def size(text: str) -> int:
    """A number of bytes, typed as `4G`, `512M` or a plain number."""
    word = text.strip().upper().removesuffix("B").removesuffix("I")
    unit = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(word[-1:], 1)
    try:
        count = float(word.rstrip("KMG")) * unit
    except ValueError:
        raise click.BadParameter(f"'{text}' is no size; write 4G, 512M or a number of bytes") from None
    if not 0 < count < float("inf"):
        raise click.BadParameter(f"'{text}' is no size that can be a limit")
    return int(count)


max_download_option = click.option(
    "--max-download",
    type=size,
    metavar="SIZE",
    help="Read no more than this over the network (500M); what is left out is UNKNOWN.",
)

_BUILD_OPTIONS = (
    click.option(
        "--max-download",
        type=size,
        metavar="SIZE",
        help="Fetch no more than this for the environments of stages (500M); a route that needs more fails.",
    ),
    click.option(
        "--calibration",
        metavar="PATH|random",
        help="Representative samples: a .npy or .npz file or a folder of .npy files; or the word random.",
    ),
    click.option(
        "--evaluate", "evaluation", type=FILE, metavar="FILE.npz", help="Measure accuracy on arrays x and y (classes)."
    ),
    click.option("--io", "io_type", type=click.Choice(["int8", "uint8", "float32"]), default="int8", show_default=True),
    click.option("--allow-float", is_flag=True, help="Accept operators that stay float inside an int8 model."),
    click.option(
        "--recipe", type=FILE, metavar="FILE.json", help="A recipe of the LiteRT quantizer, for --to tflite-mixed."
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
        type=percent,
        metavar="PERCENT",
        help="Largest output difference, as a share of the range.  [default: 35%]",
    ),
    click.option(
        "--min-cosine",
        type=cosine,
        metavar="NUMBER",
        help="Smallest cosine similarity with the float outputs.  [default: 0.9]",
    ),
    click.option(
        "--min-agreement",
        type=percent,
        metavar="PERCENT",
        help="Smallest share of samples with the same class.  [default: 80%]",
    ),
    click.option(
        "--max-drop",
        type=points,
        metavar="POINTS",
        help="Largest drop of the accuracy that --evaluate measures: 5 and 5% are 5 points.  [default: 5]",
    ),
    click.option("--stage-timeout", type=seconds, default=3600.0, metavar="SECONDS"),
    click.option("--stage-memory", type=size, metavar="SIZE", help="End a stage that takes more memory than this."),
    click.option("--compiler", type=FILE, metavar="PATH", help="The edgetpu_compiler to use."),
    click.option("--compiler-arg", "compiler_args", multiple=True, help="One more argument for the last compiler."),
    click.option(
        "--ssh", "ssh_host", metavar="HOST", help="An x86_64 Linux machine that may run edgetpu_compiler, by ssh."
    ),
    click.option(
        "--require-mapped", type=percent, metavar="PERCENT", help="Fail if fewer operators run on the accelerator."
    ),
    click.option(
        "--arena", type=size, metavar="SIZE", help="Fail if the model needs more working memory on a microcontroller."
    ),
    click.option(
        "--flash", type=size, metavar="SIZE", help="Fail if the model takes more of a microcontroller's flash."
    ),
)


def build_options(command: F) -> F:
    """Add the options that say how to build; `read_build_options` reads them."""
    for option in reversed(_BUILD_OPTIONS):
        command = option(command)
    return command


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


def show(report: Report, *, as_json: bool, verbose: bool = False) -> None:
    """Print a report on standard output, without the secrets in it: as JSON, or for a person."""
    from envdoctor import registry
    from envdoctor.support.redaction import Redactor, redact_report

    safe = redact_report(report, Redactor.here())
    if as_json:
        write_safe(registry.renderer("json").render(safe) + "\n")
    else:
        registry.renderer("terminal").write(safe, verbose=verbose)


def show_json(value: object) -> None:
    """Print any value of the core as JSON on standard output, without the secrets in it."""
    from envdoctor import registry
    from envdoctor.support.redaction import Redactor, redact

    write_safe(registry.renderer("json").encode(redact(value, Redactor.here())) + "\n")


def write_safe(document: str) -> None:
    """Print a document whose words are all safe already, whatever the stream's encoding lacks as escapes."""
    from envdoctor.support.streams import unguarded
    from envdoctor.support.text import encodable

    stream = unguarded(sys.stdout)
    stream.write(encodable(document, stream.encoding or "ascii"))


def heading(text: str) -> None:
    """Print a line in bold type where the terminal has it."""
    from envdoctor.support.streams import safe_words, unguarded

    click.secho(safe_words(text), bold=True, file=unguarded(sys.stdout))

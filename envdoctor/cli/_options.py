"""Options that several commands share, and printing a report."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from envdoctor.core.report import Report

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
    help="The goal: tflite-int8, ethos-u55-128, edgetpu, ... (`routes` also takes any)",
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

as_of_option = click.option(
    "--as-of", default="", metavar="DATE", help="See the index as it was at the end of that day (UTC)."
)
constraint_option = click.option(
    "--constraint", "-c", "constraints", multiple=True, type=FILE, help="Versions that must hold."
)


def all_of(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, shown in this order."""

    def add(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return add


#: What of a pyproject.toml is asked for beside its dependencies.
parts_options = all_of(
    click.option("--extra", "extras", multiple=True, metavar="NAME", help="An extra of the pyproject.toml (several)."),
    click.option("--group", "groups", multiple=True, metavar="NAME", help="A dependency group of it (several)."),
)
#: What a set of pins is made for.
lock_options = all_of(
    click.option(
        "--requirement", "-r", "files", multiple=True, type=FILE, help="A requirements file or a pyproject.toml."
    ),
    parts_options,
    click.option(
        "--platform", "platforms", default="", metavar="NAMES", help="linux-x86_64,macos-arm64,windows-amd64, ..."
    ),
    click.option("--python", "pythons", default="", metavar="VERSIONS", help="3.11 or 3.10-3.13."),
    as_of_option,
    constraint_option,
)


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

"""`envdoctor check`: what is wrong on this machine, for this Python."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

import click

from envdoctor.cli import _defaults, _formats, _options, _tables

if TYPE_CHECKING:
    from pathlib import Path


@click.command(short_help="Tell what is wrong on this machine, for this Python.")
@click.option(
    "--to",
    "goal",
    cls=_options.GoalOption,
    metavar="GOAL",
    help="Also check what this goal needs (edgetpu, ethos-u55-128, ...).",
)
@click.option("--only", multiple=True, metavar="CODE", help="Ask only these codes (PKG001) or families (PKG).")
@click.option("--skip", multiple=True, metavar="CODE", help="Leave out these codes or families.")
@click.option("--fast", is_flag=True, help="Leave out what importing the installed packages comes to.")
@click.option("--prove", is_flag=True, help="Also import each installed package really, without a network.")
@click.option(
    "--yes", is_flag=True, help="With --prove: go on where the network can't be cut off. With --fix: don't ask."
)
@click.option(
    "--witness",
    is_flag=True,
    help="Also ask ldd (or otool) about each installed native file, and pip about what is installed.",
)
@click.option("--fix", "mends", is_flag=True, help="Then mend what was found, after asking: see `envdoctor fix`.")
@click.option(
    "--requirement",
    "-r",
    "file",
    type=_options.FILE,
    help="Instead judge a lock, a requirements file or a pyproject.toml: what of it is installed, and is it sound?",
)
@click.option("--platform", "platforms", default="", metavar="NAMES", help="With -r: on other machines; see matrix.")
@_options.parts_options
@_options.python_option
@_options.verbose_option
@_options.json_option
@_formats.format_option
@_formats.output_option
def command(file: Path | None, mends: bool, platforms: str, python: Path | None, **rest: Any) -> int:  # noqa: ANN401
    """Tell what is wrong on this machine, for this Python; exit code 1 if there is a problem.

    It is 1 too where not everything could be looked at.

    With -r FILE it is about what that file asks for: a pylock.toml of any tool, a lock of uv, Poetry, PDM or Pipenv, a
    requirements file, a pyproject.toml. It tells what is missing or of another version in the environment, and whether
    the set can load there; with --platform, and --python for versions such as 3.11,3.12, on other machines.
    """
    rest["only"], rest["skip"] = _words(rest["only"]), _words(rest["skip"])
    if file is not None:
        _require_file_options()
        return _check_asked(file, platforms, python, **rest)
    if mends:
        _require_mending_options()
        return _check_and_fix(rest["goal"], rest["only"], python, yes=rest["yes"], verbose=rest["verbose"])
    if platforms or rest["extras"] or rest["groups"]:
        option = "--platform" if platforms else "--extra" if rest["extras"] else "--group"
        raise click.UsageError(f"{option} is about a file; name one by -r, or ask 'envdoctor matrix'.")
    if rest["prove"] and rest["fast"]:
        raise click.UsageError("--prove and --fast contradict each other; leave one of them out.")
    return _check_machine(python, **rest)


def _check_machine(python: Path | None, **rest: Any) -> int:  # noqa: ANN401
    from envdoctor.doctor.check import CheckRequest, can_wall_off, check

    if _defaults.is_typed("only") and not _defaults.is_typed("skip"):
        rest["skip"] = ()  # what is asked for by name is not left out by what the configuration says
    written = _formats.asked(rest["format_name"], rest["output"], as_json=rest["as_json"])
    if rest["prove"] and not rest["yes"] and not can_wall_off():
        _require_consent()
    asked = CheckRequest(
        python=python, **{name: rest[name] for name in ("goal", "only", "skip", "witness", "fast", "prove")}
    )
    with _tables.progress("looking at every installed native file") if asked.witness else contextlib.nullcontext():
        report = check(asked)
    report = _defaults.without_ignored(report)
    _formats.show_or_write(report, written, rest["output"], as_json=rest["as_json"], verbose=rest["verbose"])
    return report.summary.exit_code


#: What only says something about the machine.
_OF_THE_MACHINE = ("goal", "only", "skip", "fast", "prove", "yes", "witness", "mends", "format_name", "output")


def _require_file_options() -> None:
    if any(map(_defaults.is_typed, _OF_THE_MACHINE)):
        raise click.UsageError("-r judges a file; leave out what is about the machine (--to, --only, --prove, ...).")


def _require_mending_options() -> None:
    if any(map(_defaults.is_typed, ("skip", "fast", "prove", "witness", "as_json", "format_name", "output"))):
        raise click.UsageError("--fix mends what a whole check finds; leave out --skip, --fast, --prove, --json, ...")


def _check_and_fix(goal: str | None, codes: tuple[str, ...], python: Path | None, *, yes: bool, verbose: bool) -> int:
    from pathlib import Path as Folder

    from envdoctor.cli.fix import Asking, mend
    from envdoctor.doctor.fix import open_session

    with open_session(python=python, goal=goal, project=Folder.cwd(), say=_tables.say) as session:
        report = session.look()
        wanted = _defaults.without_ignored(report)
        _options.show(wanted, as_json=False, verbose=verbose)
        plan = session.plan(report, codes, None if codes else wanted)
        return mend(session, plan, report, Asking(yes=yes, as_json=False, verbose=verbose), dry_run=False)


def _check_asked(file: Path, platforms: str, python: Path | None, **rest: Any) -> int:  # noqa: ANN401
    from envdoctor.core.asked import AskedRequest
    from envdoctor.doctor.asked import check_asked

    request = AskedRequest(
        file=file,
        python=python,
        platforms=platforms,
        pythons=str(python) if platforms and python else "",
        extras=rest["extras"],
        groups=rest["groups"],
    )
    with _tables.progress(f"check of {file.name}") as progress:
        report = check_asked(request, progress, _tables.say)
    _tables.show("asked", report, as_json=rest["as_json"], verbose=rest["verbose"])
    return report.summary.exit_code


def _require_consent() -> None:
    """Ask whether packages may be imported with the network at hand; without a terminal they may not."""
    said = "This system can't cut the imports off from the network (unshare --net fails)"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError(f"{said}; --yes imports the packages all the same.")
    click.confirm(f"{said}. Import the packages all the same?", abort=True, err=True)


def _words(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.strip().upper() for value in values for word in value.split(",") if word.strip())

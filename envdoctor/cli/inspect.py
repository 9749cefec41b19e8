"""`envdoctor inspect`: what is inside a wheel, and whether it loads on a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from envdoctor.cli import _options, _tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _only_one(separators: str) -> Callable[[click.Context, click.Parameter, str], str]:
    """Refuse a list where one name is wanted."""

    def check(_: click.Context, parameter: click.Parameter, value: str) -> str:
        if any(separator in value for separator in separators):
            raise click.BadParameter(
                f"'{value}' is more than one; for several, ask 'envdoctor matrix'.", param=parameter
            )
        return value

    return check


def _refuse_other_paths(subject: str) -> None:
    """Tell that a path leads to no wheel, rather than look for a package of that name."""
    from pathlib import Path

    from envdoctor.core.errors import UsageProblem

    path = Path(subject)
    if "://" in subject:
        raise UsageProblem(f"{subject} is a URL; give NAME==VERSION, of which the index has the wheel, or a file.")
    if path.is_dir() and (path.suffix == ".whl" or path.name != subject or subject == ".."):
        raise UsageProblem(
            f"{subject} is a folder; give a .whl file, or for an environment --installed NAME --in PATH."
        )
    if path.suffix != ".whl" and path.suffix and path.is_file():
        raise UsageProblem(f"{subject} is not a wheel: its name does not end in .whl.")


@click.command(short_help="Tell whether a wheel loads on a machine, and what it misses.")
@click.argument("subject", metavar="WHEEL")
@click.option(
    "--platform",
    default="",
    metavar="NAME",
    callback=_only_one(","),
    help="For which machine: macos-arm64, colab, here, ...",
)
@click.option(
    "--python",
    default="",
    metavar="VERSION",
    callback=_only_one(",-"),
    help="For which Python: 3.11, cp313t, pp310.",
)
@click.option("--alone", is_flag=True, help="Judge the wheel without those that it requires.")
@click.option("--installed", is_flag=True, help="WHEEL is the name of an installed distribution.")
@click.option(
    "--in", "place", type=_options.FILE, metavar="PATH", help="Installed there: an interpreter or environment."
)
@_options.offline_option
@_options.verbose_option
@_options.json_option
def command(subject: str, installed: bool, place: Path | None, as_json: bool, verbose: bool, **rest: str | bool) -> int:
    """Tell what is inside a wheel and whether it loads, without installing or running anything.

    WHEEL is a .whl file, or a requirement such as ai-edge-litert==2.1.0rc1, of which the wheel for the platform is
    read over the network in parts, or with --installed the name of a distribution. Exit code 1 if it does not load.
    """
    from envdoctor.core.errors import ExitCode

    with _tables.progress(f"looking into {subject}"):
        if installed or place is not None:
            from envdoctor.doctor.installed import inspect_installed

            found = inspect_installed(subject, place)
        else:
            from envdoctor.doctor.inspect import InspectRequest, inspect

            _refuse_other_paths(subject)
            found = inspect(InspectRequest(subject=subject, **rest))  # type: ignore[arg-type]  # click made them fit
    _tables.show("inspection", found, as_json=as_json, verbose=verbose)
    return ExitCode.OK if found.verdict.is_good else ExitCode.PROBLEMS

"""`envdoctor inspect`: what is inside a wheel, and whether it loads on a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from envdoctor.cli import _formats, _options, _tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
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


def _refuse_with_installed(values: Mapping[str, object]) -> None:
    """Refuse options that an installed distribution has no use for: its environment says what it is judged for."""
    from envdoctor.core.errors import UsageProblem

    if given := [
        f"--{name.replace('_', '-')}"
        for name in ("platform", "python", "alone", "max_download", "upstream")
        if values[name]
    ]:
        raise UsageProblem(
            f"What is installed is judged where it is, so that {' and '.join(given)} can't be said with it; "
            f"for another environment give --in PATH."
        )


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
@_formats.upstream_option
@_options.max_download_option
@_options.offline_option
@_options.verbose_option
@_options.json_option
def command(
    subject: str,
    installed: bool,
    place: Path | None,
    upstream: Path | None,
    as_json: bool,
    verbose: bool,
    **rest: str | bool | int,
) -> int:
    """Tell what is inside a wheel and whether it loads, without installing or running anything.

    WHEEL is a .whl file, or a requirement such as ai-edge-litert==2.1.0rc1, of which the wheel for the platform is
    read over the network in parts, or with --installed the name of a distribution. Exit code 1 if it does not load,
    if that could not be found out, or if it loads only under a condition (SOUND-IF).
    """
    with _tables.progress(f"looking into {subject}") as progress:
        if installed or place is not None:
            from envdoctor.doctor.installed import inspect_installed

            _refuse_with_installed({**rest, "upstream": upstream})
            found = inspect_installed(subject, place)
        else:
            from envdoctor.doctor.inspect import InspectRequest, inspect

            asked = InspectRequest(subject=subject, **rest)  # type: ignore[arg-type]  # click made them fit
            found = inspect(asked, _tables.say, progress)
    _tables.show("inspection", found, as_json=as_json, verbose=verbose)
    if upstream is not None:
        from envdoctor.doctor.upstream import upstream_of_inspection

        _formats.write_upstream(upstream_of_inspection(found, asked, _tables.say), upstream)
    return found.summary.exit_code

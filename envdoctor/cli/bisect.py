"""`envdoctor bisect`: which change of versions broke a set."""

from __future__ import annotations

import shlex
from typing import Any

import click

from envdoctor.cli import _options, _tables


@click.command(short_help="Tell which change of versions turned a good set bad.")
@click.argument("requirements", nargs=-1, metavar="[REQUIREMENT]...")
@click.option("--good", required=True, metavar="PINS", help="numpy==1.26.4,protobuf==4.25.8, or a file of such lines.")
@click.option("--bad", required=True, metavar="PINS", help="The versions of the set that fails, written the same way.")
@click.option(
    "--platform", default="", metavar="NAME", help="macos-arm64, linux-aarch64, ...; this machine by default."
)
@click.option("--python", default="", metavar="VERSION", help="3.11; envdoctor's own by default.")
@click.option(
    "--run",
    "line",
    default="",
    metavar="COMMAND",
    help="Where judging tells nothing: a command, status 0 is good, 125 not known.",
)
@_options.as_of_option
@_options.offline_option
@_options.verbose_option
@_options.json_option
def command(
    requirements: tuple[str, ...],
    line: str,
    as_json: bool,
    verbose: bool,
    **rest: Any,  # noqa: ANN401
) -> int:
    """Tell the smallest change of versions that turns a good set of packages bad.

    Sets are judged by what is inside their wheels; nothing is installed. Where judgment does not tell the two apart,
    --run installs sets into environments that are thrown away and runs the command in each: status 0 is good, 125 is
    not testable, all else is bad. Then the releases between the two versions are narrowed to neighbours.

    Exit code 1 if the two sets could not be told apart.
    """
    from envdoctor.core.bisect import BisectRequest
    from envdoctor.doctor.bisect import bisect

    try:
        words = tuple(shlex.split(line))
    except ValueError as error:
        raise click.UsageError(f"--run {line!r} is no command line: {error}.") from None
    request = BisectRequest(requirements=requirements, command=words, **rest)
    with _tables.progress("bisect"):
        found = bisect(request, _tables.say)
    _tables.show("bisect", found, as_json=as_json, verbose=verbose)
    return found.summary.exit_code

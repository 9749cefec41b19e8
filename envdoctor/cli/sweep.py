"""`envdoctor sweep`: many wheels, models, releases or hosts at once, kept in the history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from envdoctor.cli import _options, _tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from envdoctor.core.sweep import SweepReport
    from envdoctor.doctor.sweep import SweepOptions

db_option = click.option(
    "--db", "database", type=_options.FILE, metavar="FILE", help="The history's file.  [default: in your data folder]"
)
_shared = _options.all_of(
    db_option,
    click.option("--workers", type=click.IntRange(1), metavar="N", help="How many work at once."),
    click.option("--scheduler", default="", metavar="ADDRESS", help="Have the workers of this Dask scheduler do it."),
    click.option("--fresh", is_flag=True, help="Look again at what an earlier sweep has done."),
    click.option("--retry", is_flag=True, help="Look again at what an earlier sweep could not judge."),
    click.option(
        "--max-age",
        type=_options.seconds,
        metavar="HOURS",
        help="How long a verdict that rests on an index holds.  [default: 168; 20 for index, 0 for hosts]",
    ),
    click.option("--time-limit", type=_options.seconds, default=300.0, show_default=True, metavar="SECONDS"),
    click.option(
        "--memory-limit", type=_options.size, default="2G", show_default=True, metavar="SIZE", help="For each worker."
    ),
    _options.verbose_option,
    _options.json_option,
)
platform_option = click.option(
    "--platform", "platforms", default="", metavar="NAMES", help="linux-x86_64,macos-arm64, ...  [default: here]"
)


@click.group(short_help="Judge many wheels, models, releases or hosts, and keep what was found.")
def command() -> None:
    """Judge many wheels, models, releases or hosts, and keep what was found; `envdoctor history` asks for it.

    What an earlier sweep has done is not done again. An item that crashes, hangs or takes too much memory has a row
    that says so, and stops no other. Exit code 1 where anything is broken, unknown, or fine only under a condition.
    """


@command.command("wheels")
@click.argument("paths", nargs=-1, type=_options.FILE, metavar="[FOLDER|WHEEL]...")
@click.option("--requirement", "-r", "files", multiple=True, type=_options.FILE, help="A requirements file.")
@platform_option
@click.option("--python", "pythons", default="", metavar="VERSIONS", help="3.11 or 3.10-3.13.  [default: this one]")
@click.option("--alone", is_flag=True, help="Judge each wheel without those that it requires.")
@_options.offline_option
@_shared
def wheels_command(
    paths: tuple[Path, ...],
    files: tuple[Path, ...],
    platforms: str,
    pythons: str,
    alone: bool,
    **rest: Any,  # noqa: ANN401
) -> int:
    """Tell of every wheel in a folder, or of every line of a requirements file, whether it loads where."""
    from envdoctor.doctor.sweep import WheelsRequest, sweep_wheels

    request = WheelsRequest(
        paths=paths, files=files, platforms=platforms, pythons=pythons, alone=alone, offline=rest.pop("offline")
    )
    with _tables.progress("wheels") as progress:
        report = sweep_wheels(request, _read(rest), progress)
    return _told(report, rest)


@command.command("models")
@click.argument("paths", nargs=-1, type=_options.FILE, metavar="FOLDER|FILE...")
@click.option(
    "--to", "goals", required=True, metavar="GOALS", help="Names that `model --to` takes: edgetpu,vela,litert."
)
@_shared
def models_command(paths: tuple[Path, ...], goals: str, **rest: Any) -> int:  # noqa: ANN401
    """Tell of every model in a folder how much of it runs where; nothing is run.

    Looked at are .tflite, .lite and .task files; .onnx, .keras, .h5 and .pt2 have rows that say what to ask instead.
    """
    from envdoctor.doctor.sweep import sweep_models

    names = [name.strip() for name in goals.split(",") if name.strip()]
    with _tables.progress("models") as progress:
        report = sweep_models(paths, names, _read(rest), progress)
    return _told(report, rest)


@command.command("index")
@click.option(
    "--packages", required=True, type=_options.FILE, metavar="FILE", help="A requirements file: a package a line."
)
@click.option("--since", required=True, metavar="DATE", help="Only releases uploaded on that day (UTC) or later.")
@platform_option
@click.option("--python", "pythons", default="", metavar="VERSIONS", help="3.11 or 3.10-3.13.  [default: 3.10-3.14]")
@_options.offline_option
@_shared
def index_command(packages: Path, since: str, platforms: str, pythons: str, offline: bool, **rest: Any) -> int:  # noqa: ANN401
    """Tell of every new release of some packages where it is sound; 0 if there is none."""
    from envdoctor.doctor.sweep_index import IndexRequest, sweep_index

    request = IndexRequest(packages=packages, since=since, platforms=platforms, pythons=pythons, offline=offline)
    with _tables.progress("releases") as progress:
        report = sweep_index(request, _read(rest), progress)
    return _told(report, rest)


@command.command("hosts")
@click.argument("file", type=_options.FILE)
@_shared
def hosts_command(file: Path, **rest: Any) -> int:  # noqa: ANN401
    """Tell of every host in FILE, one a line, what `envdoctor check` finds there: by ssh, with your own configuration.

    envdoctor must be installed there. A host is asked each time, unless --max-age says how old an answer may be.
    """
    from envdoctor.doctor.sweep_hosts import sweep_hosts

    with _tables.progress("hosts") as progress:
        report = sweep_hosts(file, _read(rest), progress)
    return _told(report, rest)


def _read(values: Mapping[str, Any]) -> SweepOptions:
    from envdoctor.doctor.sweep import SweepOptions

    return SweepOptions(**{name: values[name] for name in SweepOptions.__dataclass_fields__})


def _told(report: SweepReport, values: Mapping[str, Any]) -> int:
    _tables.show("sweep", report, as_json=values["as_json"], verbose=values["verbose"])
    return report.summary.exit_code

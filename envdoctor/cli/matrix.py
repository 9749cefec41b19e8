"""`envdoctor matrix`: which versions of a package work on which targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from envdoctor.cli import _formats, _options, _tables

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.core.matrix_request import MatrixRequest


@click.command(short_help="Tell which versions of a package work where, and why not.")
@click.argument("requirements", nargs=-1, required=True, metavar="REQUIREMENT...")
@click.option("--platform", "platforms", default="", metavar="NAMES", help="macos-arm64,linux-aarch64,colab,here, ...")
@click.option("--python", "pythons", default="", metavar="VERSIONS", help="3.11 or 3.10-3.14 or cp313t,pp310.")
@_options.as_of_option
@click.option("--explain", default="", metavar="TARGET", help="Show every blocker of a target, with the whole tree.")
@_options.constraint_option
@click.option("--resolve-only", is_flag=True, help="Only resolve; look into no wheel.")
@click.option("--verify", is_flag=True, help="Install what is good here into throw-away environments and import it.")
@click.option("--pre", "pre_releases", is_flag=True, help="Show pre-releases, too.")
@click.option(
    "--has", "names", multiple=True, metavar="NAME", help="Tell which versions have a module or a name (several)."
)
@click.option(
    "--time-limit",
    type=_options.seconds,
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="Start no further cell after this time; what is left is UNKNOWN, and the next run goes on with it.",
)
@click.option("--html", type=_options.FILE, metavar="FILE", help="Also write the table with its reasons as a page.")
@_formats.upstream_option
@_options.max_download_option
@_options.offline_option
@_options.verbose_option
@_options.json_option
def command(
    requirements: tuple[str, ...],
    names: tuple[str, ...],
    html: Path | None,
    upstream: Path | None,
    as_json: bool,
    verbose: bool,
    **rest: Any,  # noqa: ANN401
) -> int:
    """Tell which versions of a package install and load where, and why the others do not.

    The versions of the first REQUIREMENT are the rows; the others must hold beside it. Nothing is installed or run,
    unless --verify is given. Exit code 1 if no version is good anywhere.

    With --has mediapipe.solutions the table tells which versions have that module or name, by their wheels' own files:
    HAS, LACKS or UNKNOWN. Exit code 1 if no version is known to have all names that are asked for.
    """
    from envdoctor.core.matrix_request import MatrixRequest
    from envdoctor.doctor.matrix import matrix

    request = MatrixRequest(requirements=requirements, **rest)
    if names:
        return _show_holdings(request, names, as_json=as_json, verbose=verbose)
    with _tables.progress(f"matrix of {requirements[0]}") as progress:
        found = matrix(request, progress, _tables.say)
    if html is not None:
        _formats.write_matrix(found, html)
    _tables.show("matrix", found, as_json=as_json, verbose=verbose)
    if upstream is not None:
        from envdoctor.doctor.upstream import upstream_of_matrix

        _formats.write_upstream(upstream_of_matrix(found), upstream)
    return found.summary.exit_code


def _show_holdings(request: MatrixRequest, names: tuple[str, ...], *, as_json: bool, verbose: bool) -> int:
    from envdoctor.doctor.holdings import holdings

    with _tables.progress(f"names in {request.requirements[0]}") as progress:
        table = holdings(request, names, progress, _tables.say)
    _tables.show("holdings", table, as_json=as_json, verbose=verbose)
    return table.summary.exit_code

"""`envdoctor lock`: exact pins whose every set is sound on every target."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from envdoctor.cli import _options, _tables

if TYPE_CHECKING:
    from envdoctor.core.lock import Lock

_NAMES = {"pylock": "pylock.toml", "requirements": "requirements.lock", "constraints": "constraints.txt"}


@click.command(short_help="Lock requirements to wheels that load on every platform asked for.")
@click.argument("requirements", nargs=-1, metavar="[REQUIREMENT|FILE]...")
@_options.lock_options
@click.option("--format", "form", type=click.Choice(list(_NAMES)), default="pylock", help="What is written.")
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="By default pylock.toml.")
@_options.max_download_option
@_options.offline_option
@_options.verbose_option
@_options.json_option
def command(
    requirements: tuple[str, ...],
    form: str,
    output: Path | None,
    as_json: bool,
    verbose: bool,
    **rest: Any,  # noqa: ANN401
) -> int:
    """Lock requirements for several platforms and Pythons at once, to wheels that were looked into.

    Every set of the lock resolves on its target, and every wheel of it can load there: a version that can't is left
    out, whatever a resolver would take. As few versions as can be differ between targets. The file holds hashes and the
    addresses of your own index, without credentials. Nothing is installed, run or built.

    A pyproject.toml or a requirements file may stand among the requirements, or behind -r.

    Exit code 1, and nothing is written, if a target has no sound set; which requirement must give way is told.
    """
    from envdoctor.core.lock import LockRequest
    from envdoctor.doctor.lock import lock
    from envdoctor.locks.formats import write_lock
    from envdoctor.support.outputs import write_output

    target = _checked(output or Path(_NAMES[form]), form)
    with _tables.progress("lock") as progress:
        made = lock(LockRequest(requirements=requirements, **rest), progress, _tables.say)
    if not made.unlocked:
        write_output(target, write_lock(made, form, target.absolute().parent), option="--output")
    _show(made, target, as_json=as_json, verbose=verbose)
    return made.summary.exit_code


def _checked(target: Path, form: str) -> Path:
    """The name that is written to, if installers would know the file by it (PEP 751, "File Name")."""
    from packaging.pylock import is_valid_pylock_path

    from envdoctor.core.errors import UsageProblem

    is_named_so = is_valid_pylock_path(target)
    if form == "pylock" and not is_named_so and (target.is_file() or not target.exists()):
        raise UsageProblem(
            f"--output {target}: name it pylock.toml or pylock.NAME.toml, for installers know no other name, or say "
            "--format requirements or --format constraints."
        )
    if form != "pylock" and target.suffix == ".toml":
        raise UsageProblem(f"--output {target}: installers would take {form} for TOML; name it {_NAMES[form]}.")
    if not target.absolute().parent.is_dir():  # which is better told before the search than after it
        raise UsageProblem(f"--output {target}: there is no folder {target.parent}; name a file that can be written.")
    return target


def _show(made: Lock, target: Path, *, as_json: bool, verbose: bool) -> None:
    _tables.show("lock", made, as_json=as_json, verbose=verbose)
    if not as_json and not made.unlocked:
        click.echo(f"\nWritten: {target}")

"""`envdoctor env`: the environments that envdoctor made for stages."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from envdoctor.cli import _options

if TYPE_CHECKING:
    from envdoctor.environments.store import ManagedEnvironment


@click.group(short_help="List or remove the environments that builds made.")
def command() -> None:
    """List or remove the environments that envdoctor made for stages of a build."""


@command.command("list")
@_options.json_option
def list_(as_json: bool) -> None:
    """List the environments, and what is wrong with any of them.

    The cache folder is the user's, or the one that ENVDOCTOR_CACHE names.
    """
    from envdoctor.core.request import Request
    from envdoctor.environments.cache import human_size, open_cache
    from envdoctor.environments.store import list_environments

    cache = open_cache(Request())
    found = list_environments(cache, thorough=True)
    if as_json:
        _options.show_json([{"state": _state(one), **dataclasses.asdict(one)} for one in found])
        return
    for one in found:
        size = human_size(one.size) if one.size else "?"
        click.echo(f"{one.name:16} Python {one.version or '?':8} {size:>7}  {_state(one):9} {one.folder}")
        if one.problem:
            click.echo(f"{'':16} {one.problem}")
    if not found:
        click.echo(f"No environment is in {cache.root}; a build makes what it needs.")


@command.command()
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("--all", "everything", is_flag=True, help="Remove all of them.")
def remove(names: tuple[str, ...], everything: bool) -> None:
    """Remove environments by name (tensorflow) and what was downloaded for them alone."""
    from envdoctor.core.request import Request
    from envdoctor.environments.cache import human_size, open_cache
    from envdoctor.environments.removal import remove as take_away
    from envdoctor.environments.store import list_environments
    from envdoctor.executors.local import LocalExecutor

    if everything == bool(names):
        raise click.UsageError("name the environments to remove, or say --all")
    cache = open_cache(Request())
    found = list_environments(cache)
    chosen = [one for one in found if everything or {one.name, one.folder.name} & set(names)]
    _check_names(names, found)
    take_away(chosen, cache, LocalExecutor())
    for one in chosen:
        click.echo(f"removed {one.folder} ({human_size(one.size)})")


@command.command()
def clean() -> None:
    """Remove the environments that no build uses any more (outdated, unusable), and what uv unpacked for nothing."""
    from envdoctor.core.request import Request
    from envdoctor.environments.cache import human_size, open_cache
    from envdoctor.environments.removal import prune_downloads
    from envdoctor.environments.removal import remove as take_away
    from envdoctor.environments.store import list_environments
    from envdoctor.executors.local import LocalExecutor

    cache, executor = open_cache(Request()), LocalExecutor()
    idle = [one for one in list_environments(cache) if _state(one) != "ready"]
    take_away(idle, cache, executor)
    prune_downloads(cache, executor)
    for one in idle:
        click.echo(f"removed {one.folder} ({human_size(one.size)})")
    if not idle:
        click.echo(f"All environments in {cache.root} are in use.")


def _check_names(names: tuple[str, ...], found: tuple[ManagedEnvironment, ...]) -> None:
    from envdoctor.core.errors import UsageProblem

    there = list(dict.fromkeys(one.name for one in found))
    for name in names:
        if name not in there and name not in {one.folder.name for one in found}:
            hint = f"there are: {', '.join(there)}" if there else "there are none"
            raise UsageProblem(f"there is no environment '{name}'; {hint}.")


def _state(one: ManagedEnvironment) -> str:
    from envdoctor.environments.spec import environment_names, environment_spec

    if one.problem:
        return "unusable"
    current = one.name in environment_names() and environment_spec(one.name).key == one.key
    return "ready" if current else "outdated"

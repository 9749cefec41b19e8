"""`envdoctor toolchain`: the compilers and emulators that envdoctor keeps in a folder of yours."""

from __future__ import annotations

import click

from envdoctor.cli import _options, _tables
from envdoctor.core.errors import ExitCode


@click.group(short_help="Install, list, find and remove compilers and emulators.")
def command() -> None:
    """Install, list, find and remove compilers and emulators; in a folder of yours, without root."""


@command.command("install")
@click.argument("name")
@click.option(
    "--from",
    "origin",
    metavar="PLACE",
    help="A .deb, an archive, a folder, a URL, or apt:URL [SUITE COMPONENT]; else the places that envdoctor knows.",
)
@click.option("--sha256", default="", metavar="HASH", help="The SHA-256 that the archive must have.")
def install_command(name: str, origin: str | None, sha256: str) -> int:
    """Install toolchain NAME (edgetpu-compiler, qemu-x86_64)."""
    from envdoctor.doctor import toolchain as doctor

    entry, places = doctor.sources(name, origin, sha256)
    for place in places:
        click.echo(f"{entry.name}: from {place.kind.value} {place.shown}", err=True)
    worst = ExitCode.OK
    for one in doctor.install(entry, places, _tables.say):
        if one.toolchain is None:
            click.echo(f"envdoctor: {one.problem}", err=True)
            worst = ExitCode.PROBLEMS
            continue
        receipt = one.toolchain.receipt
        click.echo(f"{receipt.name} {receipt.version}: {one.toolchain.files}")
        if receipt.sha256:
            how = "as expected" if receipt.pinned else "not known beforehand; recorded"
            click.echo(f"  SHA-256 {receipt.sha256} ({how})")
    return worst


@command.command("list")
@_options.json_option
def list_command(as_json: bool) -> int:
    """List what is installed, and what can be."""
    from envdoctor.doctor import toolchain as doctor

    found = doctor.installed()
    if as_json:
        rows = [
            {
                "name": one.receipt.name,
                "version": one.version,
                "source": one.receipt.source,
                "sha256": one.receipt.sha256,
                "pinned": one.receipt.pinned,
                "folder": str(one.files),
            }
            for one in found
        ]
        _options.show_json(rows)
        return ExitCode.OK
    for one in found:
        click.echo(f"{one.receipt.name} {one.version}, from {one.receipt.source}")
    for folder in doctor.damaged():
        click.echo(f"{folder.parent.name} {folder.name}: damaged, no receipt of it in {folder}; install it again")
    have = {one.receipt.name for one in found}
    for entry in doctor.known():
        if entry.name not in have:
            click.echo(f"{entry.name}: not installed; {entry.title}")
    return ExitCode.OK


@command.command("where")
@click.argument("name")
def where_command(name: str) -> int:
    """Print the folder of the newest installed version of toolchain NAME."""
    from envdoctor.doctor import toolchain as doctor

    found = doctor.installed(name)
    if not found:
        click.echo(f"envdoctor: {name} is not installed: envdoctor toolchain install {name}", err=True)
        return ExitCode.PROBLEMS
    click.echo(str(found[0].files))
    return ExitCode.OK


@command.command("remove")
@click.argument("name")
@click.option("--version", default=None, help="Only this version; all of them otherwise.")
def remove_command(name: str, version: str | None) -> int:
    """Remove toolchain NAME from envdoctor's folder."""
    from envdoctor.doctor import toolchain as doctor

    for one in doctor.remove(name, version):
        click.echo(f"removed {one.receipt.name} {one.version}")
    return ExitCode.OK

"""`envdoctor explain`: what a code means, why it matters and how to fix it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from envdoctor.cli import _options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.doctor.explain import Explanation

#: Longer lines are hard to read.
_WIDEST = 100


@click.command(short_help="Tell what a code such as PKG001 means.")
@click.argument("word", required=False, metavar="[CODE]")
@_options.json_option
def command(word: str | None, as_json: bool) -> None:
    """Tell what CODE means (PKG001, or a name such as glibc-too-old); without one, list all codes."""
    from envdoctor.doctor.explain import explain, explanations

    found = explanations() if word is None else explain(word)
    if as_json:
        _options.show_json(found)
    elif word is None:
        _list(found)
    else:
        for number, one in enumerate(found):
            click.echo("\n" * min(number, 1), nl=False)
            _show(one)


def _list(found: Sequence[Explanation]) -> None:
    family = ""
    for one in found:
        if one.family != family:
            family = one.family
            _options.heading(family)
        click.echo(f"  {one.code}  {one.title}")


def _show(one: Explanation) -> None:
    import shutil

    from envdoctor.support.text import wrap

    _options.heading(f"{one.code} {one.name} ({one.family})")
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    click.echo("\n".join(wrap(f"{one.title}.", width)) + "\n")
    click.echo("\n\n".join("\n".join(wrap(" ".join(part.split()), width)) for part in one.text.split("\n\n")))
    if one.sources:
        click.echo("\n" + "\n".join(("Sources:", *(f"  {address}" for address in one.sources))))

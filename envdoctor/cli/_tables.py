"""Printing what is no report: tables and inspections; and how far a long table has got."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def show(kind: str, value: object, *, as_json: bool, verbose: bool) -> None:
    """Print a value on standard output, without the secrets in it: as JSON, or for a person by `write_KIND`."""
    from envdoctor import registry
    from envdoctor.core.redaction import Redactor, redact

    safe = redact(value, Redactor.here())
    if as_json:
        click.echo(registry.renderer("json").encode(safe))
    else:
        getattr(registry.renderer("terminal"), f"write_{kind}")(safe, verbose=verbose)


@contextlib.contextmanager
def counted(what: str) -> Iterator[Callable[[int, int], None]]:
    """A counter on standard error while the context is open, if that is a terminal; nothing elsewhere."""
    shown = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def progress(done: int, total: int) -> None:
        if shown:
            click.echo(f"\r{done} of {total} {what}", nl=False, err=True)

    yield progress
    if shown:
        click.echo("\r\033[K", nl=False, err=True)

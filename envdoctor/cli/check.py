"""`envdoctor check`: what is wrong on this machine, for this Python."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from envdoctor.cli import _options, _tables

if TYPE_CHECKING:
    from pathlib import Path


@click.command(short_help="Tell what is wrong on this machine, for this Python.")
@click.option(
    "--to",
    "goal",
    cls=_options.GoalOption,
    metavar="GOAL",
    help="Also check what this goal needs (edgetpu, ethos-u55-128, ...).",
)
@click.option("--only", multiple=True, metavar="CODE", help="Ask only these codes (PKG001) or families (PKG).")
@click.option("--skip", multiple=True, metavar="CODE", help="Leave out these codes or families.")
@click.option("--fast", is_flag=True, help="Leave out what importing the installed packages comes to.")
@click.option("--witness", is_flag=True, help="Also ask ldd (or otool) about each installed native file.")
@_options.python_option
@_options.verbose_option
@_options.json_option
def command(
    goal: str | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    fast: bool,
    witness: bool,
    python: Path | None,
    verbose: bool,
    as_json: bool,
) -> int:
    """Tell what is wrong on this machine, for this Python; exit code 1 if there is a problem.

    It is 1 too where not everything could be looked at.
    """
    import gc

    from envdoctor.doctor.check import check

    gc.disable()  # tens of thousands of rows that live to the end: collecting finds nothing and takes a tenth
    with _tables.progress("looking at every installed native file") if witness else contextlib.nullcontext():
        report = check(python=python, goal=goal, only=_words(only), skip=_words(skip), witness=witness, fast=fast)
    _options.show(report, as_json=as_json, verbose=verbose)
    return _options.exit_code(report)


def _words(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.strip().upper() for value in values for word in value.split(",") if word.strip())

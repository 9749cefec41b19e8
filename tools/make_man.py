"""Writes a man page for each command, from the command line's own help.

python tools/make_man.py [FOLDER]     (build/man by default; `man -l build/man/envdoctor-check.1` shows one)
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from envdoctor import __version__
from envdoctor.cli._run import group
from envdoctor.support.outputs import write_output

if TYPE_CHECKING:
    from collections.abc import Iterator


def pages() -> dict[str, str]:
    """Every page by the name of its file."""
    context = click.Context(group, info_name="envdoctor")
    return {f"{name.replace(' ', '-')}.1": "\n".join(lines) + "\n" for name, lines in _all(group, context)}


def _all(command: click.Command, context: click.Context) -> Iterator[tuple[str, list[str]]]:
    yield context.command_path, list(_page(command, context))
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                yield from _all(child, click.Context(child, info_name=name, parent=context))


def _page(command: click.Command, context: click.Context) -> Iterator[str]:
    """One page in the macros of man(7)."""
    name = context.command_path.replace(" ", "-")
    yield f'.TH "{name.upper()}" "1" "" "envdoctor {__version__}" "envdoctor"'
    yield f".SH NAME\n{_text(name)} \\- {_text(command.get_short_help_str(200).rstrip('.'))}"
    usage = " ".join(command.collect_usage_pieces(context))
    yield f".SH SYNOPSIS\n.B {_text(context.command_path)}\n{_text(usage)}"
    yield ".SH DESCRIPTION"
    for number, paragraph in enumerate(inspect.cleandoc(command.help or "").split("\n\n")):
        fixed = paragraph.startswith("\b")
        yield ".PP" if number else '.\\"'
        lines = paragraph.removeprefix("\b").strip("\n").split("\n")
        yield "\n".join([".nf", *map(_text, lines), ".fi"]) if fixed else _text(" ".join(paragraph.split()))
    options = (one for one in command.get_params(context) if isinstance(one, click.Option))
    yield ".SH OPTIONS"
    for words, about in filter(None, (one.get_help_record(context) for one in options)):
        yield f".TP\n.B {_text(words)}\n{_text(about)}"
    if isinstance(command, click.Group):
        yield ".SH COMMANDS"
        for word in command.list_commands(context):
            child = command.get_command(context, word)
            about = child.get_short_help_str(200) if child else ""
            yield f".TP\n.B {_text(word)}\n{_text(about)}"


def _text(text: str) -> str:
    """Text that roff takes as it is: no control line, no escape, hyphens that can be copied."""
    safe = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{safe}" if safe.startswith((".", "'")) else safe


def write(folder: Path) -> int:
    """Write all pages; returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    made = pages()
    for name, text in made.items():
        write_output(folder / name, text, option="man:")
    return len(made)


if __name__ == "__main__":
    target = Path(sys.argv[1] if sys.argv[1:] else "build/man")
    print(f"{write(target)} pages in {target}")

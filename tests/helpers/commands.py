"""Hands commands to the real parser of the command line; nothing is run."""

import click

from envdoctor.cli._run import group


def parse(words):
    """The command that takes these words; raises click.ClickException where none does."""
    command, context = group, click.Context(group)
    name, *rest = words[1:]
    while isinstance(command, click.Group):
        command = command.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            name, *rest = rest
    command.make_context(name, list(rest), parent=context)
    return command

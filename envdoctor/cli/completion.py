"""`envdoctor completion`: what a shell needs to complete commands, options and their values."""

from __future__ import annotations

import click


@click.command(short_help="Print what makes a shell complete commands and values.")
@click.argument("shell", type=click.Choice(["bash", "fish", "powershell", "zsh"]))
def command(shell: str) -> None:
    """Print the script that makes SHELL complete commands, options, goals, codes, platforms and names of packages.

    \b
    bash:        envdoctor completion bash > ~/.local/share/bash-completion/completions/envdoctor
    zsh:         envdoctor completion zsh > a folder of your $fpath, as _envdoctor
    fish:        envdoctor completion fish > ~/.config/fish/completions/envdoctor.fish
    PowerShell:  envdoctor completion powershell >> $PROFILE
    """  # noqa: D301  (click's mark of lines that stay as they are)
    from click.shell_completion import ShellComplete, get_completion_class

    from envdoctor.cli._completion import VARIABLE, add_powershell
    from envdoctor.cli._run import group

    add_powershell()
    kind = get_completion_class(shell)
    if kind is None:
        raise AssertionError(f"click knows no completion for {shell}")
    click.echo(
        ShellComplete.source(kind(group, {}, "envdoctor", VARIABLE))
    )  # bash's own one starts bash for its version

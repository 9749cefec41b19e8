"""What a shell offers as the value of an option or argument; and PowerShell, which click does not know."""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import re
from typing import TYPE_CHECKING, Any, ClassVar

from click.shell_completion import CompletionItem, ShellComplete, add_completion_class, shell_complete, split_arg_string

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click

VARIABLE = "_ENVDOCTOR_COMPLETE"

_MODULE_OF_PROBE = re.compile(r"([a-z]{3}\d{3})_")


class _PowerShell(ShellComplete):
    """Completion for PowerShell, by its documentation of Register-ArgumentCompleter; see docs/never-run.md."""

    name: ClassVar[str] = "powershell"
    source_template: ClassVar[str] = """\
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $env:%(complete_var)s = 'powershell_complete'
    $env:COMP_WORDS = $commandAst.ToString()
    $env:COMP_CWORD = $wordToComplete
    %(prog_name)s | ForEach-Object {
        $value, $help = $_ -split "`t", 2
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
    }
    Remove-Item Env:%(complete_var)s, Env:COMP_WORDS, Env:COMP_CWORD
}
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is being typed, and that one."""
        words = split_arg_string(os.environ["COMP_WORDS"])[1:]
        typed = os.environ["COMP_CWORD"]
        return (words[:-1] if typed and words[-1:] == [typed] else words), typed

    def format_completion(self, item: CompletionItem) -> str:
        """A value and what it is; PowerShell completes names of files by itself where nothing is offered."""
        return "" if item.type != "plain" else f"{item.value}\t{item.help or item.value}"


def add_powershell() -> None:
    """Let click know of PowerShell."""
    add_completion_class(_PowerShell)


def answer(group: click.Command, asked: str) -> int:
    """Tell a shell what can come next; where that can't be found out nothing is said, since it would stand in its line.

    Returns:
        The exit code.
    """
    add_powershell()
    with contextlib.suppress(Exception):
        return shell_complete(group, {}, "envdoctor", VARIABLE, asked)
    return 1


def offer_values(name: str, command: click.Command) -> None:
    """Give the parameters of a command the values that a shell offers for them; only while a shell asks."""
    for parameter in command.params:
        values = _VALUES.get((name, parameter.name or "")) or _VALUES.get(("", parameter.name or ""))
        if values is not None:
            setattr(parameter, "shell_complete", _offer(values))  # noqa: B010  (a method, of this object alone)


def _offer(values: Callable[[], Iterable[tuple[str, str]]]) -> Callable[[Any, str], list[CompletionItem]]:
    def complete(_: object, typed: str) -> list[CompletionItem]:
        before, comma, last = typed.rpartition(",")
        found = [(value, about) for value, about in values() if value.lower().startswith(last.lower())]
        return [CompletionItem(before + comma + value, help=about or None) for value, about in sorted(found)]

    return complete


def _goals() -> Iterable[tuple[str, str]]:
    from envdoctor.core.goal import goal_names, parse_goal

    return [(name, parse_goal(name).title) for name in goal_names()]


def _readers() -> Iterable[tuple[str, str]]:
    from envdoctor.core.data import load_table

    return [*_goals(), *((name, row.get("title", "")) for name, row in load_table("tflite-readers").items())]


def _probes() -> Iterable[tuple[str, str]]:
    """Codes and families, by the names of modules: importing them all would take longer than a person waits."""
    from envdoctor.core.data import compiler_folders
    from envdoctor.core.finding import FAMILIES

    places = [
        *importlib.import_module("envdoctor_probes").__path__,
        *(str(folder / "probes") for folder in compiler_folders()),
    ]
    for module in pkgutil.iter_modules(places):
        if match := _MODULE_OF_PROBE.match(module.name):
            yield match[1].upper(), module.name[match.end() :].replace("_", " ")
    yield from FAMILIES.items()


def _codes() -> Iterable[tuple[str, str]]:
    from envdoctor.core.finding import FAMILIES
    from envdoctor.stages.problems import problem_kinds

    yield from ((code, about) for code, about in _probes() if code not in FAMILIES)
    yield from ((one.code, one.title) for one in problem_kinds().values())


def _platforms() -> Iterable[tuple[str, str]]:
    from envdoctor.core.data import load_table

    table = load_table("targets")
    for system, architectures in table["architectures"].items():
        yield from ((f"{system}-{name}", "") for name in architectures)
    yield from ((name, str(meaning)) for name, meaning in table["aliases"].items())


def _toolchains() -> Iterable[tuple[str, str]]:
    from envdoctor.toolchains.catalogue import catalogue

    return [(name, entry.title) for name, entry in catalogue().items()]


def _packages() -> Iterable[tuple[str, str]]:
    """What is installed in the active environment, by the names of folders."""
    from pathlib import Path

    from envdoctor.core.errors import EnvDoctorError
    from envdoctor.core.request import Request
    from envdoctor.executors.local import LocalExecutor
    from envdoctor.facts import Facts

    try:
        folders = Facts(Request(), LocalExecutor()).python.search_path
    except EnvDoctorError:
        return
    for folder in folders:
        for info in Path(folder.path).glob("*.dist-info"):
            name, _, version = info.name.removesuffix(".dist-info").partition("-")
            yield name.replace("_", "-"), version


def _environments() -> Iterable[tuple[str, str]]:
    from envdoctor.core.data import load_table

    return [(name, "") for name in load_table("environments")]


def _formats() -> Iterable[tuple[str, str]]:
    from envdoctor.cli._formats import NAMES

    return [(name, "") for name in re.split(", | or ", NAMES)]


#: By command and parameter; an empty command stands for all that have a parameter of that name.
_VALUES: dict[tuple[str, str], Callable[[], Iterable[tuple[str, str]]]] = {
    ("", "goal"): _goals,
    ("model", "goal"): _readers,
    ("", "format_name"): _formats,
    ("", "only"): _probes,
    ("", "skip"): _probes,
    ("explain", "word"): _codes,
    ("fix", "codes"): _probes,
    ("", "platform"): _platforms,
    ("", "platforms"): _platforms,
    ("install", "name"): _toolchains,
    ("where", "name"): _toolchains,
    ("remove", "name"): _toolchains,
    ("remove", "names"): _environments,
    ("bisect", "requirements"): _packages,
    ("inspect", "subject"): _packages,
    ("lock", "requirements"): _packages,
    ("matrix", "requirements"): _packages,
}

"""Sorts what the fixes of findings say by who does the work: an installer, root, another program, or a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envdoctor.facts.packages.installers import TARGET, Operation, installers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.core.finding import Finding
    from envdoctor.core.fixing import Argv
    from envdoctor.facts.python import Python

#: Beginnings of commands that tell or begin something new; they mend nothing of what was found.
_TELLING = (("envdoctor", "matrix"), ("envdoctor", "inspect"), ("uv", "venv"), ("wsl.exe",))
#: A word that the user has to replace. What lies in another folder than the environment's can't be tried on a copy.
_BLANK = "YOUR-"


@dataclass(slots=True)
class Gathered:
    """The work, each piece with the finding that asks for it.

    Attributes:
        packages: for pip and uv.
        conda: for conda.
        root: commands that begin with sudo.
        others: all other commands.
        manual: findings that no command mends.
    """

    packages: list[tuple[Operation, Finding]] = field(default_factory=list)
    conda: list[tuple[Operation, Finding]] = field(default_factory=list)
    root: list[tuple[Argv, Finding]] = field(default_factory=list)
    others: list[tuple[Argv, Finding]] = field(default_factory=list)
    manual: list[Finding] = field(default_factory=list)


def gather(findings: Iterable[Finding], python: Python) -> Gathered:
    """Sort the fixes of findings; `python` is the examined interpreter, which their commands name."""
    known = installers(python)
    gathered = Gathered()
    for finding in findings:
        commands = finding.fix.commands if finding.fix else ()
        if not commands or any(map(_is_for_a_person, commands)):
            gathered.manual.append(finding)
            continue
        read = [next(filter(None, (one.read(command) for one in known)), ()) for command in commands]
        if all(read):
            for operation in (one for operations in read for one in operations):
                place = gathered.conda if operation.installer == "conda" else gathered.packages
                place.append((operation, finding))
        else:
            place_of_commands = gathered.root if any(map(needs_root, commands)) else gathered.others
            place_of_commands += [(command, finding) for command in commands]
    return gathered


def needs_root(command: Argv) -> bool:
    """Whether a fix's command is for root."""
    return command[0] == "sudo" or "--privileged" in command


def _is_for_a_person(command: Argv) -> bool:
    makes_environment = "venv" in command[1:3]
    begins = any(command[: len(words)] == words for words in _TELLING)
    return begins or makes_environment or any(word.startswith((_BLANK, TARGET)) for word in command)

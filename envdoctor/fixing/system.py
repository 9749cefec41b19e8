"""The steps that are no installer's: packages of the system, the kernel's settings, envdoctor's own commands."""

from __future__ import annotations

import os
import re
import shutil
import sys
from typing import TYPE_CHECKING

from envdoctor.core.command import Command
from envdoctor.core.fixing import Change, Step, StepKind
from envdoctor.fixing.gathering import needs_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from envdoctor.core.finding import Finding
    from envdoctor.core.fixing import Argv
    from envdoctor.executors import Executor

#: How each package manager installs, and the word by which it asks nothing, since it was asked before.
_MANAGERS: dict[tuple[str, ...], str] = {
    ("sudo", "apt-get", "install"): "--yes",
    ("sudo", "dnf", "install"): "-y",
    ("sudo", "apk", "add"): "",
    ("sudo", "pacman", "-S"): "--noconfirm",
}
#: `apt-get --simulate`: `Inst libxcb1 [1.14-3] (1.15-1 Debian:12/stable [amd64])`, the old version only where one is.
_INST = re.compile(r"^Inst (\S+) (?:\[(\S+)\] )?\((\S+)", re.MULTILINE)
_SECONDS = 60.0


def system_steps(asked: Sequence[tuple[Argv, Finding]], executor: Executor) -> Iterator[Step]:
    """Steps for root: one for what a package manager installs, and one for each thing that is set up."""
    for part in _parts(asked):
        commands = combined([command for command, _ in part])
        findings = tuple(dict.fromkeys(finding for _, finding in part))
        changes = tuple(_simulated(commands, executor))
        added = [one.name for one in changes if not one.before]
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        yield Step(
            kind=StepKind.SYSTEM,
            title=_title(commands, findings),
            commands=tuple(command[1:] if is_root and command[0] == "sudo" else command for command in commands),
            mends=findings,
            changes=changes,
            root=True,
            safe=all(one.fix is not None and one.fix.safe for one in findings),
            undo=f"`sudo apt-get remove {' '.join(added)}` removes what was added" if added else "",
        )


def _parts(asked: Sequence[tuple[Argv, Finding]]) -> list[list[tuple[Argv, Finding]]]:
    """What can be agreed to by itself: findings that share a command or a package manager belong together."""
    parts: list[list[tuple[Argv, Finding]]] = []
    for command, finding in asked:
        joined = [part for part in parts if any(_key(row[0]) == _key(command) or row[1] == finding for row in part)]
        parts = [part for part in parts if part not in joined]
        parts.append([*(row for part in joined for row in part), (command, finding)])
    return sorted(parts, key=lambda part: not any(command[:3] in _MANAGERS for command, _ in part))


def _key(command: Argv) -> Argv:
    return command[:3] if command[:3] in _MANAGERS else command


def combined(commands: Iterable[Argv]) -> tuple[Argv, ...]:
    """The same commands, those of one package manager as one; of equal ones the last, behind what it needs."""
    packages: dict[Argv, dict[str, None]] = {}
    others: dict[Argv, None] = {}
    for command in commands:
        beginning = command[:3]
        if beginning in _MANAGERS:
            packages.setdefault(beginning, {}).update(dict.fromkeys(command[3:]))
        else:
            others.pop(command, None)
            others[command] = None
    installs = ((*begin, *filter(None, (_MANAGERS[begin],)), *names) for begin, names in packages.items())
    return (*installs, *others)


def _title(commands: Sequence[Argv], findings: Sequence[Finding]) -> str:
    names = [word for command in commands for word in command[3:] if command[:3] in _MANAGERS and word[:1] != "-"]
    if names:
        return f"the system's packages: {', '.join(names)}"
    return next((one.fix.text for one in findings if one.fix is not None), "the system's settings")


def _simulated(commands: Sequence[Argv], executor: Executor) -> Iterator[Change]:
    """What apt-get says that it would install."""
    for command in commands:
        if command[1:3] == ("apt-get", "install") and shutil.which("apt-get"):
            argv = ("apt-get", "--simulate", *command[2:])
            result = executor.run(Command(argv=argv, env={"LC_ALL": "C"}, timeout=_SECONDS))
            for name, before, after in _INST.findall(result.stdout):
                yield Change(name=name, before=before, after=after)


def other_steps(asked: Sequence[tuple[Argv, Finding]]) -> Iterator[Step]:
    """One step for each command that needs neither root nor an installer."""
    by_command: dict[Argv, list[Finding]] = {}
    for command, finding in asked:
        by_command.setdefault(command, []).append(finding)
    for command, findings in by_command.items():
        yield Step(
            kind=StepKind.OTHER,
            title=_title_of(command, findings),
            commands=(command,),
            mends=tuple(dict.fromkeys(findings)),
            safe=all(one.fix is not None and one.fix.safe for one in findings),
            undo=_undo_of(command),
        )


def _title_of(command: Argv, findings: Sequence[Finding]) -> str:
    """What a step does: one of envdoctor's own commands says it; a fix's words may speak of more, or of an "it"."""
    if command[0] == "envdoctor":
        return " ".join(command)
    return next(one.fix.text for one in findings if one.fix is not None)


def _undo_of(command: Argv) -> str:
    if command[0] == "envdoctor" and command[1:3] == ("toolchain", "install"):
        return f"`envdoctor toolchain remove {command[3]}` removes it"
    return ""


def as_run(command: Argv) -> Argv:
    """A command as it is started: envdoctor's own by this very installation, sudo without asking for a password."""
    if command[0] == "envdoctor":
        return (sys.executable, "-m", "envdoctor", *command[1:])
    return ("sudo", "-n", *command[1:]) if command[0] == "sudo" else command


def cant_be_root(step: Step) -> str:
    """Why a step for root can't be run from here, with what to do; "" if it can be tried."""
    if not any(map(needs_root, step.commands)) or shutil.which("sudo"):
        return ""
    return "it needs root, and there is no sudo here: run the commands as root."

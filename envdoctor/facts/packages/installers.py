"""The exact commands that mend an environment, for the installer that it uses."""

from __future__ import annotations

import enum
import itertools
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.core.errors import FactUnavailable
from envdoctor.core.finding import Fix
from envdoctor.core.frozen import frozen
from envdoctor.support.requirement import admit_both, admits, command_words, normal_name, parse_requirement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.facts import Facts
    from envdoctor.facts.locked import Locked
    from envdoctor.facts.packages import Distribution, Packages
    from envdoctor.facts.python import Python

Argv = tuple[str, ...]
_BEHIND_NAME = re.compile(r"[^\w.-]")  # how conda writes versions: idna<4, idna=3.7
#: The option for a folder of packages that is not the environment's own, and the origins of such.
TARGET = "--target"
_OTHER_FOLDERS = frozenset({"pythonpath", "pth"})
#: One command; none where a name or a version is nothing that may stand in one (`command_words`).
Commands = tuple[Argv, ...]


class Deed(enum.Enum):
    """What a command does with distributions."""

    INSTALL = "install"
    REINSTALL = "reinstall"
    REMOVE = "remove"


@frozen
class Operation:
    """What is to happen to a distribution.

    Attributes:
        installer: who does it: `pip`, `uv` or `conda`.
        name: as the command writes it.
        versions: what stands behind the name.
        upgrade: whether the newest version is wanted though an installed one would do.
        fresh: whether what the installer keeps in its cache must not be used.
        over: whether it writes over files that it can't remove first, since nothing lists them.
    """

    installer: str
    deed: Deed
    name: str
    versions: str = ""
    upgrade: bool = False
    fresh: bool = False
    over: bool = False


@frozen
class Installer:
    """One installer, told which environment to work on.

    Attributes:
        name: `pip`, `uv` or `conda`.
        installs, reinstalls, overwrites, removes: the beginnings of its commands; pins or names follow.
        pin: what stands between a name and a version.
        upgrades: the words behind `installs` that ask for the newest version; the name follows them.
        afresh: the words that keep it from using its cache.
    """

    name: str
    installs: Argv
    reinstalls: Argv
    overwrites: Argv
    removes: Argv
    pin: str = "=="
    upgrades: Argv = ("--upgrade",)
    afresh: Argv = ("--no-cache-dir", "-v")

    def install(self, name: str, versions: str = "", *, upgrade: bool = False) -> Commands:
        """Install what meets a requirement, changing versions where that takes it."""
        words = command_words(name, versions)
        if upgrade and words and self.name == "uv":  # whose --upgrade renews everything that is required, too
            return ((*self.installs, *self.upgrades, name, *words),)
        return _command((*self.installs, *(self.upgrades if upgrade else ())), words)

    def again(self, distribution: Distribution, text: str, *, safe: bool = True) -> Fix:
        """The fix that puts back the files of a distribution, in the version that it has, and nothing else.

        What came from a folder, a file or a URL has no command: an index may have another project of that name.
        """
        commands = self.reinstall(distribution)
        return Fix(text=text + source_note(distribution), commands=commands, safe=safe and bool(commands))

    def reinstall(self, distribution: Distribution, *, fresh: bool = False) -> Commands:
        """The command that puts back its files; none for what came from elsewhere than an index.

        Without a RECORD, pip refuses to remove a distribution, and so to reinstall it. In a folder that is not the
        environment's own it finds none.
        """
        if distribution.source:
            return ()
        if distribution.origin in _OTHER_FOLDERS:
            again = "--upgrade" if self.name == "pip" else "--reinstall"
            into = (*self.installs, "--no-deps", again, TARGET, distribution.root)
            return _command(into, self._pinned(distribution)) if self.name != "conda" else ()
        beginning = self.reinstalls if distribution.has_record else self.overwrites
        return _command((*beginning, *(self.afresh if fresh else ())), self._pinned(distribution))

    def put(self, distribution: Distribution) -> Commands:
        """Install a distribution in the version that it has, with what it requires; none as for `reinstall`."""
        if distribution.source:
            return ()
        return _command(self.installs, self._pinned(distribution))

    def remove(self, *distributions: Distribution) -> Commands:
        """Remove distributions."""
        words = [command_words(one.name) for one in distributions]
        return _command(self.removes, sum(words, ())) if all(words) else ()

    def read(self, command: Argv) -> tuple[Operation, ...]:
        """What one of its commands, as made above, does; nothing for any other command."""
        beginnings = (
            (Deed.REINSTALL, self.reinstalls),
            (Deed.REINSTALL, self.overwrites),
            (Deed.REMOVE, self.removes),
            (Deed.INSTALL, self.installs),
        )
        for deed, beginning in beginnings if TARGET not in command else ():
            if command[: len(beginning)] != beginning:
                continue
            rest = command[len(beginning) :]
            upgrade, fresh = "--upgrade" in rest or "--upgrade-package" in rest, bool(set(self.afresh) & set(rest))
            words = (
                rest[2:] if "--upgrade-package" in rest else tuple(word for word in rest if not word.startswith("-"))
            )
            made = [self._operation(deed, word) for word in words]
            over = beginning == self.overwrites != self.reinstalls
            return tuple(replace(one, upgrade=upgrade, fresh=fresh, over=over) for one in made)
        return ()

    def _operation(self, deed: Deed, word: str) -> Operation:
        if self.name == "conda":
            name = _BEHIND_NAME.split(word, maxsplit=1)[0]
            return Operation(installer=self.name, deed=deed, name=name, versions=word.removeprefix(name))
        parsed = parse_requirement(word)
        return Operation(installer=self.name, deed=deed, name=parsed.name, versions=parsed.specifier)

    def _pinned(self, distribution: Distribution) -> tuple[str, ...]:
        return command_words(distribution.name, f"{self.pin}{distribution.version}")


def source_note(distribution: Distribution) -> str:
    """A sentence on where it was installed from, if that is no index; to stand behind another."""
    return f" It was installed from {distribution.source}, not from an index." if distribution.source else ""


def matrix_command(*names: str) -> Commands:
    """What tells which versions of projects load where, and beside each other."""
    words = [command_words(name) for name in names]
    return _command(("envdoctor", "matrix"), sum(words, ())) if all(words) else ()


def _command(beginning: Argv, words: tuple[str, ...]) -> Commands:
    return ((*beginning, *words),) if words else ()


def installer_for(python: Python, packages: Packages, distribution: Distribution | None = None) -> Installer | None:
    """The installer that looks after a distribution, or that would install a new one.

    Returns:
        None where only the operating system's package manager may.
    """
    if distribution is not None and distribution.system:
        return None
    told = "" if distribution is None else distribution.installer
    if told == "conda":
        return _conda(python)
    if told == "uv" or packages.find("pip") is None:
        return _uv(python)
    return _pip(python)


def pip_serves(packages: Packages) -> bool:
    """Whether pip is there and finds what it is to remove: of what is renamed to `~umpy` it takes the name as used."""
    leftovers = any(path.endswith(".dist-info") for path in packages.leftovers)
    return packages.find("pip") is not None and not leftovers


def installers(python: Python) -> tuple[Installer, ...]:
    """All installers, told to work on an environment."""
    return _pip(python), _uv(python), _conda(python)


def suited(fix: Fix, facts: Facts) -> Fix:
    """A fix as it is for this Python, and for the project whose environment it is.

    Nothing is installed into a Python that the operating system looks after (PEP 668), nor what a lock has in another
    version, nor a version that the project's files exclude.
    """
    if not any({"pip", "conda"} & {*command[:3]} for command in fix.commands):
        return fix
    python = facts.python
    if python.conda:
        from envdoctor.facts.packages.conda import by_conda

        fix = by_conda(fix, facts)
    if python.externally_managed:
        why = f"The operating system looks after the packages of {python.executable}"
        text = f"{fix.text} {why}: make an environment, and do it there."
        return replace(fix, text=text, commands=((python.executable, "-m", "venv", ".venv"),))
    try:
        locked = facts.locked
    except FactUnavailable:
        return fix
    said: dict[str, None] = {}
    commands = tuple(_as_asked(command, locked, installers(python), said) for command in fix.commands)
    return replace(fix, text=" ".join((fix.text, *said)), commands=commands)


def _as_asked(command: Argv, locked: Locked, known: Sequence[Installer], said: dict[str, None]) -> Argv:
    """A command that installs distributions, with the versions that a lock has of them, or within a project's limits.

    Args:
        command: any; what installs nothing stays as it is.
        locked: the pins and limits.
        known: the installers.
        said: gets a sentence for what is changed.
    """
    for installer in known:
        operations = installer.read(command) if installer.pin == "==" else ()
        pins = [locked.versions.get(normal_name(each.name), "") for each in operations]
        if pins and all(map(_takes, operations, pins)):
            said[f"T{locked.alike()[1:]}."] = None
            words = (command_words(each.name, f"=={pin}") for each, pin in zip(operations, pins, strict=True))
            return (*installer.installs, *itertools.chain.from_iterable(words))
        for each in operations:
            name = normal_name(each.name)
            limit = locked.limits.get(name)
            if limit is not None and each.deed is Deed.INSTALL and admit_both(each.versions, limit.versions):
                within = ",".join(filter(None, (each.versions, limit.versions)))
                old, new = command_words(each.name, each.versions), command_words(each.name, within)
                if old and new and old[0] in command:
                    said[f"{locked.asks([name])[0]}."] = None
                    command = tuple(new[0] if word == old[0] else word for word in command)
        said.update((f"{told}.", None) for each in operations if (told := _parting(each, locked)))
    return command


def _parting(operation: Operation, locked: Locked) -> str:
    """How what is installed parts from the lock; "" if it does not."""
    if operation.deed is not Deed.INSTALL:
        return ""
    name = normal_name(operation.name)
    pin = locked.versions.get(name)
    return locked.parts(name, operation.versions or (f">{pin}" if operation.upgrade and pin else ""))


def _takes(operation: Operation, version: str) -> bool:
    """Whether what is to be installed may be of a version."""
    if operation.deed is not Deed.INSTALL or operation.upgrade or operation.fresh or not version:
        return False
    try:
        return admits(operation.versions, version)
    except ValueError:
        return False


def _pip(python: Python) -> Installer:
    pip = (python.executable, "-m", "pip")
    install = (*pip, "install")
    return Installer(
        name="pip",
        installs=install,
        reinstalls=(*install, "--force-reinstall", "--no-deps"),
        overwrites=(*install, "--ignore-installed", "--no-deps"),
        removes=(*pip, "uninstall", "--yes"),
    )


def _uv(python: Python) -> Installer:
    where = ("--python", python.executable)
    install = ("uv", "pip", "install", *where)
    return Installer(
        name="uv",
        installs=install,
        reinstalls=(*install, "--reinstall", "--no-deps"),
        overwrites=(*install, "--reinstall", "--no-deps"),
        removes=("uv", "pip", "uninstall", *where),
        upgrades=("--upgrade-package",),
        afresh=("--no-cache", "-v"),
    )


def _conda(python: Python) -> Installer:
    where = ("--prefix", python.prefix, "--yes")
    return Installer(
        name="conda",
        installs=("conda", "install", *where),
        reinstalls=("conda", "install", *where, "--force-reinstall", "--no-deps"),
        overwrites=("conda", "install", *where, "--force-reinstall", "--no-deps"),
        removes=("conda", "remove", *where),
        pin="=",
    )

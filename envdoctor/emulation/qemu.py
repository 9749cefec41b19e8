"""Emulators of x86_64 programs in user mode: where they are, and which version."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable  # noqa: TC003
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.command import Command
from envdoctor.executors.programs import find_program

if TYPE_CHECKING:
    from envdoctor.executors import Executor

#: The names of QEMU's emulator, the self-contained one first: it also works in a container or chroot.
QEMU_NAMES = ("qemu-x86_64-static", "qemu-x86_64")
#: Other programs that run x86_64 code; known, because people try them.
OTHER_NAMES = ("box64", "FEXInterpreter")
_FOLDERS = ("/usr/bin", "/usr/local/bin")
_TIME_LIMIT = 10.0
_VERSION = re.compile(r"qemu-x86_64\S* version (\d+(?:\.\d+)+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """A program that runs x86_64 Linux programs.

    Attributes:
        name: `qemu-x86_64`, `box64`, ...
        version: (7, 2, 22), or None if it did not say.
        text: the first line of what it says about its version.
        problem: why it could not be asked; empty if it could.
    """

    name: str
    path: Path
    version: tuple[int, ...] | None = None
    text: str = ""
    problem: str = ""

    @property
    def is_qemu(self) -> bool:
        """QEMU, the only one that the Edge TPU compiler is known to work under."""
        return self.name in QEMU_NAMES


def parse_version(text: str) -> tuple[int, ...] | None:
    """`qemu-x86_64 version 7.2.22 (Debian 1:7.2+dfsg-7)` -> (7, 2, 22); None if there is none."""
    match = _VERSION.search(text)
    return tuple(int(part) for part in match.group(1).split(".")) if match else None


def find_emulators(executor: Executor, folders: Iterable[Path] = ()) -> tuple[Emulator, ...]:
    """The emulators on this machine, each asked for its version; QEMU first.

    Args:
        executor: runs them.
        folders: more folders to look in, before PATH (the toolchain store's).
    """
    path = os.pathsep.join((*map(str, folders), os.environ.get("PATH", os.defpath), *_FOLDERS))
    found = []
    for name in (*QEMU_NAMES, *OTHER_NAMES):
        place = find_program(name, path)
        if place:
            found.append(_ask(executor, name, Path(place)))
    return tuple(found)


def _ask(executor: Executor, name: str, path: Path) -> Emulator:
    result = executor.run(Command(argv=(str(path), "--version"), timeout=_TIME_LIMIT))
    if not result.ok:
        return Emulator(name=name, path=path, problem=result.describe_failure())
    lines = result.stdout.strip().splitlines()
    return Emulator(name=name, path=path, version=parse_version(result.stdout), text=lines[0] if lines else "")

"""The Pythons on this machine, each asked what it is by its own words; none is ever downloaded.

Looked at are the folders of PATH and those that version managers, conda and uv install into (data/python_homes.toml).
"""

from __future__ import annotations

import glob
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.core.data import load_table
from envdoctor.core.errors import UsageProblem
from envdoctor.environments.asking import ask_python, find_program, machine_of
from envdoctor.support.files import read_head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from envdoctor.executors import Executor

#: Names of interpreters that a folder of programs may hold.
_NAME = re.compile(r"(?:python(?:3(?:\.\d+t?d?)?)?|pypy3?(?:\.\d+)?)(?:\.exe)?")
_SYSTEMS = {"darwin": "macos", "win32": "windows"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """One Python.

    Attributes:
        path: the program.
        base: the one that it was made with, if it belongs to a virtual environment; else itself.
        version: of Python (`3.11.7`).
        platform: what it was built for (`linux-x86_64`), which need not be what the machine is.
        implementation: `cpython`, `pypy`, ...
        variant: `default`, `freethreaded`, `debug`, ...
        libc: `gnu` or `musl`; `none` where there is no choice.
    """

    path: Path
    version: str
    platform: str
    base: Path = Path()
    implementation: str = "cpython"
    variant: str = "default"
    libc: str = "none"

    @property
    def minor(self) -> str:
        """The language version (`3.11`)."""
        return ".".join(self.version.split(".")[:2])

    def __str__(self) -> str:
        marks = [mark for mark in (self.variant, self.libc) if mark in {"freethreaded", "debug", "musl"}]
        name = "Python" if self.implementation == "cpython" else self.implementation
        return f"{name} {self.version} ({', '.join([str(self.path), self.platform, *marks])})"


@dataclass(slots=True)
class Interpreters:
    """The Pythons of this machine, each asked once.

    Attributes:
        executor: runs them.
        python: the user's own interpreter, or the folder of its environment.
    """

    executor: Executor
    python: Path = field(default_factory=lambda: Path(sys.executable))
    _asked: dict[str, Interpreter | str] = field(default_factory=dict)
    _found: tuple[Interpreter, ...] | None = None

    def own(self) -> Interpreter | None:
        """The user's own interpreter; None if it does not run, and `remark` says why."""
        found = self._ask(str(self.python))
        return found if isinstance(found, Interpreter) else None

    def all(self) -> tuple[Interpreter, ...]:
        """All Pythons that run, each once."""
        if self._found is None:
            programs = candidates(search_path(os.environ.get("PATH", "")).split(os.pathsep))
            answers = [self._ask(str(program)) for program in programs]
            self._found = tuple(one for one in answers if isinstance(one, Interpreter))
        return self._found

    def remark(self) -> str:
        """What to add to a sentence if the user's own interpreter does not run; else nothing."""
        found = self._ask(str(self.python))
        return "" if isinstance(found, Interpreter) else f" (your own, {self.python}, does not run: {found})"

    def _ask(self, named: str) -> Interpreter | str:
        """What stands at a path, or why nothing there answers."""
        if named not in self._asked:
            try:
                program = find_program(Path(named))
                self._asked[named] = from_answer(program, ask_python(program, self.executor))
            except UsageProblem as error:
                self._asked[named] = str(error).rstrip(".")
        return self._asked[named]


def from_answer(program: str, answer: Mapping[str, Any]) -> Interpreter:
    """The interpreter that described itself so (`describe.describe`)."""
    system = answer["markers"]["sys_platform"]
    machine = machine_of(answer["platform"], answer["multiarch"], answer["markers"]["platform_machine"], answer["bits"])
    libc = "musl" if "musl" in f"{answer['multiarch']} {answer['host_type']}" else "gnu"
    return Interpreter(
        path=Path(program),
        base=Path(answer["base_executable"]),
        version=answer["version"],
        platform=f"{_SYSTEMS.get(system, system)}-{machine}",
        implementation=answer["implementation"],
        variant="freethreaded" if answer["free_threaded"] else "debug" if answer["debug"] else "default",
        libc=libc if system == "linux" else "none",
    )


def candidates(folders: Iterable[str]) -> tuple[Path, ...]:
    """The programs in some folders that are called like a Python, each once however many names it has."""
    found: dict[str, Path] = {}
    for folder in folders:
        try:
            names = sorted((one.name for one in Path(folder).iterdir() if _NAME.fullmatch(one.name)), key=len)
        except OSError:
            continue
        for name in names:
            program = Path(folder, name)
            # A virtual environment's is a link to the one that it was made with, and not the same.
            where = folder if (Path(folder).parent / "pyvenv.cfg").is_file() else ""
            if os.access(program, os.X_OK) and program.is_file():
                found.setdefault(where + os.path.realpath(program), program)
    return tuple(found.values())


def search_path(path: str) -> str:
    """The PATH to look for Pythons in: without version managers' shims, which answer for another Python or fail."""
    folders = [one for one in path.split(os.pathsep) if one and Path(one).name != "shims"]
    return os.pathsep.join(dict.fromkeys([*folders, *_homes(), *_conda_environments()]))


def _homes(*, windows: bool = os.name == "nt") -> Iterator[str]:
    """Folders that the table's patterns match."""
    for pattern in load_table("python_homes")["windows" if windows else "posix"]:
        expanded = os.path.expandvars(os.path.expanduser(pattern))  # noqa: PTH111  (a pattern, not yet a path)
        yield from sorted(one for one in glob.glob(expanded) if Path(one).is_dir())  # noqa: PTH207  (absolute)


def _conda_environments(*, windows: bool = os.name == "nt") -> Iterator[str]:
    """The environments that conda itself keeps a list of, wherever they are."""
    try:
        content = read_head(Path.home() / ".conda" / "environments.txt", 1 << 20)
        lines = content.decode("utf-8", "replace").splitlines()
    except (OSError, RuntimeError):
        return
    for line in filter(None, map(str.strip, lines)):
        folder = Path(line) if windows else Path(line) / "bin"
        if folder.is_dir():
            yield str(folder)

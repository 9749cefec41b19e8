"""The Pythons on this machine, as uv finds them; none is ever downloaded.

uv looks through PATH, its own Pythons and, on Windows, the registry (PEP 514) and the Store. It does not look into
pyenv's, conda's and the like; their folders (data/python_homes.toml) are put on the PATH that it sees.
"""

from __future__ import annotations

import glob
import json
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.core.data import load_table
from envdoctor.core.errors import EnvironmentProblem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envdoctor.core.command import CommandResult
    from envdoctor.environments.uv_runner import Uv

#: uv breaks its warnings into lines as wide as the terminal, wherever a space is; so it is told of a very wide one.
_WIDE = "9999"
_BROKEN = re.compile(
    r"Failed\s+to\s+inspect\s+Python\s+interpreter\s+from\s+[^`]*?\s+at\s+`(?P<path>[^`]+)`\s+cause:\s+(?P<cause>.+)"
)
_OUTPUT = re.compile(r"\[std(?:err|out)\]\s+(?P<line>\S.*)")
_ARCHITECTURES = {("macos", "aarch64"): "arm64", ("windows", "aarch64"): "arm64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """One Python.

    Attributes:
        path: the program.
        version: of Python (`3.11.7`).
        platform: what it was built for (`linux-x86_64`), which need not be what the machine is.
        implementation: `cpython`, `pypy`, ...
        variant: `default`, `freethreaded`, `debug`, ...
        libc: `gnu` or `musl`; `none` where there is no choice.
    """

    path: Path
    version: str
    platform: str
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
    """The Pythons of this machine, each question asked once.

    Attributes:
        uv: who looks.
        python: the user's own interpreter.
    """

    uv: Uv
    python: Path = field(default_factory=lambda: Path(sys.executable))
    _asked: dict[str, tuple[Interpreter, ...]] = field(default_factory=dict)
    _broken: str = ""

    def own(self) -> Interpreter | None:
        """The user's own interpreter; None if it does not run, and `broken` says why.

        Raises:
            EnvironmentProblem: uv is not there, or can't tell.
        """
        found = self._list(str(self.python))
        return found[0] if found else None

    def all(self) -> tuple[Interpreter, ...]:
        """All Pythons that run, each once.

        Raises:
            EnvironmentProblem: uv is not there, or can't tell.
        """
        return self._list("")

    def remark(self) -> str:
        """What to add to a sentence if the user's own interpreter does not run; else nothing."""
        if self.own() is not None:
            return ""
        return f" (your own, {self.python}, does not run: {self._broken or 'no Python answers there'})"

    def _list(self, wanted: str) -> tuple[Interpreter, ...]:
        """What uv finds at a path, or anywhere if that is empty."""
        if wanted not in self._asked:
            arguments = ("python", "list", "--only-installed", "--output-format", "json", *([wanted] if wanted else []))
            result = self.uv.run(*arguments, env={"PATH": search_path(os.environ.get("PATH", "")), "COLUMNS": _WIDE})
            self._asked[wanted] = parse_list(result)
            if wanted:
                self._broken = next(iter(parse_broken(result.stderr).values()), "")
        return self._asked[wanted]


def parse_list(result: CommandResult) -> tuple[Interpreter, ...]:
    """Read what `uv python list --output-format json` printed; several names of one program count once.

    Raises:
        EnvironmentProblem: it is not what uv prints.
    """
    try:
        rows = json.loads(result.stdout) if result.ok else None
        found = [_interpreter(row) for row in _as_list(rows) if row["path"] is not None]
    except (ValueError, TypeError, KeyError):
        reason = result.last_line or result.describe_failure()
        raise EnvironmentProblem(f"uv could not list the Pythons of this machine: {reason}") from None
    return tuple({os.path.realpath(one.path): one for one in reversed(found)}.values())[::-1]


def parse_broken(stderr: str) -> dict[str, str]:
    """Path and reason of each Python that uv could not ask, from the warnings it printed."""
    broken = {}
    for warning in stderr.split("warning: ")[1:]:
        if match := _BROKEN.search(warning):
            output = _OUTPUT.search(warning)
            broken[match["path"]] = output["line"].strip() if output else match["cause"].strip()
    return broken


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
        lines = (Path.home() / ".conda" / "environments.txt").read_text("utf-8", "replace").splitlines()
    except (OSError, RuntimeError):
        return
    for line in filter(None, map(str.strip, lines)):
        folder = Path(line) if windows else Path(line) / "bin"
        if folder.is_dir():
            yield str(folder)


def _as_list(rows: object) -> list[dict[str, Any]]:
    if not isinstance(rows, list):
        raise TypeError
    return rows


def _interpreter(row: Mapping[str, str]) -> Interpreter:
    system, machine = row["os"], row["arch"]
    return Interpreter(
        path=Path(row["path"]).absolute(),
        version=row["version"],
        platform=f"{system}-{_ARCHITECTURES.get((system, machine), machine)}",
        implementation=row["implementation"],
        variant=row["variant"],
        libc=row["libc"],
    )

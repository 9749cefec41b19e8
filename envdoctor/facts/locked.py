"""What the project pins and limits whose environment is examined, or the tool that made it for one program.

The project lies beside the environment's folder; Pipenv writes down where it is; Poetry and Hatch name the folder by
the hash of its path. pipx and uv keep in the folder what was asked for.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import shlex
from collections.abc import Mapping  # noqa: TC003  (a field's type, resolved by tools that read dataclasses)
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import Unreadable
from envdoctor.core.frozen import frozen
from envdoctor.support.files import read_regular
from envdoctor.support.requirement import admits, holds, normal_name, parse_requirement
from envdoctor.support.toml import parse_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Packages
    from envdoctor.facts.python import Python

_LARGEST = 1 << 26
#: In an environment, the file that names the folder of its project; pipenv writes it.
PROJECT = ".project"
#: For each lock what installs what it has, and the commands that have it take another version, and add to it.
_LOCKS = {
    "uv.lock": ("`uv sync`", "uv lock --upgrade-package", "uv add"),
    "poetry.lock": ("`poetry sync`", "poetry add", "poetry add"),
    "pdm.lock": ("`pdm sync`", "pdm add", "pdm add"),
    "Pipfile.lock": ("`pipenv sync`", "pipenv install", "pipenv install"),
    "pylock.toml": ("who installs from it", "", ""),
}
#: What tools put into an environment and leave out of their locks.
_SEEDS = frozenset({"pip", "setuptools", "wheel", "uv"})
#: What a row of a lock has that is no file of an index; tables of uv and Poetry say that in `source`.
_PLACES = frozenset({"git", "hg", "vcs", "path", "file", "url", "directory", "archive", "editable"})


@frozen
class Limit:
    """Versions that a file asks for."""

    versions: str
    path: str


@frozen
class Locked:
    """The pins and limits, by normalized name.

    Attributes:
        path: of the lock; "" for none.
        versions: "" for what it has in several versions, or not from an index.
        limits: those that the environment keeps now.
    """

    path: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Limit] = field(default_factory=dict)

    def asks(self, names: Iterable[str]) -> tuple[str, ...]:
        """What the project's files ask of distributions."""
        known = self.limits
        return tuple(f"{known[name].path} asks for {name}{known[name].versions}" for name in names if name in known)

    def parts(self, name: str, versions: str | None) -> str:
        """How a change of a distribution, named normalized, parts from the lock, and how to write it there; "" for no.

        Args:
            name: of the distribution.
            versions: as in a requirement, "" where any will do; None where it is removed.
        """
        pin = self.versions.get(name, "" if versions is None or name in _SEEDS else None)
        if not self.path or pin == "" or (pin and versions is not None and admits(versions, pin)):
            return ""
        sync, change, add = _LOCKS[os.path.basename(self.path)]
        told = (
            f"has {name} {pin}, and {sync} brings that back"
            if pin
            else f"has no {name}, nor has an environment made anew"
        )
        command = (
            f"`{shlex.join((*(change if pin else add).split(), f'{name}{versions}'))}` in its folder writes it there"
        )
        how = "" if versions is None else f": {command if add else 'make that file anew, too'}"
        return f"{self.path} {told}{how}"

    def alike(self) -> str:
        """That what is installed is as the lock has it."""
        return f"the version is that of {self.path}, as {_LOCKS[os.path.basename(self.path)][0]} gets it"


def project_files(python: Python) -> tuple[str, ...]:
    """All files that may say it, whether they are there or not."""
    if not python.virtual:
        return ()
    names = (*_LOCKS, *_LIMITS)
    return tuple(os.path.join(folder, name) for folder in (python.prefix, *_projects(python)) for name in names)


def derive(facts: Facts) -> Locked:
    """Read the files; what can't be read says nothing.

    Raises:
        FactUnavailable: nothing is known of the Python or its packages.
    """
    files = project_files(facts.python)
    locks = (file for file in files if os.path.basename(file) in _LOCKS)
    path, versions = next(((file, pins) for file in locks if (pins := _read(file, parse_lock))), ("", {}))
    limits: dict[str, Limit] = {}
    environment = {**facts.python.markers, "extra": ""}
    for file in files:
        requirements = _LIMITS.get(os.path.basename(file))
        asks = _read(file, requirements) if requirements else ()
        for name, specifier in _applying(asks or (), environment, facts.packages):
            said = f"{limits[name].versions},{specifier}" if name in limits else specifier
            limits[name] = Limit(versions=said, path=limits[name].path if name in limits else file)
    return Locked(path=path, versions=versions, limits=limits)


def _projects(python: Python) -> Iterator[str]:
    """The folders of the project that an environment may belong to."""
    yield os.path.dirname(python.prefix)
    with contextlib.suppress(OSError, UnicodeDecodeError):
        yield read_regular(os.path.join(python.prefix, PROJECT), 1 << 12).decode("utf-8").strip()
    parts = Path(python.prefix).parts
    with contextlib.suppress(OSError):  # the current folder is gone
        here = Path.cwd()
        yield from (str(folder) for folder in (here, *here.parents) if _is_named_by(folder, parts))


def _is_named_by(folder: Path, parts: tuple[str, ...]) -> bool:
    digest = hashlib.sha256(os.path.normcase(folder).encode("utf-8", "surrogateescape")).digest()
    mark = base64.urlsafe_b64encode(digest).decode()[:8]
    return any(part == mark or f"-{mark}-py" in part for part in parts)


def _read(path: str, parse: Callable[[Any], Any]) -> Any:  # noqa: ANN401  (what the function makes of it)
    with contextlib.suppress(OSError, Unreadable, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        text = read_regular(path, _LARGEST).decode("utf-8-sig")
        if path.endswith(".txt"):
            return parse(text.splitlines())
        is_json = path.endswith((".json", "Pipfile.lock"))
        return parse(json.loads(text) if is_json else parse_toml(text))
    return None


def parse_lock(table: Mapping[str, Any]) -> dict[str, str]:
    """The versions of what a lock has from an index, by normalized name."""
    found: dict[str, set[str]] = {}
    for name, row in _rows(table):
        version = str(row.get("version", "")).removeprefix("==")
        found.setdefault(normal_name(name), set()).add(version if _is_of_index(row) else "")
    return {name: min(versions) if len(versions) == 1 else "" for name, versions in found.items()}


def _rows(table: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    rows = table.get("package") or table.get("packages") or ()
    yield from ((row["name"], row) for row in rows)
    for group in ("default", "develop"):  # of Pipfile.lock
        yield from table.get(group, {}).items()


def _is_of_index(row: Mapping[str, Any]) -> bool:
    source = row.get("source")
    if isinstance(source, dict):
        return "registry" in source or source.get("type") == "legacy"
    return _PLACES.isdisjoint(row)


def _of_project(table: Mapping[str, Any]) -> list[str]:
    limits = table.get("tool", {}).get("uv", {}).get("constraint-dependencies", ())
    return [*table.get("project", {}).get("dependencies", ()), *limits]


def _of_lines(lines: Iterable[str]) -> list[str]:
    return [line.partition(" #")[0] for line in lines]


def _of_uv_tool(table: Mapping[str, Any]) -> list[str]:
    rows = (*table["tool"]["requirements"], *table["tool"].get("constraints", ()))
    return [f"{row['name']}{row.get('specifier', '')}" for row in rows]


def _of_pipx(table: Mapping[str, Any]) -> list[str]:
    rows = (table["main_package"], *table.get("injected_packages", {}).values())
    return [row["package_or_url"] for row in rows]


#: For each file that limits versions, the requirements in it.
_LIMITS: Mapping[str, Callable[[Any], list[str]]] = {
    "pyproject.toml": _of_project,
    "requirements.txt": _of_lines,
    "constraints.txt": _of_lines,
    "uv-receipt.toml": _of_uv_tool,
    "pipx_metadata.json": _of_pipx,
}


def _applying(asks: Any, environment: Mapping[str, str], packages: Packages) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    """The requirements that an environment keeps, or could: of what is not installed, too."""
    for text in asks:
        with contextlib.suppress(ValueError, KeyError, TypeError):  # an option or a path, say
            parsed = parse_requirement(text)
            there = packages.find(parsed.name)
            kept = there is None or admits(parsed.specifier, there.version)
            if parsed.specifier and kept and holds(parsed.marker, environment):
                yield normal_name(parsed.name), parsed.specifier

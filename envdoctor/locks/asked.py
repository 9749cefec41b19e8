"""What a lock is asked for by files: requirement files in pip's format, and pyproject.toml (PEP 621, PEP 735)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from envdoctor.availability.table import hashes_of, logical_lines, parse_constraints, parse_requirements, whole_lines
from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.index.settings import load_settings
from envdoctor.net.urls import without_credentials
from envdoctor.support.files import read_regular
from envdoctor.support.toml import parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_MOST_BYTES = 32 << 20
_MOST_DEPTH = 20
_MOST_LINES = 50_000
_NESTED = re.compile(r"(?:-r\s*|--requirement(?:=|\s+))(?P<file>.+)")
_CONSTRAINTS = re.compile(r"(?:-c\s*|--constraint(?:=|\s+))(?P<file>.+)")
_INDEX = re.compile(r"(?:-i\s*|-(?P<links>f)\s*|--(?P<kind>extra-index-url|index-url|find-links)(?:=|\s+))(?P<url>\S+)")
#: What is no requirements file, by its name or the end of it, and what can be said instead.
_OTHERS = {
    "Pipfile": "lock it with `pipenv lock`, and name the Pipfile.lock",
    "setup.py": "it would have to be run; name a requirements file or a pyproject.toml",
    "setup.cfg": "name a requirements file or a pyproject.toml",
    **dict.fromkeys((".yml", ".yaml"), "write what its environment takes from pip to a requirements file"),
    ".json": "name a lock, a requirements file or a pyproject.toml",
}
#: Options that change nothing here: only wheels are locked, and with their hashes.
_IGNORED = re.compile(r"--(?:only-binary[= ]\s*\S+|prefer-binary|require-hashes|trusted-host[= ]\s*\S+)")


def read_asked(file: Path, extras: Sequence[str] = (), groups: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """The requirement lines of a file, and the lines of its constraint files.

    Raises:
        UsageProblem: it can't be read, or a line is no requirement or an option that would be lost; line named.
    """
    if file.suffix == ".toml":
        return list(_of_project(file, extras, groups)), []
    if instead := _OTHERS.get(file.name) or _OTHERS.get(file.suffix):
        raise UsageProblem(f"{file} is not read here; {instead}.")
    requirements: list[str] = []
    constraints: list[str] = []
    _gather(file, requirements, constraints, ())
    return requirements, constraints


def read_hashes(file: Path) -> dict[str, frozenset[str]]:
    """The SHA-256 that a requirements file and those that it includes name, by normalized names of packages.

    Raises:
        UsageProblem: see `read_asked`, which is to be called before.
    """
    found: dict[str, frozenset[str]] = {}
    if file.suffix == ".toml":
        return found
    for _, line in whole_lines(_text(file)):
        said = line.partition(" --hash")[0].strip()
        if nested := _NESTED.fullmatch(said):
            found |= read_hashes(file.parent / nested["file"].strip())
        elif hashes := hashes_of(line):
            (requirement,) = parse_requirements([said])
            name = canonicalize_name(requirement.name)
            found[name] = found.get(name, frozenset()) | hashes
    return found


def python_of_project(file: Path) -> str:
    """What a pyproject.toml says in `requires-python`; empty for nothing, and of a file of another kind.

    Raises:
        UsageProblem: it can't be read.
    """
    project = _toml(file).get("project") if file.suffix == ".toml" else None
    asked = project.get("requires-python") if isinstance(project, dict) else None
    return asked if isinstance(asked, str) else ""


def _gather(file: Path, requirements: list[str], constraints: list[str], within: tuple[Path, ...]) -> None:
    if file in within or len(within) > _MOST_DEPTH:
        raise UsageProblem(f"{file} includes itself by -r.")
    if len(requirements) + len(constraints) > _MOST_LINES:
        raise UsageProblem(f"{file} brings more than {_MOST_LINES} lines; a file may be included too often.")
    for number, line in logical_lines(_text(file)):
        where = f"{file}, line {number}"
        if nested := _NESTED.fullmatch(line):
            _gather(file.parent / nested["file"].strip(), requirements, constraints, (*within, file))
        elif limits := _CONSTRAINTS.fullmatch(line):
            constraints += parse_constraints(file.parent / limits["file"].strip())
        elif line.startswith("-"):
            if not _IGNORED.fullmatch(line) and not _names_own_place(line):
                raise UsageProblem(
                    f"{where}: the option {line!r} is not followed; indexes come from pip's settings, and editable or "
                    "local projects can't be locked. Take the line out."
                )
        else:
            requirements.append(_requirement(line, where))


def _names_own_place(line: str) -> bool:
    """Whether a line names an index, or links, that the user's settings name too, as what others export does."""
    asked = _INDEX.fullmatch(line)
    if asked is None:
        return False
    settings = load_settings()
    by_kind = {"extra-index-url": settings.index_urls, "find-links": settings.find_links}
    own = by_kind.get("find-links" if asked["links"] else asked["kind"] or "", settings.index_urls[:1])
    try:
        plain, *known = (without_credentials(url).rstrip("/") for url in (asked["url"], *own))
    except ValueError:
        return False
    return plain in known


def _requirement(line: str, where: str) -> str:
    try:
        (found,) = parse_requirements([line])
    except UsageProblem as error:
        raise UsageProblem(f"{where}: {error}") from None
    if found.url:
        raise UsageProblem(f"{where}: {line!r} names a file or an address, and a lock takes its wheels from an index.")
    return str(found)


def _of_project(file: Path, extras: Sequence[str], groups: Sequence[str]) -> Iterator[str]:
    table = _toml(file)
    project = table.get("project")
    if not isinstance(project, dict):
        raise UsageProblem(f"{file} has no table [project], whose dependencies could be locked.")
    if "dependencies" in _table(project, "dynamic", file, list):
        raise UsageProblem(f"{file}: its dependencies are dynamic: a build would have to be run to know them.")
    own = canonicalize_name(str(project.get("name", "")))
    optional = _table(project, "optional-dependencies", file)
    grouped = _table(table, "dependency-groups", file)
    yield from _lines(project.get("dependencies") or [], f"{file}, project.dependencies")
    for name in extras:
        yield from _of_extra(optional, name, own, str(file), ())
    for name in groups:
        yield from _of_group(grouped, name, str(file), ())


def _of_extra(optional: dict[str, Any], name: str, own: str, file: str, within: tuple[str, ...]) -> Iterator[str]:
    """An extra, with those of the project itself that it asks for by the project's name."""
    if name in within:
        return
    for line in _lines(_named(optional, name, f"{file} has no extra"), f"{file}, extra {name}"):
        (requirement,) = parse_requirements([line])
        if canonicalize_name(requirement.name) != own:
            yield line
            continue
        for extra in sorted(requirement.extras):
            yield from _of_extra(optional, extra, own, file, (*within, name))


def _of_group(groups: dict[str, Any], name: str, file: str, within: tuple[str, ...]) -> Iterator[str]:
    """A group with those that it includes (PEP 735)."""
    if name in within:
        raise UsageProblem(f"{file}: the dependency group {name} includes itself.")
    for line in _named(groups, name, f"{file} has no dependency group"):
        if isinstance(line, dict):
            yield from _of_group(groups, str(line.get("include-group", "")), file, (*within, name))
        else:
            yield from _lines([line], f"{file}, group {name}")


def _table(table: dict[str, Any], name: str, file: Path, kind: type[Any] = dict) -> Any:  # noqa: ANN401 - what is asked
    """A table, or a list, of a document; empty where there is none."""
    found = table.get(name, kind())
    if not isinstance(found, kind):
        raise UsageProblem(f"{file}: {name} is no {'table' if kind is dict else 'list'}.")
    return found


def _named(table: dict[str, Any], name: str, otherwise: str) -> list[Any]:
    found = next((value for key, value in table.items() if canonicalize_name(key) == canonicalize_name(name)), None)
    if not isinstance(found, list):
        raise UsageProblem(f"{otherwise} {name!r}; it has {', '.join(sorted(table)) or 'none'}.")
    return found


def _lines(lines: object, where: str) -> Iterator[str]:
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise UsageProblem(f"{where}: it is no list of requirements.")
    yield from (_requirement(line, where) for line in lines)


def _toml(file: Path) -> dict[str, Any]:
    try:
        return parse_toml(_text(file))
    except Unreadable as error:
        raise UsageProblem(f"{file} is no TOML: {error}.") from None


def _text(file: Path) -> str:
    try:
        return read_regular(file, _MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageProblem(f"{file} is no UTF-8 text.") from None
    except OSError as error:
        raise UsageProblem(f"{file} can't be read: {error.strerror or error}.") from None

"""What a lock is asked for by files: requirement files in pip's format, and pyproject.toml (PEP 621, PEP 735)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.utils import canonicalize_name

from envdoctor.availability.table import (
    decoded,
    hashes_of,
    logical_lines,
    parse_constraints,
    parse_requirements,
    whole_lines,
)
from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.index.settings import load_settings
from envdoctor.net.urls import without_credentials
from envdoctor.support.files import read_regular
from envdoctor.support.toml import parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST_BYTES = 32 << 20
_MOST_DEPTH = 20
_MOST_LINES = 50_000
_NESTED = re.compile(r"(?:-r\s*|--requirement(?:=|\s+))(?P<file>.+)")
_CONSTRAINTS = re.compile(r"(?:-c\s*|--constraint(?:=|\s+))(?P<file>.+)")
_INDEX = re.compile(r"(?:-i\s*|-(?P<links>f)\s*|--(?P<kind>extra-index-url|index-url|find-links)(?:=|\s+))(?P<url>\S+)")
#: A project in a folder: `-e .[extra]`, `./folder`, `/a/folder`.
_LOCAL = re.compile(
    r"(?:(?:-e\s*|--editable(?:=|\s+))(?!\s*\S*:)|(?=\.|/))(?P<folder>[^\[\];]+?)/*(?:\[(?P<extras>[^\]]*)\])?"
)
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


class AskedLines(NamedTuple):
    """The requirement lines of a file, the lines of its constraint files, and the projects in folders that it names.

    What such a project requires is among the requirements, and it is not.
    """

    requirements: list[str]
    constraints: list[str]
    projects: list[str]


def read_asked(file: Path, extras: Sequence[str] = (), groups: Sequence[str] = ()) -> AskedLines:
    """What a file asks for.

    Raises:
        UsageProblem: it can't be read, or a line is no requirement or an option that would be lost; line named.
    """
    if file.suffix == ".toml":
        return AskedLines(list(_of_project(file, extras, groups)), [], [])
    if instead := _OTHERS.get(file.name) or _OTHERS.get(file.suffix):
        raise UsageProblem(f"{file} is not read here; {instead}.")
    asked = AskedLines([], [], [])
    _gather(file, asked, ())
    return asked


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
        elif (hashes := hashes_of(line)) and not _LOCAL.fullmatch(said):
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


def _gather(file: Path, asked: AskedLines, within: tuple[Path, ...]) -> None:
    if file in within or len(within) > _MOST_DEPTH:
        raise UsageProblem(f"{file} includes itself by -r.")
    if sum(map(len, asked)) > _MOST_LINES:
        raise UsageProblem(f"{file} brings more than {_MOST_LINES} lines; a file may be included too often.")
    for number, line in logical_lines(_text(file)):
        where = f"{file}, line {number}"
        if nested := _NESTED.fullmatch(line):
            _gather(file.parent / nested["file"].strip(), asked, (*within, file))
        elif limits := _CONSTRAINTS.fullmatch(line):
            asked.constraints.extend(parse_constraints(file.parent / limits["file"].strip()))
        elif local := _LOCAL.fullmatch(line):
            _take_project(local, file, where, asked)
        elif line.startswith("-"):
            _require_harmless(line, where)
        else:
            asked.requirements.append(_requirement(line, where))


def _require_harmless(line: str, where: str) -> None:
    """An option is taken that changes nothing here."""
    if not _IGNORED.fullmatch(line) and not _names_own_place(line):
        raise UsageProblem(
            f"{where}: the option {line!r} is not followed; indexes come from pip's settings, and projects are read in "
            "folders only. Take the line out."
        )


def _take_project(local: re.Match[str], file: Path, where: str, asked: AskedLines) -> None:
    """What a project in a folder requires: beside the file, as people mean it, or from here, as pip does."""
    folder = Path(local["folder"].strip())
    places = (file.parent / folder / "pyproject.toml", folder / "pyproject.toml")
    project = next((place for place in places if place.is_file()), None)
    if project is None:
        raise UsageProblem(
            f"{where}: {folder} is no folder with a pyproject.toml: what it requires can't be read without a build. "
            "Take the line out."
        )
    extras = [name.strip() for name in (local["extras"] or "").split(",") if name.strip()]
    asked.requirements.extend(_of_project(project, extras, ()))
    asked.projects.append(str(_toml(project)["project"].get("name", project.resolve().parent.name)))


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
        raise UsageProblem(
            f"{where}: {line!r} names a file or an address; only what an index has can be judged or locked."
        )
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
        return decoded(read_regular(file, _MOST_BYTES))
    except UnicodeDecodeError:
        raise UsageProblem(f"{file} is no UTF-8 text.") from None
    except OSError as error:
        raise UsageProblem(f"{file} can't be read: {error.strerror or error}.") from None

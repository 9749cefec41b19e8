"""What a lock is asked for by files: requirement files in pip's format, and pyproject.toml (PEP 621, PEP 735)."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from envdoctor.availability.table import (
    decoded,
    hashes_of,
    logical_lines,
    parse_constraints,
    parse_requirements,
    whole_lines,
    without_options,
)
from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.index.settings import load_settings
from envdoctor.net.urls import redacted, without_credentials
from envdoctor.support.files import read_regular
from envdoctor.support.requirement import read_requirement
from envdoctor.support.toml import parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    _Lines = Iterator["str | Unjudged"]

_MOST_BYTES = 32 << 20
_MOST_DEPTH = 20
_MOST_LINES = 50_000
_NESTED = re.compile(r"(?:-r\s*|--requirement(?:=|\s+))(?P<file>.+)")
_CONSTRAINTS = re.compile(r"(?:-c\s*|--constraint(?:=|\s+))(?P<file>.+)")
_INDEX = re.compile(r"(?:-i\s*|-(?P<links>f)\s*|--(?P<kind>extra-index-url|index-url|find-links)(?:=|\s+))(?P<url>\S+)")
#: A project in a folder: `-e .[extra]`, `./folder`, `/a/folder`.
_LOCAL = re.compile(
    r"(?:(?:-e\s*|--editable(?:=|\s+))(?!\s*\S*:)|(?=\.|[\w-]*/))(?P<folder>[^\[\];]+?)/*(?:\[(?P<extras>[^\]]*)\])?"
)
#: A file or an address without a name before it (pip, "Requirement Specifiers").
_ADDRESS = re.compile(r"[\w+]+:\S.*|\S+\.(?:whl|zip|tar(?:\.\w+)?|tgz)(?:\s*(?:\[|;).*)?")
_EGG = re.compile(r"[#&]egg=([\w.-]+)")
#: What pip takes from the environment (pip, "Using environment variables").
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
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


class Unjudged(NamedTuple):
    """What stands in a file, and can't be judged by an index: where and why, as a sentence without its full stop.

    `changes_choice` if an installer may take other files for the other lines because of it; `line` is the requirement
    without its address, or empty.
    """

    said: str
    changes_choice: bool = False
    line: str = ""


class AskedLines(NamedTuple):
    """The requirement lines of a file, the lines of its constraint files, and the projects in folders that it names.

    What such a project requires is among the requirements, and it is not.
    """

    requirements: list[str]
    constraints: list[str]
    projects: list[str]
    unjudged: list[Unjudged]

    def take(self, lines: Iterable[str | Unjudged]) -> None:
        """Add lines, each to the list that it belongs to."""
        for line in lines:
            if isinstance(line, Unjudged):
                self.unjudged.append(line)
            else:
                self.requirements.append(line)


def read_asked(file: Path, extras: Sequence[str] = (), groups: Sequence[str] = ()) -> AskedLines:
    """What a file asks for, if all of it can be judged.

    Raises:
        UsageProblem: it can't be read, or a line is no requirement or an option that would be lost; line named.
    """
    asked = read_mixed(file, extras, groups)
    if asked.unjudged:
        raise UsageProblem(f"{asked.unjudged[0].said}. Take the line out.")
    return asked


def read_mixed(file: Path, extras: Sequence[str] = (), groups: Sequence[str] = ()) -> AskedLines:
    """What a file asks for, and apart from it what can't be judged.

    Raises:
        UsageProblem: it can't be read, or a line is nothing that an installer takes; line named.
    """
    asked = AskedLines([], [], [], [])
    if file.suffix == ".toml":
        asked.take(_of_project(file, extras, groups))
    elif instead := _OTHERS.get(file.name) or _OTHERS.get(file.suffix):
        raise UsageProblem(f"{file} is not read here; {instead}.")
    else:
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
        said = without_options(line)
        if (nested := _NESTED.fullmatch(said)) and "://" not in nested["file"]:
            found |= read_hashes(_beside(file, nested["file"]))
        elif (hashes := hashes_of(line)) and not _LOCAL.fullmatch(said) and not _ADDRESS.fullmatch(said):
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
    if sum(len(lines) for lines in asked) > _MOST_LINES:
        raise UsageProblem(f"{file} brings more than {_MOST_LINES} lines; a file may be included too often.")
    for number, written in logical_lines(_text(file)):
        where, line = f"{file}, line {number}", _VARIABLE.sub(_from_environment, written)
        nested = _NESTED.fullmatch(line)
        if (named := nested or _CONSTRAINTS.fullmatch(line)) is None:
            _take_line(written, line, where, asked)
        elif "://" in named["file"]:
            said = f"{where}: {redacted(written)!r} names a file elsewhere, and it is not read"
            asked.unjudged.append(Unjudged(said, changes_choice=True))
        elif nested:
            _gather(_beside(file, named["file"]), asked, (*within, file))
        else:
            asked.constraints.extend(parse_constraints(_beside(file, named["file"])))


def _take_line(written: str, line: str, where: str, asked: AskedLines) -> None:
    if _ADDRESS.fullmatch(line):
        asked.unjudged.append(_at_address(written, where))
    elif local := _LOCAL.fullmatch(line):
        _take_project(local, where, asked)
    elif not line.startswith("-"):
        asked.take([_requirement(line, where)])
    elif not _IGNORED.fullmatch(line) and not _names_own_place(line):
        asked.unjudged.append(_option(written, where))


def _beside(file: Path, named: str) -> Path:
    """A file that another names, with the quotes that pip takes away."""
    return file.parent / named.strip().strip("\"'")


def _from_environment(variable: re.Match[str]) -> str:
    return os.environ.get(variable[1]) or variable[0]


def _option(line: str, where: str) -> Unjudged:
    if line.startswith(("-e", "--editable")):
        return _at_address(line, where)
    said = f"{where}: the option {redacted(line)!r} is not followed; indexes come from pip's settings"
    return Unjudged(said, changes_choice=True)


def _at_address(line: str, where: str, named: str = "") -> Unjudged:
    said = f"{where}: {redacted(line)!r} names a file or an address; only what an index has can be judged or locked"
    return Unjudged(said, line=named or _named_by(line))


def _named_by(line: str) -> str:
    """The package that an address names, with the line's marker: by `#egg=`, or by the name of a wheel."""
    place, _, marker = line.partition(" ;")
    if egg := _EGG.search(place):
        name = egg[1]
    else:
        try:
            name = parse_wheel_filename(unquote(place.partition("#")[0].rpartition("/")[2]))[0]
        except InvalidWheelFilename:
            return ""
    try:
        return str(read_requirement(f"{name}; {marker}" if marker else name))
    except ValueError:
        return name


def _take_project(local: re.Match[str], where: str, asked: AskedLines) -> None:
    """What a project in a folder requires: beside the file, as people mean it, or from here, as pip does."""
    folder = Path(local["folder"].strip())
    places = (Path(where.rpartition(", line ")[0]).parent / folder / "pyproject.toml", folder / "pyproject.toml")
    project = next(filter(_is_file, places), None)
    extras = [name.strip() for name in (local["extras"] or "").split(",") if name.strip()]
    if project is None:
        said = f"{where}: {folder} is no folder with a pyproject.toml: what it requires can't be read without a build"
        asked.unjudged.append(Unjudged(said))
        return
    try:
        asked.take(_of_project(project, extras, ()))
    except UsageProblem as error:
        asked.unjudged.append(Unjudged(f"{where}: {str(error).removesuffix('.')}"))
    else:
        asked.projects.append(str(_toml(project)["project"].get("name", project.resolve().parent.name)))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # its name is longer than any file's
        return False


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


def _requirement(line: str, where: str) -> str | Unjudged:
    try:
        (found,) = parse_requirements([line])
    except UsageProblem as error:
        raise UsageProblem(f"{where}: {error}") from None
    if found.url:
        found.url = None
        return _at_address(line, where, str(found))
    return str(found)


def _of_project(file: Path, extras: Sequence[str], groups: Sequence[str]) -> _Lines:
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


def _of_extra(optional: dict[str, Any], name: str, own: str, file: str, within: tuple[str, ...]) -> _Lines:
    """An extra, with those of the project itself that it asks for by the project's name."""
    if name in within:
        return
    for line in _lines(_named(optional, name, f"{file} has no extra"), f"{file}, extra {name}"):
        (requirement,) = parse_requirements([line if isinstance(line, str) else line.line])
        if isinstance(line, Unjudged) or canonicalize_name(requirement.name) != own:
            yield line
            continue
        for extra in sorted(requirement.extras):
            yield from _of_extra(optional, extra, own, file, (*within, name))


def _of_group(groups: dict[str, Any], name: str, file: str, within: tuple[str, ...]) -> _Lines:
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


def _lines(lines: object, where: str) -> _Lines:
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

"""The locks of uv, Poetry, PDM and Pipenv: what each would install on a target, groups for development left out."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.index.project import FileKind, IndexFile, classify
from envdoctor.support.files import read_regular
from envdoctor.support.requirement import is_project_name
from envdoctor.support.toml import parse_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from envdoctor.core.target import Target

_MOST_BYTES = 64 << 20
_PLACES = {
    "git": "a repository",
    "vcs": "a repository",
    "path": "a path",
    "file": "a file",
    "directory": "a folder",
    "editable": "a folder",
    "virtual": "a folder",
    "url": "an address",
}
_HERE = "."


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """One package of such a lock.

    Attributes:
        name: normalized.
        version: as the lock has it; empty where it pins none.
        marker: where it is installed; empty for everywhere.
        files: those that the lock names with their addresses; empty where only the index knows these.
        hashes: SHA-256 of the files.
        place: what it is locked to in place of files of an index; empty if to those.
    """

    name: str
    version: str = ""
    marker: str = ""
    files: tuple[IndexFile, ...] = ()
    hashes: frozenset[str] = frozenset()
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolLock:
    """Such a lock.

    Attributes:
        tool: that wrote it.
        requires_python: of the project; empty for any.
        choose: what is installed on a target.
    """

    tool: str
    requires_python: str
    choose: Callable[[Target], Iterable[Locked]]


def is_tool_lock(file: Path) -> bool:
    """Whether a file's name says that it is such a lock."""
    return file.name in _READERS


def read_tool_lock(file: Path) -> ToolLock:
    """The lock.

    Raises:
        UsageProblem: it can't be read, is none, or is of a form that does not say what belongs where.
    """
    with _as_written(file):
        text = read_regular(file, _MOST_BYTES).decode("utf-8")
        lock = _READERS[file.name](json.loads(text) if file.name == "Pipfile.lock" else parse_toml(text))
        _check_text(lock.requires_python, "Python's version")

    def choose(target: Target) -> list[Locked]:
        with _as_written(file):
            chosen = list(lock.choose(target))
            for package in chosen:
                if not is_project_name(package.name):
                    raise _OtherForm(f"{package.name[:99]!r} is no name of a package.")
                _check_text(package.version, f"the version of {package.name}")
            return chosen

    return replace(lock, choose=choose)


@contextlib.contextmanager
def _as_written(file: Path) -> Iterator[None]:
    """Whatever the file's content leads to, told in a sentence."""
    try:
        yield
    except OSError as error:
        raise UsageProblem(f"{file} can't be read: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise UsageProblem(f"{file} is no lock: it is no text in UTF-8.") from None
    except RecursionError:
        raise UsageProblem(f"{file} is no lock: it is nested too deeply.") from None
    except (Unreadable, json.JSONDecodeError) as error:
        raise UsageProblem(f"{file} is no lock: {error}.") from None
    except KeyError as error:
        raise UsageProblem(f"{file} is no whole lock: {error} is missing.") from None
    except (TypeError, AttributeError, ValueError, IndexError):
        raise UsageProblem(f"{file} is no lock as its tool writes them: a value is of another kind.") from None
    except _OtherForm as error:
        raise UsageProblem(f"{file}: {error}") from None


def _check_text(value: object, what: str) -> None:
    if not isinstance(value, str):
        raise _OtherForm(f"{what} is no text.")


class _OtherForm(Exception):
    """The lock does not say what belongs where."""


def holds(marker: str, target: Target) -> bool:
    """Whether a marker holds on a target, no extra asked for.

    Raises:
        UsageProblem: it is none.
    """
    from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName

    try:
        return not marker or Marker(marker).evaluate({**target.markers, "extra": ""})
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName) as error:
        raise UsageProblem(f"The marker {marker!r} of the lock can't be evaluated: {error}.") from None


def _by_markers(packages: Iterable[Locked]) -> Callable[[Target], list[Locked]]:
    each = tuple(packages)
    return lambda target: [package for package in each if holds(package.marker, target)]


def _rows(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The packages of a lock, each a table."""
    rows = table.get("package", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _OtherForm("it is no lock: 'package' is no list of tables.")
    return rows


def _place(table: Mapping[str, Any]) -> str:
    """What a package is locked to, if to no file of an index."""
    return next((said for key, said in _PLACES.items() if key in table), "")


def _hashes(files: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    told = (str(file["hash"]).partition(":") for file in files)
    return frozenset(digest.lower() for algorithm, _, digest in told if algorithm == "sha256")


def _poetry(table: dict[str, Any]) -> ToolLock:
    table["metadata"], table["package"]  # of a whole one; Poetry writes both where it locks nothing
    packages = _rows(table)
    if any("groups" not in package for package in packages):
        raise _OtherForm("Poetry 2 and later write what belongs where into it; run 'poetry lock' with one of these.")

    def read() -> Iterator[Locked]:
        for package in packages:
            markers = package.get("markers", "")
            source = str(package.get("source", {}).get("type", "legacy"))
            if "main" in package["groups"] and not package["optional"]:
                yield Locked(
                    name=canonicalize_name(package["name"]),
                    version=package["version"],
                    marker=markers if isinstance(markers, str) else markers.get("main", ""),
                    hashes=_hashes(package["files"]),
                    place=_PLACES.get(source, ""),
                )

    return ToolLock(
        tool="Poetry", requires_python=table["metadata"].get("python-versions", ""), choose=_by_markers(read())
    )


def _pdm(table: dict[str, Any]) -> ToolLock:
    if "inherit_metadata" not in table["metadata"].get("strategy", ()):
        raise _OtherForm("it does not say what belongs where; run 'pdm lock --strategy inherit_metadata'.")
    asked = {str(one.get("requires_python", "")) for one in table["metadata"].get("targets", ())}
    found = {  # one of several rows of a package, for its extras, is enough
        (package["name"], package["version"], package.get("marker", "")): Locked(
            name=canonicalize_name(package["name"]),
            version=package["version"],
            marker=package.get("marker", ""),
            hashes=_hashes(package.get("files", ())),
            place=_place(package),
        )
        for package in _rows(table)
        if "default" in package["groups"]
    }
    python = asked.pop() if len(asked) == 1 else ""
    return ToolLock(tool="PDM", requires_python=python, choose=_by_markers(found.values()))


def _pipenv(table: dict[str, Any]) -> ToolLock:
    packages = [
        Locked(
            name=canonicalize_name(name),
            version=str(package.get("version", "")).removeprefix("==").removeprefix("*"),
            marker=package.get("markers", ""),
            hashes=_hashes({"hash": one} for one in package.get("hashes", ())),
            place=_place(package),
        )
        for name, package in table["default"].items()
    ]
    named = table["_meta"].get("requires", {}).get("python_version", "")
    return ToolLock(tool="Pipenv", requires_python=f"=={named}.*" if named else "", choose=_by_markers(packages))


def _uv(table: dict[str, Any]) -> ToolLock:
    int(table["version"])  # of the form; uv writes it always
    packages: dict[str, list[dict[str, Any]]] = {}
    for package in _rows(table):
        packages.setdefault(package["name"], []).append(package)
    graph = _UvGraph(packages=packages, members=frozenset(table.get("manifest", {}).get("members", ())))
    if not graph.has_roots:
        raise _OtherForm("it names no project that its packages belong to; run 'uv lock'.")
    return ToolLock(tool="uv", requires_python=table.get("requires-python", ""), choose=graph.choose)


@dataclass(frozen=True, slots=True, kw_only=True)
class _UvGraph:
    """A uv.lock: packages without markers of their own, to be followed from the project on."""

    packages: dict[str, list[dict[str, Any]]]
    members: frozenset[str]

    def choose(self, target: Target) -> list[Locked]:
        waiting = [(package, "") for package in self._roots()]
        seen: set[tuple[int, str]] = set()
        found: dict[int, Locked] = {}
        while waiting:
            package, extra = waiting.pop()
            if (id(package), extra) in seen:
                continue
            seen.add((id(package), extra))
            if not self._is_own(package):
                found[id(package)] = _of_uv(package)
            optional = package.get("optional-dependencies", {})
            for need in optional.get(extra, ()) if extra else package.get("dependencies", ()):
                if holds(need.get("marker", ""), target):
                    met = next(self._meeting(need, target), None)
                    if met is None:
                        raise UsageProblem(f"The lock has no {need['name']} that {package['name']} needs.")
                    waiting += [(met, one) for one in ("", *need.get("extra", ()))]
        return sorted(found.values(), key=lambda one: one.name)

    @property
    def has_roots(self) -> bool:
        """Whether anything is a project's own, from which all else is reached."""
        return bool(self._roots())

    def _roots(self) -> list[dict[str, Any]]:
        return [each for own in self.packages.values() for each in own if self._is_own(each)]

    def _is_own(self, package: dict[str, Any]) -> bool:
        source = package.get("source", {})
        return _HERE in {source.get("virtual"), source.get("editable")} or package["name"] in self.members

    def _meeting(self, need: dict[str, Any], target: Target) -> Iterator[dict[str, Any]]:
        for package in self.packages.get(need["name"], ()):
            forks = package.get("resolution-markers", ())
            if all(key not in need or need[key] == package.get(key) for key in ("version", "source")) and (
                "version" in need or not forks or any(holds(fork, target) for fork in forks)
            ):
                yield package


def _of_uv(package: dict[str, Any]) -> Locked:
    name = canonicalize_name(package["name"])
    told = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else ())]
    files = tuple(file for each in told if (file := _file(each, name)) is not None)
    source = package.get("source", {})
    return Locked(
        name=name,
        version=package.get("version", ""),
        files=files,
        hashes=_hashes(each for each in told if "hash" in each),
        place=_place(source) or ("" if files else "no file that has an address"),
    )


def _file(told: Mapping[str, Any], name: str) -> IndexFile | None:
    """A file as an index would list it; None where it has no address over HTTP."""
    url = str(told.get("url", ""))
    filename = url.partition("#")[0].rpartition("/")[2].replace("%2B", "+")
    kind, version = classify(filename, name) or (FileKind.SDIST, "")
    if not version or not url.startswith(("https:", "http:")):
        return None
    algorithm, _, digest = str(told.get("hash", "")).partition(":")
    return IndexFile(
        filename=filename,
        url=url,
        kind=kind,
        version=version,
        sha256=digest.lower() if algorithm == "sha256" else None,
        size=told.get("size"),
    )


_READERS: dict[str, Callable[[dict[str, Any]], ToolLock]] = {
    "uv.lock": _uv,
    "poetry.lock": _poetry,
    "pdm.lock": _pdm,
    "Pipfile.lock": _pipenv,
}

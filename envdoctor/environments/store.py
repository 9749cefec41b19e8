"""The environments that envdoctor made: what is there, whether it is whole, and taking it away.

An environment is whole if and only if its marker file is there, which is written last and taken away first. The marker
holds the hash of each distribution's RECORD, and a RECORD holds the size of each file (the core metadata specification
"Recording installed projects"), so that damage shows without reading the files themselves.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import os
import re
import shutil
from collections.abc import Mapping  # noqa: TC003  (msgspec resolves the annotations when it decodes)
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envdoctor.core.errors import EnvironmentProblem, Unreadable
from envdoctor.environments.spec import environment_names, environment_spec
from envdoctor.executors.removing import remove_behind
from envdoctor.support.files import read_regular
from envdoctor.support.packing import unpack_json
from envdoctor.support.virtual_environments import interpreter_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from envdoctor.environments.cache import Cache
    from envdoctor.environments.spec import EnvironmentSpec

MARKER = "envdoctor.json"
_ABANDONED = ".abandoned"
# Of a RECORD: path, hash, size.
_COLUMNS = 3

#: Bytes of such a file.
_LARGEST = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """What is kept of an environment when it is made.

    Attributes:
        name: of the specification.
        key: of its pins.
        version: of Python.
        interpreter: the Python it was made with.
        size: bytes on disk.
        distributions: name and version of each.
        records: the SHA-256 of each RECORD, by its folder's name.
    """

    name: str
    key: str
    version: str
    interpreter: str
    size: int
    distributions: Mapping[str, str]
    records: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedEnvironment:
    """An environment that envdoctor made.

    Attributes:
        name: of its specification.
        python: its interpreter.
        folder: the whole of it.
        distributions: name and version of each distribution in it.
        key: changes with what it was pinned to.
        version: of Python.
        size: bytes on disk.
        problem: what is wrong with it; empty if it can be used.
        fetched: bytes that were fetched for it now, at most; 0 if it was there.
    """

    name: str
    python: Path
    folder: Path
    distributions: Mapping[str, str]
    key: str
    version: str = ""
    size: int = 0
    problem: str = ""
    fetched: int = field(default=0, compare=False)


def folder_name(spec: EnvironmentSpec, minor: str, platform: str) -> str:
    """The name of the folder of an environment for a Python version on a platform."""
    return f"{spec.name}-cp{minor.replace('.', '')}-{platform}-{spec.key}"


def python_of(folder: Path) -> Path:
    """The interpreter of a virtual environment."""
    return interpreter_in(folder)


def list_environments(cache: Cache, *, thorough: bool = False) -> tuple[ManagedEnvironment, ...]:
    """Every environment in the cache, the half-made ones too (their `problem` says so), by folder name.

    Args:
        cache: where to look.
        thorough: True to hold every file against its RECORD (a tenth of a second for TensorFlow).

    Raises:
        EnvironmentProblem: the cache can't be looked into.
    """
    folders = _folders(cache, "[!.]*-cp*-*")
    return tuple(inspect_folder(folder, thorough=thorough) for folder in folders if folder.is_dir())


def made_environments(spec: EnvironmentSpec, cache: Cache, *, thorough: bool) -> Iterator[ManagedEnvironment]:
    """The environments for these very pins that can be used; by any Python.

    Raises:
        EnvironmentProblem: the cache can't be looked into.
    """
    for folder in _folders(cache, f"{spec.name}-cp*-{spec.key}"):
        found = inspect_folder(folder, thorough=thorough)
        if not found.problem and (found.name, found.key) == (spec.name, spec.key):
            yield found


def names_made(cache: Cache) -> frozenset[str]:
    """The environments that are there for today's pins, by their markers alone: nothing in them is looked at."""
    specs = map(environment_spec, environment_names())
    found = (spec.name for spec in specs if any(cache.environments.glob(f"{spec.name}-cp*-{spec.key}/{MARKER}")))
    return frozenset(found)


def count_idle(cache: Cache) -> int:
    """How many environments no build uses: made for other pins, or never finished."""
    today = {(name, environment_spec(name).key) for name in environment_names()}
    folders = _folders(cache, "[!.]*-cp*-*")
    names = [(one.name.partition("-cp")[0], one.name.rpartition("-")[2], (one / MARKER).is_file()) for one in folders]
    return sum((name, key) not in today or not whole for name, key, whole in names)


def write_marker(folder: Path, spec: EnvironmentSpec, version: str, interpreter: Path) -> ManagedEnvironment:
    """Declare an environment whole.

    Raises:
        OSError: the disk is full.
    """
    import msgspec

    records = {record.parent.name: _sha256(record) for record in _records(folder)}
    marker = Marker(
        name=spec.name,
        key=spec.key,
        version=version,
        interpreter=str(interpreter),
        size=sum(size for record in _records(folder) for _, size in _files(record)),
        distributions=dict(sorted(map(_distribution, records))),
        records=records,
    )
    temporary = folder / f".{MARKER}"
    temporary.write_bytes(msgspec.json.encode(marker))
    temporary.replace(folder / MARKER)
    return inspect_folder(folder, thorough=False)


def damaged_distributions(folder: Path) -> dict[str, str]:
    """Distributions with a file that is gone or has another size than its RECORD says, and the first such file.

    A file that two of them brought (a program of the same name) is the later one's, and whole if it is as either says.
    """
    records = tuple(_records(folder))
    sizes: dict[Path, set[int]] = {}
    for record in records:
        with contextlib.suppress(csv.Error):  # told below
            for path, size in _files(record):
                sizes.setdefault(path, set()).add(size)
    first = {_distribution(record.parent.name)[0]: _first_damaged(record, sizes) for record in records}
    return {name: os.path.relpath(file, folder) for name, file in first.items() if file is not None}


def discard(folder: Path) -> None:
    """Take an environment away, or what is left of one. At no moment does a part of it look whole.

    Raises:
        EnvironmentProblem: something in it can't be removed.
    """
    try:
        (folder / MARKER).unlink(missing_ok=True)
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise EnvironmentProblem(
            f"the environment {folder} can't be removed ({error.filename}: {error.strerror}); end the programs that "
            f"use it, then remove the folder."
        ) from None


def abandon(folder: Path) -> None:
    """Take away what is left of an environment at once: it is removed by a process that is not waited for.

    Raises:
        EnvironmentProblem: something in it can't be removed.
    """
    behind = folder.with_name(f".{folder.name}.{os.getpid()}{_ABANDONED}")
    try:
        folder.rename(behind)
        remove_behind(behind)
    except OSError:
        discard(folder)


def remove_abandoned(environments: Path) -> None:
    """Remove what the processes that `abandon` starts did not get to; one may still be at work."""
    for folder in environments.glob(f".*{_ABANDONED}"):
        shutil.rmtree(folder, ignore_errors=True)


def inspect_folder(folder: Path, *, thorough: bool) -> ManagedEnvironment:
    """What stands in the folder of an environment, and what is wrong with it."""
    python = python_of(folder)
    name, key = folder.name.partition("-cp")[0], folder.name.rpartition("-")[2]
    try:
        marker = unpack_json(read_regular(folder / MARKER, _LARGEST), Marker)
    except (OSError, Unreadable):
        return ManagedEnvironment(
            name=name, python=python, folder=folder, distributions={}, key=key, problem="it was never finished"
        )
    return ManagedEnvironment(
        name=marker.name,
        python=python,
        folder=folder,
        distributions=marker.distributions,
        key=marker.key,
        version=marker.version,
        size=marker.size,
        problem=_problem(folder, marker, thorough=thorough),
    )


def _folders(cache: Cache, pattern: str) -> list[Path]:
    """What is in the cache by that pattern; nothing in one that is not there."""
    try:
        os.scandir(cache.environments).close()  # a glob takes a folder that it may not look into for an empty one
        return sorted(cache.environments.glob(pattern))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise cache.unusable(error) from None


def _problem(folder: Path, marker: Marker, *, thorough: bool) -> str:
    """What is wrong with an environment that was whole once; empty if nothing shows."""
    if _size(python_of(folder)) is None:  # follows the link
        return f"its Python, {marker.interpreter}, is gone or out of reach"
    records = {record.parent.name: record for record in _records(folder)}
    if changed := marker.records.keys() ^ records.keys():
        return f"distributions came or went: {', '.join(sorted(changed))}"
    if not thorough:
        return ""
    for name, record in records.items():
        if _sha256(record) != marker.records[name]:
            return f"{name}/RECORD is gone or has changed"
    damaged = damaged_distributions(folder)
    return "".join(f"{file} is gone or has changed" for file in list(damaged.values())[:1])


def _records(folder: Path, *, windows: bool = os.name == "nt") -> Iterator[Path]:
    pattern = "Lib/site-packages" if windows else "lib/python*/site-packages"
    for site in folder.glob(pattern):
        yield from site.glob("*.dist-info/RECORD")


def _files(record: Path) -> Iterator[tuple[Path, int]]:
    """The files of a distribution whose size its RECORD tells, and that size."""
    site = record.parent.parent
    with record.open(encoding="utf-8", errors="replace", newline="") as stream:
        for row in csv.reader(stream):
            if len(row) == _COLUMNS and row[2].isdecimal():
                yield site / row[0], int(row[2])


def _first_damaged(record: Path, sizes: Mapping[Path, Collection[int]]) -> Path | None:
    try:
        return next((path for path, _ in _files(record) if _size(path) not in sizes.get(path, ())), None)
    except csv.Error:
        return record


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _distribution(dist_info: str) -> tuple[str, str]:
    name, _, version = dist_info.removesuffix(".dist-info").partition("-")
    return re.sub(r"[-_.]+", "-", name).lower(), version


def _sha256(file: Path) -> str:
    """The hash of a file; of one that can't be read, nothing."""
    try:
        return hashlib.sha256(read_regular(file, _LARGEST)).hexdigest()
    except OSError:
        return ""

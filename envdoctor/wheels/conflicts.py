"""Finds what gets in each other's way among wheels before they are installed: shared paths, import names, known pairs.

An installer writes one wheel over another without a word, and `pip check` finds nothing afterwards; the central
directories tell beforehand, since they have the CRC of every file.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from envdoctor.core.data import load_table
from envdoctor.support.requirement import admits, normal_name
from envdoctor.wheels.contents import install_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from envdoctor.wheels.contents import WheelContents

_EXAMPLES = 10
_BIN = "../../../bin/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """The files of one distribution that is to be installed.

    Attributes:
        name: of the distribution.
        version: of it.
        files: size and CRC of each file, by its path from site-packages.
        scripts: the paths of commands that the installer makes from entry points.
    """

    name: str
    version: str
    files: Mapping[str, tuple[int, int]]
    scripts: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFiles:
    """Paths that two distributions both install.

    Attributes:
        first, second: name and version of each.
        shared: how many paths, without commands made from entry points.
        differ: on how many of them the content differs.
        scripts: the names of the commands that both make; the one installed last starts.
        examples: the first few paths that differ.
    """

    first: str
    second: str
    shared: int
    differ: int
    scripts: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportClash:
    """An import name that several distributions bring as their own; of two packages one wins, or they mix."""

    name: str
    distributions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBadPair:
    """Two distributions that are known not to work side by side; the fields are those of data/known_bad_pairs.toml."""

    first: str
    second: str
    effect: str
    message: str
    seen: str
    fix: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflicts:
    """What gets in each other's way in one environment."""

    shared: tuple[SharedFiles, ...] = ()
    clashes: tuple[ImportClash, ...] = ()
    known: tuple[KnownBadPair, ...] = ()


def shipment_of_wheel(wheel: WheelContents) -> Shipment:
    """What installing a wheel puts in place."""
    files = {install_path(name): (each.size, each.crc) for name, each in wheel.members.items()}
    scripts = frozenset(_BIN + script.name for script in wheel.metadata.scripts)
    return Shipment(name=wheel.metadata.name, version=wheel.metadata.version, files=files, scripts=scripts)


def find_conflicts(shipments: Sequence[Shipment]) -> Conflicts:
    """Everything that two of the distributions do to each other."""
    pairs = list(itertools.combinations(shipments, 2))
    shared = (_shared(first, second) for first, second in pairs)
    return Conflicts(
        shared=tuple(each for each in shared if each.differ or each.scripts),
        clashes=tuple(_clashes(shipments)),
        known=tuple(bad for first, second in pairs for bad in _known(first, second)),
    )


def _shared(first: Shipment, second: Shipment) -> SharedFiles:
    made = first.scripts | second.scripts
    scripts = made & (first.scripts | set(first.files)) & (second.scripts | set(second.files))
    both = sorted((set(first.files) & set(second.files)) - scripts)
    differ = [path for path in both if first.files[path] != second.files[path]]
    return SharedFiles(
        first=first.label,
        second=second.label,
        shared=len(both),
        differ=len(differ),
        scripts=tuple(sorted(path.rpartition("/")[2] for path in scripts)),
        examples=tuple(differ[:_EXAMPLES]),
    )


def _clashes(shipments: Sequence[Shipment]) -> Iterator[ImportClash]:
    owners: dict[str, list[str]] = {}
    for shipment in shipments:
        for name in set(_own_names(shipment)):  # a module beside a package of its name is one owner's affair
            owners.setdefault(name, []).append(shipment.label)
    for name, labels in owners.items():
        if len(labels) > 1 and not _is_shared_namespace(name, shipments):
            yield ImportClash(name=name, distributions=tuple(labels))


def _own_names(shipment: Shipment) -> Iterator[str]:
    """Regular packages and modules at the top; a folder without `__init__.py` is a namespace and belongs to nobody."""
    for path in shipment.files:
        top, slash, rest = path.partition("/")
        if rest == "__init__.py":
            yield top
        elif not slash and top.endswith(".py"):
            yield top[: -len(".py")]


def _is_shared_namespace(name: str, shipments: Sequence[Shipment]) -> bool:
    """Whether all bring the same `__init__.py` and nothing that differs, as parts of older namespace packages do."""
    owners = [shipment for shipment in shipments if f"{name}/__init__.py" in shipment.files]
    for first, second in itertools.combinations(owners, 2):
        both = (path for path in first.files if path.startswith(f"{name}/") and path in second.files)
        if any(first.files[path] != second.files[path] for path in both):
            return False
    return len(owners) > 1


def _known(first: Shipment, second: Shipment) -> Iterator[KnownBadPair]:
    for row in load_table("known_bad_pairs")["pairs"]:
        for one, other in ((first, second), (second, first)):
            if _matches(one, row["first"]) and _matches(other, row["second"]):
                words = {name: row[name] for name in ("effect", "message", "seen", "fix", "source")}
                yield KnownBadPair(first=one.label, second=other.label, **words)


def _matches(shipment: Shipment, row: Mapping[str, Any]) -> bool:
    if normal_name(shipment.name) != row["name"]:
        return False
    versions: list[str] = row["versions"]
    try:
        return not versions or any(admits(each, shipment.version) for each in versions)
    except ValueError:
        return False  # no version as PEP 440 has it, so none of those

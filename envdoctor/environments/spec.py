"""What environments there are: the tables environments.toml, and the pins beside them."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from envdoctor.core.data import DATA, compiler_folders, load_file, load_table
from envdoctor.core.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: Raised when an environment made from the same pins would come out differently.
_LAYOUT = 1
_MEGABYTE = 10**6


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformNeed:
    """What an environment takes on one platform.

    Attributes:
        download: bytes over the network, if nothing of it is cached.
        installed: bytes on disk.
        glibc: the oldest glibc that its wheels admit, or None where that does not matter.
        macos: the oldest macOS, or None.
    """

    download: int
    installed: int
    glibc: tuple[int, ...] | None = None
    macos: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """A licence that the user has to accept before anything is fetched.

    Attributes:
        name: what `--accept-license` takes.
        words: what is under which licence, and where that can be read.
    """

    name: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSpec:
    """One environment by name.

    Attributes:
        name: what an action calls it.
        title: what it is, for a person.
        purpose: what it is for.
        lock: a requirements file with every distribution pinned by version and hashes; exactly this is installed.
        pythons: versions of CPython it can be made with (`3.11`), the preferred one first.
        imports: modules whose import in one process proves that it works.
        own_imports: the same of the user's own environment, where the model is code of the user's: what other models
            need is not asked of it. Empty for all of `imports`.
        own: what the user's own environment needs to be used instead: of each tuple, one requirement must be met.
        platforms: where it exists (`linux-x86_64`), and what it takes there.
        license: the one that the user has to accept; None for packages that ask for nothing.
    """

    name: str
    title: str
    purpose: str
    lock: Path
    pythons: tuple[str, ...]
    imports: tuple[str, ...]
    own: tuple[tuple[str, ...], ...]
    platforms: Mapping[str, PlatformNeed]
    license: License | None = None
    own_imports: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that change with the pins."""
        return hashlib.sha256(b"%d\n" % _LAYOUT + self.lock.read_bytes()).hexdigest()[:12]


def environment_names() -> tuple[str, ...]:
    """All environments, in the order of the table."""
    return tuple(load_table("environments"))


def environment_spec(name: str) -> EnvironmentSpec:
    """Look an environment up.

    Raises:
        UsageProblem: there is none of that name; names the nearest.
    """
    row = load_table("environments").get(name)
    if row is None:
        near = difflib.get_close_matches(name, environment_names(), n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"they are {', '.join(environment_names())}."
        raise UsageProblem(f"there is no environment '{name}'; {hint}")
    return EnvironmentSpec(
        name=name,
        title=row["title"],
        purpose=row["purpose"],
        lock=find_lock(name),
        pythons=tuple(row["pythons"]),
        imports=tuple(row["imports"]),
        own=tuple(tuple(group) for group in row["own"]),
        platforms={platform: _need(values) for platform, values in row["platforms"].items()},
        license=License(**row["license"]) if "license" in row else None,
        own_imports=tuple(row.get("own_imports", ())),
    )


def find_lock(name: str) -> Path:
    """The pins of an environment: in the folder of the compiler that it is for, or with the common ones."""
    tables = ((folder, folder / "environments.toml") for folder in compiler_folders())
    folders = (folder for folder, table in tables if table.is_file() and name in load_file(table))
    return next(folders, DATA) / "constraints" / f"{name}.txt"


def _need(row: Mapping[str, Any]) -> PlatformNeed:
    return PlatformNeed(
        download=row["download"] * _MEGABYTE,
        installed=row["installed"] * _MEGABYTE,
        glibc=_numbers(row.get("glibc")),
        macos=_numbers(row.get("macos")),
    )


def _numbers(version: str | None) -> tuple[int, ...] | None:
    return None if version is None else tuple(int(part) for part in version.split("."))

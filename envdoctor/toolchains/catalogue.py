"""The toolchains that can be installed, and the places they come from."""

from __future__ import annotations

import difflib
import enum
from dataclasses import dataclass
from typing import Any

from envdoctor.core.data import load_table
from envdoctor.core.errors import UsageProblem
from envdoctor.net.urls import redacted

_APT = "apt:"
_SYSTEM_APT = "system-apt"


class SourceKind(enum.Enum):
    """What kind of place it is."""

    APT = "apt repository"
    URL = "URL"
    PATH = "file or folder"
    SYSTEM_APT = "this system's apt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A place to get a toolchain from.

    Attributes:
        location: the repository's URL, the archive's URL, or a path.
        suite, components: of an apt repository; empty for a flat one.
        sha256: what the archive must have; empty if that is not known beforehand.
    """

    kind: SourceKind
    location: str
    suite: str = ""
    components: tuple[str, ...] = ()
    sha256: str = ""

    @property
    def shown(self) -> str:
        """The location without passwords: what is printed and kept."""
        return redacted(self.location)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """A toolchain that envdoctor knows.

    Attributes:
        package, architecture: what an apt repository calls it.
        system_packages: packages of the system's own apt, any of which may hold it; empty for `package`.
        keep: the members of an archive that matter; empty for all.
        companion: the toolchain that it needs on machines of another architecture than its own, or an empty string.
        advice: what to do if no source answers.
    """

    name: str
    title: str
    sources: tuple[Source, ...]
    advice: str = "name a copy with --from (a .deb, an archive, a folder)"
    package: str = ""
    architecture: str = ""
    system_packages: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    companion: str = ""


def catalogue() -> dict[str, CatalogueEntry]:
    """All entries by name."""
    return {name: _entry(name, row) for name, row in load_table("toolchains").items()}


def find_entry(name: str) -> CatalogueEntry:
    """An entry by name.

    Raises:
        UsageProblem: there is none; names the nearest.
    """
    entries = catalogue()
    if name in entries:
        return entries[name]
    near = difflib.get_close_matches(name, entries, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(entries)}."
    raise UsageProblem(f"'{name}' is no toolchain that envdoctor can install; {hint}")


def parse_source(text: str, entry: CatalogueEntry | None = None, sha256: str = "") -> Source:
    """What `--from` takes: `apt:URL [SUITE COMPONENT...]`, a URL, or a path.

    Args:
        text: as typed.
        entry: an apt repository without a suite is read with this entry's.
        sha256: what an archive must have.
    """
    if text == _SYSTEM_APT:
        return Source(kind=SourceKind.SYSTEM_APT, location=text)
    if text.startswith(_APT):
        url, *words = text.removeprefix(_APT).split()
        known = next((one for one in entry.sources if one.kind is SourceKind.APT), None) if entry else None
        suite = words[0] if words else known.suite if known else ""
        components = tuple(words[1:]) or (known.components if known and not words else ())
        return Source(kind=SourceKind.APT, location=url.rstrip("/"), suite=suite, components=components)
    if text.startswith(("http://", "https://")):
        return Source(kind=SourceKind.URL, location=text, sha256=sha256)
    return Source(kind=SourceKind.PATH, location=text, sha256=sha256)


def _entry(name: str, row: dict[str, Any]) -> CatalogueEntry:
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    sources = tuple(parse_source(one["location"], sha256=one.get("sha256", "")) for one in row.get("sources", ()))
    return CatalogueEntry(name=name, **(fields | {"sources": sources}))

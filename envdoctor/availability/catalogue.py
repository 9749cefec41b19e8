"""The index as the walk sees it: releases of a project as of a moment, and what a wheel requires."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.availability.candidates import best_wheel, refusals_of
from envdoctor.availability.source_builds import SourceBuilds
from envdoctor.core.errors import Unreadable
from envdoctor.support.requirement import read_requirement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from packaging.requirements import Requirement
    from packaging.version import Version

    from envdoctor.availability.candidates import Refusals
    from envdoctor.availability.source_builds import SourceBuild
    from envdoctor.core.target import Target
    from envdoctor.index.client import IndexClient
    from envdoctor.index.project import IndexFile, Project
    from envdoctor.index.settings import IndexSettings

    ReadMetadata = Callable[[IndexFile], bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class CoreMetadata:
    """What a wheel's METADATA says, as far as resolution needs it.

    Attributes:
        requires: every ``Requires-Dist`` line.
        extras: names of the extras, normalized.
    """

    requires: tuple[Requirement, ...]
    extras: frozenset[str]


class Catalogue:
    """Projects and metadata, each asked for once. Safe to share among threads."""

    def __init__(self, client: IndexClient, read_metadata: ReadMetadata, as_of: datetime | None = None) -> None:
        """`read_metadata` gives the METADATA of a wheel, from wherever it is cheapest."""
        self._client = client
        self._builds = SourceBuilds(client)
        self._read_metadata = read_metadata
        self.as_of = as_of
        self._lock = threading.Lock()
        self._releases: dict[str, dict[Version, tuple[IndexFile, ...]]] = {}
        self._refusals: dict[tuple[str, Target], Refusals] = {}
        self._wheels: dict[tuple[str, Version, Target], IndexFile | None] = {}
        self._metadata: dict[str, CoreMetadata] = {}

    def project(self, name: str) -> Project:
        """What the indexes offer, or offered at the moment in question.

        Raises:
            NetworkProblem, Unreadable: see `IndexClient.project`.
        """
        project = self._client.project(name)
        return project if self.as_of is None else project.as_of(self.as_of)

    @property
    def settings(self) -> IndexSettings:
        """Where packages come from."""
        return self._client.settings

    def files_of_today(self, name: str, version: Version | None = None) -> tuple[IndexFile, ...]:
        """The files of a project, or of one version of it, whatever the moment in question.

        Raises:
            NetworkProblem, Unreadable: see `IndexClient.project`.
        """
        project = self._client.project(name)
        return project.files if version is None else tuple(project.of_version(version))

    def releases(self, name: str) -> Mapping[Version, tuple[IndexFile, ...]]:
        """The files of each version.

        Raises:
            NetworkProblem, Unreadable: see `IndexClient.project`.
        """
        with self._lock:
            known = self._releases.get(name)
        if known is None:
            known = _by_version(self.project(name))
            with self._lock:
                self._releases[name] = known
        return known

    def is_undated(self, name: str) -> bool:
        """Whether nothing can be said of a project at the moment in question: it has files, and none has a date.

        Raises:
            NetworkProblem, Unreadable: see `IndexClient.project`.
        """
        files = self._client.project(name).files
        return self.as_of is not None and bool(files) and all(file.uploaded is None for file in files)

    def refusals(self, name: str, target: Target) -> Refusals:
        """Why the target can't install each version; see `refusals_of`.

        Raises:
            NetworkProblem, Unreadable: see `IndexClient.project`.
        """
        key = name, target
        with self._lock:
            known = self._refusals.get(key)
        if known is None:
            known = refusals_of(self.releases(name), target)
            with self._lock:
                self._refusals[key] = known
        return known

    def build(self, files: Sequence[IndexFile]) -> SourceBuild:
        """What building one version takes; see `SourceBuilds.of`."""
        return self._builds.of(files)

    def wheel(self, name: str, version: Version, target: Target) -> IndexFile | None:
        """The wheel of a version that an installer takes on the target.

        Raises:
            NetworkProblem, Unreadable: see `IndexClient.project`.
        """
        key = name, version, target
        with self._lock:
            if key in self._wheels:
                return self._wheels[key]
        found = best_wheel(self.releases(name).get(version, ()), target)
        with self._lock:
            self._wheels[key] = found
        return found

    def metadata(self, file: IndexFile) -> CoreMetadata:
        """What a wheel requires.

        Raises:
            NetworkProblem: it could not be fetched.
            Unreadable: it is not valid metadata.
        """
        key = file.sha256 or file.url
        with self._lock:
            known = self._metadata.get(key)
        if known is None:
            known = parse_metadata(self._read_metadata(file), file.filename)
            with self._lock:
                self._metadata[key] = known
        return known


def parse_metadata(content: bytes, source: str) -> CoreMetadata:
    """Reads METADATA (PEP 566 and later).

    Raises:
        Unreadable: a requirement is none by PEP 508; `source` is named.
    """
    from packaging.metadata import parse_email
    from packaging.utils import canonicalize_name

    raw, _ = parse_email(content)
    try:
        requires = tuple(read_requirement(line) for line in raw.get("requires_dist", []))
    except ValueError as error:
        raise Unreadable(f"{source}: its METADATA has a requirement that can't be read: {error}") from None
    return CoreMetadata(requires=requires, extras=frozenset(map(canonicalize_name, raw.get("provides_extra", []))))


def _by_version(project: Project) -> dict[Version, tuple[IndexFile, ...]]:
    from packaging.version import Version

    by_text: dict[str, list[IndexFile]] = {}
    for file in project.files:
        by_text.setdefault(file.version, []).append(file)
    found: dict[Version, list[IndexFile]] = {}
    for text, files in by_text.items():
        found.setdefault(Version(text), []).extend(files)
    return {version: tuple(found[version]) for version in sorted(found)}

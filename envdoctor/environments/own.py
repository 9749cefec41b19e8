"""The user's own environment: does it have what a stage needs?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envdoctor.support.hashing import hash_path, hash_value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from packaging.requirements import Requirement

    from envdoctor.environments.spec import EnvironmentSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEnvironment:
    """The user's own environment.

    Attributes:
        python: its interpreter.
        distributions: normalized name and version of each distribution that it sees.
        version: of Python.
        metadata: the folder or file with the metadata of each, by normalized name.
        editable: normalized names of those that are run out of a project's folder.
    """

    python: Path
    distributions: Mapping[str, str]
    version: str = ""
    metadata: Mapping[str, Path] = field(default_factory=dict)
    editable: frozenset[str] = frozenset()

    def relevant(self, spec: EnvironmentSpec) -> tuple[str, ...]:
        """The distributions in it that an environment is about, as `name version`."""
        return tuple(f"{name} {self.distributions[name]}" for name in _names(spec) if name in self.distributions)

    def identity(self, spec: EnvironmentSpec) -> str | None:
        """What tells it from another of the same versions: another Python, or a distribution that was built anew.

        None if one that `spec` is about is editable: its code changes unseen.
        """
        if not self.editable.isdisjoint(_names(spec)):
            return None
        records = {name: _record(folder) for name, folder in self.metadata.items()}
        return hash_value([self.version, str(self.python), records])


def unmet(spec: EnvironmentSpec, distributions: Mapping[str, str]) -> tuple[str, ...]:
    """The requirements that installed distributions do not meet, the first of each group; empty if they will do."""
    return tuple(group[0] for group in spec.own if not any(_meets(text, distributions) for text in group))


def _meets(text: str, distributions: Mapping[str, str]) -> bool:
    from packaging.version import InvalidVersion

    wanted = _parse(text)
    version = distributions.get(wanted.name)
    try:
        return version is not None and wanted.specifier.contains(version, prereleases=True)
    except InvalidVersion:
        return False


def _names(spec: EnvironmentSpec) -> dict[str, None]:
    """The names of the distributions that an environment is about, in order."""
    return dict.fromkeys(_parse(text).name for group in spec.own for text in group)


def _record(metadata: Path) -> str | None:
    """The SHA-256 of a distribution's RECORD, which holds those of its files; None if it has none that can be read."""
    try:
        return hash_path(metadata / "RECORD")
    except OSError:
        return None


def _parse(text: str) -> Requirement:
    from packaging.requirements import Requirement

    return Requirement(text)

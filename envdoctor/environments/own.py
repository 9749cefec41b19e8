"""The user's own environment: does it have what a stage needs?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    """

    python: Path
    distributions: Mapping[str, str]

    def relevant(self, spec: EnvironmentSpec) -> tuple[str, ...]:
        """The distributions in it that an environment is about, as `name version`."""
        named = dict.fromkeys(_parse(text).name for group in spec.own for text in group)
        return tuple(f"{name} {self.distributions[name]}" for name in named if name in self.distributions)


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


def _parse(text: str) -> Requirement:
    from packaging.requirements import Requirement

    return Requirement(text)

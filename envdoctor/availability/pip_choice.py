"""What pip would take where nobody forbids it to build: older than expected, a pre-release, or a source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.availability.candidates import exact_versions, pip_refuses
from envdoctor.availability.wording import describe_platform, versions_words
from envdoctor.index.project import FileKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    from envdoctor.availability.candidates import Releases
    from envdoctor.availability.catalogue import Catalogue
    from envdoctor.core.target import Target
    from envdoctor.index.project import IndexFile


@dataclass(frozen=True, kw_only=True, slots=True)
class PipChoice:
    """The version that pip installs.

    Attributes:
        version: which.
        is_source: whether it must be built.
        passed_over: newer versions, stable unless there is none, that pip has no file of for this target.
    """

    version: Version
    is_source: bool
    passed_over: tuple[Version, ...]

    @property
    def is_fallback(self) -> bool:
        """Whether it is no version that a person means: an old source, or a pre-release that nobody asked for."""
        return bool(self.passed_over) and (self.is_source or self.version.is_prerelease)

    @property
    def words(self) -> str:
        """``0.1.0a1, a pre-release, from its source``."""
        parts = [str(self.version), "a pre-release" if self.version.is_prerelease else ""]
        parts.append("from its source" if self.is_source else "")
        return ", ".join(filter(None, parts))


def newest_wheel_for_pip(name: str, target: Target, catalogue: Catalogue) -> Version | None:
    """The newest version, no pre-release, with a wheel that pip takes for a target; None if there is none."""
    suiting = (
        version
        for version in sorted(catalogue.releases(name), reverse=True)
        if not version.is_prerelease
        and (wheel := catalogue.wheel(name, version, target)) is not None
        and wheel.yanked is None
        and not pip_refuses(wheel, target)
    )
    return next(suiting, None)


def pip_choice(releases: Releases, specifier: SpecifierSet, target: Target) -> PipChoice | None:
    """What `pip install` takes with nothing but its defaults; None if there is nothing.

    The rules are pip's (its documentation on finding candidates, PEP 440 on pre-releases, PEP 592 on yanked files): of
    files that fit the target, the newest stable version, and a pre-release only where there is no stable one left.

    Args:
        releases: the files of each version of the project.
        specifier: what is asked for.
        target: the machine.
    """
    allowed = [version for version in releases if specifier.contains(version, prereleases=True)]
    exact = bool(exact_versions(specifier))
    fitting = {version: _fitting(releases[version], target, yanked=exact) for version in allowed}
    found = [version for version in allowed if fitting[version]]
    stable = found if specifier.prereleases else [version for version in found if not version.is_prerelease]
    if not found:
        return None
    chosen = max(stable or found)
    known = [version for version in allowed if any(file.yanked is None for file in releases[version])]
    passed = [version for version in known if version > chosen and version not in found]
    proper = [version for version in passed if not version.is_prerelease]
    return PipChoice(
        version=chosen,
        is_source=all(file.kind is FileKind.SDIST for file in fitting[chosen]),
        passed_over=tuple(sorted(proper or passed, reverse=True)),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Fallbacks:
    """Where pip would take a version that nobody means.

    Attributes:
        versions: the rows that a table is to have for them.
        notes: a sentence for each.
    """

    versions: tuple[Version, ...]
    notes: tuple[str, ...]


def pip_fallbacks(catalogue: Catalogue, requirement: Requirement, targets: Iterable[Target]) -> Fallbacks:
    """What pip falls back to on each of the targets, without a word of warning.

    Raises:
        NetworkProblem, Unreadable: see `IndexClient.project`.
    """
    releases = catalogue.releases(requirement.name)
    found: dict[tuple[Version, str], list[Target]] = {}
    for target in targets:
        chosen = pip_choice(releases, requirement.specifier, target)
        if chosen is not None and chosen.is_fallback:
            words = f"{chosen.words}, as no file of {versions_words(chosen.passed_over, 3)} suits it"
            found.setdefault((chosen.version, words), []).append(target)
    notes = (f"pip install '{requirement}' installs {words}: on {_places(on)}." for (_, words), on in found.items())
    return Fallbacks(versions=tuple(dict.fromkeys(version for version, _ in found)), notes=tuple(notes))


def _places(targets: Iterable[Target]) -> str:
    by_platform: dict[str, list[str]] = {}
    for target in targets:
        by_platform.setdefault(describe_platform(target.platform), []).append(target.interpreter.short_version)
    return "; ".join(f"{platform}, Python {', '.join(pythons)}" for platform, pythons in by_platform.items())


def _fitting(files: Sequence[IndexFile], target: Target, *, yanked: bool) -> list[IndexFile]:
    return [
        file
        for file in files
        if (yanked or file.yanked is None)
        and not pip_refuses(file, target)
        and (file.kind is FileKind.SDIST or not target.tag_set.isdisjoint(file.tags))
    ]

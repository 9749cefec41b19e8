"""Reasons in words: why no version that a requirement allows can be installed on a target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.availability.absence import no_project, no_version
from envdoctor.availability.candidates import exact_versions
from envdoctor.availability.pip_choice import pip_choice
from envdoctor.availability.source_builds import BuildKind
from envdoctor.availability.wording import (
    describe_platform,
    describe_python,
    neighbours_words,
    versions_words,
    wheels_words,
)
from envdoctor.core.availability import CellReason, ReasonKind
from envdoctor.core.finding import Evidence, Severity
from envdoctor.index.project import FileKind
from envdoctor.support.text import few

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from packaging.requirements import Requirement
    from packaging.version import Version

    from envdoctor.availability.candidates import Refusals, Releases
    from envdoctor.availability.catalogue import Catalogue
    from envdoctor.availability.source_builds import SourceBuild
    from envdoctor.core.target import Target
    from envdoctor.index.project import IndexFile

_FILES_SHOWN = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What the index offers of one project to one target.

    Attributes:
        releases: the files of each version.
        refusals: why the target can't install each version.
        build: what building a version takes, by its files.
    """

    releases: Releases
    refusals: Refusals
    build: Callable[[Sequence[IndexFile]], SourceBuild]

    @property
    def usable(self) -> tuple[Version, ...]:
        """The versions that the target can install."""
        return tuple(version for version, reasons in self.refusals.items() if not reasons)


def absent(requirement: Requirement, catalogue: Catalogue, offer: Offer) -> CellReason:
    """The reason why there is no version that a requirement allows.

    Raises:
        NetworkProblem, Unreadable: see `IndexClient.project`.
    """
    if not offer.releases:
        return _error(requirement, ReasonKind.NO_PROJECT, f"{no_project(catalogue, requirement.name)}.")
    return _error(requirement, ReasonKind.NO_VERSION, f"{no_version(catalogue, requirement, offer.usable)}.")


def blockers(requirement: Requirement, offer: Offer, refused: Refusals, target: Target) -> tuple[CellReason, ...]:
    """Every reason why a requirement has no usable version; `refused` is what `candidates` said of each version."""
    return tuple(_refusal_reasons(requirement, offer, refused, target))


def _refusal_reasons(requirement: Requirement, offer: Offer, refused: Refusals, target: Target) -> Iterator[CellReason]:
    hint = _hint(requirement, offer, target)
    decisive = _least(frozenset(refused.values()))
    for kind in ReasonKind:
        versions = [version for version, kinds in refused.items() if kind in kinds and kinds in decisive]
        if not versions:
            continue
        files = [file for version in versions for file in offer.releases[version]]
        said = _SAYINGS[kind](files, target)
        told = kind
        if kind is ReasonKind.SOURCE_ONLY:
            build = offer.build(offer.releases[max(versions)])
            said += f", {build.words}"
            told = ReasonKind.PURE_SOURCE if build.kind is BuildKind.PURE else kind
        words = f"{requirement.name} {versions_words(versions)}: {said}"
        shown = sorted({file.filename for file in offer.releases[max(versions)] if file.kind is FileKind.WHEEL})
        excerpt = few(shown, _FILES_SHOWN)
        evidence = (Evidence(source=f"the files of {requirement.name} {max(versions)}", excerpt=excerpt),)
        yield _error(requirement, told, f"{words}. {hint}", evidence if shown else ())


def _least(refusals: frozenset[frozenset[ReasonKind]]) -> frozenset[frozenset[ReasonKind]]:
    """The sets of refusals with the fewest hurdles: a version that only must be built makes the others pointless."""
    compiler_only = frozenset({ReasonKind.SOURCE_ONLY})
    if compiler_only in refusals:
        return frozenset({compiler_only})
    return frozenset(one for one in refusals if not any(other < one for other in refusals))


def _hint(requirement: Requirement, offer: Offer, target: Target) -> str:
    """Which other versions the target could install: those next to a pinned one, else the newest."""
    usable = offer.usable
    if not usable:
        chosen = pip_choice(offer.releases, requirement.specifier, target)
        fallback = f" pip installs {chosen.words}." if chosen is not None and chosen.is_fallback else ""
        return f"No version of {requirement.name} has a wheel for this target.{fallback}"
    wanted = pinned_version(requirement)
    if wanted is None:
        return f"Versions with a wheel for this target: {versions_words(usable)}."
    siblings = [version for version in usable if version.release == wanted.release]
    others = [version for version in usable if version not in siblings]
    said = [f"{wanted} exists"] if wanted in offer.releases else []
    if siblings:
        said.append(f"the only {wanted.base_version} with such a wheel is {versions_words(siblings)}")
    if others:
        said.append(f"nearest others with one: {neighbours_words(wanted, others)}")
    text = "; ".join(said)
    return f"{text[0].upper()}{text[1:]}."


def _say_yanked(files: Sequence[IndexFile], target: Target) -> str:
    del target
    reasons = sorted({file.yanked for file in files if file.yanked})
    return f"yanked by its authors ({'; '.join(reasons)})" if reasons else "yanked by its authors, who gave no reason"


def _say_python(files: Sequence[IndexFile], target: Target) -> str:
    wanted = sorted({file.requires_python for file in files if file.requires_python})
    return f"needs Python {' or '.join(wanted)}, and this is {describe_python(target)}"


def _say_wheels(files: Sequence[IndexFile], target: Target) -> str:
    tags = frozenset(tag for file in files for tag in file.tags)
    if not tags:
        return "no file that can be installed"
    if target.accepts(tags):
        return "no single wheel that this target takes and that also allows its Python"
    return f"no wheel for this target: {wheels_words(tags, target)}"


def _say_source(files: Sequence[IndexFile], target: Target) -> str:
    tags = frozenset(tag for file in files for tag in file.tags)
    place = f"{describe_platform(target.platform)}, {describe_python(target)}"
    wheels = f" (wheels: {wheels_words(tags, target)})" if tags else ""
    return f"only its source can be installed on {place}{wheels}, which must be built there"


_SAYINGS = {
    ReasonKind.YANKED: _say_yanked,
    ReasonKind.REQUIRES_PYTHON: _say_python,
    ReasonKind.OTHER_WHEELS: _say_wheels,
    ReasonKind.SOURCE_ONLY: _say_source,
}


def _error(requirement: Requirement, kind: ReasonKind, message: str, evidence: tuple[Evidence, ...] = ()) -> CellReason:
    return CellReason(kind=kind, severity=Severity.ERROR, subject=str(requirement), message=message, evidence=evidence)


def pinned_version(requirement: Requirement) -> Version | None:
    """The version that a requirement asks for exactly, or None."""
    return next(iter(exact_versions(requirement.specifier)), None)

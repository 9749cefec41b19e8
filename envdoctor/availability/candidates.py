"""Which versions of one project a target may install, and why it may not install the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from envdoctor.core.availability import ReasonKind
from envdoctor.core.target import NEWEST_PATCH
from envdoctor.index.project import FileKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.specifiers import Specifier, SpecifierSet
    from packaging.tags import Tag
    from packaging.version import Version

    from envdoctor.core.target import Target
    from envdoctor.index.project import IndexFile

    Refusals = Mapping[Version, frozenset[ReasonKind]]
    Releases = Mapping[Version, tuple[IndexFile, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidates:
    """The versions that a specifier allows.

    Attributes:
        usable: with a wheel that the target takes, in the order in which a resolver tries them.
        refused: every other one, with all the reasons.
    """

    usable: tuple[Version, ...]
    refused: Mapping[Version, frozenset[ReasonKind]]


def candidates(refusals: Refusals, specifier: SpecifierSet) -> Candidates:
    """Judges every version that `specifier` allows.

    The rules are uv's: stable versions first, then pre-releases, unless the specifier names a pre-release; a yanked
    version only if it is asked for exactly (PEP 592).

    Args:
        refusals: of each version of the project, from `refusals_of`.
        specifier: what is asked for.
    """
    usable: list[Version] = []
    refused: dict[Version, frozenset[ReasonKind]] = {}
    exact = exact_versions(specifier)
    for version, reasons in refusals.items():
        if not specifier.contains(version, prereleases=True):
            continue
        counted = reasons - {ReasonKind.YANKED} if exact else reasons
        if counted:
            refused[version] = counted
        else:
            usable.append(version)
    explicit = bool(specifier.prereleases)
    usable.sort(key=lambda version: (explicit or not version.is_prerelease, version), reverse=True)
    return Candidates(usable=tuple(usable), refused=refused)


def refusals_of(releases: Releases, target: Target) -> Refusals:
    """For each version, every reason why the target can't install it from a wheel; none if it can."""
    accepted = target.tag_set
    return {version: _refusals(files, target, accepted) for version, files in releases.items()}


def _refusals(files: tuple[IndexFile, ...], target: Target, accepted: frozenset[Tag]) -> frozenset[ReasonKind]:
    reasons = set()
    if all(file.yanked is not None for file in files):
        reasons.add(ReasonKind.YANKED)
    fitting = [file for file in files if not accepted.isdisjoint(file.tags)]
    if any(allows_python(file.requires_python, target) for file in fitting):
        return frozenset(reasons)
    if not any(allows_python(file.requires_python, target) for file in files):
        reasons.add(ReasonKind.REQUIRES_PYTHON)
    if not fitting:
        source = any(file.kind is FileKind.SDIST for file in files)
        reasons.add(ReasonKind.SOURCE_ONLY if source else ReasonKind.OTHER_WHEELS)
    # Each hurdle may be taken by another file: then no single one is to blame, and the wheels are.
    return frozenset(reasons or {ReasonKind.OTHER_WHEELS})


def best_wheel(files: Iterable[IndexFile], target: Target) -> IndexFile | None:
    """The wheel of one version that an installer takes: the usable one with the best tag; None if there is none.

    A yanked wheel counts: whoever pinned the version has accepted that.
    """
    accepted, rank = target.tag_set, _tag_ranks(target)
    fitting = [file for file in files if not accepted.isdisjoint(file.tags)]
    usable = [file for file in fitting if allows_python(file.requires_python, target)]
    return min(usable, key=lambda file: min(rank.get(tag, len(rank)) for tag in file.tags), default=None)


def allows_python(requires: str | None, target: Target) -> bool:
    """Whether the target's Python is new enough for ``Requires-Python``.

    Upper bounds do not count, as they do not for uv, which decides here; `pip_refuses` tells where pip would. What
    can't be parsed does not count for either.
    """
    return not requires or _reaches(requires, target.interpreter.full_version)


def pip_refuses(file: IndexFile, target: Target) -> bool:
    """Whether pip, which honours upper bounds too, would not install this file there."""
    return bool(file.requires_python) and refuses_python(str(file.requires_python), exactly(target))


def exactly(target: Target) -> Target:
    """The target with the newest release of its Python, if none is named."""
    python = target.interpreter
    return replace(target, interpreter=replace(python, patch=NEWEST_PATCH)) if python.patch is None else target


def refuses_python(requires: str, target: Target) -> bool:
    """Whether ``Requires-Python`` leaves the target's Python out, on every patch release if none is named."""
    return _refuses(requires, target.interpreter.short_version, target.interpreter.patch)


@lru_cache(maxsize=4096)
def _refuses(requires: str, minor: str, patch: int | None) -> bool:
    specifier = _python_specifier(requires)
    patches = range(NEWEST_PATCH + 1) if patch is None else (patch,)
    return specifier is not None and not any(specifier.contains(f"{minor}.{one}", prereleases=True) for one in patches)


@lru_cache(maxsize=4096)
def _reaches(requires: str, python: str) -> bool:
    from packaging.version import Version

    specifier = _python_specifier(requires)
    return specifier is None or all(_is_reached(one, Version(python)) for one in specifier)


def _is_reached(bound: Specifier, version: Version) -> bool:
    """Whether a version is not below what one clause asks for."""
    from packaging.version import Version

    if bound.operator not in {">=", ">", "==", "===", "~="}:
        return True
    lowest = Version(bound.version.removesuffix(".*"))
    return version > lowest if bound.operator == ">" else version >= lowest


@lru_cache(maxsize=4096)
def _python_specifier(text: str) -> SpecifierSet | None:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        return None


@lru_cache(maxsize=256)
def _tag_ranks(target: Target) -> dict[Tag, int]:
    return {tag: rank for rank, tag in enumerate(target.tags)}


def exact_versions(specifier: SpecifierSet) -> frozenset[Version]:
    """The versions that are asked for by ``==`` without a wildcard, or by ``===``."""
    from packaging.version import InvalidVersion, Version

    found = set()
    for one in specifier:
        if one.operator in {"==", "==="} and not one.version.endswith(".*"):
            try:
                found.add(Version(one.version))
            except InvalidVersion:
                continue
    return frozenset(found)

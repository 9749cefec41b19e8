"""What can be said of a package or a version that is not there: who was asked, and for which moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.availability.candidates import exact_versions
from envdoctor.availability.wording import neighbours_words, versions_words
from envdoctor.support.moments import moment_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    from envdoctor.availability.catalogue import Catalogue
    from envdoctor.index.project import IndexFile


def no_project(catalogue: Catalogue, name: str) -> str:
    """Why nothing of a package is there, as a clause: the moment may be too early, or the places asked do not have it.

    Raises:
        NetworkProblem, Unreadable: see `IndexClient.project`.
    """
    first = _oldest(catalogue.files_of_today(name))
    if first is not None and catalogue.as_of is not None:
        moment = moment_words(catalogue.as_of)
        said = f"nothing that the index has of {name} today was there at {moment}"
        return f"{said}: {_since(first)}; what was removed is not known"
    if catalogue.settings.no_index:
        places = ", ".join(catalogue.settings.described)
        return f"no package called {name} is in {places}, and pip's setting no-index leaves no other place to look in"
    return f"no index has a package called {name}"


def no_version(catalogue: Catalogue, requirement: Requirement, usable: Sequence[Version] = ()) -> str:
    """Which versions there are where none is of those that a requirement allows, as a clause.

    Args:
        catalogue: that has the package.
        requirement: that no version meets.
        usable: the versions that a target could install, where one is looked at.

    Raises:
        NetworkProblem, Unreadable: see `IndexClient.project`.
    """
    versions = tuple(catalogue.releases(requirement.name))
    when = f" at {moment_words(catalogue.as_of)}" if catalogue.as_of else ""
    said = [f"no index {'had' if when else 'has'} {requirement.name}{requirement.specifier}{when}"]
    wanted = next(iter(exact_versions(requirement.specifier)), None)
    if wanted is not None:
        near = neighbours_words(wanted, versions)
        said.append(f"nearest: {near}")
        said += _later(catalogue, requirement.name, wanted)
        said += [f"newest: {max(versions)}"] if str(max(versions)) not in near.split(" and ") else []
    else:
        said.append(f"newest: {versions_words(versions)}")
    said += _nightlies(requirement.specifier, versions)
    if usable:
        said.append(f"versions that this target could install: {versions_words(usable)}")
    return "; ".join(said)


def _later(catalogue: Catalogue, name: str, wanted: Version) -> list[str]:
    first = _oldest(catalogue.files_of_today(name, wanted)) if catalogue.as_of else None
    return [f"of {wanted}, {_since(first)}"] if first is not None else []


def _nightlies(specifier: SpecifierSet, versions: Sequence[Version]) -> list[str]:
    """That nightlies of before the oldest one left may have been there: what was removed leaves no trace."""
    from packaging.version import Version

    named = [Version(one.version.removesuffix(".*")) for one in specifier if one.operator != "==="]
    left = [version for version in versions if version.is_devrelease]
    if not left or not any(one.is_devrelease for one in named) or max(named) > min(left):
        return []
    what = f"{named[0]} is a nightly" if len(named) == 1 else "nightlies are asked for"
    return [f"{what}, and indexes remove those after a while: the oldest left is {min(left)}"]


def _oldest(files: Sequence[IndexFile]) -> IndexFile | None:
    dated = [file for file in files if file.uploaded is not None]
    return min(dated, key=lambda file: file.uploaded.isoformat() if file.uploaded else "", default=None)


def _since(file: IndexFile) -> str:
    day = file.uploaded.date() if file.uploaded else "an unknown day"
    return f"the oldest file is {file.filename}, of {day}"

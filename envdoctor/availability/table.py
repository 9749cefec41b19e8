"""From a request to the questions of a whole table: which versions are the rows, which targets the columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.availability.cells import Asked
from envdoctor.availability.uv import Question
from envdoctor.availability.walk import UNDATED
from envdoctor.core.errors import UsageProblem
from envdoctor.index.pages import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from packaging.requirements import Requirement
    from packaging.version import Version

    from envdoctor.availability.catalogue import Catalogue
    from envdoctor.core.target import Target


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What holds for a whole table.

    Attributes:
        constraints: the user's own lines that restrict versions.
        as_of: the moment at which the index is looked at; None for now.
        explained: the column whose trees are wanted in full.
    """

    constraints: tuple[str, ...] = ()
    as_of: datetime | None = None
    explained: Target | None = None


def parse_as_of(text: str) -> datetime:
    """The moment that ``--as-of`` means: the end of a day (UTC), or the very time given.

    Raises:
        UsageProblem: it is neither.
    """
    from datetime import date, datetime, timedelta, timezone

    try:
        return datetime.combine(date.fromisoformat(text) + timedelta(days=1), datetime.min.time(), timezone.utc)
    except ValueError:
        moment = parse_time(text)
    if moment is None:
        raise UsageProblem(f"{text!r} is no date; write 2025-12-20 or 2025-12-20T12:00:00Z.")
    return moment


def parse_requirements(lines: Sequence[str]) -> tuple[Requirement, ...]:
    """Requirements as typed.

    Raises:
        UsageProblem: one is none by PEP 508, or there is none.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    found = []
    for line in lines:
        try:
            found.append(Requirement(line))
        except InvalidRequirement as error:
            reason = str(error).splitlines()[0]
            raise UsageProblem(f"{line!r} is no requirement: {reason}. Write it like ai-edge-litert==2.1.0.") from None
    if not found:
        raise UsageProblem("Name a package, such as ai-edge-litert or ai-edge-litert==2.1.0.")
    return tuple(found)


def parse_constraints(file: Path) -> tuple[str, ...]:
    """The lines of a constraints file, as pip reads one, as far as they restrict versions.

    Raises:
        UsageProblem: it can't be read, or holds something else.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"The constraints {file} can't be read: {error}.") from None
    lines = (re.sub(r"(^|\s+)#.*", "", line).strip() for line in text.replace("\\\n", "").splitlines())
    said = tuple(re.sub(r"\s+--hash=\S+", "", line) for line in lines if line)
    for line in said:
        if line.startswith("-"):
            raise UsageProblem(f"The constraints {file} hold the option {line!r}; only lines like numpy<2 count here.")
    return tuple(map(str, parse_requirements(said))) if said else ()


def rows(catalogue: Catalogue, requirement: Requirement, *, pre_releases: bool = False) -> tuple[Version, ...]:
    """The versions that a table is about, newest first: stable ones, and others if they are asked for.

    A pre-release is asked for by `pre_releases`, by a specifier that names one, or because there is nothing else. A
    version of which every file was yanked is left out unless it is named.

    Raises:
        UsageProblem: no index has the package or such a version.
        NetworkProblem, Unreadable: see `IndexClient.project`.
    """
    if catalogue.is_undated(requirement.name):
        raise UsageProblem(f"{UNDATED} {requirement.name}: --as-of can't be answered from it.")
    releases = catalogue.releases(requirement.name)
    allowed = [version for version in releases if requirement.specifier.contains(version, prereleases=True)]
    if not allowed:
        raise UsageProblem(_no_such(requirement, tuple(releases)))
    offered = [version for version in allowed if any(file.yanked is None for file in releases[version])] or allowed
    wanted = pre_releases or bool(requirement.specifier.prereleases)
    stable = [version for version in offered if wanted or not version.is_prerelease]
    return tuple(sorted(stable or offered, reverse=True))


def questions(
    versions: Sequence[Version], targets: Sequence[Target], requirements: Sequence[Requirement], terms: Terms
) -> Iterator[Asked]:
    """One question for each row and column: the first requirement pinned to the row, the others as they are."""
    first, *others = requirements
    extras = f"[{','.join(sorted(first.extras))}]" if first.extras else ""
    for version in versions:
        lines = (f"{first.name}{extras}=={version}", *map(str, others))
        for target in targets:
            question = Question(requirements=lines, target=target, constraints=terms.constraints, as_of=terms.as_of)
            yield Asked(version=str(version), question=question, explained=terms.explained == target)


def _no_such(requirement: Requirement, versions: Sequence[Version]) -> str:
    if not versions:
        return f"No index has a package called {requirement.name}; is it spelled right?"
    newest = ", ".join(str(version) for version in sorted(versions, reverse=True)[:6])
    return f"No index has {requirement}; the newest versions of {requirement.name} are {newest}."

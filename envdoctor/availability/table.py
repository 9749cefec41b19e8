"""From a request to the questions of a whole table: which versions are the rows, which targets the columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.availability.absence import no_project, no_version
from envdoctor.availability.cells import Asked
from envdoctor.availability.elsewhere import elsewhere
from envdoctor.availability.uv import Question
from envdoctor.availability.walk import UNDATED
from envdoctor.core.errors import UsageProblem
from envdoctor.index.pages import parse_time
from envdoctor.index.places import local_path
from envdoctor.net.urls import is_remote, redacted
from envdoctor.support.files import read_regular
from envdoctor.support.requirement import read_requirement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from packaging.requirements import Requirement
    from packaging.version import Version

    from envdoctor.availability.catalogue import Catalogue
    from envdoctor.core.target import Target
    from envdoctor.index.settings import IndexSettings


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_HASH = re.compile(r"(?<=\s)--hash[= ]\s*(\S+)")
#: Options of one line: its hashes, and what only a build is told (pip, "Per-requirement options").
_OF_LINE = re.compile(r"(?<=\s)(?:--hash|--config-settings?|-C|--(?:global|install)-option)[= ]?.*")
#: A line that is a comment goes on nowhere, whatever it ends in.
_COMMENT = re.compile(r"\s*#")
_TIME = re.compile(rf"{_DAY.pattern}[T ]\d{{2}}:\d{{2}}", re.ASCII)

#: What of a file of constraints names another; what `-r` names there pip would install.
_OTHER_FILE = re.compile(r"(?:-c\s*|--constraint(?:=|\s+))(?P<file>.+)")
_DEEPEST = 20
_SHOWN = 200
#: Bytes; a line for every project of a large index would be 20 MB.
_LARGEST_CONSTRAINTS = 32 << 20


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
    from datetime import timedelta

    is_day = _DAY.fullmatch(text) is not None
    moment = parse_time(text) if is_day or _TIME.match(text) else None
    if moment is None:
        raise UsageProblem(f"{text!r} is no date; write 2025-12-20 or 2025-12-20T12:00:00Z.")
    try:
        return moment + timedelta(days=is_day)
    except OverflowError:  # the last day of the calendar
        return moment


def parse_requirements(lines: Sequence[str]) -> tuple[Requirement, ...]:
    """Requirements as typed.

    Raises:
        UsageProblem: one is none by PEP 508, or there is none.
    """
    found = []
    for line in lines:
        shown = f"'{line[:_SHOWN]} ...'" if len(line) > _SHOWN else repr(line)
        if line.startswith("git+") or "://" in line.split(" @ ")[0]:
            raise UsageProblem(f"{shown} is an address; name the package, as an index has it, such as ai-edge-litert.")
        try:
            found.append(read_requirement(line))
        except ValueError as error:
            reason = str(error).splitlines()[0]
            raise UsageProblem(f"{shown} is no requirement: {reason}. Write it like ai-edge-litert==2.1.0.") from None
    if not found:
        raise UsageProblem("Name a package, such as ai-edge-litert or ai-edge-litert==2.1.0.")
    return tuple(found)


def parse_constraints(file: Path, within: tuple[Path, ...] = ()) -> tuple[str, ...]:
    """The lines of a constraints file, as pip reads one, and of the files that it names, as far as they restrict.

    Args:
        file: it.
        within: the files that name it, from the first on.

    Raises:
        UsageProblem: one can't be read, names itself, or holds something else; file and line are named.
    """
    if file in within or len(within) > _DEEPEST:
        raise UsageProblem(f"The constraints {file} include themselves.")
    try:
        text = decoded(read_regular(file, _LARGEST_CONSTRAINTS))
    except UnicodeDecodeError:
        raise UsageProblem(f"The constraints {file} are no UTF-8 text.") from None
    except OSError as error:
        raise UsageProblem(f"The constraints {file} can't be read: {error.strerror or error}.") from None
    found: list[str] = []
    for number, line in logical_lines(text):
        if named := _OTHER_FILE.fullmatch(line):
            found += parse_constraints(file.parent / named["file"].strip(), (*within, file))
        else:
            found.append(_constraint(line, f"{file}, line {number}"))
    return tuple(found)


def configured_constraints(settings: IndexSettings) -> tuple[str, ...]:
    """The lines of the files that pip's setting `constraint` names: pip holds every install to them.

    Raises:
        UsageProblem: one can't be read, or is an address.
    """
    for place in settings.constraints:
        if is_remote(place):
            raise UsageProblem(
                f"pip's setting constraint names an address, {redacted(place)}, which is not read here; "
                "save it as a file, and let the setting (PIP_CONSTRAINT) name that."
            )
    return tuple(line for place in settings.constraints for line in parse_constraints(local_path(place)))


def decoded(content: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 with its mark, as PowerShell writes and pip reads it.

    Raises:
        UnicodeDecodeError: it is neither.
    """
    return content.decode("utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig")


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments, hashes and line breaks, each with the number of the first that it is made of."""
    yield from ((number, said) for number, line in whole_lines(text) if (said := without_options(line)))


def without_options(line: str) -> str:
    """A line of `whole_lines` without the options that are its own."""
    return _OF_LINE.sub("", line).strip()


def hashes_of(line: str) -> frozenset[str]:
    """The SHA-256 that a line of `whole_lines` names; what pip takes besides (sha384, sha512) no index tells."""
    named = (match[1].partition(":") for match in _HASH.finditer(line))
    return frozenset(value.lower() for algorithm, _, value in named if algorithm.lower() == "sha256")


def whole_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments and line breaks, each with the number of the first that it is made of."""
    gathered, first = "", 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        first = first if gathered else number
        goes_on = line.endswith("\\") and not _COMMENT.match(line)
        gathered += line.removesuffix("\\")
        if goes_on:
            continue
        said = re.sub(r"(?<!\S)#.*", "", gathered).strip()
        gathered = ""
        if said:
            yield first, said


def _constraint(line: str, where: str) -> str:
    if line.startswith("-"):
        raise UsageProblem(f"{where}: the option {line!r} is no constraint; only lines like numpy<2 count here.")
    try:
        (found,) = parse_requirements([line])
    except UsageProblem as error:
        raise UsageProblem(f"{where}: {error}") from None
    if found.url or found.extras:
        what = "an address" if found.url else "extras"
        raise UsageProblem(f"{where}: {line!r} names {what}, and a constraint has a name and versions only.")
    return str(found)


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
        raise UsageProblem(nothing_of(requirement, catalogue))
    offered = [version for version in allowed if any(file.yanked is None for file in releases[version])] or allowed
    wanted = pre_releases or bool(requirement.specifier.prereleases)
    stable = [version for version in offered if wanted or not version.is_prerelease]
    return tuple(sorted(stable or offered, reverse=True))


def questions(
    versions: Sequence[Version], targets: Sequence[Target], requirements: Sequence[Requirement], terms: Terms
) -> Iterator[Asked]:
    """One question for each row and column: the first requirement pinned to the row, the others as they are.

    Raises:
        UsageProblem: the first has a marker.
    """
    first, *others = requirements
    if first.marker is not None:
        raise UsageProblem(f"'{first}' has a marker, and its versions are the rows for every target; leave it out.")
    extras = f"[{','.join(sorted(first.extras))}]" if first.extras else ""
    for version in versions:
        lines = (f"{first.name}{extras}=={version}", *map(str, others))
        for target in targets:
            question = Question(requirements=lines, target=target, constraints=terms.constraints, as_of=terms.as_of)
            yield Asked(version=str(version), question=question, explained=terms.explained == target)


def nothing_of(requirement: Requirement, catalogue: Catalogue) -> str:
    """A sentence for who asked for what is not there.

    Raises:
        NetworkProblem, Unreadable: see `IndexClient.project`.
    """
    if catalogue.releases(requirement.name):
        said = no_version(catalogue, requirement)
    else:
        said = no_project(catalogue, requirement.name)
        if not catalogue.files_of_today(requirement.name) and not catalogue.settings.no_index:
            said += f"; is it spelled right? Asked: {', '.join(catalogue.settings.described)}"
    hint = elsewhere(requirement.name, catalogue.releases(requirement.name))
    return f"{said[0].upper()}{said[1:]}.{f' {hint}' if hint else ''}"

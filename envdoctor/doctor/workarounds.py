"""What can still be done where a search for a route or a version ends empty: data/workarounds.toml, judged here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from envdoctor.availability.wording import platforms_words, pythons_words
from envdoctor.core.availability import CauseKind, CellVerdict, ReasonKind
from envdoctor.core.data import load_table
from envdoctor.core.route import Verdict
from envdoctor.environments.spec import environment_spec
from envdoctor.index.project import FileKind
from envdoctor.stages.problems import is_upstream, problem_kinds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from envdoctor.core.availability import Cell
    from envdoctor.core.route import Attempt, Route
    from envdoctor.core.target import Target
    from envdoctor.index.project import IndexFile

#: Stands before the workarounds.
NO_ROUTE = "What can still be done, and is no route:"
NO_VERSION = "No version is good on any of these targets. What can still be done:"
_MAY_BE_GOOD = frozenset(one for one in CellVerdict if one.is_good or one is CellVerdict.UNKNOWN)
_LISTED = 4
_VAIN = "it would not help"
_LIBRARY = re.compile(r"[\w+-]+(?:\.so(?:\.\d+)*|\.dylib|\.dll|\.pyd)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the workarounds are judged by.

    Attributes:
        package: whose versions were asked for; empty for a model's routes.
        platforms: where it exists, in words; None if what stands in the way is not the machine.
        pythons: the other Pythons that it exists for here, in words.
        is_for_any: True if a wheel of it is for any machine and one of the Pythons.
        has_source: True if there is a source distribution.
        holders: what holds a library that is missing, a sentence's part each.
    """

    package: str = ""
    platforms: tuple[str, ...] | None = None
    pythons: str = ""
    is_for_any: bool = False
    has_source: bool = False
    holders: tuple[str, ...] = ()


def workarounds(place: str, situation: Situation) -> tuple[str, ...]:
    """A sentence for each workaround that is named in a place (`routes`, `matrix`), in the order of the table."""
    rows: Mapping[str, Mapping[str, Any]] = load_table("workarounds")
    said = (_say(row, situation) for row in rows.values() if place in row["for"])
    return tuple(sentence for sentence in said if sentence)


def _say(row: Mapping[str, Any], situation: Situation) -> str:
    """What a workaround comes to here; empty if it is not for this."""
    needs = row.get("needs", "")
    if needs == "package" and situation.package != row["package"]:
        return ""
    if (needs == "source") is not situation.has_source and needs in {"source", "no-source"}:
        return ""
    if (needs == "holder" and not situation.holders) or (needs == "other-python" and not situation.pythons):
        return ""
    judging = {"other-platform": _of_platforms, "other-python": _of_pythons, "holder": _of_holders}
    judged = judging.get(needs, _nothing)(situation)
    if judged.startswith(_VAIN):
        return f"{row['title']}: {judged}."
    return f"{row['title']}: {judged}effort: {row['effort']}; {row['blocker']} ({row['source']})."


def _nothing(_: Situation) -> str:
    return ""


def _of_holders(situation: Situation) -> str:
    return f"{', '.join(situation.holders[:_LISTED])}; "


def _of_platforms(situation: Situation) -> str:
    if situation.platforms is None:
        return f"{_VAIN}, since what stands in the way is not this machine"
    if situation.is_for_any:
        return "its own wheel is for any machine, so its requirements decide (ask with --platform); "
    python = " and this Python" if situation.package else ""
    if not situation.platforms:
        return f"{_VAIN}, since there are no wheels of it for any other{python} either"
    return f"it exists for {', '.join(situation.platforms)}{python}; "


def _of_pythons(situation: Situation) -> str:
    return f"for this machine it exists for {situation.pythons} (ask with --python); "


def situation_of(routes: Sequence[Route]) -> Situation | None:
    """The situation of a model whose routes are all blocked; None if one may be open, or the user can open it."""
    if not routes or any(route.verdict is not Verdict.BLOCKED or _is_the_users(route) for route in routes):
        return None
    stages = [stage for route in routes for stage in route.stages if stage.environment is not None]
    blocked = {
        stage.environment
        for stage in stages
        if any(reason.verdict is Verdict.BLOCKED and not reason.code for reason in stage.reasons)
    }
    names = {name for one in blocked if one is not None for name in environment_spec(one).platforms}
    return Situation(platforms=tuple(sorted(names)) if blocked else None)


def changes_of_the_model(routes: Iterable[Route]) -> tuple[str, ...]:
    """What would open a route and is done where the model is made: the cures of what blocks them."""
    reasons = [reason for route in routes for reason in route.reasons if reason.verdict is Verdict.BLOCKED]
    return tuple(dict.fromkeys(reason.fix.text for reason in reasons if reason.fix is not None))


def _is_the_users(route: Route) -> bool:
    """True if the user's own change opens a route: all that blocks it is a problem with a fix that mends it."""
    mendable = {kind.code for kind in problem_kinds().values() if not kind.upstream}
    return {reason.code for reason in route.reasons if reason.verdict is Verdict.BLOCKED} <= mendable


def situation_of_attempts(attempts: Sequence[Attempt]) -> Situation | None:
    """The situation of a build that failed by every route; None if it did not, or the user can mend one of them."""
    failures = [attempt.results[-1].findings[-1:] for attempt in attempts if not attempt.succeeded]
    if not attempts or len(failures) < len(attempts):
        return None
    return Situation() if all(found and is_upstream(found[0]) for found in failures) else None


def situation_of_package(
    package: str,
    files: Iterable[IndexFile],
    cells: Iterable[Cell],
    targets: Sequence[Target],
    members: Mapping[str, Iterable[str]],
) -> Situation | None:
    """The situation of a package none of whose versions is good on any of the targets; None if one is, or may be.

    Args:
        package: its name.
        files: what the index has of it; those of the versions that were asked for count.
        cells: of the table.
        targets: of the cells.
        members: the files in each of its wheels that was looked into, by the wheel's name.
    """
    from packaging.utils import canonicalize_version

    known = tuple(cells)
    asked = {canonicalize_version(cell.version) for cell in known}
    there = [file for file in files if canonicalize_version(file.version) in asked]
    if not known or any(cell.verdict in _MAY_BE_GOOD or cell.way_out for cell in known):
        return None
    platforms = {name for target in targets for name in target.platform.tags}
    pythons = {(tag.interpreter, tag.abi) for target in targets for tag in target.tags}
    tags = {tag for file in there for tag in file.tags}
    ours = {tag for tag in tags if (tag.interpreter, tag.abi) in pythons}
    others = platforms_words(tag for tag in ours if tag.platform not in {*platforms, "any"})
    return Situation(
        package=package,
        platforms=None if all(map(_is_of_the_set, known)) else others,
        pythons=pythons_words(tag for tag in tags - ours if tag.platform in platforms),
        is_for_any=any(tag.platform == "any" for tag in ours),
        has_source=any(file.kind is FileKind.SDIST for file in there),
        holders=tuple(dict.fromkeys(_holders(known, members))),
    )


def _is_of_the_set(cell: Cell) -> bool:
    """Whether versions stand in the way that exclude each other on every machine."""
    first = cell.reasons[0] if cell.reasons else None
    cause = first.cause.kind if first and first.cause else None
    return first is not None and (first.kind is ReasonKind.CONFLICT or cause in {CauseKind.NAME, CauseKind.COMPILED})


def _holders(cells: Iterable[Cell], members: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Wheels that hold a library which a reason says is missing."""
    for cell in cells:
        for reason in cell.reasons:
            for library in _LIBRARY.findall(reason.message):
                for wheel, paths in members.items():
                    if f"-{cell.version}-" not in wheel and any(path.rpartition("/")[2] == library for path in paths):
                        yield f"{wheel} holds {library}"

"""From the rows of the history to what is known last, and to since when something is broken. Pure."""

from __future__ import annotations

from itertools import groupby
from pathlib import PurePath
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from envdoctor.core.sweep import HistoryAnswer, HistoryEntry, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from envdoctor.core.sweep import SweepRow

#: The worst last; of several files of a version that fit, one that is for other targets says nothing.
_RANKS = {state: rank for rank, state in enumerate((State.ABSENT, State.FINE, State.CONDITIONAL, State.UNKNOWN))}
_WORST = len(_RANKS)


def entries(rows: Iterable[SweepRow]) -> tuple[HistoryEntry, ...]:
    """What is known last of each version on each target.

    Args:
        rows: the oldest first.
    """
    files: dict[tuple[str, ...], list[SweepRow]] = {}
    for row in rows:
        found = row.found
        place = (row.kind, found.subject, found.version, found.target, PurePath(row.item).name)
        files.setdefault(place, []).append(row)
    told: dict[tuple[str, ...], HistoryEntry] = {}
    for (*version, _), measured in files.items():
        entry, where = _entry(measured), tuple(version)
        known = told.get(where)
        if known is None or _rank(entry) > _rank(known):
            told[where] = entry
    return tuple(sorted(told.values(), key=_order))


def answers(known: Sequence[HistoryEntry]) -> tuple[HistoryAnswer, ...]:
    """Since when each subject is broken on each target."""

    def place(entry: HistoryEntry) -> tuple[str, str, str]:
        return entry.kind, entry.found.subject, entry.found.target

    return tuple(_answer(list(group)) for _, group in groupby(sorted(known, key=place), place))


def version_order(version: str) -> tuple[int, Version, str]:
    """Sorts versions as PEP 440 does, and what is none before them."""
    try:
        return 1, Version(version), version
    except InvalidVersion:
        return 0, Version("0"), version


def _order(entry: HistoryEntry) -> tuple[object, ...]:
    return (entry.found.subject, entry.kind, *version_order(entry.found.version), entry.found.target)


def _rank(entry: HistoryEntry) -> int:
    return _RANKS.get(entry.found.state, _WORST)


def _entry(measured: Sequence[SweepRow]) -> HistoryEntry:
    """The last row of a file, and since when it has said the same."""
    last, since, before = measured[-1], measured[-1].measured, ""
    for row in reversed(measured):
        if row.found.state is not last.found.state:
            before = row.found.verdict
            break
        since = row.measured
    return HistoryEntry(
        kind=last.kind, found=last.found, item=last.item, since=since, measured=last.measured, before=before
    )


def _answer(known: Sequence[HistoryEntry]) -> HistoryAnswer:
    versions = sorted(known, key=_order)
    made = [one for one in versions if one.found.state is not State.ABSENT]
    newest = (made or versions)[-1]
    run = list(_last_broken(made))
    first = run[-1] if run else newest
    fine = [one.found.version for one in made if one.found.state is State.FINE and one not in run]
    last_fine = next((one for one in reversed(fine) if version_order(one) < version_order(first.found.version)), "")
    broken = tuple(one.found.version for one in made if one.found.state is State.BROKEN)
    return HistoryAnswer(
        subject=newest.found.subject,
        target=newest.found.target,
        kind=newest.kind,
        state=newest.found.state,
        text=" ".join(_words(newest, first, last_fine, broken)),
        broken=broken,
        first_broken=first.found.version if run else "",
        last_fine=last_fine,
    )


def _last_broken(made: Sequence[HistoryEntry]) -> Iterator[HistoryEntry]:
    """The broken versions that no newer one follows that is not, the newest first."""
    for entry in reversed(made):
        if entry.found.state is not State.BROKEN:
            return
        yield entry


def _words(newest: HistoryEntry, first: HistoryEntry, last_fine: str, broken: Sequence[str]) -> Iterator[str]:
    found = newest.found
    where = f" on {found.target}" if found.target else ""
    if found.state is State.BROKEN:
        yield from _since(newest, first, last_fine, where)
    else:
        name = " ".join(filter(None, (found.subject, found.version)))
        yield _OTHERS[found.state].format(name=name, where=where, verdict=found.verdict)
        if broken and found.version:
            yield f"Broken: {', '.join(broken)}."
    if found.message and found.state is not State.FINE:
        yield found.message


def _since(newest: HistoryEntry, first: HistoryEntry, last_fine: str, where: str) -> Iterator[str]:
    subject, seen = newest.found.subject, f"first seen {first.since[:10]}"
    if newest.found.version:
        released = f"released {first.found.released[:10]}, " if first.found.released else ""
        yield f"{subject} is broken{where} since {first.found.version} ({released}{seen})."
        yield f"The last fine version is {last_fine}." if last_fine else "No older version is known to be fine."
    else:
        yield f"{subject} is broken{where} ({seen}{f', {newest.before} before' if newest.before else ''})."


_OTHERS = {
    State.FINE: "{name} is fine{where}.",
    State.CONDITIONAL: "{name} is {verdict}{where}.",
    State.UNKNOWN: "Whether {name} is fine{where} is not known: {verdict}.",
    State.ABSENT: "{name} is not made{where}.",
}

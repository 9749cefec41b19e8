"""One sweep: what is known is taken from the history, the rest is judged in a pool, and each item is kept at once."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from envdoctor import __version__
from envdoctor.core.errors import EnvDoctorError
from envdoctor.core.sweep import Ending, Judgment, State, SweepReport, SweepRow
from envdoctor.support.hashing import hash_code, hash_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from envdoctor.core.sweep import SweepItem
    from envdoctor.sweeps.database import Database
    from envdoctor.sweeps.work import Done

    #: Judges items in some way; yields each as it ends.
    Pool = Callable[[Sequence[SweepItem]], Iterator[tuple[SweepItem, Done]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reuse:
    """Which results of earlier sweeps count.

    Attributes:
        fresh: none do.
        retry: those of items that could not be judged do not.
        retry_unknown: those that say UNKNOWN do not, since an index may answer now.
        max_age: how old they may be; None for any age.
    """

    fresh: bool = False
    retry: bool = False
    retry_unknown: bool = True
    max_age: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """Where results are kept, and which of those that are there count."""

    database: Database
    reuse: Reuse


def item_key(*parts: object) -> str:
    """The key of an item: of what tells its content and the question, and of envdoctor's own code."""
    return hash_value([own_code(), *map(str, parts)])


@functools.cache
def own_code() -> str:
    """What tells this envdoctor, as it is installed, from others."""
    return hash_code(".")


def sweep(
    kind: str,
    items: Iterable[SweepItem],
    pool: Pool,
    keeping: Keeping,
    progress: Callable[[int, int], None] | None = None,
) -> SweepReport:
    """Judges what is not known yet, and keeps each item's rows as soon as it ends.

    Raises:
        KeyboardInterrupt: on Ctrl-C; what was done by then is in the history.
        UsageProblem: the history can't be written.
    """
    began = time.monotonic()
    unique = tuple({item.key: item for item in items}.values())
    known = {item.key: found for item in unique if (found := _known(kind, item, keeping))}
    rows = {item.key: tuple(replace(row, item=item.name) for row in known.get(item.key, ())) for item in unique}
    todo = [item for item in unique if item.key not in known]
    left, problem = len(todo), ""
    try:
        for item, done in pool(todo):
            rows[item.key] = _rows(kind, item, done)
            keeping.database.add(rows[item.key])
            left -= 1
            if progress:
                progress(len(todo) - left, len(todo))
    except EnvDoctorError as error:
        if left == len(todo):
            raise
        problem = str(error)
    return SweepReport(
        kind=kind,
        database=str(keeping.database.file),
        items=len(unique),
        reused=len(known),
        rows=tuple(row for found in rows.values() for row in found),
        problem=problem,
        left=left,
        seconds=time.monotonic() - began,
    )


def _known(kind: str, item: SweepItem, keeping: Keeping) -> tuple[SweepRow, ...]:
    """The rows of an earlier sweep, if they count."""
    reuse = keeping.reuse
    rows = () if reuse.fresh else keeping.database.newest(kind, item.key)
    if not rows or _is_old(rows[0], reuse.max_age):
        return ()
    undone = {Ending.UNANSWERED} | ((set(Ending) - {Ending.JUDGED}) if reuse.retry else set())
    unknown = {State.UNKNOWN} if reuse.retry_unknown else set()
    again = any(row.ending in undone or (row.ending is Ending.JUDGED and row.found.state in unknown) for row in rows)
    return () if again else rows


def _is_old(row: SweepRow, max_age: timedelta | None) -> bool:
    if max_age is None:
        return False
    return row.measured < (datetime.now(timezone.utc) - max_age).isoformat(timespec="microseconds")


def _rows(kind: str, item: SweepItem, done: Done) -> tuple[SweepRow, ...]:
    """What is kept of an item; one that was not judged is unknown on every target."""
    judgments = done.judgments or tuple(
        Judgment(
            subject=item.subject,
            version=item.version,
            target=target,
            verdict=done.ending.value if done.ending is not Ending.JUDGED else "UNKNOWN",
            state=State.UNKNOWN,
            message=done.message or "The worker gave no answer about it.",
        )
        for target in item.targets or ("",)
    )
    measured = datetime.now(timezone.utc).isoformat(timespec="microseconds")
    return tuple(
        SweepRow(
            kind=kind,
            key=item.key,
            item=item.name,
            ending=done.ending,
            found=found,
            seconds=done.seconds,
            cpu=done.cpu,
            memory=done.memory,
            measured=measured,
            envdoctor=__version__,
        )
        for found in judgments
    )

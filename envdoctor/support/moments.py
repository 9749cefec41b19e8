"""Moments at which an index is looked at, in words."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone


def moment_words(moment: datetime) -> str:
    """``the end of 2025-12-20 (UTC)`` for a midnight, else ``2025-12-20 12:00 (UTC)``, seconds where they matter."""
    day = _ended(moment)
    if day is not None:
        return f"the end of {day} (UTC)"
    moment = moment.astimezone(timezone.utc)
    clock = moment.strftime("%H:%M:%S").removesuffix(":00")
    return f"{moment.date()} {clock} (UTC)"


def moment_option(moment: datetime) -> str:
    """What `--as-of` takes for a moment: a day where it is the end of one."""
    day = _ended(moment)
    return str(day) if day is not None else moment.isoformat()


def _ended(moment: datetime) -> date | None:
    """The day whose end a moment is, in UTC."""
    moment = moment.astimezone(timezone.utc)
    if moment.time() != time.min or moment.date() == date.min:
        return None
    return moment.date() - timedelta(days=1)

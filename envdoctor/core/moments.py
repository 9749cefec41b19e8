"""Moments at which an index is looked at, in words."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone


def moment_words(moment: datetime) -> str:
    """``the end of 2025-12-20 (UTC)`` for a midnight, else ``2025-12-20 12:00 (UTC)``, seconds where they matter."""
    moment = moment.astimezone(timezone.utc)
    if moment.time() == time.min and moment.date() != date.min:
        return f"the end of {moment.date() - timedelta(days=1)} (UTC)"
    clock = moment.strftime("%H:%M:%S").removesuffix(":00")
    return f"{moment.date()} {clock} (UTC)"

"""`history`: what sweeps have found, and since when something is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.availability.here import target_here
from envdoctor.core.errors import UsageProblem
from envdoctor.core.sweep import History
from envdoctor.support.target_names import parse_target
from envdoctor.sweeps.database import default_database, open_database
from envdoctor.sweeps.timeline import answers, entries

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.core.sweep import HistoryEntry


def history(subject: str = "", *, platform: str = "", kind: str = "", database: Path | None = None) -> History:
    """What the history says.

    Args:
        subject: a package, a model's file name or a host; empty for everything.
        platform: a platform with or without a Python, or a goal; empty for all.
        kind: wheels, models, index or hosts; empty for all.
        database: the file; None for the user's own.

    Raises:
        UsageProblem: there is no history, nothing in it of what was asked, or the file is none.
    """
    from packaging.utils import canonicalize_name

    with open_database(database or default_database(), write=False) as held:
        rows = held.about(subject, kind) or held.about(canonicalize_name(subject), kind)
        file = str(held.file)
    known = tuple(entry for entry in entries(rows) if not platform or _is_on(entry, platform))
    if not known:
        asked = "".join((f" about {subject}" if subject else "", f" on {platform}" if platform else ""))
        raise UsageProblem(f"The history {file} says nothing{asked or ' yet'}; 'envdoctor sweep' looks.")
    return History(database=file, subject=subject, answers=answers(known), entries=known)


def _is_on(entry: HistoryEntry, platform: str) -> bool:
    """Whether an entry is about a target that a name means; a platform without a Python means all of its Pythons."""
    target = entry.found.target
    if target == platform:
        return True
    here = target_here()
    try:
        meant, said = parse_target(platform, here), parse_target(target, here)
    except UsageProblem:  # a goal
        return False
    names_python = meant.interpreter.name in platform.split("-")
    return said.platform == meant.platform and (not names_python or said.interpreter == meant.interpreter)

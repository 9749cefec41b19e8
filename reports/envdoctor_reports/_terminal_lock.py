"""A lock on a terminal: the versions, where they differ, and what was left out; or why there is none."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from envdoctor.core.availability import CellVerdict
from envdoctor.support.moments import moment_words
from envdoctor.support.text import one_line, plural
from envdoctor_reports._terminal_matrix import effort_line
from envdoctor_reports._terminal_reasons import show_reasons
from envdoctor_reports._view import State

if TYPE_CHECKING:
    from envdoctor.core.lock import Lock, Unlocked
    from envdoctor_reports._page import Page

_SHOWN = 3


def show_lock(page: Page, lock: Lock, *, verbose: bool) -> None:
    """Show a lock, or for each target why it has no set; `verbose` shows all targets, wheels and evidence."""
    asked = ", ".join(one_line(line) for line in lock.requirements[: None if verbose else 8])
    more = len(lock.requirements) - 8
    when = f", as of {moment_words(datetime.fromisoformat(lock.as_of))}" if lock.as_of else ""
    page.write(f"{asked}{f' and {more} more' if more > 0 and not verbose else ''}{when}", style="bold")
    page.write(f"for {', '.join(lock.targets)}", style="dim")
    for note in lock.notes:
        page.mark(State.NOTE, note)
    if lock.unlocked:
        _show_failure(page, lock, verbose=verbose)
    else:
        _show_packages(page, lock, verbose=verbose)
    page.write(effort_line(lock.effort), style="dim")


def _show_packages(page: Page, lock: Lock, *, verbose: bool) -> None:
    page.gap()
    rows = [("package", "version", "wheels", "where")]
    for package in lock.packages:
        everywhere = len(package.targets) == len(lock.targets)
        where = "everywhere" if everywhere else ", ".join(package.targets)
        rows.append((package.name, package.version, str(len(package.files)), where))
    page.table(rows, indent=2)
    page.gap()
    for line in lock.avoided if verbose else lock.avoided[:_SHOWN]:
        page.mark(State.NOTE, f"Left out: {line}")
    if len(lock.avoided) > _SHOWN and not verbose:
        page.mark(State.NOTE, f"{len(lock.avoided) - _SHOWN} more were left out (-v).")
    for condition in lock.conditions:
        page.mark(State.WARNING, f"Sound if: {condition}")
    names = len({package.name for package in lock.packages})
    differ = f"; {', '.join(lock.differing)} differ" if lock.differing else ", the same versions everywhere"
    page.mark(
        State.FINE,
        f"{plural(names, 'package')} for {plural(len(lock.targets), 'target')}{differ}. "
        f"Every wheel was looked into, and every set can load{' on such machines' if lock.conditions else ''}.",
    )


def _show_failure(page: Page, lock: Lock, *, verbose: bool) -> None:
    for missing in lock.unlocked:
        page.heading(f"No sound set found for {missing.target}: {missing.verdict.value}")
        show_reasons(page, missing.reasons if verbose else missing.reasons[:_SHOWN], verbose=verbose)
        for way in missing.ways:
            page.mark(State.NOTE, way)
        if not missing.ways:
            page.mark(State.NOTE, _no_way(missing))
    page.gap()
    count = f"{len(lock.unlocked)} of {plural(len(lock.targets), 'target')}"
    page.mark(State.ERROR, f"No lock was written: no sound set was found for {count}.")


def _no_way(missing: Unlocked) -> str:
    if missing.verdict is CellVerdict.UNKNOWN:
        return f"Whether {missing.target} has a sound set is not known: not all could be looked at."
    return f"On {missing.target} no single requirement, if it gave way, would make a sound set."

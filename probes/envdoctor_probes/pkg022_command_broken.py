"""Whether the commands of the installed distributions start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix
from envdoctor.facts.packages.installers import installer_for
from envdoctor.probing import probe
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts
    from envdoctor.facts.importing import BrokenCommand
    from envdoctor.facts.packages.installers import Installer
    from envdoctor.facts.records import Record, Records


@probe("PKG022", timeout=180)
def check(facts: Facts) -> Iterator[Finding]:
    """A command of an installed distribution does not start.

    Installers write a script for each console script of a distribution. It names the Python that runs it, and calls a
    function of a module. An environment that was moved or copied leaves scripts that name a Python which is gone
    ("bad interpreter"), a copy may have lost the permission to be executed, a script may be deleted, and a damaged or
    mixed installation has modules without that function. Make the environment again where its Python is gone; else
    install the same version again. Where no file was changed, the project made a mistake, and another version may help.
    """
    if facts.importing.left_out:
        raise DoesNotApply("imports were not looked at, as asked")
    groups: dict[tuple[str, str], list[BrokenCommand]] = {}
    for broken in facts.importing.broken:
        groups.setdefault((broken.distribution.metadata, broken.reason), []).append(broken)
    for commands in groups.values():
        first = commands[0]
        several = len(commands) > 1
        others = f" and {plural(len(commands) - 1, 'other')}" if several else ""
        what, does = ("commands", "do") if several else ("command", "does")
        of = first.distribution.title
        installer = installer_for(facts.python, facts.packages, first.distribution)
        yield Finding(
            severity=max(each.severity for each in commands),
            subject=first.distribution.name,
            message=f"The {what} `{first.name}`{others} of {of} {does} not start: {first.reason}.",
            evidence=tuple(Evidence(source=each.path, excerpt=each.excerpt) for each in commands[:3]),
            fix=_fix(first, installer, facts.records),
        )


def _fix(broken: BrokenCommand, installer: Installer | None, records: Records) -> Fix:
    """Installing again mends what was damaged or moved, and not what a project says itself."""
    project = broken.distribution.editable
    if project and not broken.is_moved:
        text = f"Correct the entry point `{broken.name}` in the project {project}, or what it names; then install that."
        return Fix(text=text)
    if project:
        return Fix(text=f"Install the project {project} again.")
    if broken.lacks and _is_as_installed(broken, records):
        one = broken.distribution
        text = f"Install another version of {one.name}, and report this to its project"
        return Fix(text=f"{text}: no file of {one.title} was changed, so the same version again does not help.")
    text = "Install the same version again."
    return Fix(text=text, safe=True) if installer is None else installer.again(broken.distribution, text)


def _is_as_installed(broken: BrokenCommand, records: Records) -> bool:
    """Whether the distribution, and each that lists the module which the command enters, is what its RECORD says."""
    own = broken.distribution
    of = [one for one in records.records if one.distribution == own or _lists(one, broken.path)]
    mixed = any(own in {each.first, each.second} for each in records.overlaps)
    is_known = any(_lists(one, broken.path) for one in of)
    return is_known and not mixed and not any(one.problem or one.missing or one.changed or one.unseen for one in of)


def _lists(record: Record, path: str) -> bool:
    return any(f"{record.distribution.root}/{each}" == path for each in record.paths)

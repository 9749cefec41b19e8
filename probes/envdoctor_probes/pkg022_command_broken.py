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


@probe("PKG022", timeout=180)
def check(facts: Facts) -> Iterator[Finding]:
    """A command of an installed distribution does not start.

    Installers write a script for each console script of a distribution. It names the Python that runs it, and calls a
    function of a module. An environment that was moved or copied leaves scripts that name a Python which is gone ("bad
    interpreter"), a copy may have lost the permission to be executed, and a damaged or mixed installation has modules
    without that function. Make the environment again where its Python is gone; else install the same version again.
    """
    if facts.importing.left_out:
        raise DoesNotApply("imports were not looked at, as asked")
    groups: dict[tuple[str, str], list[BrokenCommand]] = {}
    for broken in facts.importing.broken:
        groups.setdefault((broken.distribution.metadata, broken.reason), []).append(broken)
    for commands in groups.values():
        first = commands[0]
        more = f" and {plural(len(commands) - 1, 'other')}" if len(commands) > 1 else ""
        installer = installer_for(facts.python, facts.packages, first.distribution)
        yield Finding(
            severity=max(each.severity for each in commands),
            subject=first.distribution.name,
            message=f"The command `{first.name}`{more} of {first.distribution.title} does not start: {first.reason}.",
            evidence=tuple(Evidence(source=each.path, excerpt=each.excerpt) for each in commands[:3]),
            fix=_fix(first, installer),
        )


def _fix(broken: BrokenCommand, installer: Installer | None) -> Fix:
    """Installing again mends what was damaged or moved, and not what a project says itself."""
    project = broken.distribution.editable
    if project and not broken.is_moved:
        text = f"Correct the entry point `{broken.name}` in the project {project}, or what it names; then install that."
        return Fix(text=text)
    if project:
        return Fix(text=f"Install the project {project} again.")
    text = "Install the same version again."
    return Fix(text=text, safe=True) if installer is None else installer.again(broken.distribution, text)

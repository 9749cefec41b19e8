"""Whether one import name comes from two distributions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.packages.installers import installer_for
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("PKG004")
def check(facts: Facts) -> Iterator[Finding]:
    """Two distributions provide one import name from different files.

    Python imports the first that it finds; the other is there and never used. So `import cv2` or `import keras` may
    give another version than `pip show` says, after an install with `--user`, into a folder on PYTHONPATH, or of a
    project with the name of another's module. Remove the one that you don't mean. Namespace packages, which are made
    of parts from several distributions, are no problem.
    """
    for clash in facts.records.clashes:
        (used, path), *hidden = clash.claims
        others = ", ".join(dict.fromkeys(one.title for one, _ in hidden if one.key != used.key))
        wanted = facts.requirements.wanted
        unwanted = [one for one, _ in reversed(clash.claims) if not wanted.get(one.key)]
        installer = installer_for(facts.python, facts.packages, unwanted[0]) if unwanted else None
        yield Finding(
            severity=Severity.WARNING,
            subject=clash.name,
            message=f"'import {clash.name}' imports the package of {used.title}, which hides that of {others}.",
            evidence=(
                Evidence(source=path, excerpt=f"{used.title}, found first"),
                *(Evidence(source=other, excerpt=one.title) for one, other in hidden),
            ),
            fix=Fix(
                text="Remove the one that you don't mean."
                if unwanted
                else "All are required by others: keep those that require them in separate environments.",
                commands=() if installer is None else installer.remove(unwanted[0]),
            ),
        )

"""Whether an uninstall was interrupted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("PKG015")
def check(facts: Facts) -> Iterator[Finding]:
    """Folders that begin with a tilde are left of an interrupted removal.

    pip renames what it is about to remove (`numpy` to `~umpy`) and deletes it at the end. An interrupted run, or on
    Windows a file in use, leaves it, and pip warns of an "invalid distribution" from then on. The folders do no harm
    and may be deleted once nothing runs that uses them.
    """
    if facts.packages.leftovers:
        yield Finding(
            severity=Severity.INFO,
            subject="pip",
            message=f"{_counted(len(facts.packages.leftovers))} left over from an interrupted removal.",
            evidence=tuple(Evidence(source=path, excerpt="left by pip") for path in facts.packages.leftovers),
            fix=Fix(text="Delete them."),
        )


def _counted(count: int) -> str:
    return "1 folder is" if count == 1 else f"{count} folders are"

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
    and may be deleted once nothing runs that uses them. Where the distribution itself is gone, an upgrade was
    interrupted between removing the old version and installing the new one: install it again.
    """
    leftovers = facts.packages.leftovers
    if leftovers:
        lost = _lost(facts)
        words = f"; nothing is installed in place of {', '.join(lost)}" if lost else ""
        yield Finding(
            severity=Severity.WARNING if lost else Severity.INFO,
            subject="pip",
            message=f"{_counted(len(leftovers))} left over from an interrupted removal{words}.",
            evidence=tuple(Evidence(source=path, excerpt="left by pip") for path in leftovers),
            fix=Fix(text="Delete them, and install again what is gone, if it is wanted." if lost else "Delete them."),
        )


def _lost(facts: Facts) -> tuple[str, ...]:
    """The metadata folders that were renamed, of distributions of which nothing like it is installed."""
    installed = {each.key[1:].replace("-", "_") for each in facts.packages.active().values()}
    names = (path.replace("\\", "/").rpartition("/")[2] for path in facts.packages.leftovers)
    folders = [name for name in names if name.endswith((".dist-info", ".egg-info"))]
    return tuple(each for each in folders if _stem(each) not in installed)


def _stem(folder: str) -> str:
    return folder.lstrip("~").partition("-")[0].lower().replace(".", "_").replace("-", "_")


def _counted(count: int) -> str:
    return "1 folder is" if count == 1 else f"{count} folders are"

"""Whether two distributions have overwritten each other's files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.packages.installers import installer_for, source_note
from envdoctor.facts.records.kinds import FileKind, kind_of
from envdoctor.probing import probe
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution
    from envdoctor.facts.records import Overlap

_SHOWN = 3


@probe("PKG003")
def check(facts: Facts) -> Iterator[Finding]:
    """Two distributions claim the same files, with different content.

    Installers write one over the other and say nothing, and `pip check` finds nothing broken: keras and keras-nightly,
    tensorflow and ai-edge-tensorflow, the builds of OpenCV. What is there is the last one installed, or a mixture;
    uninstalling one takes the other's files along. Remove both, then install the one that you need. An `__init__.py`
    that only makes a namespace of a folder, in other words in each, does the same in both and is no problem.
    """
    for overlap in facts.records.overlaps:
        vital = [
            path for path in overlap.paths if kind_of(path) is not FileKind.SPARE and path not in overlap.namespaces
        ]
        names = f"{overlap.first.title} and {overlap.second.title}"
        yield Finding(
            severity=Severity.ERROR if vital else Severity.INFO,
            subject=f"{overlap.first.name}, {overlap.second.name}",
            message=f"{names} claim {plural(overlap.shared, 'file')} in common; "
            f"{len(overlap.paths)} of them have different content in the two.",
            evidence=(
                _count(overlap.first, overlap.not_first, overlap),
                _count(overlap.second, overlap.not_second, overlap),
                Evidence(source=overlap.first.root, excerpt=", ".join((vital or overlap.paths)[:_SHOWN])),
            ),
            fix=_fix(facts, overlap) if vital else None,
        )


def _count(distribution: Distribution, differing: int, overlap: Overlap) -> Evidence:
    rest = f" ({overlap.unjudged} could not be compared)" if overlap.unjudged else ""
    excerpt = f"{differing} of those {len(overlap.paths)} are not on disk as recorded{rest}"
    return Evidence(source=f"{distribution.metadata}/RECORD", excerpt=excerpt)


def _fix(facts: Facts, overlap: Overlap) -> Fix | None:
    installer = installer_for(facts.python, facts.packages, overlap.first)
    pair = (overlap.first, overlap.second)
    wanted = [one for one in pair if facts.requirements.wanted.get(one.key)]
    if len(wanted) == len(pair):
        why = "; ".join(
            f"{one.name} is required by {', '.join(by.name for by, _ in facts.requirements.wanted[one.key])}"
            for one in pair
        )
        return Fix(text=f"Both are required ({why}): keep the ones that require them in separate environments.")
    if installer is None:
        return None
    keep = wanted[0] if wanted else min(pair, key=_preference)
    return Fix(
        text=f"Remove both and install one of them again: {keep.name}"
        + (", which others require." if wanted else ", unless it is the other that you need.")
        + source_note(keep),
        commands=(*installer.remove(*pair), *installer.reinstall(keep)),
    )


def _preference(distribution: Distribution) -> tuple[bool, str]:
    """A release before a build of the night."""
    return "nightly" in distribution.name or ".dev" in distribution.version, distribution.key

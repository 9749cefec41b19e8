"""Whether a distribution is registered twice in one folder."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.packages.installers import installer_for, source_note
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution


@probe("PKG002")
def check(facts: Facts) -> Iterator[Finding]:
    """One distribution has two metadata folders.

    An upgrade that was interrupted, two installers at once, or files copied from another machine leave the old
    `.dist-info` beside the new one. Which version is reported depends on the order of a directory listing, so
    requirements are judged wrongly, and an uninstall removes the files of one. Remove both and install it again.
    """
    places: dict[tuple[str, str], list[Distribution]] = defaultdict(list)
    for one in facts.packages.distributions:
        if not one.system and one.origin != "pth" and not one.problem:
            places[one.root, one.key].append(one)
    for same in places.values():
        if len(same) > 1:
            versions = " and ".join(sorted({one.version or "no version" for one in same}))
            yield Finding(
                severity=Severity.WARNING,
                subject=same[0].name,
                message=f"{same[0].name} has {len(same)} metadata folders, for {versions}.",
                evidence=tuple(Evidence(source=one.metadata, excerpt=_damage(facts, one)) for one in same),
                fix=_fix(facts, same),
            )


def _damage(facts: Facts, distribution: Distribution) -> str:
    for record in facts.records.records:
        if record.distribution == distribution:
            counts = f"{len(record.missing)} of its {len(record.paths)} files missing, {len(record.changed)} changed"
            return f"{distribution.title}: {counts}"
    return f"{distribution.title}: no RECORD"


def _fix(facts: Facts, same: list[Distribution]) -> Fix | None:
    installer = installer_for(facts.python, facts.packages, same[0])
    if installer is None:
        return None
    intact = {record.distribution.metadata: -len(record.missing) for record in facts.records.records}
    keep = max(same, key=lambda one: (intact.get(one.metadata, -(1 << 30)), one.version))
    removals = installer.remove(keep) * (len(same) if installer.name == "pip" else 1)
    return Fix(
        text=f"Remove {keep.name} until nothing of it is left, and install {keep.version}, whose files are there."
        + source_note(keep),
        commands=(*removals, *installer.put(keep)),
    )

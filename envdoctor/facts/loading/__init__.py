"""Whether the installed native files load: every library that they need, looked for as this machine's loader does."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envdoctor.core.target import Target
    from envdoctor.facts import Facts
    from envdoctor.facts.loading.versions import MissingVersion
    from envdoctor.facts.packages import Distribution
    from envdoctor.wheels.loading import LoadAnalysis


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """What became of the needs of all installed native files.

    Attributes:
        target: the examined interpreter on this machine.
        analyses: for each distribution with a file that does not load alone, what its imports would meet.
        versions: symbol versions that a library which was found does not define.
        reached: the real paths of the files that the extension modules load, those of the system included.
        sources: what the search depended on, and where that was read.
    """

    target: Target
    analyses: tuple[tuple[Distribution, LoadAnalysis], ...] = ()
    versions: tuple[MissingVersion, ...] = ()
    reached: frozenset[str] = frozenset()
    sources: tuple[tuple[str, str], ...] = ()


def derive(facts: Facts) -> Loading:
    """Load every native file of every distribution in thought.

    Raises:
        FactUnavailable: the files could not be listed, or the system's loader is not known.
    """
    from envdoctor.facts.loading.environment import Environment
    from envdoctor.facts.loading.versions import missing_versions

    environment = Environment(facts)
    usable = [one for one in facts.natives.files if environment.can_load(one)]
    closures = environment.closures()
    failing = [one for one in usable if one.is_module and not closures.loads(one.path)]
    reached = frozenset(map(os.path.realpath, closures.found))
    rest = [one for one in usable if not one.is_module and os.path.realpath(one.path) not in reached]
    failing += [one for one in rest if not closures.loads(one.path)]
    distributions = {one.distribution.metadata: one.distribution for one in failing}
    return Loading(
        target=environment.target,
        analyses=tuple((one, environment.analyse(one)) for one in distributions.values()),
        versions=() if environment.loader.musl else missing_versions(usable, closures.found, reached),
        reached=reached,
        sources=environment.loader.sources,
    )

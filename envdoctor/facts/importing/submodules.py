"""Modules of a package that its users import first although the package itself does not: `statsmodels.api`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Severity
from envdoctor.imports.events import What
from envdoctor.imports.standard_library import was_removed
from envdoctor.imports.surface import Entrance, is_stray
from envdoctor.support.requirement import required_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.facts.importing.rehearsal import Rehearsal
    from envdoctor.facts.packages import Distribution
    from envdoctor.imports.events import Event

    Use = tuple[Distribution, Entrance]

#: Steps for all of an environment, and modules of one package.
_MOST_STEPS, _MOST = 10_000, 60


def failing_submodules(rehearsal: Rehearsal, uses: Sequence[Use]) -> Iterator[Use]:
    """Public modules of packages, importing which fails for what the package wants of others; small packages first.

    Many packages have modules for what is not installed, or for other systems: those don't count.
    """
    end = rehearsal.effort.spent + _MOST_STEPS
    for one, entrance in sorted(uses, key=lambda use: rehearsal.size(use[0])):
        if entrance.command or entrance.severity is not Severity.ERROR or rehearsal.judge(entrance.module).failures:
            continue
        followed = rehearsal.ended(rehearsal.surroundings.modules.unit(entrance.module))
        for module in _children(rehearsal.surroundings.paths.get(one.metadata, ()), entrance.module):
            if module not in followed and rehearsal.effort.spent < end:
                failures = rehearsal.judge_by_itself(module).failures
                if failures and _is_at_odds(rehearsal, one, module, failures[0].cause):
                    yield one, Entrance(module=module, severity=Severity.WARNING)


def _children(paths: Sequence[str], package: str) -> list[str]:
    """The public modules right below a package."""
    folder = package.replace(".", "/") + "/"
    rests = (path[len(folder) :] for path in paths if path.startswith(folder))
    names = dict.fromkeys(rest.removesuffix(".py").removesuffix("/__init__") for rest in rests if rest.endswith(".py"))
    return [f"{package}.{name}" for name in names if name.isidentifier() and not is_stray(name)][:_MOST]


def _is_at_odds(rehearsal: Rehearsal, one: Distribution, module: str, cause: Event) -> bool:
    """Whether a package asks in vain for what another that it requires, if only for an extra, or Python once had.

    What itself can't be imported is told of by itself.
    """
    if cause.instead_of or cause.what not in {What.IMPORT, What.USE} or rehearsal.failing_behind(module, cause):
        return False
    owner = rehearsal.owner(cause.subject)
    if owner is None:
        return was_removed(cause.subject.partition(".")[0])
    return owner.key in set(map(required_name, one.requires))

"""Modules of a package that its users import although the package itself does not: `statsmodels.api`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.finding import Severity
from envdoctor.imports.events import What
from envdoctor.imports.standard_library import is_project_of, was_removed
from envdoctor.imports.standard_names import standard_lost
from envdoctor.imports.surface import Entrance, is_stray
from envdoctor.support.requirement import is_of_extra, required_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from envdoctor.facts.importing.rehearsal import Rehearsal
    from envdoctor.facts.importing.suspects import Suspects
    from envdoctor.facts.packages import Distribution
    from envdoctor.imports.events import Event

    Use = tuple[Distribution, Entrance]

#: Steps for all of an environment, and modules of one package.
_MOST_STEPS, _MOST = 15_000, 60
#: Importers of one failing module.
_MOST_IMPORTERS = 12
_SEVERAL = 2
#: Modules that test runners find by their names, where nothing imports them (Keras ships its tests beside its modules).
_OF_TESTS = re.compile(r"\.test_\w+$|_test$")


def failing_submodules(rehearsal: Rehearsal, uses: Sequence[Use], suspects: Suspects) -> Iterator[Use]:
    """Public modules of packages, importing which fails for what the package wants of others; small packages first.

    At first those that ask for what seems not to be there, and those that import them; then, as far as effort is left,
    all that are right below a package. Many packages have modules for what is not installed, or for other systems:
    those don't count.
    """
    packages = [
        (one, entrance.module)
        for one, entrance in sorted(uses, key=lambda use: rehearsal.size(use[0]))
        if not entrance.command
        and entrance.severity is Severity.ERROR
        and not rehearsal.judge(entrance.module).failures
    ]
    end = rehearsal.effort.spent + _MOST_STEPS
    told: set[str] = set()
    for one, package in packages:
        for module, severity in _failing_suspects(rehearsal, one, package, suspects, end):
            if module not in told:
                told.add(module)
                yield one, Entrance(module=module, severity=severity)
    for one, package in packages:
        for module in _failing_for_absent(rehearsal, one, package, suspects, end):
            told.add(module)
            yield one, Entrance(module=module, severity=Severity.WARNING)
        yield from _failing_children(rehearsal, one, package, told, end)


def _failing_suspects(
    rehearsal: Rehearsal, one: Distribution, package: str, suspects: Suspects, end: int
) -> Iterator[tuple[str, Severity]]:
    for suspect in suspects.asking.get(one.metadata, ()):
        is_public = not _OF_TESTS.search(suspect) or suspects.importers.get(suspect)
        if is_public and suspect.startswith(f"{package}.") and rehearsal.effort.spent < end:
            yield from _failing_with(rehearsal, one, package, suspect, suspects)


def _failing_for_absent(
    rehearsal: Rehearsal, one: Distribution, package: str, suspects: Suspects, end: int
) -> Iterator[str]:
    """Modules right below a package, at least half of which fail for what nothing brings, and no extra would.

    Then that is no optional part: the metadata do not name what the package needs (jwcrypto 0.8 and six).
    """
    children = _children(rehearsal.surroundings.paths.get(one.metadata, ()), package)
    extras = {required_name(line) for line in one.requires if is_of_extra(line)}
    for top, asking in suspects.absent[one.metadata].items():
        ways = {module: way for at in asking for module, way in suspects.reaching(at).items()}
        met = [module for module in children if module in ways]
        if len(met) < _SEVERAL or 2 * len(met) < len(children) or is_project_of(top, extras):
            continue
        for module in met[:_MOST_IMPORTERS]:
            failures = rehearsal.judge_by_itself(module, ways[module]).failures if rehearsal.effort.spent < end else ()
            if failures and failures[0].cause.subject.partition(".")[0] == top:
                yield module


def _failing_children(
    rehearsal: Rehearsal, one: Distribution, package: str, told: Collection[str], end: int
) -> Iterator[Use]:
    """Of the modules right below a package those that fail, if they are not told of yet."""
    followed = rehearsal.ended(rehearsal.surroundings.modules.unit(package))
    for module in _children(rehearsal.surroundings.paths.get(one.metadata, ()), package):
        if module not in followed and module not in told and rehearsal.effort.spent < end:
            failures = rehearsal.judge_by_itself(module).failures
            if failures and _is_at_odds(rehearsal, one, module, failures[0].cause):
                yield one, Entrance(module=module, severity=Severity.WARNING)


def _failing_with(
    rehearsal: Rehearsal, one: Distribution, package: str, suspect: str, suspects: Suspects
) -> Iterator[tuple[str, Severity]]:
    """A suspect and public modules that import it, as far as these fail; a note where all are far from the package.

    What the distribution itself requires, extras aside, is needed wherever it is asked for.
    """
    ways = suspects.reaching(suspect)
    importers = sorted(ways.keys() - {suspect, package}, key=lambda module: (module.count("."), module))
    candidates = [module for module in importers if "._" not in module][:_MOST_IMPORTERS]
    is_met = candidates or "._" not in suspect
    failures = rehearsal.judge_by_itself(suspect).failures if is_met else ()
    if not failures or not _is_at_odds(rehearsal, one, suspect, failures[0].cause):
        return
    cause = failures[0].cause
    failing = [] if "._" in suspect else [suspect]
    for module in candidates:
        found = rehearsal.judge_by_itself(module, ways[module]).failures
        if found and (found[0].cause.subject, found[0].cause.name) == (cause.subject, cause.name):
            failing.append(module)
    owner = rehearsal.owner(cause.subject)
    needed = {required_name(line) for line in one.requires if not is_of_extra(line)}
    is_near = any(module.count(".") == package.count(".") + 1 for module in failing)
    severity = Severity.WARNING if is_near or owner is None or owner.key in needed else Severity.INFO
    yield from ((module, severity) for module in failing)


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
        lost = standard_lost(cause.subject, cause.name, rehearsal.surroundings.target)
        return lost or was_removed(cause.subject.partition(".")[0])
    return owner.key in set(map(required_name, one.requires))

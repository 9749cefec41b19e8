"""Follows the imports of all distributions in use, and tells of each failure once: where it begins."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from envdoctor.facts.importing import BrokenCommand, FailedImport, Importing
from envdoctor.facts.importing.asking import find_asking
from envdoctor.facts.importing.entries import entrances_of, missing_interpreter, scripts_of
from envdoctor.facts.importing.others import told_by
from envdoctor.facts.importing.rehearsal import Rehearsal
from envdoctor.facts.importing.surroundings import look_around
from envdoctor.imports.events import What
from envdoctor.imports.standard_library import is_project_of
from envdoctor.support.requirement import is_of_extra, required_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.core.request import Request
    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution
    from envdoctor.imports.surface import Entrance
    from envdoctor.imports.verdict import Failure

    Use = tuple[Distribution, Entrance]

#: Seconds for all imports of an environment.
MOST_SECONDS = 20.0
_MOST_ROUNDS = 3


def survey(facts: Facts, request: Request) -> Importing:
    """Follow the imports; see `facts.importing.ask`."""
    around = look_around(facts)
    uses = [
        (one, each)
        for one in facts.packages.active().values()
        for each in entrances_of(one, around.paths.get(one.metadata, ()), around.modules)
    ]
    rehearsal = Rehearsal(around, time.monotonic() + MOST_SECONDS)
    verdicts = {each.module: rehearsal.judge(each.module) for _, each in uses}
    for _ in range(_MOST_ROUNDS):
        if not rehearsal.is_contradicted:
            break
        rehearsal = rehearsal.again()
        verdicts = {each.module: rehearsal.judge(each.module) for _, each in uses}
    failed = tuple(_failed(facts, rehearsal, uses))
    return Importing(
        failed=failed,
        broken=tuple(_broken(rehearsal, uses)),
        unfinished=tuple(
            (one, each.module)
            for one, each in uses
            if not (verdicts[each.module].complete or verdicts[each.module].failures)
        ),
        looked_at=len(verdicts),
    )


def _failed(facts: Facts, rehearsal: Rehearsal, uses: Sequence[Use]) -> Iterator[FailedImport]:
    """The modules where failures begin, each with what can't be used for it."""
    origins: dict[str, list[Use]] = {}
    for one, entrance in sorted(uses, key=lambda use: -use[1].severity):
        for origin in dict.fromkeys(_origins(rehearsal, entrance.module)):
            if not _is_meant(one, entrance, rehearsal.judge(origin).failures[0]):
                origins.setdefault(origin, []).append((one, entrance))
    for module, behind in origins.items():
        failures = rehearsal.judge(module).failures
        cause = failures[0].cause
        asking = find_asking(module, cause, rehearsal.surroundings.modules)
        distribution = rehearsal.owner(asking.module) or behind[0][0]
        owner = rehearsal.owner(cause.subject)
        path = rehearsal.surroundings.modules.find(cause.subject).path if cause.what is What.IMPORT else ""
        yield FailedImport(
            distribution=distribution,
            module=module,
            failures=failures,
            asking=asking,
            owner=owner,
            entrances=tuple(behind),
            told_by=told_by(facts, distribution, owner, cause, path),
        )


def _origins(rehearsal: Rehearsal, module: str) -> Iterator[str]:
    """The modules whose own texts ask for what is not there, and for which an import fails."""
    waiting, seen = [module], {module}
    while waiting:
        at = waiting.pop()
        failures = rehearsal.judge(at).failures
        behind = rehearsal.failing_behind(at, failures[0].cause) if failures else ""
        if behind and behind not in seen:
            seen.add(behind)
            waiting.append(behind)
        elif failures:
            yield at


def _is_meant(distribution: Distribution, entrance: Entrance, failure: Failure) -> bool:
    """Whether a command wants what an extra of its distribution brings, or says itself that something is wanting."""
    if not entrance.command:
        return False
    if failure.raises == "SystemExit":
        return True
    lines = (line for line in distribution.requires if is_of_extra(line))
    projects = set(filter(None, map(required_name, lines)))
    return failure.cause.what is What.IMPORT and is_project_of(failure.cause.subject, projects)


def _broken(rehearsal: Rehearsal, uses: Sequence[Use]) -> Iterator[BrokenCommand]:
    """Commands of modules that can be imported."""
    around = rehearsal.surroundings
    scripts = {one.metadata: scripts_of(around.paths.get(one.metadata, ()), one.root) for one, _ in uses}
    for one, entrance in uses:
        if not entrance.command:
            continue
        program = missing_interpreter(path) if (path := scripts[one.metadata].get(entrance.command)) else ""
        name = entrance.attribute.partition(".")[0]
        if program and path:
            reason, excerpt = f"the Python that it starts with, {program}, is not there", f"#!{program}"
        elif name and not rehearsal.judge(entrance.module).failures and rehearsal.lacks(entrance.module, name):
            path = around.modules.find(entrance.module).path
            reason, excerpt = f"{entrance.module} has no {name}", f"nothing binds {name}"
        else:
            continue
        yield BrokenCommand(
            distribution=one,
            name=entrance.command,
            severity=entrance.severity,
            path=path,
            reason=reason,
            excerpt=excerpt,
        )

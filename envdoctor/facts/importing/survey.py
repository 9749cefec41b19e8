"""Follows the imports of all distributions in use, and tells of each failure once: where it begins."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.core.finding import Severity
from envdoctor.facts.importing import BrokenCommand, FailedImport, Importing
from envdoctor.facts.importing.asking import find_asking
from envdoctor.facts.importing.effort import FURTHER_STEPS
from envdoctor.facts.importing.entries import commands_of, entrances_of, missing_interpreter, scripts_of
from envdoctor.facts.importing.memory import Memory
from envdoctor.facts.importing.others import told_by
from envdoctor.facts.importing.rehearsal import Rehearsal
from envdoctor.facts.importing.submodules import failing_submodules
from envdoctor.facts.importing.surroundings import look_around
from envdoctor.facts.importing.suspects import Suspects
from envdoctor.facts.importing.unit import imports_outside_functions
from envdoctor.facts.packages.metadata import normalize
from envdoctor.imports.events import What
from envdoctor.imports.standard_library import is_project_of
from envdoctor.support.collector import HARDLY_EVER, collecting_rarely
from envdoctor.support.deep_stack import on_deep_stack
from envdoctor.support.requirement import is_of_extra, required_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from envdoctor.core.request import Request
    from envdoctor.facts import Facts
    from envdoctor.facts.importing.ground import Rehearsed
    from envdoctor.facts.importing.surroundings import Surroundings
    from envdoctor.facts.packages import Distribution
    from envdoctor.imports.events import Event
    from envdoctor.imports.surface import Entrance
    from envdoctor.imports.verdict import Failure

    Use = tuple[Distribution, Entrance]

_MOST_ROUNDS = 3
_PART_FIRST = 4
_MOST_TEXTS = 1000
#: Part of a distribution's texts that may import what it does without.
_FEW_OF_ALL = 0.25
_ALL = frozenset({"Exception", "BaseException"})
#: What handlers name that take a failure: a missing module or name is an ImportError, a missing library is not.
_RAISED = {
    What.IMPORT: frozenset({"ImportError"}),
    What.LOOK_UP: frozenset({"OSError"}),
    What.OPEN: frozenset({"OSError", "FileNotFoundError"}),
    What.ASK: frozenset({"ImportError", "PackageNotFoundError"}),
}
#: What all modules of a distribution ask for in vain for the same reason.
_OF_OTHERS = frozenset({What.IMPORT, What.USE})
_GONE = "its script is gone"


@collecting_rarely(HARDLY_EVER)
def survey(facts: Facts, request: Request) -> Importing:
    """Follow the imports; see `facts.importing.ask`."""
    return on_deep_stack(lambda: _survey(facts, request))


def _survey(facts: Facts, request: Request) -> Importing:
    around = look_around(facts)
    asked = _asked(facts, request)
    uses = [
        (one, each) for one in asked for each in entrances_of(one, around.paths.get(one.metadata, ()), around.modules)
    ]
    memory = Memory(facts.python, around, request)
    known = memory.load()
    rehearsal = Rehearsal(around, known=known)
    suspects = Suspects(around, asked)
    first = {each.by for each in facts.requirements.unmet} | _suspected(uses, suspects)
    _judge_first(rehearsal, uses, suspects)
    verdicts = _verdicts(rehearsal, uses, first)
    further = tuple(failing_submodules(rehearsal, uses, suspects))
    for _ in range(_MOST_ROUNDS):
        if not rehearsal.is_contradicted:
            break
        rehearsal = rehearsal.again()
        verdicts = _verdicts(rehearsal, uses, first)
        further = tuple(failing_submodules(rehearsal, uses, suspects))
    failed, broken = (
        tuple(_failed(facts, rehearsal, (*uses, *further))),
        tuple(_broken(rehearsal, asked, os.path.dirname(facts.python.executable))),
    )
    if rehearsal.is_new:
        memory.save(rehearsal.grounds)
    unfinished = {
        each.module: one for one, each in uses if not (verdicts[each.module].complete or verdicts[each.module].failures)
    }
    return Importing(
        failed=failed,
        broken=broken,
        unfinished=tuple((one, module) for module, one in unfinished.items()),
        looked_at=len(verdicts),
        goes_on=rehearsal.effort.is_late or (rehearsal.effort.is_up and rehearsal.is_further),
        variables=tuple(
            (one, around.modules.find(at).path, variable)
            for one, each in uses
            for variable, at in sorted(verdicts[each.module].variables)
        ),
    )


def _suspected(uses: Sequence[Use], suspects: Suspects) -> set[Distribution]:
    """Distributions of which a package or a command imports what asks for something that seems not to be there."""
    reached = {
        metadata: set[str]().union(*map(suspects.reaching, asking)) for metadata, asking in suspects.asking.items()
    }
    return {one for one, entrance in uses if entrance.module in reached.get(one.metadata, ())}


def _judge_first(rehearsal: Rehearsal, uses: Sequence[Use], suspects: Suspects) -> None:
    """Judge what seems to come to a module that nothing brings, for a part of the effort, which all of them share."""
    order = sorted(uses, key=lambda use: rehearsal.size(use[0]))
    packages = [(one, entrance.module) for one, entrance in order if not entrance.command]
    candidates = [module for one, module in packages if suspects.meets_absent(module, one)]
    for module in candidates:
        rehearsal.judge_within(module, rehearsal.effort.most // _PART_FIRST // len(candidates))


def _verdicts(rehearsal: Rehearsal, uses: Sequence[Use], first: Collection[Distribution]) -> dict[str, Rehearsed]:
    """On all uses: of distributions that lack what they require, for half of the effort, then of all, by size.

    With what is left those that lack something are followed to their end, and then large packages further: neither one
    large package nor many that lack something leave all others unseen.
    """
    order = sorted(uses, key=lambda use: rehearsal.size(use[0]))
    lacking = [each.module for one, each in order if one in first]
    half = rehearsal.effort.most // 2
    for module in lacking:
        if rehearsal.effort.spent < half:
            rehearsal.judge(module)
    found = {each.module: rehearsal.judge(each.module) for _, each in order}
    rehearsal.deep = True
    found |= {module: rehearsal.judge(module) for module in lacking}
    rehearsal.effort.leave(FURTHER_STEPS)
    large = [each.module for one, each in order if rehearsal.is_large(one) and not each.command]
    found |= {module: rehearsal.judge(module) for module in large}
    rehearsal.deep = False
    return found


def _asked(facts: Facts, request: Request) -> tuple[Distribution, ...]:
    active = facts.packages.active()
    return tuple(one for key, one in active.items() if request.distribution in {"", key})


def _failed(facts: Facts, rehearsal: Rehearsal, uses: Sequence[Use]) -> Iterator[FailedImport]:
    """The causes of failures, each with what can't be used for it; one that several modules meet is told once."""
    origins: dict[tuple[What, str, str, str], tuple[str, dict[Use, None]]] = {}
    for one, entrance in sorted(uses, key=lambda use: -use[1].severity):
        found = (*_origins(rehearsal, entrance.module), *_behind_unmet(facts, rehearsal, one, entrance))
        for origin in dict.fromkeys(found):
            failure = rehearsal.judge(origin).failures[0]
            cause = failure.cause
            if not (entrance.command and _is_meant(failure)):
                use = one, replace(entrance, severity=Severity.INFO) if _wants_extra(one, entrance, cause) else entrance
                asking = cause.via[-1] if cause.via else origin
                owner = rehearsal.owner(asking) if cause.what in _OF_OTHERS else None
                key = (cause.what, cause.subject, cause.name, owner.metadata if owner else asking)
                origins.setdefault(key, (origin, {}))[1][use] = None
    for module, behind in origins.values():
        yield _told(facts, rehearsal, uses, module, tuple(behind))


def _told(facts: Facts, rehearsal: Rehearsal, uses: Sequence[Use], module: str, behind: Sequence[Use]) -> FailedImport:
    failures = rehearsal.judge(module).failures
    cause = failures[0].cause
    asking = find_asking(module, cause, rehearsal.surroundings.modules)
    distribution = rehearsal.owner(asking.module) or behind[0][0]
    version = failures[0].version
    owner = rehearsal.owner(cause.subject) if cause.what not in {What.ASK, What.OPEN} else None
    if version is not None:
        owner = rehearsal.surroundings.distributions.get(normalize(version.subject))
    path = rehearsal.surroundings.modules.find(cause.subject).path if cause.what is What.IMPORT else ""
    return FailedImport(
        distribution=distribution,
        module=module,
        failures=failures,
        asking=asking,
        owner=owner,
        entrances=tuple(behind),
        told_by=told_by(facts, distribution, owner, cause, path),
        spared=_spared(facts, rehearsal, uses, behind, module),
        variables=rehearsal.deciding_variables(module),
    )


def _spared(
    facts: Facts, rehearsal: Rehearsal, uses: Sequence[Use], failing: Sequence[Use], origin: str
) -> tuple[Distribution, ...]:
    """Those that require the distributions of these uses, if all of them are required, and none is a command.

    Only if it is known that they do without: they can be imported, and what they import was followed to its end while
    few of their texts import what fails, or none of their texts does.
    """
    keys = {one.key for one, _ in failing}
    requiring = [[by for by, _ in facts.requirements.wanted.get(key, ()) if by.key != key] for key in keys]
    if not all(requiring) or any(entrance.command for _, entrance in failing):
        return ()
    spared = tuple(dict.fromkeys(by for each in requiring for by in each if by.key not in keys))
    failed = (origin, *(entrance.module for _, entrance in failing))
    units = set(map(rehearsal.surroundings.modules.unit, failed))
    caught = _catching(rehearsal.judge(entrance.module).failures for _, entrance in failing)
    for by in spared:
        modules = [each.module for one, each in uses if one == by and not each.command]
        own = [rehearsal.judge_wholly(module, FURTHER_STEPS) for module in modules]
        most = _FEW_OF_ALL if all(each.complete for each in own) else 0.0
        if any(each.failures for each in own) or _share(by, units, caught, rehearsal.surroundings) > most:
            return ()
    return spared


def _catching(failures: Iterable[Sequence[Failure]]) -> frozenset[str]:
    """The exceptions whose handlers take every one of these failures."""
    kinds = [_RAISED.get(each[0].cause.what, frozenset({each[0].cause.subject})) for each in failures if each]
    return _ALL | frozenset.intersection(*kinds) if kinds else _ALL


def _share(distribution: Distribution, units: Collection[str], caught: Collection[str], around: Surroundings) -> float:
    """The part of a distribution's texts that may import some packages outside of functions; of very many some."""
    texts = [path for path in around.paths.get(distribution.metadata, ()) if path.endswith(".py")]
    if len(texts) > _MOST_TEXTS:
        return _FEW_OF_ALL
    importing = [imports_outside_functions(f"{distribution.root}/{path}", units, caught) for path in texts]
    return sum(importing) / max(len(texts), 1)


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


def _behind_unmet(facts: Facts, rehearsal: Rehearsal, one: Distribution, entrance: Entrance) -> Iterator[str]:
    """Modules that a package imports, and that ask a distribution which it wants in another version for a name in vain.

    A package may be too large to be followed to its end, or do what is not understood; such a module by itself is not.
    """
    verdict = rehearsal.judge(entrance.module)
    if verdict.failures or entrance.command:
        return
    unwanted = {each.found for each in facts.requirements.unmet if each.by == one and each.found is not None}
    for subject, name, at in sorted(verdict.asked) if unwanted else ():
        is_lacking = rehearsal.owner(subject) in unwanted and rehearsal.lacks(subject, name)
        if is_lacking and rehearsal.judge_by_itself(at).failures:
            yield at
            return


def _is_meant(failure: Failure) -> bool:
    """Whether a command says itself that something is wanting.

    One that tries two forms of a project which is not there is made for those who have it (jupyter-labhub).
    """
    project = failure.cause.instead_of.partition(".")[0]
    return failure.raises == "SystemExit" or bool(project and project == failure.cause.subject.partition(".")[0])


def _wants_extra(distribution: Distribution, entrance: Entrance, cause: Event) -> bool:
    """Whether a command wants what an extra of its distribution brings, so that not all need it (moto_server)."""
    lines = (line for line in distribution.requires if is_of_extra(line))
    projects = set(filter(None, map(required_name, lines)))
    return bool(entrance.command) and cause.what is What.IMPORT and is_project_of(cause.subject, projects)


def _script_problem(script: str, folder: str) -> tuple[str, str]:
    """What keeps a script from being started, and the words for it; empty for nothing.

    A copy by way of a file system without permissions loses them. That a script is gone is told of the environment's
    own folder alone: `pip install --target` lists scripts where it does not put them.
    """
    try:
        may_run = os.stat(script).st_mode & 0o111
    except FileNotFoundError:
        gone = os.path.dirname(script) == folder and not os.path.lexists(script)
        return (_GONE, "RECORD lists it, and it is not there") if gone else ("", "")
    except OSError:
        return "", ""
    return ("", "") if may_run else ("its script may not be executed", "no permission to execute")


def _broken(rehearsal: Rehearsal, asked: Sequence[Distribution], folder: str) -> Iterator[BrokenCommand]:
    """Commands whose Python is gone, or whose module can be imported and lacks what they call."""
    around = rehearsal.surroundings
    for one in asked:
        commands = commands_of(one)
        scripts = scripts_of(around.paths.get(one.metadata, ()), one.root) if commands else {}
        for entrance in commands:
            path = scripts.get(entrance.command, "")
            program = missing_interpreter(path) if path else ""
            parts = entrance.attribute.split(".")
            can_be_imported = not program and not rehearsal.judge(entrance.module).failures
            tried = [".".join(parts[:depth]) for depth in (1, 2) if len(parts) >= depth and all(parts)]
            name = next((each for each in tried if can_be_imported and rehearsal.lacks(entrance.module, each)), "")
            if program:
                reason, excerpt = f"the Python that it starts with, {program}, is not there", f"#!{program}"
            elif name:
                path = around.modules.find(entrance.module).path
                reason, excerpt = f"{entrance.module} has no {name}", f"nothing binds {name}"
            else:
                reason, excerpt = _script_problem(path, folder) if path else ("", "")
            if not reason:
                continue
            yield BrokenCommand(
                distribution=one,
                name=entrance.command,
                severity=Severity.WARNING if reason == _GONE else entrance.severity,
                path=path,
                reason=reason,
                excerpt=excerpt,
                is_moved=bool(program),
                lacks=bool(name) and not program,
            )

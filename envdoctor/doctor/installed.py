"""`inspect --installed`: the same analysis for a distribution that is installed, from the files that are there."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from envdoctor.availability.native_view import native_view
from envdoctor.availability.soundness import problem_reason
from envdoctor.availability.table import parse_requirements
from envdoctor.core.availability import CellReason, CellVerdict, ReasonKind, conditions
from envdoctor.core.errors import UsageProblem
from envdoctor.core.finding import Evidence, Severity
from envdoctor.core.inspection import Basis, Inspection
from envdoctor.core.request import Request
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.facts.importing.proof import evidence_of, message_of
from envdoctor.facts.loading.environment import Environment
from envdoctor.facts.loading.symbols import in_words
from envdoctor.facts.packages.metadata import normalize
from envdoctor.imports.judgment import judge_wheel
from envdoctor.support.target_names import target_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from envdoctor.facts.packages import Distribution

_UNSEEN = frozenset({ReasonKind.NOT_LOOKED_AT, ReasonKind.UNREADABLE})
#: Endings of files that imports load.
_LOADED = (".py", ".so", ".pyd", ".dylib", ".dll")


def inspect_installed(name: str, python: Path | None = None) -> Inspection:
    """Looks into one installed distribution, and judges it beside all others of its environment.

    Args:
        name: of the distribution, or a requirement that it must meet.
        python: the interpreter or environment folder to examine; None for the active one.

    Raises:
        UsageProblem: it is not installed there, or the interpreter is none.
        FactUnavailable: the environment can't be read.
    """
    (requirement,) = parse_requirements([name])
    facts = Facts(Request(python=python, distribution=normalize(requirement.name)), LocalExecutor())
    distribution = facts.packages.find(requirement.name)
    if distribution is None:
        raise UsageProblem(_not_there(requirement.name, facts))
    if not requirement.specifier.contains(distribution.version, prereleases=True):
        raise UsageProblem(f"{distribution.title} is installed in {facts.python.prefix}, which is not {requirement}.")
    environment = Environment(facts)
    judge, own = environment.judge(distribution)
    problems = map(problem_reason, judge_wheel(own, judge.analyse(own), environment.target))
    found = (*problems, *_symbol_reasons(distribution, facts), *_import_reasons(distribution, facts))
    reasons = (*_unlisted(distribution, facts), *found)
    return Inspection(
        subject=name,
        label=own.label,
        source=distribution.root,
        target=target_name(environment.target),
        verdict=_verdict(reasons),
        reasons=reasons,
        basis=Basis.INSTALLED,
        natives=tuple(map(native_view, own.natives)),
        imports=own.imports,
        requires=own.metadata.requires,
    )


def _not_there(name: str, facts: Facts) -> str:
    spoilt = next((one for one in facts.packages.distributions if one.key == normalize(name) and one.problem), None)
    if spoilt is not None:
        return f"{name} in {spoilt.root} can't be looked into: {spoilt.problem}."
    near = difflib.get_close_matches(normalize(name), facts.packages.active(), n=1)
    hint = f"did you mean {near[0]}?" if near else "leave --installed out to ask the index."
    return f"{name} is not installed in {facts.python.prefix}; {hint}"


def _unlisted(distribution: Distribution, facts: Facts) -> Iterator[CellReason]:
    """Why the files that were looked at are not all of a distribution's, if they are not."""
    record = next((one for one in facts.records.records if one.distribution.metadata == distribution.metadata), None)
    if distribution.editable:
        gone = ", which is not there" if distribution.project_missing else ""
        said = f"is an editable installation of {distribution.editable}{gone}: no RECORD lists its files"
    elif record is None:
        said = "has no RECORD, so that nothing tells which files are its own"
    elif record.problem:
        said = f"has a RECORD that can't be used: {record.problem}"
    elif lost := [path for path in record.missing if path.endswith(_LOADED)]:
        message = f"{len(lost)} of the files that its RECORD lists are not there, such as {lost[0]}"
        yield _unknown(distribution, f"is damaged: {message}; install it anew.")
        return
    else:
        return
    yield _unknown(distribution, f"{said}; what importing it loads was not looked at.")


def _import_reasons(distribution: Distribution, facts: Facts) -> Iterator[CellReason]:
    """The imports and commands that `check` finds to fail; what native files lack is among the problems already."""
    for failed in facts.importing.failed:
        if failed.told_by != "LIB001" and any(one == distribution for one, _ in failed.entrances):
            yield _broken(distribution, failed.severity, message_of(failed, facts), evidence_of(failed))
    for broken in facts.importing.broken:
        if broken.distribution == distribution:
            proof = (Evidence(source=broken.path, excerpt=broken.excerpt),)
            message = f"The command `{broken.name}` does not start: {broken.reason}."
            yield _broken(distribution, broken.severity, message, proof)
    if unfinished := [module for one, module in facts.importing.unfinished if one == distribution]:
        said = f"What importing {', '.join(unfinished)} does was not followed to the end."
        yield _broken(distribution, Severity.INFO, said, ())


def _symbol_reasons(distribution: Distribution, facts: Facts) -> Iterator[CellReason]:
    """The symbols that `check` finds to be undefined, and the files that it could not read them of."""
    symbols = facts.loading.symbols
    if symbols is None:
        return
    lacking = symbols.by_distribution().get(distribution.metadata)
    if lacking:
        yield _broken(distribution, lacking[0].severity, in_words(lacking), lacking[0].proof)
    for file, problem in symbols.unread:
        if file.distribution == distribution:
            yield _unknown(distribution, f"has a file whose symbols can't be read, {file.path}: {problem}.")


def _broken(distribution: Distribution, severity: Severity, message: str, evidence: tuple[Evidence, ...]) -> CellReason:
    kind = ReasonKind.BROKEN if severity is Severity.ERROR else ReasonKind.NOTE
    return CellReason(
        kind=kind,
        severity=severity,
        subject=distribution.title,
        message=message,
        evidence=evidence,
        condition="nobody needs what fails there",
    )


def _unknown(distribution: Distribution, said: str) -> CellReason:
    message = f"{distribution.title} {said}"
    return CellReason(
        kind=ReasonKind.NOT_LOOKED_AT, severity=Severity.ERROR, subject=distribution.title, message=message
    )


def _verdict(reasons: Iterable[CellReason]) -> CellVerdict:
    told = [reason for reason in reasons if reason.severity > Severity.INFO]
    kinds = {reason.kind for reason in told if reason.severity is Severity.ERROR or reason.kind in _UNSEEN}
    if kinds - _UNSEEN:
        return CellVerdict.BROKEN
    if kinds:
        return CellVerdict.UNKNOWN
    return CellVerdict.SOUND_IF if conditions(told) else CellVerdict.SOUND

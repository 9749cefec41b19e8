"""What a change of versions breaks: new problems, and names that are used and gone."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

from envdoctor.core.finding import Outcome, Severity
from envdoctor.core.fixing import Mended, Mending
from envdoctor.core.holdings import Holding
from envdoctor.facts.loading.contents import installed_contents, read_text
from envdoctor.facts.loading.machine import target_of
from envdoctor.facts.packages.metadata import normalize
from envdoctor.fixing.uses import names_used
from envdoctor.imports.names import ModuleNames
from envdoctor.support.requirement import admits
from envdoctor.support.text import plural
from envdoctor.wheels.module_index import ModuleIndex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from envdoctor.core.finding import Finding
    from envdoctor.core.report import Report
    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution

_NO_ANSWER = frozenset({Outcome.UNKNOWN, Outcome.CRASHED, Outcome.TIMED_OUT})
_SILENT = _NO_ANSWER | {Outcome.SKIPPED}

#: How findings tell that an import fails.
_FAILING = re.compile(r"`import ([\w.]+)` fails")


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """What a plan would break.

    Attributes:
        words: as a sentence.
        culprits: normalized names of the changed distributions that it comes of.
        names: what is used and gone, of the only culprit; empty for other harm.
    """

    words: str
    culprits: tuple[str, ...]
    names: tuple[str, ...] = ()


def breaks(specifier: str, before: str, after: str) -> bool:
    """Whether a requirement that is met is not met any more by another version."""
    try:
        return not admits(specifier, after) and (not before or admits(specifier, before))
    except ValueError:
        return False


def new_problems(before: Report, after: Report) -> tuple[Finding, ...]:
    """The problems of a report that another of the same environment does not have; a new version in it is no news."""
    known = Counter((one.code, one.subject, one.severity) for one in before.problems)
    told = {(one.code, one.subject, one.severity, one.message) for one in before.problems}
    found = []
    for one in after.problems:
        key = (one.code, one.subject, one.severity)
        if (*key, one.message) in told:
            known[key] -= 1
        else:
            found.append(one)
    return tuple(one for one in found if _is_news(one, known))


def _is_news(finding: Finding, known: Counter[tuple[str, str, Severity]]) -> bool:
    key = (finding.code, finding.subject, finding.severity)
    known[key] -= 1
    return known[key] < 0


def mended(finding: Finding, before: Report, after: Report) -> Mended:
    """What the check afterwards says of a finding."""
    probe = next((one for one in after.probes if one.code == finding.code), None)
    if probe is None or probe.outcome in _SILENT:
        why = "it was not asked again" if probe is None else f"{finding.code} could not answer: {probe.reason}"
        return Mended(finding=finding, mending=Mending.CANT_TELL, words=why)
    same = [one for one in probe.findings if one.subject == finding.subject]
    if any(one.message == finding.message for one in same):
        return Mended(finding=finding, mending=Mending.NOT_FIXED)
    told = {one.message for result in before.probes if result.code == finding.code for one in result.findings}
    others = [one for one in same if one.message not in told and one.severity >= finding.severity]
    if others:
        return Mended(finding=finding, mending=Mending.NOT_FIXED, words=f"now: {others[0].message}")
    return Mended(finding=finding, mending=Mending.FIXED)


def unanswered(before: Report, after: Report) -> tuple[str, ...]:
    """The probes that answered before and do not now, as `CODE: reason`."""
    silent = {one.code for one in before.probes if one.outcome in _NO_ANSWER}
    return tuple(
        f"{one.code}: {one.reason}" for one in after.probes if one.outcome in _NO_ANSWER and one.code not in silent
    )


def mended_too(
    findings: Sequence[Finding], before: Report, after: Report, changed: Collection[str]
) -> tuple[Finding, ...]:
    """Of findings that have no command of their own: those on changed distributions that are gone with the change."""
    harms = harm_of_problems(findings, changed)
    concerned = [one for one, harm in zip(findings, harms, strict=True) if harm.culprits]
    return tuple(one for one in concerned if mended(one, before, after).mending is Mending.FIXED)


def harm_of_problems(problems: Iterable[Finding], changed: Collection[str]) -> Iterator[Harm]:
    """New problems, with the changed distributions that they speak of."""
    for one in problems:
        words = {normalize(word.strip(".,:;'`()")) for word in f"{one.subject} {one.message}".split()}
        of = tuple(name for name in changed if name in words or name in normalize(one.subject).split(", "))
        yield Harm(words=f"{one.code}: {one.message}", culprits=of)


def news_of(before: Report, after: Report, changed: Collection[str]) -> tuple[list[Harm], tuple[Finding, ...]]:
    """What a change of versions breaks, and the next faults that imports come to which failed before."""
    found = new_problems(before, after)
    then = next_faults(found, before, changed)
    return list(harm_of_problems([one for one in found if one not in then], changed)), then


def next_faults(problems: Sequence[Finding], before: Report, changed: Collection[str]) -> tuple[Finding, ...]:
    """Of new problems those of imports that failed before, for another reason, and that speak of nothing changed.

    A module failed before, too, if a package that it lies in did: that is imported first (Python Language Reference,
    5.3.4, "Submodules").
    """
    failed = {name + "." for one in before.problems for name in _FAILING.findall(one.message)}
    harms = harm_of_problems(problems, changed)
    apart = [one for one, harm in zip(problems, harms, strict=True) if not harm.culprits]
    return tuple(
        one
        for one in apart
        if (names := _FAILING.findall(one.message)) and all((name + ".").startswith(tuple(failed)) for name in names)
    )


def lost_names(before: Facts, after: Facts, changed: Collection[str], code: Sequence[str]) -> Iterator[Harm]:
    """The names of changed distributions that installed ones and the user's code use, and that are gone.

    Args:
        before: the environment.
        after: its changed copy.
        changed: normalized names.
        code: the modules of the user's own.

    Raises:
        FactUnavailable: an environment can't be read.
    """
    for key in changed:
        old, new = before.packages.find(key), after.packages.find(key)
        if old is None or new is None or old.version == new.version or old.editable:
            continue
        users = [by for by, _ in before.requirements.wanted.get(key, ()) if by.key != key]
        packages = installed_contents(before, old).imports
        uses = _uses(after, users, packages, code)
        had, has = _names_of(before, old), _names_of(after, new)
        gone = [name for name in uses if has.holding(name) is Holding.LACKS and had.holding(name) is not Holding.LACKS]
        if gone:
            shortest = min(gone, key=len)
            rest = f" and {plural(len(gone) - 1, 'more name')} of it" if len(gone) > 1 else ""
            words = f"{new.title} has no {shortest}, which {uses[shortest]} uses{rest}; {old.title} has it."
            tops = tuple(name for name in gone if name.rpartition(".")[0] not in gone)
            yield Harm(words=words, culprits=(key,), names=tops)


def _uses(
    after: Facts, users: Iterable[Distribution], packages: Collection[str], code: Sequence[str]
) -> dict[str, str]:
    """Names that are used once all is changed: what another version of a user does not use any more is not missed."""
    files = list(code)
    for user in {one.key: one for one in users}.values():
        there = after.packages.find(user.key)
        if there is not None and not there.editable:
            members = installed_contents(after, there).members
            files += [f"{there.root}/{path}" for path in members if path.endswith(".py") and not path.startswith("..")]
    return names_used(files, packages)


def _names_of(facts: Facts, distribution: Distribution) -> ModuleNames:
    read = cache(partial(read_text, distribution.root))
    return ModuleNames(
        ModuleIndex(installed_contents(facts, distribution).members), read, target_of(facts.host, facts.python)
    )

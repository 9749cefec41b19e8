"""`check`: ask the probes."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence  # noqa: TC003  (of a value)
from pathlib import Path  # noqa: TC003  (the same)
from typing import TYPE_CHECKING

from envdoctor import probing, registry
from envdoctor.core.errors import FactUnavailable, UsageProblem
from envdoctor.core.finding import FAMILIES as ALL_FAMILIES
from envdoctor.core.frozen import frozen
from envdoctor.core.goal import parse_goal
from envdoctor.core.request import LEFT_OUT, PROVE, Request
from envdoctor.doctor._common import families, new_report, subject, topics
from envdoctor.doctor.unchanged import FAMILIES, Unchanged, is_kept
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.support.collector import HARDLY_EVER, collecting_rarely
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from envdoctor.core.report import Report
    from envdoctor.probing import Probe


#: The probe of imports.
_IMPORTS = "PKG021"
_NOT_IMPORTED = "What importing the packages comes to was not looked at (--fast)."
#: Imports not followed to their end are much if they are more than so many and than that part of all.
_FEW, _PART = 20, 4


def can_wall_off() -> bool:
    """Whether packages can be imported without a network here."""
    from envdoctor.facts.proven import find_wall

    return bool(find_wall(LocalExecutor()))


@frozen
class CheckRequest:
    """What is asked.

    Attributes:
        python: the interpreter to examine; None for the active environment's.
        goal: a goal whose toolchain matters too.
        only: codes or families to ask; empty for all.
        skip: codes or families to leave out.
        witness: True to ask `ldd` or `otool` too about the installed native files, and pip about what is installed.
        fast: True to leave out what importing the installed packages comes to.
        prove: True to import them really; see `can_wall_off`.
        timeout: seconds after which whatever has no answer is TIMED_OUT; None to wait for all.
    """

    python: Path | None = None
    goal: str | None = None
    only: Sequence[str] = ()
    skip: Sequence[str] = ()
    witness: bool = False
    fast: bool = False
    prove: bool = False
    timeout: float | None = None

    @property
    def is_usual(self) -> bool:
        """Whether all that matters for a machine is asked, and no more: what an earlier check may have answered."""
        return not (self.goal or self.only or self.skip or self.witness or self.prove or self.timeout)

    @property
    def added_topics(self) -> frozenset[str]:
        """The topics that its options ask for."""
        added = {"witness": self.witness, LEFT_OUT: self.fast, PROVE: self.prove}
        return frozenset(topic for topic, is_asked in added.items() if is_asked)


@collecting_rarely(HARDLY_EVER)
def check(asked: CheckRequest) -> Report:
    """Ask all probes that matter for a machine, an environment and maybe a goal.

    Raises:
        UsageProblem: an unknown goal, code or family, or an interpreter that is none.
    """
    began = time.monotonic()
    aim = None if asked.goal is None else parse_goal(asked.goal)
    compiler = registry.compiler_of(aim)
    wanted = topics(compiler) | asked.added_topics
    request = Request(python=asked.python, goal=aim, compiler=compiler, topics=wanted, plugins=registry.plugins())
    if asked.is_usual:
        return _check_again(request)
    probes = _named_probes(asked, wanted)
    request = dataclasses.replace(request, topics=wanted | {one.topic for one in probes})
    facts = Facts(request, LocalExecutor())
    looked_at = subject(facts)  # first, so that a wrong --python is told once and not by every probe
    within = None if asked.timeout is None else asked.timeout - (time.monotonic() - began)
    results = probing.run_probes(probes, facts, within=within)
    report = dataclasses.replace(new_report("check"), subject=looked_at, goal=aim, probes=results)
    return _with_notes(report, probes, facts, fast=asked.fast)


def _named_probes(asked: CheckRequest, wanted: frozenset[str]) -> tuple[Probe, ...]:
    """The probes that are asked; words may name one of any topic, and whatever else can't be asked is not imported."""
    named = bool(asked.only or asked.skip)
    families_of = frozenset(asked.only or families(wanted)) | frozenset(asked.skip)
    known = registry.probes(families_of, None if named else wanted)
    return select(known, wanted, asked.only, asked.skip)


def _check_again(request: Request) -> Report:
    """The answer about all that matters for a machine; what rests on files alone is told again if none has changed."""
    facts = Facts(request, LocalExecutor())
    report = dataclasses.replace(new_report("check"), subject=subject(facts))
    unchanged = Unchanged(facts, request)
    known = unchanged.load()
    asked = request.topics
    there = families(asked) - (FAMILIES if known else frozenset())
    probes = select(registry.probes(there, asked), asked, (), ())
    if known is not None:
        live = probing.run_probes((one for one in probes if not is_kept(one.code)), facts)
        results = tuple(sorted((*live, *known.results), key=lambda one: one.code))
        again = dataclasses.replace(report, probes=results, notes=known.notes, scope=known.scope)
        return dataclasses.replace(again, unchanged_since=known.created)
    results = probing.run_probes(probes, facts)
    report = _with_notes(dataclasses.replace(report, probes=results), probes, facts, fast=LEFT_OUT in asked)
    unchanged.save(report)
    return report


def _with_notes(report: Report, probes: Sequence[Probe], facts: Facts, *, fast: bool) -> Report:
    """With words on imports that were not looked at, or not to their end, for what else is said is none on those.

    A few large packages, each of which was followed far, are no more than a note.
    """
    if fast:
        return dataclasses.replace(report, notes=(_NOT_IMPORTED,))
    if all(one.code != _IMPORTS for one in probes):
        return report
    try:
        importing = facts.importing
    except FactUnavailable:  # which the probe itself tells
        return report
    left, asked = len(importing.unfinished), plural(importing.looked_at, "import")
    if not left:
        return report
    yet = "were not followed to the end yet: the next check goes on"
    what = yet if importing.goes_on else "could not be followed to the end"
    note = f"{left} of {asked} {what} (-v, --prove)."
    is_much = left > _FEW and left * _PART > importing.looked_at
    return dataclasses.replace(
        report, notes=(note,), scope=f"{importing.looked_at - left} of {asked}" if is_much else ""
    )


def select(
    probes: Sequence[Probe], asked: frozenset[str], only: Sequence[str], skip: Sequence[str]
) -> tuple[Probe, ...]:
    """The probes of these topics that `--only` and `--skip` leave; `--only` a code asks it whatever its topic.

    Raises:
        UsageProblem: a word that is neither a code nor a family, or nothing is left.
    """
    codes = {one.code for one in probes}
    known = dict.fromkeys((*ALL_FAMILIES, *(code[:3] for code in codes)))
    for word in (*only, *skip):
        if word not in codes and word not in known:
            raise UsageProblem(f"'{word}' is neither a probe's code nor a family; families are {', '.join(known)}")

    def matches(one: Probe, words: Sequence[str]) -> bool:
        return one.code in words or one.code[:3] in words

    wanted = [one for one in probes if matches(one, only)] if only else [one for one in probes if one.topic in asked]
    # A family's name does not ask for what runs the system's tools or the packages; a witness' own code does.
    wanted = [one for one in wanted if one.topic != "witness" or "witness" in asked or one.code in only]
    wanted = [one for one in wanted if one.topic != PROVE or PROVE in asked]
    left = tuple(one for one in wanted if not matches(one, skip))
    if not left:
        if not skip:
            raise UsageProblem(f"no check here is of {', '.join(only)}; `envdoctor explain` lists them")
        raise UsageProblem("--only and --skip together leave nothing to check; leave one of them out")
    return left

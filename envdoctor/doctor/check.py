"""`check`: ask the probes."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

from envdoctor import probing, registry
from envdoctor.core.errors import FactUnavailable, UsageProblem
from envdoctor.core.finding import FAMILIES as ALL_FAMILIES
from envdoctor.core.goal import parse_goal
from envdoctor.core.request import LEFT_OUT, PROVE, Request
from envdoctor.doctor._common import families, new_report, subject, topics
from envdoctor.doctor.unchanged import FAMILIES, Unchanged, is_kept
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from envdoctor.core.report import Report
    from envdoctor.probing import Probe


#: The probe of imports.
_IMPORTS = "PKG021"
_NOT_IMPORTED = "What importing the packages comes to was not looked at (--fast)."


def can_wall_off() -> bool:
    """Whether packages can be imported without a network here."""
    from envdoctor.facts.proven import find_wall

    return bool(find_wall(LocalExecutor()))


def check(  # noqa: PLR0913 - by name, one for each option
    *,
    python: Path | None = None,
    goal: str | None = None,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    witness: bool = False,
    fast: bool = False,
    prove: bool = False,
    timeout: float | None = None,
) -> Report:
    """Ask all probes that matter for a machine, an environment and maybe a goal.

    Args:
        python: the interpreter to examine; None for the active environment's.
        goal: a goal whose toolchain matters too.
        only: codes or families to ask; empty for all.
        skip: codes or families to leave out.
        witness: True to ask `ldd` or `otool` too about the installed native files, and pip about what is installed.
        fast: True to leave out what importing the installed packages comes to.
        prove: True to import them really; see `can_wall_off`.
        timeout: seconds after which whatever has no answer is TIMED_OUT; None to wait for all.

    Raises:
        UsageProblem: an unknown goal, code or family, or an interpreter that is none.
    """
    began = time.monotonic()
    if not (goal or only or skip or witness or prove or timeout):
        asked = topics(None) | ({LEFT_OUT} if fast else set())
        return _check_again(Request(python=python, topics=asked, plugins=registry.plugins()))
    aim = None if goal is None else parse_goal(goal)
    compiler = registry.compiler_of(aim)
    added = {"witness": witness, LEFT_OUT: fast, PROVE: prove}
    asked = topics(compiler) | {topic for topic, is_asked in added.items() if is_asked}
    # Words may name a probe of any topic; whatever else can't be asked is not even imported.
    wanted = frozenset(only or families(asked)) | frozenset(skip)
    known = registry.probes(wanted, None if only or skip else asked)
    probes = select(known, asked, only, skip)
    request = Request(
        python=python,
        goal=aim,
        compiler=compiler,
        topics=asked | {one.topic for one in probes},
        plugins=registry.plugins(),
    )
    facts = Facts(request, LocalExecutor())
    looked_at = subject(facts)  # first, so that a wrong --python is told once and not by every probe
    results = probing.run_probes(
        probes, facts, within=None if timeout is None else timeout - (time.monotonic() - began)
    )
    notes = _notes(probes, facts, fast=fast)
    return dataclasses.replace(new_report("check"), subject=looked_at, goal=aim, probes=results, notes=notes)


def _check_again(request: Request) -> Report:
    """The same of all that matters for a machine; what rests on files alone is told again if none has changed."""
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
        return dataclasses.replace(report, probes=results, notes=known.notes, unchanged_since=known.created)
    results = probing.run_probes(probes, facts)
    notes = _notes(probes, facts, fast=LEFT_OUT in asked)
    unchanged.save(results, notes, report.created)
    return dataclasses.replace(report, probes=results, notes=notes)


def _notes(probes: Sequence[Probe], facts: Facts, *, fast: bool) -> tuple[str, ...]:
    """That some imports were not looked at, or not to their end, for what else is said is no word on those."""
    if fast:
        return (_NOT_IMPORTED,)
    if all(one.code != _IMPORTS for one in probes):
        return ()
    try:
        importing = facts.importing
    except FactUnavailable:  # which the probe itself tells
        return ()
    left = len(importing.unfinished)
    if not left:
        return ()
    return (f"{left} of {plural(importing.looked_at, 'import')} could not be followed to the end (-v, --prove).",)


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
        raise UsageProblem("--only and --skip together leave nothing to check; leave one of them out")
    return left

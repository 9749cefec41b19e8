"""The use cases: one function a command, from plain values to a report."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

from envdoctor import __version__, probing, registry
from envdoctor.core.errors import UsageProblem
from envdoctor.core.finding import FAMILIES
from envdoctor.core.goal import parse_goal
from envdoctor.core.report import Report
from envdoctor.core.request import Request
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from envdoctor.core.goal import Goal
    from envdoctor.probing import Probe

#: Which topics of probes a goal's compiler adds.
_TOPICS = {"edgetpu": "edgetpu", "vela": "ethosu"}


def check(
    *, python: Path | None = None, goal: str | None = None, only: Sequence[str] = (), skip: Sequence[str] = ()
) -> Report:
    """Ask all probes that matter for a machine, an environment and maybe a goal.

    Args:
        python: the interpreter to examine; None for the one that runs this.
        goal: a goal whose toolchain matters too.
        only: codes or families to ask; empty for all.
        skip: codes or families to leave out.

    Raises:
        UsageProblem: an unknown goal, code or family, or an interpreter that is none.
    """
    aim = None if goal is None else parse_goal(goal)
    request = Request(python=python, goal=aim, topics=_topics(aim))
    probes = select(registry.probes(), request.topics, only, skip)
    facts = Facts(request, LocalExecutor())
    results = probing.run_probes(probes, facts)
    return dataclasses.replace(new_report("check"), subject=subject(facts), goal=aim, probes=results)


def select(
    probes: Sequence[Probe], topics: frozenset[str], only: Sequence[str], skip: Sequence[str]
) -> tuple[Probe, ...]:
    """The probes of these topics that `--only` and `--skip` leave; `--only` a code asks it whatever its topic.

    Raises:
        UsageProblem: a word that is neither a code nor a family.
    """
    codes = {one.code for one in probes}
    for word in (*only, *skip):
        if word not in codes and word not in FAMILIES:
            raise UsageProblem(f"'{word}' is neither a probe's code nor a family; families are {', '.join(FAMILIES)}")

    def matches(one: Probe, words: Sequence[str]) -> bool:
        return one.code in words or one.code[:3] in words

    wanted = [one for one in probes if matches(one, only)] if only else [one for one in probes if one.topic in topics]
    return tuple(one for one in wanted if not matches(one, skip))


def subject(facts: Facts) -> dict[str, str]:
    """What was looked at, by name."""
    python = facts.python
    return {"python": str(python.executable), "version": python.version, "environment": str(python.prefix)}


def new_report(command: str) -> Report:
    """An empty report of a command, made now."""
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return Report(command=command, version=__version__, created=created)


def _topics(goal: Goal | None) -> frozenset[str]:
    compiler = None if goal is None else goal.compiler
    return frozenset({"machine", _TOPICS[compiler]} if compiler in _TOPICS else {"machine"})

"""`routes --to any`: for every goal that is known, how far the best way from a model to it is open on this machine."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from envdoctor import planner, registry
from envdoctor.core.errors import UsageProblem
from envdoctor.core.goal import goal_names, parse_goal
from envdoctor.core.request import BuildOptions
from envdoctor.core.route import GoalReach, Verdict
from envdoctor.doctor._common import new_report, subject
from envdoctor.doctor.routes import request_for, request_of
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.pipeline.calibration import check_samples

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from envdoctor.action import Action
    from envdoctor.core.report import Report
    from envdoctor.core.request import Request

#: What stands for every goal.
ANY = "any"


def every_goal(
    source: Path, *, options: BuildOptions | None = None, python: Path | None = None, offline: bool = False
) -> Report:
    """Plan for all goals of all compilers, and do nothing.

    Raises:
        UsageProblem: the file is no model that a build can start from; the samples don't fit it.
    """
    options = options or BuildOptions()
    goals = [parse_goal(name) for name in goal_names()]
    first = request_of(source, options, python=python, offline=offline)
    check_samples(first)
    facts, actions, rows = Facts(first, LocalExecutor()), registry.actions(), []
    for goal in goals:
        try:
            request = request_for(first, goal)
        except UsageProblem as error:
            rows.append(GoalReach(goal=goal, obstacle=str(error)))
            continue
        facts = facts.renewed(request)
        rows.append(_reach(request, facts, actions))
    ranked = sorted(rows, key=lambda row: (not row.takeable, row.verdict, 0.0 if row.route is None else row.route.cost))
    return dataclasses.replace(
        new_report("routes"), subject=subject(facts), source=planner.source_of(first), goals=tuple(ranked)
    )


def _reach(request: Request, facts: Facts, actions: Sequence[Action]) -> GoalReach:
    """The best way to one goal; what is in the way of all of them, if none is open."""
    source, goal = planner.source_of(request), planner.goal_of(request)
    found = planner.plan(actions, request, facts)
    if source.kind == goal.kind and not found:
        return GoalReach(goal=goal, obstacle="the model is that already")
    if not found:
        kinds = ", ".join(sorted(planner.kinds_that_lead_to(goal, actions)))
        return GoalReach(goal=goal, obstacle=f"it starts from {kinds}, not from {source.kind}")
    best = min(found, key=lambda route: (not route.takeable, route.verdict, route.cost))
    decisive = [reason for reason in best.reasons if reason.verdict > Verdict.READY]
    worst = max(decisive, key=lambda reason: (not reason.automatic, reason.verdict), default=None)
    text, fix = ("", None) if worst is None else (worst.text, worst.fix)
    return GoalReach(goal=goal, route=best, obstacle=text, fix=fix)

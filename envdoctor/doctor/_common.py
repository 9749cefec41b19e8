"""What every use case begins with."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from envdoctor import __version__
from envdoctor.core.report import Report

if TYPE_CHECKING:
    from envdoctor.core.goal import Goal
    from envdoctor.facts import Facts

#: Which topics of probes a goal's compiler adds.
_TOPICS = {"edgetpu": "edgetpu", "vela": "ethosu"}


def subject(facts: Facts) -> dict[str, str]:
    """What was looked at, by name."""
    python = facts.python
    return {"python": str(python.executable), "version": python.version, "environment": str(python.prefix)}


def new_report(command: str) -> Report:
    """An empty report of a command, made now."""
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return Report(command=command, version=__version__, created=created)


def topics(goal: Goal | None) -> frozenset[str]:
    """The topics that a goal adds to `machine`."""
    compiler = None if goal is None else goal.compiler
    return frozenset({"machine", _TOPICS[compiler]} if compiler in _TOPICS else {"machine"})

"""`model` of a compiled file in a format of its own: what it is, and whether it is for the goal that is named."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from envdoctor import probing, registry
from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.core.goal import goal_names, parse_goal
from envdoctor.doctor._common import new_report
from envdoctor.facts import Facts
from envdoctor.facts.compiled import Compiled
from envdoctor.tflite.readers import find_reader

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.core.file_identity import FileIdentity
    from envdoctor.core.report import Report


def inspect_compiled(path: Path, goal: str) -> Report | None:
    """The report of a compiled file; None for any other file or folder.

    Args:
        path: the file or folder.
        goal: what it is wanted for, a name that `find_reader` takes; empty if that is not said.

    Raises:
        UsageProblem: the file is of such a format, and damaged; an unknown goal.
    """
    try:
        identity = registry.identify_file(path)
    except Unreadable as error:
        raise UsageProblem(f"{str(error).rstrip('.')}; get a whole copy of it, or compile it again.") from error
    return None if identity is None else _report(path, identity, goal)


def _report(path: Path, identity: FileIdentity, goal: str) -> Report:
    probes = [one for one in registry.probes(frozenset({"MDL"}), frozenset()) if one.topic == "compiled-file"]
    facts = _wanted(Compiled(path=path, identity=identity), goal)
    subject = {"file": str(path)} | ({"for": facts.wanted} if facts.wanted else {})
    return dataclasses.replace(
        new_report("model"),
        subject=subject,
        probes=probing.run_probes(probes, Facts(compiled=facts)),
        file=identity,
    )


def _wanted(facts: Compiled, goal: str) -> Compiled:
    word = goal.strip().lower()
    if not word:
        return facts
    if word not in goal_names():
        return dataclasses.replace(facts, wanted=find_reader(goal).title)
    aim = parse_goal(word)
    return dataclasses.replace(facts, wanted=aim.title, kind=aim.kind, accelerator=aim.accelerator or "")

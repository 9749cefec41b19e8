"""`inspect --installed`: the same analysis for a distribution that is installed, from the files that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.availability.native_view import native_view
from envdoctor.availability.soundness import problem_reason
from envdoctor.core.availability import CellVerdict, ReasonKind
from envdoctor.core.errors import UsageProblem
from envdoctor.core.finding import Severity
from envdoctor.core.inspection import Inspection
from envdoctor.core.request import Request
from envdoctor.core.target_names import target_name
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.facts.loading.environment import Environment
from envdoctor.wheels.judgment import judge_wheel

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from envdoctor.core.availability import CellReason


def inspect_installed(name: str, python: Path | None = None) -> Inspection:
    """Looks into one installed distribution, and judges it beside all others of its environment.

    Args:
        name: of the distribution.
        python: the interpreter or environment folder to examine; None for the one that runs this.

    Raises:
        UsageProblem: it is not installed there, or the interpreter is none.
        FactUnavailable: the environment can't be read.
    """
    from packaging.utils import canonicalize_name

    facts = Facts(Request(python=python), LocalExecutor())
    distribution = facts.packages.active().get(canonicalize_name(name))
    if distribution is None:
        raise UsageProblem(f"{name} is not installed in {facts.python.prefix}; leave --installed out to ask the index.")
    environment = Environment(facts)
    judge, own = environment.judge(distribution)
    reasons = tuple(map(problem_reason, judge_wheel(own, judge.analyse(own), environment.target)))
    return Inspection(
        subject=name,
        label=own.label,
        source=distribution.root,
        target=target_name(environment.target),
        verdict=_verdict(reasons),
        reasons=reasons,
        natives=tuple(map(native_view, own.natives)),
        imports=own.imports,
        requires=own.metadata.requires,
    )


def _verdict(reasons: Iterable[CellReason]) -> CellVerdict:
    reasons = tuple(reasons)
    if any(reason.severity is Severity.ERROR for reason in reasons):
        return CellVerdict.BROKEN
    return CellVerdict.UNKNOWN if any(one.kind is ReasonKind.UNREADABLE for one in reasons) else CellVerdict.SOUND

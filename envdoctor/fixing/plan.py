"""All fixes of a report as one plan."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.finding import Outcome, Severity
from envdoctor.core.fixing import FixPlan, Step, StepKind
from envdoctor.fixing.gathering import gather
from envdoctor.fixing.packages import PackagePlanner
from envdoctor.fixing.system import other_steps, system_steps
from envdoctor.support.files import read_regular

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from envdoctor.core.finding import Finding
    from envdoctor.core.report import Report
    from envdoctor.facts.packages.installers import Operation
    from envdoctor.fixing.world import World

_LARGEST_HISTORY = 1 << 24
_NO_ANSWER = frozenset({Outcome.UNKNOWN, Outcome.CRASHED, Outcome.TIMED_OUT})


def make_plan(report: Report, world: World, codes: Collection[str] = (), wanted: Report | None = None) -> FixPlan:
    """What mends the problems of a report.

    Args:
        report: of a check of the environment.
        world: the environment.
        codes: codes or families; what is merely worth knowing is mended too, if it is among these. Empty for every
            problem.
        wanted: the report of which the problems are to be mended, where that is not all of it.

    Raises:
        FactUnavailable: the environment can't be read.
        EnvironmentProblem: there is no uv.
    """
    python = world.facts.python
    gathered = gather(_wanted(wanted or report, codes), python)
    steps = (
        *system_steps(gathered.root, world.executor),
        *other_steps(gathered.others),
        *PackagePlanner(world, report, gathered.manual).steps(gathered.packages),
        *_conda_steps(gathered.conda, python.prefix),
    )
    mends = [one for step in steps for one in step.mends]
    manual = tuple(one for one in gathered.manual if one not in mends)
    return FixPlan(
        python=python.executable, prefix=python.prefix, steps=steps, manual=manual, blind=blind_spots(report)
    )


def blind_spots(report: Report) -> tuple[str, ...]:
    """The probes that could not answer, as `CODE: reason`."""
    return tuple(f"{one.code}: {one.reason}" for one in report.probes if one.outcome in _NO_ANSWER)


def _wanted(report: Report, codes: Collection[str]) -> Iterator[Finding]:
    found = [finding for result in report.probes for finding in result.findings] + list(report.findings)
    for one in found:
        named = one.code in codes or one.code[:3] in codes
        if named if codes else one.severity >= Severity.WARNING:
            yield one


def _conda_steps(asked: Sequence[tuple[Operation, Finding]], prefix: str) -> Iterator[Step]:
    """What conda is asked to do, as the findings have it: a copy of its environments can't be tried."""
    if not asked:
        return
    findings = tuple(dict.fromkeys(finding for _, finding in asked))
    commands: dict[tuple[str, ...], None] = {}
    for one in findings:
        commands.update(dict.fromkeys(one.fix.commands if one.fix else ()))
    yield Step(
        kind=StepKind.CONDA,
        title=f"conda: {', '.join(dict.fromkeys(one.name for one, _ in asked))}",
        commands=_joined(list(commands)),
        mends=findings,
        safe=all(one.fix is not None and one.fix.safe for one in findings),
        undo=f"`conda install --prefix {prefix} --revision {_revision(prefix)}`",
        unjudged="conda's result can't be tried on a copy",
    )


def _revision(prefix: str) -> str:
    """The number of the state that conda would come back to: the last that its history holds now."""
    try:
        history = read_regular(f"{prefix}/conda-meta/history", _LARGEST_HISTORY)
    except OSError:
        return "NUMBER"
    return str(max(0, len(re.findall(rb"(?m)^==> ", history)) - 1))


def _joined(commands: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Commands that begin alike as one."""
    together: dict[tuple[str, ...], list[str]] = {}
    for command in commands:
        at = max(number for number, word in enumerate(command) if word.startswith("--")) + 1
        together.setdefault(command[:at], []).extend(command[at:])
    return tuple((*beginning, *dict.fromkeys(words)) for beginning, words in together.items())

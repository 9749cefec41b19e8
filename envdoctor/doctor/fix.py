"""`fix`: mend what a check finds, when asked, and tell what came of it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import Version

from envdoctor.availability.candidates import pip_refuses
from envdoctor.availability.here import target_here
from envdoctor.availability.pip_choice import newest_wheel_for_pip
from envdoctor.availability.tools import open_tools
from envdoctor.core.errors import EnvDoctorError, UsageProblem
from envdoctor.core.fixing import FixReport, Mending, StepState
from envdoctor.core.matrix_request import MatrixRequest
from envdoctor.core.request import Request
from envdoctor.doctor.check import CheckRequest, check
from envdoctor.doctor.holdings import holdings
from envdoctor.environments.cache import open_cache
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.fixing.changes import undo_command
from envdoctor.fixing.judging import mended, new_problems
from envdoctor.fixing.log import last_log, locked, undone_by_hand
from envdoctor.fixing.plan import blind_spots, make_plan
from envdoctor.fixing.run import run_plan
from envdoctor.fixing.undo import not_restored, undo_plan
from envdoctor.fixing.world import World, uv_of_user
from envdoctor.index.access import Access
from envdoctor.support.python_names import parse_pythons
from envdoctor.support.target_names import HERE, parse_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from envdoctor.core.fixing import FixPlan, Step
    from envdoctor.core.report import Report
    from envdoctor.fixing.log import Log
    from envdoctor.fixing.run import Outcome as RunOutcome

#: Bytes that may be read to find a version that has a name.
_MOST_READ = 64 << 20


class Session:
    """One run of `fix` on one environment, held for itself from the plan to the last look."""

    def __init__(self, world: World, python: Path | None, goal: str | None) -> None:
        """Use `open_session`."""
        self._world = world
        self._python = python
        self._goal = goal

    def look(self) -> Report:
        """What a check finds.

        Raises:
            UsageProblem: an unknown goal.
        """
        return check(CheckRequest(python=self._python, goal=self._goal))

    def plan(self, report: Report, codes: Sequence[str] = (), wanted: Report | None = None) -> FixPlan:
        """What mends what a check found; nothing is changed.

        Args:
            report: of `look`.
            codes: codes or families to mend; empty for every problem.
            wanted: the same without what the user ignores; None for all of it.

        Raises:
            UsageProblem: an unknown code.
        """
        _require_known(codes, report)
        return make_plan(report, self._world, codes, wanted)

    def run(self, plan: FixPlan, before: Report, agrees: Callable[[Step], str]) -> FixReport:
        """Run the steps that are agreed to, and check again.

        Raises:
            EnvironmentProblem: no log can be written; nothing was changed then.
        """
        outcome = run_plan(plan, self._world, agrees)
        if not outcome.log or outcome.interrupted:
            notes = (_state_of(outcome, plan.python),) if outcome.interrupted else ()
            return FixReport(plan=plan, results=outcome.results, log=outcome.log, notes=notes)
        self._world.say("checking again")
        after = self.look()
        findings = dict.fromkeys(finding for step in plan.steps for finding in step.mends)
        others = [mended(one, before, after) for one in plan.manual]
        gone = [one for one in others if one.mending is Mending.FIXED]
        failed = any(one.state is StepState.FAILED for one in outcome.results)
        return FixReport(
            plan=plan,
            results=outcome.results,
            checked_again=True,
            mended=(*(mended(one, before, after) for one in findings), *gone),
            left=tuple(one.finding for one in others if one not in gone),
            blind=blind_spots(after),
            added=new_problems(before, after),
            log=outcome.log,
            notes=(_state_of(outcome, plan.python),) if failed else (),
        )

    def undo(self, agrees: Callable[[FixPlan], str]) -> FixReport:
        """Take back what the last run changed in the environment.

        Raises:
            UsageProblem: there is nothing to undo.
            EnvironmentProblem: the log can't be read or written.
        """
        prefix = self._world.facts.python.prefix
        log = last_log(prefix)
        by_hand = undone_by_hand(prefix)
        if log is None:
            rest = f" What else it did: {'; '.join(by_hand)}." if by_hand else ""
            raise UsageProblem(f"`envdoctor fix` changed no packages in {prefix} that could be put back.{rest}")
        plan = undo_plan(log, self._world)
        why_not = agrees(plan)
        if why_not:
            return FixReport(plan=plan, notes=(why_not,), is_undo=True)
        outcome = run_plan(plan, self._world, lambda _: "")
        return self._undone(plan, outcome, log, by_hand)

    def _undone(self, plan: FixPlan, outcome: RunOutcome, log: Log, by_hand: Sequence[str]) -> FixReport:
        facts = self._world.facts_of(Path(plan.python))
        left = not_restored(log, _with_facts(self._world, facts))
        done = all(one.state is StepState.DONE for one in outcome.results)
        if done:
            log.undone = True
            log.write()
            self._forget(outcome)
        restored = "the versions are those of before" if plan.steps else "the last fix left no other version behind"
        return FixReport(
            plan=plan,
            results=outcome.results,
            notes=(*((restored,) if done and not left else ()), *by_hand),
            log=str(log.path),
            is_undo=True,
            not_restored=left,
        )

    @staticmethod
    def _forget(outcome: RunOutcome) -> None:
        """What an undo did is no fix that could be undone."""
        if outcome.log:
            Path(outcome.log).unlink(missing_ok=True)


@contextlib.contextmanager
def open_session(
    *,
    python: Path | None = None,
    goal: str | None = None,
    project: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
    changes: bool = True,
) -> Iterator[Session]:
    """Hold an environment for mending it.

    Args:
        python: as for `check`.
        goal: as for `check`.
        project: the folder of the user's code, whose imports must go on to work; None for none.
        say: told in a sentence what takes time.
        changes: False where only a plan is wanted: nobody need be kept away, and no log be written.

    Raises:
        UsageProblem: the interpreter is none.
        EnvironmentProblem: another process is fixing it.
    """
    executor = LocalExecutor()
    facts = Facts(Request(python=python), executor)
    cache = open_cache(Request()).root
    with contextlib.suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
    prefix = Path(facts.python.prefix)
    uv, variables = uv_of_user(facts.packages.find("pip") is not None, prefix)
    world = World(
        facts=facts,
        executor=executor,
        check=lambda copy: check(CheckRequest(python=copy, goal=goal)),
        facts_of=lambda copy: Facts(Request(python=copy), executor),
        newest_with=_Newest(facts).version,
        instead_for_pip=_Newest(facts).for_pip,
        cache=cache,
        project=project,
        say=say,
        uv=uv,
        variables=variables,
    )
    with locked(str(prefix)) if changes else contextlib.nullcontext():
        yield Session(world, python, goal)


class _Newest:
    """Asks the index which version has a name."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def version(self, package: str, names: Sequence[str], below: str) -> str:
        """The newest version below another that has all the names; "" if none is known to."""
        major, minor = self._facts.python.minor
        request = MatrixRequest(
            requirements=(f"{package}<{below}",), pythons=f"{major}.{minor}", max_download=_MOST_READ
        )
        try:
            table = holdings(request, names)
        except EnvDoctorError:
            return ""
        good = [one.version for one in table.cells if one.has_all]
        return max(good, key=Version, default="")

    def for_pip(self, package: str, version: str) -> str:
        """The newest version that pip takes where it refuses one for the Python; "" where it does not."""
        pythons = parse_pythons("{}.{}".format(*self._facts.python.minor))
        target = parse_columns(HERE, pythons, target_here())[0]
        try:
            tools = open_tools(LocalExecutor(), open_cache(Request()).root, Access(most=_MOST_READ))
            wheel = tools.catalogue.wheel(package, Version(version), target)
            if wheel is None or not pip_refuses(wheel, target):
                return ""
            return str(newest_wheel_for_pip(package, target, tools.catalogue) or "")
        except EnvDoctorError:
            return ""


def _with_facts(world: World, facts: Facts) -> World:
    from dataclasses import replace

    return replace(world, facts=facts)


def _require_known(codes: Sequence[str], report: Report) -> None:
    known = {one.code for one in report.probes}
    for code in codes:
        if code not in known and code not in {one[:3] for one in known}:
            raise UsageProblem(f"'{code}' is no code or family that was checked here; see `envdoctor check -v`.")


def _state_of(outcome: RunOutcome, python: str) -> str:
    """What a run that did not come to its end leaves."""
    done = [one.title for one in outcome.results if one.state is StepState.DONE]
    broken = next(
        (one.title for one in outcome.results if one.state in {StepState.FAILED, StepState.INTERRUPTED}), "nothing"
    )
    before = f"{', '.join(done)} is done; " if done else ""
    return f"{before}{broken} may be half done. {undo_command(python)} puts the versions of before back."

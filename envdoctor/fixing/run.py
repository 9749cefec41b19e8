"""Runs the steps of a plan that were agreed to; the first that fails ends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.command import Command
from envdoctor.core.fixing import StepResult, StepState
from envdoctor.fixing.log import new_log
from envdoctor.fixing.system import as_run, cant_be_root
from envdoctor.support.text import one_line, quote_command

if TYPE_CHECKING:
    from collections.abc import Callable

    from envdoctor.core.fixing import FixPlan, Step
    from envdoctor.fixing.log import Log
    from envdoctor.fixing.world import World

_SECONDS = 7200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of the steps, and the log; `interrupted` if the user ended it."""

    results: tuple[StepResult, ...]
    log: str
    interrupted: bool = False


def run_plan(plan: FixPlan, world: World, agrees: Callable[[Step], str]) -> Outcome:
    """Run the steps that are agreed to.

    Args:
        plan: what to do.
        world: where.
        agrees: asks the user; "" is a yes, anything else says why a step is not to run.

    Raises:
        EnvironmentProblem: no log can be written; nothing was run then.
    """
    log = new_log(plan.prefix, plan.python)
    results: list[StepResult] = []
    stopped = ""
    for step in plan.steps:
        why_not = stopped or step.refused or cant_be_root(step)
        if why_not:
            results.append(StepResult(title=step.title, state=StepState.NOT_RUN, words=why_not))
            continue
        declined = agrees(step)
        if declined:
            results.append(StepResult(title=step.title, state=StepState.DECLINED, words=declined))
            continue
        result = _run(step, world, log)
        results.append(result)
        if result.state is StepState.INTERRUPTED:
            break
        if result.state is StepState.FAILED:
            stopped = f"the step before it failed: {step.title}"
    interrupted = bool(results) and results[-1].state is StepState.INTERRUPTED
    return Outcome(results=tuple(results), log=str(log.path) if log.steps else "", interrupted=interrupted)


def _run(step: Step, world: World, log: Log) -> StepResult:
    """Run a step's commands, with what happens in the log before it does."""
    log.begin(step)
    state, words = StepState.DONE, ""
    try:
        for command in step.commands:
            world.say(f"running {quote_command(command)}")
            variables = world.variables_of(command)
            result = world.executor.run(Command(argv=as_run(command), env=variables, timeout=_SECONDS))
            if not result.ok:
                said = one_line(result.last_line)
                state, words = StepState.FAILED, f"{quote_command(command)} {result.describe_failure()}: {said}"
                break
    except KeyboardInterrupt:
        state, words = StepState.INTERRUPTED, "ended in the middle"
    log.end(state.value, words)
    return StepResult(title=step.title, state=state, words=words)

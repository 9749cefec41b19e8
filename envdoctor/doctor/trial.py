"""What a compiler or an interpreter does with a model: it is asked itself, where its environment is there."""

from __future__ import annotations

import contextlib
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.action import StageContext, StageFailed
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.core.goal import parse_goal
from envdoctor.core.request import Request
from envdoctor.environments.provide import provide
from envdoctor.environments.spec import environment_spec
from envdoctor.environments.status import State, status
from envdoctor.executors.local import LocalExecutor
from envdoctor.pipeline.judging import judge_rest
from envdoctor.pipeline.recorder import Recorder
from envdoctor.stages.gates.invocation import run_once
from envdoctor.support.hashing import hash_path
from envdoctor.tflite.reader import read_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.action import Action
    from envdoctor.core.compiler import Compiler
    from envdoctor.core.finding import Finding
    from envdoctor.core.prediction import Prediction
    from envdoctor.environments.spec import EnvironmentSpec
    from envdoctor.executors import Executor

#: Seconds that a compiler may take to answer; Vela needs less than one for a small model.
_PATIENCE = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of asking a compiler.

    Attributes:
        placement: where it puts each operator; None if it did not come to that.
        refusal: why it did not, where it was asked and failed.
        unasked: why it was not asked.
        rest: what is wrong with what it leaves to the CPU.
    """

    placement: Prediction | None = None
    refusal: Finding | None = None
    unasked: str = ""
    rest: tuple[Finding, ...] = ()

    @property
    def unplaced(self) -> str:
        """Why nothing is known of the placement; empty if it is."""
        return self.unasked if self.refusal is None else f"the compiler did not take the model: {self.refusal.message}"


def try_compiler(path: Path, goal: str, compiler: Compiler) -> Trial:
    """Compile a model in a folder that is thrown away, and read off what became of each operator.

    Args:
        path: the .tflite file.
        goal: one of the compiler's, as the user typed it.
        compiler: is asked, if it tells it (`Compiler.placed`).

    """
    try:
        aim = parse_goal(goal)
    except UsageProblem:
        goals = ", ".join(one.name for one in compiler.goals)
        return Trial(unasked=f"{compiler.title} compiles for one goal: name one of {goals}")
    executor = LocalExecutor()
    if compiler.placed is None:
        return Trial(unasked=f"what {compiler.title} makes of an operator is known only when it compiles")
    request = Request(goal=aim, compiler=compiler)
    action = next(one for one in compiler.actions() if one.produces == aim.kind)
    spec = environment_spec(action.environment)
    if status(spec, request, executor).state is not State.MADE:
        how = f"`envdoctor build {shlex.quote(str(path))} --to {goal}` does that once"
        words = f"what {aim.title} takes only {compiler.title} knows, which is not installed: {how}"
        return Trial(unasked=words)
    with _trial(path, spec, request, executor) as context:
        return _run(context, action, compiler)


def try_interpreter(path: Path, interpreter: str = "litert") -> tuple[tuple[Finding, ...], str]:
    """Run a model once, on zeros, in a process of its own.

    Args:
        path: the .tflite file.
        interpreter: the environment of the interpreter.

    Returns:
        What is wrong with it for that interpreter; and why it was not run, in a sentence, if it was not.
    """
    spec, executor, request = environment_spec(interpreter), LocalExecutor(), Request()
    if status(spec, request, executor).state is not State.MADE:
        return (), f"It was not run: {spec.title} is not installed; a build to tflite-int8 does that once."
    with _trial(path, spec, request, executor) as context:
        try:
            return tuple(run_once(context, path)), ""
        except StageFailed as error:  # it got nowhere: no memory, no time, an interpreter that does not start
            return (error.finding,), ""


@contextlib.contextmanager
def _trial(path: Path, spec: EnvironmentSpec, request: Request, executor: Executor) -> Iterator[StageContext]:
    """The context of a stage in an environment that is there and a folder that is thrown away."""
    made = provide(spec, request, None, executor, lambda _: None)
    with tempfile.TemporaryDirectory(prefix=f"envdoctor-{spec.name}-") as name:
        folder = Path(name)
        recorder = Recorder(executor, folder / f"{spec.name}.log", _PATIENCE, None, made.variables, folder)
        yield StageContext(
            source=Artifact(kind=ArtifactKind.TFLITE_INT8, path=path, sha256=hash_path(path)),
            request=request,
            place="local",
            python=made.python,
            reference=None,
            folder=folder,
            run=recorder.run,
            interpreter=lambda _: made.python,
            log=recorder.log,
        )


def _run(context: StageContext, action: Action, compiler: Compiler) -> Trial:
    try:
        output = action.run(context)
        made = read_model(output.path)
    except StageFailed as error:
        return Trial(refusal=error.finding)
    except Unreadable as error:
        return Trial(unasked=f"{compiler.title} wrote a file that can't be read: {error}")
    placed, goal = compiler.placed, context.request.goal
    before = read_model(context.source.path)
    return Trial(
        placement=None if placed is None else placed(before, made, output.summary),
        rest=() if goal is None else tuple(judge_rest(made, goal.runtimes)),
    )

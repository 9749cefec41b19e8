"""What a compiler or an interpreter does with a model: it is asked itself, where its environment is there."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor import registry
from envdoctor.action import StageContext, StageFailed
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.goal import parse_goal
from envdoctor.core.request import Request
from envdoctor.environments.provide import provide
from envdoctor.environments.spec import environment_spec
from envdoctor.environments.status import State, status
from envdoctor.executors.local import LocalExecutor
from envdoctor.pipeline.recorder import Recorder
from envdoctor.stages.gates.invocation import run_once
from envdoctor.support.hashing import hash_path
from envdoctor.tflite.reader import read_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.action import Action
    from envdoctor.core.compiler import Compiler
    from envdoctor.core.finding import Finding
    from envdoctor.core.model_report import OperatorReport
    from envdoctor.environments.spec import EnvironmentSpec
    from envdoctor.executors import Executor

#: Seconds that a compiler may take to answer; Vela needs less than one for a small model.
_PATIENCE = 300.0


def try_compiler(path: Path, goal: str) -> tuple[tuple[OperatorReport, ...], str]:
    """Compile a model in a folder that is thrown away, and read off what became of each operator.

    Args:
        path: the .tflite file.
        goal: of a compiler that tells it (`Compiler.placed`).

    Returns:
        The operators, none if the compiler could not answer; and then why, in a sentence.

    Raises:
        UsageProblem: an unknown goal.
    """
    aim = parse_goal(goal)
    compiler, executor = registry.compilers()[aim.compiler], LocalExecutor()
    request = Request(goal=aim, compiler=compiler)
    action = next(one for one in compiler.actions() if one.produces == aim.kind)
    spec = environment_spec(action.environment)
    if status(spec, request, executor).state is not State.MADE:
        how = f"`envdoctor build {path.name} --to {goal}` does that once"
        return (), f"What {aim.title} takes only {compiler.title} knows, which is not installed: {how}."
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
        return tuple(run_once(context, path)), ""


@contextlib.contextmanager
def _trial(path: Path, spec: EnvironmentSpec, request: Request, executor: Executor) -> Iterator[StageContext]:
    """The context of a stage in an environment that is there and a folder that is thrown away."""
    made = provide(spec, request, None, executor, lambda _: None)
    with tempfile.TemporaryDirectory(prefix=f"envdoctor-{spec.name}-") as name:
        folder = Path(name)
        recorder = Recorder(executor, folder / f"{spec.name}.log", _PATIENCE, None, made.variables)
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


def _run(context: StageContext, action: Action, compiler: Compiler) -> tuple[tuple[OperatorReport, ...], str]:
    if compiler.placed is None:
        return (), f"What {compiler.title} makes of an operator can't be told from its file."
    try:
        output = action.run(context)
    except StageFailed as error:
        return (), f"{compiler.title} did not answer: {error.finding.message}"
    return compiler.placed(read_model(context.source.path), read_model(output.path), output.summary), ""

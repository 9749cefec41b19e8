"""Run one action outside a build: a context with the real executor, and real environments for those that need them."""

from __future__ import annotations

import functools

import pytest

from envdoctor.action import StageContext
from envdoctor.core.artifact import Artifact
from envdoctor.core.errors import EnvironmentProblem, NetworkProblem
from envdoctor.core.goal import parse_goal
from envdoctor.core.request import BuildOptions, Request
from envdoctor.executors.local import LocalExecutor
from envdoctor.pipeline.judging import judge
from envdoctor.pipeline.recorder import Recorder
from envdoctor.pipeline.sources import model_inputs, stored_code
from envdoctor.support.hashing import hash_path

_TIME_LIMIT = 600.0


@functools.cache
def environment_python(name):
    """The interpreter of one of envdoctor's environments, made if it is not there; skips where it can't be had."""
    from envdoctor.environments.making import ensure
    from envdoctor.environments.spec import environment_spec

    try:
        return ensure(environment_spec(name), Request(), LocalExecutor(), lambda _: None).python
    except (EnvironmentProblem, NetworkProblem) as error:
        pytest.skip(f"needs the environment {name}: {error}")


def stage_context(folder, source, goal="tflite-int8", **given):
    """A context for an action.

    `python`, `reference`, `place`, `run` (in place of the executor's) and `request_source` (what the whole route starts
    from) are the context's; everything else is an option of the build.
    """
    own = {name: given.pop(name, None) for name in ("python", "reference", "place", "run", "request_source")}
    folder.mkdir(parents=True, exist_ok=True)
    log = folder.with_name(f"{folder.name}.log")
    recorder = Recorder(LocalExecutor(), log, _TIME_LIMIT, None)
    options = BuildOptions(**given)
    return StageContext(
        source=source,
        request=Request(source=own["request_source"] or source, goal=parse_goal(goal), options=options),
        place=own["place"] or "local",
        python=own["python"],
        reference=own["reference"],
        folder=folder,
        run=own["run"] or recorder.run,
        interpreter=environment_python,
        log=log,
        inputs=lambda: model_inputs(source) or (),
        stored_code=lambda: stored_code(source),
    )


def run_stage(action, folder, source, goal="tflite-int8", **given):
    """Run an action in its real environment, and its gate; returns the judged output and its artifact."""
    python = None if action.environment is None else environment_python(action.environment)
    context = stage_context(folder, source, goal, python=python, **given)
    output = action.run(context)
    artifact = Artifact(kind=action.produces, path=output.path, sha256=hash_path(output.path))
    return judge(context, artifact, output), artifact

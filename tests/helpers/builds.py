"""Builds of made-up actions (test doubles that copy or fail) on a made-up source, with real processes."""

import sys
from pathlib import Path
from types import SimpleNamespace

from envdoctor.action import Action, StageFailed, StageOutput
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.command import Command
from envdoctor.core.finding import Finding, Severity
from envdoctor.core.goal import parse_goal
from envdoctor.core.request import BuildOptions, Request
from envdoctor.core.route import Route, StagePlan
from envdoctor.executors.local import LocalExecutor
from envdoctor.pipeline.runner import run_routes
from envdoctor.pipeline.stage import StageRunner
from envdoctor.pipeline.workspace import open_workspace
from envdoctor.support.hashing import hash_path

K = ArtifactKind
COPY = "import sys; open(sys.argv[2], 'w').write(open(sys.argv[1]).read() + sys.argv[3]); print('copied')"


def copying(name, consumes, produces, word, calls, **rest):
    """An action that copies its input and adds a word, in a process of its own."""

    def run(context):
        calls.append(name)
        target = context.folder / "made.bin"
        context.run(Command(argv=(sys.executable, "-c", COPY, str(context.source.path), str(target), word)))
        return StageOutput(path=target, summary={"word": word, "python": str(context.python)})

    return Action(name=name, title=name, consumes=frozenset({consumes}), produces=produces, run=run, **rest)


def failing(name, consumes, produces, error):
    def run(context):
        (context.folder / "half").write_text("half")
        raise error

    return Action(name=name, title=name, consumes=frozenset({consumes}), produces=produces, run=run)


def route(*actions):
    stages = tuple(
        StagePlan(action=a.name, title=a.title, produces=a.produces, environment=a.environment) for a in actions
    )
    return Route(name="+".join(a.name for a in actions), stages=tuple(stages))


def problem(message="no"):
    return StageFailed(Finding(code="RUN005", name="x", severity=Severity.ERROR, subject="s", message=message))


def environment(version="1", identity="a"):
    variables = {"ED_STAGE": "1"}
    return SimpleNamespace(
        python=Path(sys.executable), distributions={"tf": version}, identity=identity, variables=variables
    )


class Bench:
    """One build on a made-up source."""

    def __init__(self, folder):
        self.out = folder / "out"
        self.source = folder / "m.keras"
        self.source.write_text("model")
        self.calls = []
        self.events = []
        self.options = BuildOptions()
        self.provide = lambda name: environment()
        self.traits = frozenset()
        self.gate = lambda context, artifact, output: output

    def run(self, *routes, actions, fresh=False):
        artifact = Artifact(kind=K.KERAS, path=self.source, sha256=hash_path(self.source), traits=self.traits)
        request = Request(source=artifact, goal=parse_goal("ethos-u55-128"), options=self.options)
        with open_workspace(self.out) as workspace:
            runner = StageRunner(
                request=request,
                workspace=workspace,
                executor=LocalExecutor(),
                gate=self.gate,
                provide=self.provide,
                fresh=fresh,
            )
            table = {one.name: one for one in actions}
            return tuple(run_routes(routes, table, artifact, runner, self.events.append))

    def leftovers(self):
        return sorted(path.name for path in (self.out / ".envdoctor").glob("tmp-*"))

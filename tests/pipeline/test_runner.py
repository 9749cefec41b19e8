"""The runner and its stages, on real processes and made-up actions (test doubles that copy or fail)."""

import errno
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from envdoctor.action import Action, StageFailed, StageOutput
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.command import Command
from envdoctor.core.errors import BuildFailed, EnvironmentProblem, NetworkProblem
from envdoctor.core.events import RouteFailed, RouteStarted, StageEnded, StageStarted
from envdoctor.core.finding import Finding, Severity
from envdoctor.core.goal import parse_goal
from envdoctor.core.hashing import hash_path
from envdoctor.core.request import BuildOptions, Request
from envdoctor.core.route import Route, StagePlan, StageStatus
from envdoctor.executors.local import LocalExecutor
from envdoctor.pipeline.runner import run_routes
from envdoctor.pipeline.stage import StageRunner
from envdoctor.pipeline.workspace import open_workspace

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


class Bench:
    """One build on a made-up source."""

    def __init__(self, folder):
        self.out = folder / "out"
        self.source = folder / "m.keras"
        self.source.write_text("model")
        self.calls = []
        self.events = []
        self.options = BuildOptions()
        self.provide = lambda name: SimpleNamespace(
            python=Path(sys.executable), distributions={"tf": "1"}, variables={"ED_STAGE": "1"}
        )
        self.gate = lambda context, artifact, output: output

    def run(self, *routes, actions, fresh=False):
        artifact = Artifact(kind=K.KERAS, path=self.source, sha256=hash_path(self.source))
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


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def test_stages_hand_on_what_they_made(bench):
    one = copying("a", K.KERAS, K.TFLITE_INT8, "+a", bench.calls)
    two = copying("b", K.TFLITE_INT8, K.VELA_TFLITE, "+b", bench.calls)
    (attempt,) = bench.run(route(one, two), actions=[one, two])
    assert attempt.succeeded
    final = attempt.results[-1].artifact
    assert final.path.read_text() == "model+a+b"
    assert final.sha256 == hash_path(final.path)
    first = attempt.results[0]
    assert first.status is StageStatus.DONE
    assert first.seconds > 0
    assert first.commands[0][0] == sys.executable
    assert first.log.read_text() == "copied\n"
    kinds = [type(event) for event in bench.events]
    assert kinds == [RouteStarted, StageStarted, StageEnded, StageStarted, StageEnded]


def test_a_failed_stage_ends_its_route_and_the_next_begins(bench):
    bad = failing("bad", K.KERAS, K.TFLITE_INT8, problem("killed by SIGSEGV"))
    good = copying("good", K.KERAS, K.TFLITE_INT8, "+g", bench.calls)
    last = copying("last", K.TFLITE_INT8, K.VELA_TFLITE, "+l", bench.calls)
    first, second = bench.run(route(bad, last), route(good, last), route(bad), actions=[bad, good, last])
    assert not first.succeeded
    assert [result.status for result in first.results] == [StageStatus.FAILED]
    assert first.results[0].findings[-1].message == "killed by SIGSEGV"
    assert second.succeeded
    assert any(isinstance(event, RouteFailed) for event in bench.events)
    assert bench.leftovers() == []


def test_a_second_run_reuses_what_is_the_same(bench):
    one = copying("a", K.KERAS, K.TFLITE_INT8, "+a", bench.calls)
    bench.run(route(one), actions=[one])
    (attempt,) = bench.run(route(one), actions=[one])
    assert bench.calls == ["a"]
    result = attempt.results[0]
    assert result.status is StageStatus.REUSED
    assert result.summary["word"] == "+a"
    assert attempt.succeeded


@pytest.mark.parametrize("change", ["source", "options", "environment", "version", "damage", "fresh"])
def test_a_second_run_does_not_reuse_what_changed(bench, change):
    one = copying("a", K.KERAS, K.TFLITE_INT8, "+a", bench.calls, environment="tensorflow")
    bench.run(route(one), actions=[one])
    if change == "source":
        bench.source.write_text("other")
    elif change == "options":
        bench.options = BuildOptions(io_type="uint8")
    elif change == "environment":
        bench.provide = lambda name: SimpleNamespace(
            python=Path(sys.executable), distributions={"tf": "2"}, variables={"ED_STAGE": "1"}
        )
    elif change == "version":
        one = copying("a", K.KERAS, K.TFLITE_INT8, "+a", bench.calls, environment="tensorflow", version=2)
    elif change == "damage":
        (made,) = bench.out.glob(".envdoctor/stages/*/made.bin")
        made.write_text("damaged")
    (attempt,) = bench.run(route(one), actions=[one], fresh=change == "fresh")
    assert bench.calls == ["a", "a"]
    assert attempt.results[0].artifact.path.read_text().endswith("+a")


def test_an_option_that_the_action_does_not_look_at_changes_nothing(bench):
    one = copying("a", K.KERAS, K.TFLITE_INT8, "+a", bench.calls, options=frozenset({"compiler_args"}))
    bench.run(route(one), actions=[one])
    bench.options = BuildOptions(io_type="uint8", stage_timeout=5)
    bench.run(route(one), actions=[one])
    assert bench.calls == ["a"]


def test_two_routes_share_a_stage_even_when_nothing_old_is_reused(bench):
    one = copying("a", K.KERAS, K.TFLITE_INT8, "+a", bench.calls)
    bad = failing("bad", K.TFLITE_INT8, K.VELA_TFLITE, problem())
    two = copying("b", K.TFLITE_INT8, K.VELA_TFLITE, "+b", bench.calls)
    bench.run(route(one, bad), route(one, two), actions=[one, bad, two], fresh=True)
    assert bench.calls == ["a", "b"]


def test_a_gate_can_add_and_refuse(bench):
    def gate(context, artifact, output):
        if output.summary["word"] == "+bad":
            raise problem("not int8")
        return StageOutput(path=output.path, summary={**output.summary, "gate": "passed"})

    bench.gate = gate
    bad = copying("bad", K.KERAS, K.TFLITE_INT8, "+bad", bench.calls)
    good = copying("good", K.KERAS, K.TFLITE_INT8, "+good", bench.calls)
    refused, passed = bench.run(route(bad), route(good), actions=[bad, good])
    assert refused.results[0].findings[-1].message == "not int8"
    assert passed.results[0].summary["gate"] == "passed"


@pytest.mark.parametrize(
    ("error", "code"), [(EnvironmentProblem("no Python fits"), "RUN001"), (NetworkProblem("down"), "NET001")]
)
def test_an_environment_that_cannot_be_made_is_a_finding(bench, error, code):
    def provide(name):
        raise error

    bench.provide = provide
    one = copying("a", K.KERAS, K.TFLITE_INT8, "+a", bench.calls, environment="tensorflow")
    two = copying("b", K.KERAS, K.TFLITE_INT8, "+b", bench.calls)
    first, second = bench.run(route(one), route(two), actions=[one, two])
    assert first.results[0].findings[0].code == code
    assert str(error) in first.results[0].findings[0].message
    assert second.succeeded


def test_a_full_disk_ends_the_build_with_one_sentence(bench):
    full = failing("full", K.KERAS, K.TFLITE_INT8, OSError(errno.ENOSPC, "No space left on device", "/x"))
    with pytest.raises(BuildFailed, match="/x: No space left on device"):
        bench.run(route(full), actions=[full])
    assert bench.leftovers() == []


def test_an_interrupt_leaves_nothing_half_made(bench):
    stopped = failing("s", K.KERAS, K.TFLITE_INT8, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        bench.run(route(stopped), actions=[stopped])
    assert bench.leftovers() == []
    assert not list(bench.out.glob(".envdoctor/stages/*"))


def test_a_stage_is_held_to_its_time_limit(bench):
    def run(context):
        result = context.run(Command(argv=(sys.executable, "-c", "import time; time.sleep(60)")))
        raise problem(result.describe_failure())

    slow = Action(name="slow", title="slow", consumes=frozenset({K.KERAS}), produces=K.TFLITE_INT8, run=run)
    bench.options = BuildOptions(stage_timeout=0.5)
    (attempt,) = bench.run(route(slow), actions=[slow])
    assert "time limit" in attempt.results[0].findings[0].message

"""One stage: what is reused, what is refused, and what is left when it fails; on real processes and made-up actions."""

import contextlib
import dataclasses
import errno
import json
import os
import sys
from pathlib import Path

import pytest

from builds import Bench, copying, environment, failing, problem, route
from envdoctor.action import Action, StageFailed, StageOutput
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.command import Command
from envdoctor.core.errors import BuildFailed, EnvironmentProblem, NetworkProblem
from envdoctor.core.finding import Evidence
from envdoctor.core.request import BuildOptions
from envdoctor.core.route import StageStatus
from envdoctor.pipeline import key

K = ArtifactKind


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def test_a_second_run_reuses_what_is_the_same(bench):
    one = copying("a", K.KERAS, K.TFLITE_INT8, "+a", bench.calls)
    bench.run(route(one), actions=[one])
    (attempt,) = bench.run(route(one), actions=[one])
    assert bench.calls == ["a"]
    result = attempt.results[0]
    assert result.status is StageStatus.REUSED
    assert result.summary["word"] == "+a"
    assert attempt.succeeded


def other_source(bench, _):
    bench.source.write_text("other")


def other_name(bench, _):
    bench.source = bench.source.rename(bench.source.with_name("n.keras"))


def other_options(bench, _):
    bench.options = BuildOptions(io_type="uint8")


def other_code(_, monkeypatch):
    monkeypatch.setattr(key, "hash_code", lambda *_folders: "other")


def other_product(bench, _):
    (made,) = bench.out.glob(".envdoctor/stages/*/made.bin")
    made.write_text("damaged")


def environment_of(**given):
    def change(bench, _):
        bench.provide = lambda name: environment(**given)

    return change


CHANGES = {
    "source": other_source,
    "name": other_name,
    "options": other_options,
    "own code": other_code,
    "damage": other_product,
    "environment": environment_of(version="2"),
    "built anew": environment_of(identity="b"),
    "editable": environment_of(identity=None),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_a_second_run_does_not_reuse_what_changed(bench, change, monkeypatch):
    one = copying("a", K.KERAS, K.TFLITE_INT8, "+a", bench.calls, environment="tensorflow")
    bench.run(route(one), actions=[one])
    CHANGES[change](bench, monkeypatch)
    (attempt,) = bench.run(route(one), actions=[one])
    assert bench.calls == ["a", "a"]
    assert attempt.results[0].artifact.path.read_text().endswith("+a")


@pytest.mark.slow
@pytest.mark.parametrize(("version", "fresh"), [(2, False), (1, True)])
def test_another_version_of_an_action_or_the_users_wish_runs_it_again(bench, version, fresh):
    for given, wish in ((1, False), (version, fresh)):
        one = copying("a", K.KERAS, K.TFLITE_INT8, "+a", bench.calls, version=given)
        bench.run(route(one), actions=[one], fresh=wish)
    assert bench.calls == ["a", "a"]


def test_an_option_that_the_action_does_not_look_at_changes_nothing(bench):
    one = copying("a", K.KERAS, K.TFLITE_INT8, "+a", bench.calls, options=frozenset({"compiler_args"}))
    bench.run(route(one), actions=[one])
    bench.options = BuildOptions(io_type="uint8", stage_timeout=5)
    bench.run(route(one), actions=[one])
    assert bench.calls == ["a"]


def test_a_tool_is_told_by_what_it_is_not_by_where(bench):
    tool = {"compiler": "old"}
    one = copying("a", K.KERAS, K.TFLITE_INT8, "+a", bench.calls, tool=lambda request, place, executor: tool)
    bench.run(route(one), actions=[one])
    bench.run(route(one), actions=[one])
    assert bench.calls == ["a"]
    tool["compiler"] = "new"
    bench.run(route(one), actions=[one])
    assert bench.calls == ["a", "a"]


@pytest.mark.slow
def test_what_an_unknown_tool_made_is_shared_in_one_build_alone(bench):
    one = copying("a", K.KERAS, K.TFLITE_INT8, "+a", bench.calls, tool=lambda request, place, executor: None)
    bad = failing("bad", K.TFLITE_INT8, "vela-tflite", problem())
    two = copying("b", K.TFLITE_INT8, "vela-tflite", "+b", bench.calls)
    bench.run(route(one, bad), route(one, two), actions=[one, bad, two])
    assert bench.calls == ["a", "b"]
    bench.run(route(one), actions=[one])
    assert bench.calls == ["a", "b", "a"]


class GateDouble:
    """A gate that asks for an environment, and passes without it; a test double."""

    def __call__(self, context, artifact, output):
        with contextlib.suppress(EnvironmentProblem):
            context.interpreter("litert")
        return output


@pytest.mark.parametrize(
    ("then", "now", "runs"),
    [
        (environment(), environment(), 1),
        (environment(), environment("2"), 2),
        (environment(), environment(identity="b"), 2),
        (environment(), None, 1),
        (None, None, 1),
        (None, environment(), 2),
        (environment(identity=None), environment(identity=None), 2),
    ],
)
def test_a_product_is_judged_again_when_its_judge_is_another(bench, then, now, runs):
    def providing(one):
        def provide(name):
            if one is None:
                raise EnvironmentProblem("it can't be had")
            return one

        return provide

    bench.gate = GateDouble()
    one = copying("a", K.KERAS, K.TFLITE_INT8, "+a", bench.calls)
    for given in (then, now):
        bench.provide = providing(given)
        bench.run(route(one), actions=[one])
    assert len(bench.calls) == runs


def test_a_damaged_reference_or_log_is_not_reused(bench):
    def run(context):
        bench.calls.append("a")
        for name in ("made.bin", "made.log"):
            (context.folder / name).write_text(name)
        (context.folder / "reference").mkdir()
        (context.folder / "reference" / "0.npy").write_text("x")
        made = context.folder / "made.bin"
        return StageOutput(path=made, files=(made.with_suffix(".log"),), reference=context.folder / "reference")

    one = Action(name="a", title="a", consumes=frozenset({K.KERAS}), produces=K.TFLITE_INT8, run=run)
    bench.run(route(one), actions=[one])
    for number, name in enumerate(("reference/0.npy", "made.log"), start=2):
        (file,) = bench.out.glob(f".envdoctor/stages/*/{name}")
        file.unlink()
        (attempt,) = bench.run(route(one), actions=[one])
        assert (attempt.succeeded, len(bench.calls)) == (True, number)
    (file,) = bench.out.glob(".envdoctor/stages/*/stage.json")
    file.unlink()
    os.mkfifo(file)
    (attempt,) = bench.run(route(one), actions=[one])
    assert (attempt.succeeded, len(bench.calls)) == (True, 4)


@pytest.mark.slow
def test_two_routes_share_a_stage_even_when_nothing_old_is_reused(bench):
    one = copying("a", K.KERAS, K.TFLITE_INT8, "+a", bench.calls)
    bad = failing("bad", K.TFLITE_INT8, "vela-tflite", problem())
    two = copying("b", K.TFLITE_INT8, "vela-tflite", "+b", bench.calls)
    bench.run(route(one, bad), route(one, two), actions=[one, bad, two], fresh=True)
    assert bench.calls == ["a", "b"]


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_failed_stage_can_be_run_again_by_hand(bench):
    """The request is kept beside the log, and the commands and the evidence name it there."""

    def run(context):
        requests = context.folder / "requests"
        requests.mkdir()
        (requests / "1-x.json").write_text(json.dumps({"output": str(context.folder / "m"), "source": "/else"}))
        result = context.run(Command(argv=(sys.executable, "-c", "print(1)", str(requests / "1-x.json"))))
        evidence = (Evidence(source=" ".join(result.argv), excerpt="no"),)
        raise StageFailed(dataclasses.replace(problem().finding, evidence=evidence))

    one = Action(name="a", title="a", consumes=frozenset({K.KERAS}), produces=K.TFLITE_INT8, run=run)
    (attempt,) = bench.run(route(one), actions=[one])
    (result,) = attempt.results
    request = Path(result.commands[0][-1])
    assert request == result.log.with_suffix("") / "requests" / "1-x.json"
    assert json.loads(request.read_text()) == {"output": str(result.log.with_suffix("") / "m"), "source": "/else"}
    assert str(request) in result.findings[0].evidence[0].source
    assert bench.leftovers() == []
    good = copying("a", K.KERAS, K.TFLITE_INT8, "+a", bench.calls)
    (attempt,) = bench.run(route(good), actions=[good])
    assert attempt.results[0].log == result.log
    assert not request.exists()


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


def test_temporary_files_of_a_stages_programs_lie_in_its_folder_and_vanish(bench):
    script = "import tempfile; tempfile.mkdtemp(); print(tempfile.mkstemp()[1])"
    named = []

    def run(context):
        argv = (sys.executable, "-c", script)
        named.append((context.folder, Path(context.run(Command(argv=argv)).stdout.splitlines()[-1])))
        assert not list(context.folder.iterdir())
        raise problem("enough")

    leaving = Action(name="leaving", title="leaving", consumes=frozenset({K.KERAS}), produces=K.TFLITE_INT8, run=run)
    bench.run(route(leaving), actions=[leaving])
    ((folder, file),) = named
    assert folder in file.parents
    assert not file.exists()

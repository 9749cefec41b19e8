"""Routes one after the other, on real processes and made-up actions."""

import sys

import pytest

from builds import Bench, copying, failing, problem, route
from envdoctor.action import StageFailed
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.events import RouteFailed, RouteStarted, StageEnded, StageStarted
from envdoctor.core.route import StageStatus
from envdoctor.stages.problems import finding
from envdoctor.support.hashing import hash_path

K = ArtifactKind


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


@pytest.mark.parametrize("name", ["code-not-trusted", "lambda-refused"])
def test_a_refusal_for_trust_ends_the_build(bench, name):
    refusal = StageFailed(finding(name, "model.h5", words="it holds code"))
    careful = failing("careful", K.KERAS, K.TFLITE_INT8, refusal)
    careless = copying("careless", K.KERAS, K.TFLITE_INT8, "+ran", bench.calls)
    attempts = bench.run(route(careful), route(careless), actions=[careful, careless])
    assert [attempt.route.name for attempt in attempts] == ["careful"]
    assert bench.calls == [], "the other route would have run what was refused"
    assert isinstance(bench.events[-1], RouteFailed)


def test_stages_hand_on_what_they_made(bench):
    one = copying("a", K.KERAS, K.TFLITE_INT8, "+a", bench.calls)
    two = copying("b", K.TFLITE_INT8, "vela-tflite", "+b", bench.calls)
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
    last = copying("last", K.TFLITE_INT8, "vela-tflite", "+l", bench.calls)
    first, second = bench.run(route(bad, last), route(good, last), route(bad), actions=[bad, good, last])
    assert not first.succeeded
    assert [result.status for result in first.results] == [StageStatus.FAILED]
    assert first.results[0].findings[-1].message == "killed by SIGSEGV"
    assert second.succeeded
    assert any(isinstance(event, RouteFailed) for event in bench.events)
    assert bench.leftovers() == []

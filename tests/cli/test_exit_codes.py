"""A gap is never exit code 0, and what does not apply is none."""

import json

import pytest

from compiled_models import int8_model
from envdoctor.cli import main
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.finding import Outcome
from envdoctor.core.report import Report
from envdoctor.core.route import Reason, Route, StagePlan, Verdict
from envdoctor.core.summary import exit_code
from keras_files import write_keras
from sample_reports import result


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.PASSED, 0),
        (Outcome.DOES_NOT_APPLY, 0),
        (Outcome.UNKNOWN, 1),
        (Outcome.CRASHED, 1),
        (Outcome.TIMED_OUT, 1),
    ],
)
def test_the_code_of_each_outcome(outcome, code):
    report = Report(command="check", version="1", created="now", probes=(result("HST001", "x", outcome, reason="why"),))
    assert exit_code(report) == code
    assert report.complete == (code == 0)


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([Verdict.READY], 0),
        ([Verdict.FIXABLE], 0),
        ([Verdict.UNKNOWN], 1),
        ([Verdict.UNKNOWN, Verdict.FIXABLE], 1),
        ([Verdict.BLOCKED, Verdict.UNKNOWN], 3),
    ],
)
def test_the_code_of_routes_is_that_of_the_best(monkeypatch, tmp_path, verdicts, code):
    reasons = tuple(Reason(verdict=verdict, text="why") for verdict in verdicts)
    stage = StagePlan(action="a", title="t", produces=ArtifactKind.TFLITE_INT8, reasons=reasons)
    report = Report(command="routes", version="1", created="now", routes=(Route(name="a", stages=(stage,)),))
    monkeypatch.setattr("envdoctor.doctor.routes.plan", lambda *_, **__: report)
    assert main(["routes", str(write_keras(tmp_path / "m.keras")), "--to", "tflite-int8"]) == code


@pytest.mark.slow
def test_a_build_that_waits_for_a_person_has_not_failed(tmp_path, capsys):
    (tmp_path / "m_int8.tflite").write_bytes(int8_model())
    words = ["build", str(tmp_path / "m_int8.tflite"), "--to", "edgetpu", "--route", "notebook", "--out", str(tmp_path)]
    assert main(words) == 6
    printed = capsys.readouterr()
    assert "Waiting for you" in printed.out
    assert "failed" not in printed.out + printed.err
    assert (tmp_path / "m_int8_edgetpu.ipynb").is_file()
    main([*words, "--json"])
    (attempt,) = json.loads(capsys.readouterr().out)["attempts"]
    assert attempt["results"][-1]["status"] == "waiting"


def test_all_goals_are_ranked_for_a_model_alone(capsys):
    assert main(["routes", "--to", "any"]) == 2
    assert "--to any ranks the goals for one model; name a MODEL." in capsys.readouterr().err

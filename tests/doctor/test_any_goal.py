"""Every goal in one table, ranked by how far this machine is from it."""

import zipfile

import pytest

from compiled_models import int8_model
from envdoctor.core.errors import UsageProblem
from envdoctor.core.goal import goal_names
from envdoctor.core.request import BuildOptions
from envdoctor.core.route import Verdict
from envdoctor.doctor.any_goal import every_goal
from envdoctor.environments.choice import Choice
from envdoctor.tflite.bundles import pack_bundle
from envdoctor_reports import markdown, terminal
from onnx_bytes import model, node, value

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """Nothing is made, and no Python is there to make an environment with."""
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("envdoctor.environments.status.choose", lambda *_: Choice(reason="no Python fits"))


@pytest.fixture
def onnx_file(tmp_path):
    file = tmp_path / "m.onnx"
    file.write_bytes(model(value("x", 1, 4), node("Relu")))
    return file


def test_all_goals_are_told_and_none_is_called_open_that_is_not(onnx_file):
    report = every_goal(onnx_file, offline=True)
    assert {row.goal.name for row in report.goals} == set(goal_names())
    rows = {row.goal.name: row for row in report.goals}
    assert not rows["qualcomm-sm8750"].takeable
    assert rows["qualcomm-sm8750"].obstacle == "no Python fits"
    assert rows["executorch-xnnpack"].route is None
    assert "not from onnx" in rows["executorch-xnnpack"].obstacle


def test_the_nearest_goals_come_first(tmp_path):
    file = tmp_path / "m.tflite"
    file.write_bytes(int8_model())
    report = every_goal(file, offline=True)
    order = [(not row.takeable, row.verdict) for row in report.goals]
    assert order == sorted(order)
    itself = next(row for row in report.goals if row.goal.name == "tflite-int8")
    assert (itself.verdict, itself.obstacle) == (Verdict.BLOCKED, "the model is that already")


def test_of_a_bundle_the_goals_of_bundles_are_open(tmp_path):
    file = tmp_path / "m.task"
    file.write_bytes(pack_bundle([(zipfile.ZipInfo(f"{name}.tflite"), int8_model()) for name in "ab"]))
    rows = {row.goal.name: row for row in every_goal(file, offline=True).goals}
    assert rows["tflite-dynamic"].route is not None
    assert "name it with --part" in rows["edgetpu"].obstacle


def test_an_option_for_one_goal_leaves_the_others_blocked(onnx_file):
    rows = {row.goal.name: row for row in every_goal(onnx_file, options=BuildOptions(arena=65536), offline=True).goals}
    assert rows["tflm"].route is not None
    assert "--arena is for a microcontroller" in rows["edgetpu"].obstacle


def test_every_format_shows_the_table(onnx_file):
    report = every_goal(onnx_file, offline=True)
    for text in (terminal.render(report, width=200), markdown.render(report).replace("\\", "")):
        assert [row.goal.name for row in report.goals if row.goal.name not in text] == []
        assert "no Python fits" in text


def test_what_is_no_model_is_refused(tmp_path):
    file = tmp_path / "m.onnx"
    file.write_text("no")
    with pytest.raises(UsageProblem):
        every_goal(file, options=BuildOptions(), offline=True)

"""The stage for Rockchip, with a stand-in for the toolkit (stand_in/rknn); the real one with ENVDOCTOR_LARGE_TESTS."""

import json
import os
import sys
from pathlib import Path

import pytest

from compiled_files import rknn
from envdoctor.action import StageFailed, StageOutput
from envdoctor.compilers.rknn.action import ACTION
from envdoctor.compilers.rknn.chips import chip_of
from envdoctor.compilers.rknn.gate import judge_rknn
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.goal import goal_names, parse_goal
from envdoctor.core.request import BuildOptions
from envdoctor.core.route import Verdict
from envdoctor.doctor.routes import make_request
from envdoctor.environments.status import EnvironmentStatus, State
from envdoctor.facts import Facts
from envdoctor.facts.environments import Environments, needs_permission
from envdoctor.pipeline.sources import identify
from envdoctor.stages.workers.stage import Problem
from onnx_bytes import model, node, value
from stages import environment_python, stage_context

#: What rknn-toolkit2 2.5.0 printed on a small net for rk3588, with 0 from every step.
RECORDED = [
    "I rknn-toolkit2 version: 2.5.0",
    "W build: the default output dtype of 'y' is changed",
    "I rknn building ...",
]
ERROR = "\x1b[31mE RKNN: [14:02:11.482] Unkown op target: 0\x1b[0m"


@pytest.fixture
def toolkit(monkeypatch):
    """What the stand-in is told to do."""
    pytest.importorskip("numpy")
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "stand_in"))
    for name in ("rknn", "rknn.api"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import rknn.api

    rknn.api.PLAN.update(prints={"build": RECORDED}, writes=globals()["rknn"]())
    yield rknn.api.PLAN
    for name in ("rknn", "rknn.api"):
        sys.modules.pop(name, None)


@pytest.fixture
def build(tmp_path, toolkit):
    def run(**given):
        from envdoctor.compilers.rknn.workers import build_model

        request = {
            "source": str(tmp_path / "m.onnx"),
            "inputs": [["x", [None, 3, 8, 8], "float32"]],
            "chip": "rk3588",
            "output": str(tmp_path / "m.rknn"),
            "work": str(tmp_path),
        }
        return build_model.run(request | given)

    return run


def test_what_the_toolkit_is_asked(build, toolkit, tmp_path):
    values = build(random=True)
    calls = dict(toolkit["calls"])
    assert calls["config"] == {"target_platform": "rk3588"}
    assert calls["load_onnx"] == {"model": str(tmp_path / "m.onnx"), "inputs": ["x"], "input_size_list": [[1, 3, 8, 8]]}
    assert calls["build"]["do_quantization"] is True
    lines = Path(calls["build"]["dataset"]).read_text().splitlines()
    assert len(lines) == 100
    assert Path(lines[0]).is_file()
    assert values["arithmetic"] == "int8"
    assert "not_run" in values
    assert (tmp_path / "m.rknn").read_bytes() == rknn()


def test_without_samples_it_stays_in_floats(build, toolkit):
    assert build()["arithmetic"] == "float16"
    assert dict(toolkit["calls"])["build"] == {"do_quantization": False, "dataset": None}


@pytest.mark.parametrize("step", ["config", "load_onnx", "build", "export_rknn"])
def test_an_error_that_is_printed_is_a_failure_whatever_is_returned(build, toolkit, tmp_path, step):
    toolkit["prints"] = {step: [*RECORDED, ERROR]}
    with pytest.raises(Problem) as caught:
        build()
    assert (caught.value.name, str(caught.value)) == ("rknn-said-error", f"RKNN: Unkown op target: 0 (in {step})")
    assert not (tmp_path / "m.rknn").exists()


def test_a_step_that_fails_is_told_in_the_toolkits_words(build, toolkit):
    toolkit["returns"] = {"load_onnx": -1}
    toolkit["prints"] = {"load_onnx": ["E load_onnx: The input shape ['n', 8] of 'x' is not support!"]}
    with pytest.raises(Problem) as caught:
        build()
    assert caught.value.name == "rknn-refused"
    assert str(caught.value) == "load_onnx: The input shape ['n', 8] of 'x' is not support!; load_onnx returned -1"
    toolkit.update(returns={}, prints={}, raises={"build": SystemExit(1)})
    with pytest.raises(Problem, match="build: 1"):
        build()


@pytest.mark.parametrize(("content", "words"), [(None, "is not there"), (b"", "is empty")])
def test_no_file_and_an_empty_one_are_no_success(build, toolkit, content, words):
    toolkit["writes"] = content
    with pytest.raises(Problem) as caught:
        build()
    assert caught.value.name == "rknn-wrote-nothing"
    assert words in str(caught.value)


@pytest.fixture
def judge(tmp_path):
    def run(content, goal="rknn-rk3588", **summary):
        source = Artifact(kind=ArtifactKind.ONNX, path=tmp_path / "m.onnx", sha256="0")
        file = tmp_path / "m.rknn"
        file.write_bytes(content)
        return judge_rknn(stage_context(tmp_path / "s", source, goal), StageOutput(path=file, summary=summary))

    return run


def test_chip_and_version_are_read_back(judge):
    output = judge(rknn(), toolkit="2.5.0")
    assert (output.summary["chip"], output.summary["version"]) == ("RK3588", "2.5.0")
    assert [one.name for one in output.findings] == ["not-compared"]
    assert "rknn-version-differs" in {one.name for one in judge(rknn(), toolkit="2.3.2").findings}
    assert judge(rknn(chip=b"rk3566"), "rknn-rk3568").summary["chip"] == "RK3566"


@pytest.mark.parametrize(
    ("content", "goal", "name"),
    [
        (rknn(), "rknn-rk3566", "rknn-other-chip"),
        (b"", "rknn-rk3588", "file-truncated"),
        (rknn()[:-10], "rknn-rk3588", "file-truncated"),
        (b"RKNN placeholder", "rknn-rk3588", "file-truncated"),
    ],
)
def test_a_file_that_is_not_the_goals_is_refused(judge, content, goal, name):
    with pytest.raises(StageFailed) as caught:
        judge(content, goal)
    assert caught.value.finding.name == name


def test_gigabytes_are_fetched_only_if_that_is_allowed(tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(model(value("x", 1, 4), node("Relu")))
    status = EnvironmentStatus(
        name="rknn",
        title="rknn-toolkit2",
        state=State.MAKEABLE,
        download=3010 * 10**6,
        installed=5570 * 10**6,
        version="3.11",
    )
    facts = Facts(environments=Environments(statuses={"rknn": status}))  # the user's own is not known
    needs = needs_permission("rknn", "it brings torch along")
    (reason,) = needs(facts, make_request(path, "rknn-rk3588", BuildOptions()))
    assert reason.verdict is Verdict.FIXABLE
    assert "it brings torch along: 3.0 GB to download and 5.6 GB on disk" in reason.text
    assert "--allow-large" in reason.fix.text
    assert not list(needs(facts, make_request(path, "rknn-rk3588", BuildOptions(allow_large=True))))


def test_every_goal_has_a_chip():
    goals = [goal for goal in map(parse_goal, goal_names()) if goal.compiler == "rknn"]
    assert goals
    assert all(chip_of(goal).target for goal in goals)


@pytest.mark.integration
@pytest.mark.timeout(3600)
@pytest.mark.skipif("ENVDOCTOR_LARGE_TESTS" not in os.environ, reason="ENVDOCTOR_LARGE_TESTS is not set: 5.6 GB")
def test_the_real_toolkit(tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(model(value("x", 1, 4), node("Relu")))
    context = stage_context(
        tmp_path / "s", identify(path), "rknn-rk3588", python=environment_python("rknn"), random_calibration=True
    )
    judged = judge_rknn(context, ACTION.run(context))
    assert judged.summary["chip"] == "RK3588", json.dumps(judged.summary)

"""The stage for Rockchip, with a stand-in for the toolkit (stand_in/rknn); the real one with ENVDOCTOR_LARGE_TESTS."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from compiled_files import rknn
from envdoctor import registry
from envdoctor.action import StageFailed, StageOutput
from envdoctor.compilers.rknn.action import ACTION, needs_older_opset
from envdoctor.compilers.rknn.chips import chip_of
from envdoctor.compilers.rknn.gate import judge_rknn
from envdoctor.compilers.rknn.workers.log import read_log
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
from keras_files import DATA
from onnx_bytes import model, node, value
from stages import environment_python, stage_context

#: What rknn-toolkit2 2.5.0 printed, with 0 from every step.
SAID = {path.stem: path.read_text("utf-8") for path in (DATA / "rknn").glob("*.txt")}
RECORDED = SAID["gather_int8"].splitlines()
#: Its own, coloured as Python's side of it colours them, and plain as the compiler writes them.
WORDS = "build: If a quantized model has been import, please set do_quantization = False"
ERROR = f"\x1b[1;31mE\x1b[0m \x1b[1;31m{WORDS}.\x1b[0m"
COMPILERS_ERROR = "E RKNN: [14:02:11.482] failed to allocate memory"


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
    assert (tmp_path / lines[0]).is_file()
    assert not any(" " in line for line in lines), "the toolkit parts a line at spaces"
    assert values["arithmetic"] == "int8"
    assert "not_run" in values
    assert (tmp_path / "m.rknn").read_bytes() == rknn()


def test_without_samples_it_stays_in_floats(build, toolkit):
    assert build()["arithmetic"] == "float16"
    assert dict(toolkit["calls"])["build"] == {"do_quantization": False, "dataset": None}


@pytest.mark.parametrize("step", ["config", "load_onnx", "build", "export_rknn"])
@pytest.mark.parametrize(
    "told", [(ERROR, WORDS), (COMPILERS_ERROR, "failed to allocate memory")], ids=["python", "compiler"]
)
def test_an_error_that_is_printed_is_a_failure_whatever_is_returned(build, toolkit, tmp_path, step, told):
    line, words = told
    toolkit["prints"] = {step: [*RECORDED, line]}
    with pytest.raises(Problem) as caught:
        build()
    assert (caught.value.name, str(caught.value)) == ("rknn-said-error", f"{words} (in {step})")
    assert not (tmp_path / "m.rknn").exists()


def test_what_it_moves_to_the_cpu_is_no_error(build):
    values = build()
    assert values["operators_on_npu"] == {"Conv": 2}
    assert values["operators_on_cpu"] == {"Gather": 1, "Reshape": 2, "Transpose": 1}
    assert values["moved"] == 3


def test_of_a_traceback_the_last_line_is_told():
    assert read_log(SAID["layernorm"]).errors == ("build: KeyError: 'LayerNormalization'",)
    assert read_log(SAID["opset21"]).errors == ("load_onnx: Unsupport onnx opset 21, need <= 19!",)
    assert read_log("").errors == ()


def test_a_batch_that_the_model_fixes_is_kept(build, toolkit, tmp_path):
    numpy = pytest.importorskip("numpy")
    build(inputs=[["x", [4, 3, 8, 8], "float32"]], random=True)
    assert dict(toolkit["calls"])["load_onnx"]["input_size_list"] == [[4, 3, 8, 8]]
    assert numpy.load(tmp_path / "sample_0_0.npy").shape == (4, 3, 8, 8)


def test_a_model_that_is_quantized_keeps_its_numbers(build, toolkit):
    values = build(random=True, quantized=True)
    assert dict(toolkit["calls"])["build"] == {"do_quantization": False, "dataset": None}
    assert values["arithmetic"] == "the model's own integers"


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="C's streams have other names there")
def test_lines_of_c_and_python_do_not_cut_each_other(tmp_path):
    program = (
        "import ctypes, sys; from pathlib import Path\n"
        "from envdoctor.stages.workers.native_output import captured, write_by_line\n"
        "write_by_line()\n"
        "c = ctypes.CDLL(None)\n"
        f"with captured(Path({str(tmp_path / 'said')!r}), (1, 2)) as said:\n"
        "    for number in range(400):\n"
        "        c.printf(b'D RKNN: some words of the compiler that fill its buffer\\n')\n"
        "        print('I python')\n"
        "        print('E told', file=sys.stderr)\n"
        "    c.printf(b'E the last\\n')\n"
        "lines = [line for line in said[0].splitlines() if line]\n"
        "assert {line[:2] for line in lines} == {'D ', 'I ', 'E '}, lines\n"
        "assert lines.count('E told') == 400 and 'E the last' in lines\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_a_step_that_fails_is_told_in_the_toolkits_words(build, toolkit):
    toolkit["returns"] = {"load_onnx": -1}
    toolkit["prints"] = {"load_onnx": ["E load_onnx: The input shape ['n', 8] of 'x' is not support!"]}
    with pytest.raises(Problem) as caught:
        build()
    assert caught.value.name == "rknn-refused"
    assert str(caught.value) == "load_onnx: The input shape ['n', 8] of 'x' is not support!"
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
    ("name", "goal", "inputs"),
    [("relu_rk3566_float", "rknn-rk3566", ["x [1, 4]"]), ("relu_rv1106_int8", "rknn-rv1103", ["x int8 [1, 4]"])],
)
def test_files_of_the_real_toolkit_pass(judge, name, goal, inputs):
    output = judge(gzip.decompress((DATA / f"rknn/{name}.rknn.gz").read_bytes()), goal, toolkit="2.5.0")
    assert output.summary["inputs"] == inputs
    assert [one.name for one in output.findings] == ["not-compared"]


def test_what_runs_on_the_cpu_is_told_and_nothing_on_the_npu_is_refused(judge):
    output = judge(rknn(), operators_on_npu={"Conv": 3}, operators_on_cpu={"Gather": 1}, moved=2)
    assert output.summary["mapped_share"] == 0.75
    (found,) = [one for one in output.findings if one.name == "operators-on-cpu"]
    assert found.evidence[0].excerpt == "Unkown op target, 2 times"
    assert not {"operators-on-cpu", "nothing-on-accelerator"} & {one.name for one in judge(rknn()).findings}
    with pytest.raises(StageFailed) as caught:
        judge(rknn(), operators_on_npu={}, operators_on_cpu={"Gather": 1})
    assert caught.value.finding.name == "nothing-on-accelerator"


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


@pytest.mark.parametrize(("opset", "told"), [(11, False), (19, False), (20, True), (23, True)])
def test_an_opset_that_the_toolkit_refuses_is_told_before_anything_is_fetched(opset, told, tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(model(value("x", 1, 4), node("Relu"), opset=opset))
    reasons = list(needs_older_opset(None, make_request(path, "rknn-rk3588", BuildOptions())))
    assert [reason.verdict for reason in reasons] == [Verdict.FIXABLE] * told
    assert all(f"opset {opset}" in reason.text and "opset_version=19" in reason.fix.text for reason in reasons)


def test_every_goal_has_a_chip():
    goals = [goal for goal in map(parse_goal, goal_names()) if goal.compiler == "rknn"]
    assert goals
    assert all(chip_of(goal.accelerator).target for goal in goals)


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


def test_what_follows_the_end_is_told(tmp_path):
    path = tmp_path / "net.rknn"
    path.write_bytes(rknn() + bytes(64))
    assert "what follows, 64 bytes, is no part of it" in registry.identify_file(path).checked

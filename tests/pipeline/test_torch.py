"""What an action that starts from PyTorch needs, and what is said where it fails."""

import json
from pathlib import Path

import pytest

import pt2_files
from envdoctor.action import StageFailed
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.command import CommandResult
from envdoctor.core.request import BuildOptions, Request
from envdoctor.core.route import Verdict
from envdoctor.environments.status import EnvironmentStatus, State
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.facts.environments import Environments
from envdoctor.facts.host import Host
from envdoctor.pipeline.actions.onnx2tf_float import ACTION as ONNX2TF
from envdoctor.pipeline.sources import identify
from envdoctor.pipeline.torch import convert_with_torch, has_lowerings, known_operators
from envdoctor.stages.problems import Scope, problem_kinds
from envdoctor.stages.requirements import needs_operators
from envdoctor.stages.torch import needs_cpu_build, tell_code
from onnx_bytes import model, node
from onnx_bytes import value as onnx_input
from stages import stage_context

SOURCE = Artifact(kind=ArtifactKind.TORCH, path=Path("net.py"), sha256="0", factory="make", given="1x3x8x8")


@pytest.fixture
def links(tmp_path, monkeypatch):
    """A folder that is all that pip looks at."""
    folder = tmp_path / "links"
    folder.mkdir()
    for name, value in (("FIND_LINKS", str(folder)), ("NO_INDEX", "1"), ("CONFIG_FILE", "/dev/null")):
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "cache"))
    return folder


def reasons(state=State.MAKEABLE, system="linux"):
    status = EnvironmentStatus(name="torch", title="PyTorch", state=state)
    facts = Facts(environments=Environments(statuses={"torch": status}), host=Host(system=system))
    return list(needs_cpu_build("torch")(facts, Request(source=SOURCE)))


def test_the_cpu_build_is_looked_for_where_pip_looks(links):
    (found,) = reasons()
    assert found.verdict is Verdict.BLOCKED
    assert "torch 2.13.0+cpu" in found.text
    (links / "torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl").touch()
    assert reasons(), "the build with CUDA is none"
    (links / "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl").touch()
    assert reasons() == []


@pytest.mark.usefixtures("links")
def test_it_is_not_looked_for_where_it_does_not_matter():
    assert reasons(State.MADE) == []
    assert reasons(system="macos") == []


def test_what_a_factory_made_is_never_used_again():
    assert tell_code(Request(source=SOURCE), "local", LocalExecutor()) is None
    archive = Artifact(kind=ArtifactKind.PT2, path=Path("net.pt2"), sha256="0")
    assert tell_code(Request(source=archive), "local", LocalExecutor()) == {}


def test_what_the_worker_is_asked(tmp_path):
    asked = {}

    def double(command):
        asked.update(json.loads(Path(command.argv[-1]).read_text()))
        Path(asked["output"]).write_bytes(b"model")
        Path(asked["result"]).write_text(json.dumps({"values": {}}))
        return CommandResult(argv=command.argv, returncode=0)

    context = stage_context(tmp_path / "s", SOURCE, python=Path("python"), run=double, keep_layout=True)
    convert_with_torch(context)
    assert (asked["kind"], asked["factory"], asked["composites"], asked["keep_layout"]) == (
        "torch",
        "make",
        False,
        True,
    )
    assert asked["inputs"] == [["input_0", [1, 3, 8, 8], "float32"]]
    convert_with_torch(stage_context(tmp_path / "t", SOURCE, "tflite-custom-ops", python=Path("python"), run=double))
    assert asked["composites"]


def test_a_process_that_is_ended_shows_how_far_it_got(tmp_path):
    def double(command):
        asked = json.loads(Path(command.argv[-1]).read_text())
        rows = [{"component": "model", "status": "ok", "seconds": 1.5}, {"component": "export", "status": "running"}]
        Path(asked["components"]).write_text(json.dumps(rows))
        return CommandResult(argv=command.argv, returncode=None, ended="time")

    with pytest.raises(StageFailed) as caught:
        convert_with_torch(stage_context(tmp_path / "s", SOURCE, python=Path("python"), run=double))
    assert [(one.source, one.excerpt) for one in caught.value.finding.evidence[-2:]] == [
        ("model", "ok, 1.5 s"),
        ("export", "not finished"),
    ]


@pytest.mark.parametrize(
    ("tool", "problem"), [("onnx2torch", "onnx-operator-unknown"), ("onnx2tf", "onnx2tf-operator-unknown")]
)
def test_an_onnx_operator_that_a_tool_does_not_know_is_named_before_anything_runs(tmp_path, tool, problem):
    path = tmp_path / "net.onnx"
    image = onnx_input("image", 1, 3, 8, 8)
    path.write_bytes(model(node("Relu"), node("Fancy", "mylib"), image))
    requirement = known_operators(tool, problem)
    (reason,) = requirement(Facts(), Request(source=identify(path)))
    assert reason.verdict is Verdict.BLOCKED
    assert f"{tool} can't convert mylib.Fancy" in reason.text
    assert reason.code == problem_kinds()[problem].code
    path.write_bytes(model(node("Relu"), image))
    assert not list(requirement(Facts(), Request(source=identify(path))))


@pytest.mark.parametrize("tool", ["onnx2torch", "onnx2tf"])
@pytest.mark.parametrize("name", ["QuantizeLinear", "QLinearConv", "com.microsoft.QGemm", "DynamicQuantizeLinear"])
def test_a_quantized_onnx_model_is_open_and_told(tmp_path, tool, name):
    path = tmp_path / "net.onnx"
    domain, _, kind = name.rpartition(".")
    path.write_bytes(model(node("Relu"), node(kind, domain), onnx_input("image", 1, 3, 8, 8)))
    reasons = list(known_operators(tool, "onnx-operator-unknown")(Facts(), Request(source=identify(path))))
    assert [(one.verdict, "quantized already" in one.text) for one in reasons] == [(Verdict.READY, True)]


def test_both_ways_know_recurrent_layers_and_only_the_first_keeps_the_layout(tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(model(node("LSTM"), onnx_input("image", 1, 3, 8, 8)))
    request = Request(source=identify(path), options=BuildOptions(keep_layout=True))
    assert not list(known_operators("onnx2torch", "onnx-operator-unknown")(Facts(), request))
    assert not list(known_operators("onnx2tf", "onnx2tf-operator-unknown")(Facts(), request))
    (reason,) = ONNX2TF.requires[-1](Facts(), request)
    assert (reason.verdict, "--keep-layout" in reason.text) == (Verdict.BLOCKED, True)
    assert not list(ONNX2TF.requires[-1](Facts(), Request(source=identify(path))))


def test_an_archive_tells_operators_without_a_lowering_before_anything_runs(tmp_path):
    targets = ("torch.ops.aten.relu.default", "torch.ops.aten.randn_like.default")
    request = Request(source=identify(pt2_files.write(tmp_path, *targets)))
    (reason,) = has_lowerings(Facts(), request)
    assert (reason.verdict, reason.code) == (Verdict.BLOCKED, problem_kinds()["torch-lowering-missing"].code)
    assert "can't convert aten.randn_like.default" in reason.text
    assert not list(has_lowerings(Facts(), Request(source=identify(pt2_files.write(tmp_path, *targets[:1])))))


@pytest.mark.parametrize(
    ("step", "name"), [("model", "torch-factory-failed"), ("run in PyTorch", "torch-model-refused")]
)
@pytest.mark.parametrize(
    ("ending", "words"),
    [
        ({"returncode": 7}, ("without an error of Python's", "Python")),
        ({"ended": "time", "seconds": 9.0}, ("passed its time limit after 9 s", "--stage-timeout")),
        ({"ended": "memory", "seconds": 9.0}, ("ran out of memory", "--stage-memory")),
        ({"returncode": -9}, ("killed by SIGKILL", "memory limit")),
        ({"returncode": -11}, ("SIGSEGV", "log")),
    ],
)
def test_a_process_that_ended_in_the_models_own_code_is_the_models_fault(tmp_path, step, name, ending, words):
    def double(command):
        request = json.loads(Path(command.argv[-1]).read_text("utf-8"))
        rows = [{"component": "PyTorch", "status": "ok", "seconds": 1.0}, {"component": step, "status": "running"}]
        Path(request["components"]).write_text(json.dumps(rows), "utf-8")
        return CommandResult(argv=command.argv, **{"returncode": -9} | ending)

    with pytest.raises(StageFailed) as caught:
        convert_with_torch(stage_context(tmp_path / "stage", SOURCE, python=Path("python"), run=double))
    found = caught.value.finding
    assert (found.name, problem_kinds()[name].shared_by) == (name, Scope.MODEL)
    assert words[0] in found.message
    assert words[1] in found.fix.text


@pytest.mark.parametrize("problem", ["torch-lowering-missing", "torch-not-converted", "onnx2tf-failed"])
def test_what_one_converter_refuses_another_may_take(problem):
    assert problem_kinds()[problem].shared_by is Scope.STAGES


def test_operators_that_must_be_registered_first_are_told_before_a_build(tmp_path):
    path = pt2_files.write(tmp_path, "torch.ops.aten.relu.default", "torch.ops.acme.magic.default")
    (found,) = needs_operators(Facts(), Request(source=identify(path)))
    assert (found.verdict, found.code) == (Verdict.UNKNOWN, "RUN178")
    path = pt2_files.write(tmp_path, "torch.ops.quantized_decomposed.quantize_per_tensor.default")
    assert list(needs_operators(Facts(), Request(source=identify(path)))) == []


@pytest.mark.parametrize(
    ("operator", "domain", "words"),
    [
        ("Loop", "", "Write the loop out"),
        ("TreeEnsembleRegressor", "ai.onnx.ml", "Trees"),
        ("Scaler", "ai.onnx.ml", "Cut"),
    ],
)
def test_a_way_out_is_named_for_what_has_no_form(tmp_path, operator, domain, words):
    path = tmp_path / "net.onnx"
    path.write_bytes(model(onnx_input("x", 1, 4), node(operator, domain)))
    for tool, problem in (("onnx2torch", "onnx-operator-unknown"), ("onnx2tf", "onnx2tf-operator-unknown")):
        (found,) = known_operators(tool, problem)(Facts(), Request(source=identify(path)))
        assert found.verdict is Verdict.BLOCKED
        assert found.fix.text.startswith(words)

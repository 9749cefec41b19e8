"""The use case: one model, a bundle, a log to compare with."""

import contextlib
import os
import pickle
import zipfile
from types import SimpleNamespace

import pytest

from envdoctor.action import StageFailed
from envdoctor.core.errors import UsageProblem
from envdoctor.core.finding import Outcome
from envdoctor.core.prediction import OperatorPlacement, Placement, Prediction
from envdoctor.doctor import trial
from envdoctor.doctor.model import inspect_model
from envdoctor.environments.status import State
from envdoctor.pipeline.sources import identify
from envdoctor.stages.problems import finding
from onnx_bytes import model as onnx_model
from onnx_bytes import node, value
from tflite_bytes import model, pack, small, tensor


def hard_swish():
    def tensor_(name):
        one = tensor([1, 4], name=name)
        from tflite_bytes import schema

        one.quantization = schema().QuantizationParametersT()
        one.quantization.scale, one.quantization.zeroPoint = [0.5], [0]
        return one

    return pack(
        model(
            tensors=[tensor_(b"in"), tensor_(b"mid"), tensor_(b"out")],
            operators=[(0, [0], [1], 0, None), (1, [1], [2], 0, None)],
            codes=[(19, 1, None), (117, 1, None)],
            inputs=[0],
            outputs=[2],
        )
    )


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "m.tflite"
    made.write_bytes(hard_swish())
    return made


def test_a_model_is_described_and_each_operator_placed(path):
    report = inspect_model(path, goal="edgetpu")
    (found,) = report.models
    assert (found.scheme, found.inputs, found.operators, found.mapped) == ("int8", ("INT8 [1, 4]",), 2, 1)
    assert [(op.index, op.op, op.placement, op.cause) for op in report.ops] == [
        (0, "RELU", "MAPPED", ""),
        (1, "HARD_SWISH", "CPU", "unsupported"),
    ]
    assert found.cut == ("mid",)
    assert [advice.name for advice in found.advice] == ["hard-swish"]
    assert [finding.code for finding in report.problems] == ["MDL014"]


def two_signatures():
    """Two subgraphs of one operator, each with a signature of its own."""
    from tflite_bytes import schema

    whole = model(
        tensors=[tensor([1, 4], name=b"in"), tensor([1, 4], name=b"out")],
        operators=[(0, [0], [1], 0, None)],
        codes=[(19, 1, None)],
        inputs=[0],
        outputs=[1],
    )
    whole.subgraphs.append(whole.subgraphs[0])
    whole.signatureDefs = []
    for number, key in enumerate((b"encode", b"decode")):
        signature = schema().SignatureDefT()
        signature.signatureKey, signature.subgraphIndex, signature.inputs, signature.outputs = key, number, [], []
        whole.signatureDefs.append(signature)
    return pack(whole)


@pytest.mark.parametrize("goal", ["litert", "edgetpu"])
def test_every_subgraph_that_is_called_is_listed(tmp_path, goal):
    path = tmp_path / "two.tflite"
    path.write_bytes(two_signatures())
    report = inspect_model(path, goal=goal)
    assert [(op.subgraph, op.index, op.op) for op in report.ops] == [(0, 0, "RELU"), (1, 0, "RELU")]
    assert report.ops[1].placement == ("CPU" if goal == "edgetpu" else "")
    assert ("MDL010" in {found.code for found in report.problems}) == (goal == "edgetpu")


def test_what_a_compiler_makes_of_other_subgraphs_is_not_known(tmp_path, monkeypatch):
    """Vela compiles them too; what it made is read off the first."""
    mapped = OperatorPlacement(index=0, op="RELU", placement=Placement.MAPPED, status="")
    monkeypatch.setattr(trial, "try_compiler", lambda *_: trial.Trial(placement=Prediction(ops=(mapped,))))
    path = tmp_path / "two.tflite"
    path.write_bytes(two_signatures())
    report = inspect_model(path, goal="ethos-u55-128", static=False)
    assert [op.placement for op in report.ops] == ["MAPPED", "UNKNOWN"]
    assert "not looked at" in report.ops[1].reason


def test_for_an_interpreter_nothing_is_placed(path):
    report = inspect_model(path)
    assert report.models[0].mapped is None
    assert [op.placement for op in report.ops] == ["", ""]
    assert report.problems == ()


@pytest.mark.slow
def test_for_an_ethos_u_vela_is_asked_and_nothing_is_guessed(path, tmp_path, monkeypatch):
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "without vela"))
    report = inspect_model(path, goal="ethos-u55-128")
    assert report.models[0].mapped is None
    (result,) = report.blind_spots
    assert (result.code, result.outcome) == ("MDL014", Outcome.UNKNOWN)
    assert "ethos-u55-128" in result.reason
    assert not report.complete


def test_every_model_of_a_bundle_is_asked_about(tmp_path):
    path = tmp_path / "two.task"
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr("a.tflite", pack(small()))
        bundle.writestr("b.tflite", hard_swish())
    report = inspect_model(path, goal="edgetpu")
    assert [found.name.rpartition("!")[2] for found in report.models] == ["a.tflite", "b.tflite"]
    assert [op.model for op in report.ops] == ["a.tflite", "b.tflite", "b.tflite"]
    (result,) = (result for result in report.probes if result.code == "MDL014")
    assert (result.outcome, len(result.findings)) == (Outcome.FAILED, 1)


def test_a_log_is_held_against_the_prediction(path, tmp_path):
    log = tmp_path / "m_edgetpu.log"
    log.write_text("Operator  Count  Status\n\nRELU   1   Mapped to Edge TPU\nHARD_SWISH  1  Mapped to Edge TPU\n")
    report = inspect_model(path, goal="edgetpu", compare=log)
    assert "MDL016" in {finding.code for finding in report.problems}


def test_a_wrong_goal_and_a_wrong_file_are_told(path, tmp_path):
    with pytest.raises(UsageProblem, match="did you mean edgetpu"):
        inspect_model(path, goal="edgtpu")
    with pytest.raises(UsageProblem, match="can't be read"):
        inspect_model(tmp_path / "nothing.tflite")


def test_of_a_model_that_is_refused_nothing_is_called_mapped(tmp_path):
    path = tmp_path / "custom.tflite"
    operators, codes = [(0, [0], [0], 0, None)], [(32, 1, b"Mine")]
    path.write_bytes(pack(model(tensors=[tensor([1])], operators=operators, codes=codes, inputs=[0], outputs=[0])))
    report = inspect_model(path, goal="edgetpu")
    assert (report.models[0].refused, report.models[0].mapped) == (("the custom operator Mine",), 0)
    assert [op.placement for op in report.ops] == ["CPU"]
    assert "refuses the model" in report.ops[0].reason


@pytest.mark.parametrize("goal", ["edgetpu", "litert"])
@pytest.mark.parametrize("operators", [[], [(0, [1, 1], [2], 0, None)]], ids=["none", "the first gone"])
def test_a_model_that_lost_its_operators_is_never_fine(tmp_path, goal, operators):
    path = tmp_path / "lost.tflite"
    tensors = [tensor([1, 4], 0), tensor([1, 4], 0), tensor([1, 4], 0)]
    path.write_bytes(pack(model(tensors=tensors, operators=operators, codes=[(0, 1, None)], inputs=[0], outputs=[2])))
    report = inspect_model(path, goal=goal)
    assert "MDL017" in [finding.code for finding in report.problems]
    assert report.models[0].mapped in {None, 0}
    assert not report.models[0].mapped_macs


@pytest.mark.skipif(os.name != "posix", reason="FIFOs")
def test_what_is_not_there_or_no_file_is_a_wrong_request(path, tmp_path):
    os.mkfifo(tmp_path / "pipe.tflite")
    for name, compare in (
        (tmp_path / "pipe.tflite", None),
        (tmp_path / "gone.tflite", None),
        (path, tmp_path / "x.log"),
    ):
        with pytest.raises(UsageProblem, match="can't be read"):
            inspect_model(name, goal="edgetpu", compare=compare)


@pytest.mark.parametrize("goal", ["litert", "ethos-u55-128"])
def test_a_log_for_what_is_not_predicted_is_refused_and_not_ignored(path, tmp_path, goal):
    (tmp_path / "x.log").write_text("x")
    with pytest.raises(UsageProblem, match="--compare is for a compiler that is predicted"):
        inspect_model(path, goal=goal, compare=tmp_path / "x.log")


def interpreter_double(found=(), note=""):
    asked = []

    def answer(path):
        asked.append(path)
        return tuple(found), note

    return asked, answer


@pytest.mark.slow
def test_a_model_is_run_once_where_its_interpreter_is_there(path, monkeypatch):
    refusal = finding("interpreter-refused", "m.tflite", words="got 7")
    asked, answer = interpreter_double([refusal])
    monkeypatch.setattr(trial, "try_interpreter", answer)
    assert inspect_model(path, static=False).problems == (refusal,)
    assert inspect_model(path, static=True).problems == ()
    inspect_model(path, goal="edgetpu", static=False)
    assert asked == [path], "not for a compiler, and not if only the file is to be looked at"


@pytest.mark.parametrize(
    "names",
    [
        ("a.tflite",),
        ("../a.tflite", f"deep/{'b' * 300}.tflite"),
        ("a.tflite", "b/..", ".", "..", "\u6f22" * 100, "a\\.."),
    ],
)
def test_the_models_of_a_bundle_are_run_each_by_itself(tmp_path, monkeypatch, names):
    asked = []
    monkeypatch.setattr(
        trial, "try_interpreter", lambda path: asked.append((path, path.read_bytes())) or ((), "a note")
    )
    with zipfile.ZipFile(tmp_path / "m.task", "w") as bundle:
        for name in names:
            bundle.writestr(name, pack(small()))
    report = inspect_model(tmp_path / "m.task", static=False)
    assert (report.problems, report.notes) == ((), ("a note",))
    assert [data for _, data in asked] == [pack(small())] * len(names)
    assert asked[0][0].name == "a.tflite"
    assert not any(path.exists() for path, _ in asked)


def test_a_bundle_of_one_model_is_given_to_the_compiler_as_that_model(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        trial, "try_compiler", lambda path, *_: asked.append(path.read_bytes()) or trial.Trial(unasked="no")
    )
    with zipfile.ZipFile(tmp_path / "m.task", "w") as bundle:
        bundle.writestr("a.tflite", hard_swish())
    inspect_model(tmp_path / "m.task", goal="ethos-u55-128")
    assert asked == [hard_swish()]


def test_an_interpreter_that_does_not_start_is_told_and_no_bug(path, monkeypatch):
    started = finding("interpreter-refused", "m.tflite", words="no memory")

    def refuse(*_):
        raise StageFailed(started)

    monkeypatch.setattr(trial, "status", lambda *_: SimpleNamespace(state=State.MADE))
    monkeypatch.setattr(trial, "_trial", lambda *_: contextlib.nullcontext())
    monkeypatch.setattr(trial, "run_once", refuse)
    assert inspect_model(path, static=False).problems == (started,)


def test_what_the_interpreter_refuses_by_its_tables_is_not_run(tmp_path, monkeypatch):
    asked, answer = interpreter_double()
    monkeypatch.setattr(trial, "try_interpreter", answer)
    made = small()
    made.operatorCodes[0].version = 99
    (tmp_path / "new.tflite").write_bytes(pack(made))
    assert inspect_model(tmp_path / "new.tflite", static=False).problems
    assert asked == []


@pytest.mark.slow
def test_without_the_interpreter_the_report_says_so(path, tmp_path, monkeypatch):
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "without litert"))
    report = inspect_model(path, static=False)
    assert report.notes[0].startswith("It was not run: LiteRT")
    assert report.problems == ()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("net.onnx", None, "is an ONNX model, which no compiler reads"),
        ("net.py:make", b"def make(): ...", "is PyTorch code, which no compiler reads"),
        ("net.py", b"import os; os.abort()", "is PyTorch code, which no compiler reads"),
        ("old.pt", pickle.dumps({"weight": 1}, 2), "is a PyTorch file of weights without a model"),
        ("cut.pt", pickle.dumps({"weight": 1}, 4)[:-2], "is a damaged PyTorch file"),
    ],
)
def test_a_source_is_called_what_it_is(tmp_path, name, content, words):
    (tmp_path / name.partition(":")[0]).write_bytes(content or onnx_model(node("Relu"), value("x", 1, 4)))
    with pytest.raises(UsageProblem, match=words):
        inspect_model(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("net.h5", "no HDF5 file"),
        ("net.HDF5", "no HDF5 file"),
        ("net.keras", "no zip archive"),
        ("face.task", "no zip archive"),
        ("net.pt", "no file of torch.save"),
        ("net.pth", "no file of torch.save"),
    ],
)
def test_what_is_not_what_its_name_says_is_called_that_by_both(tmp_path, name, words):
    (tmp_path / name).write_bytes(bytes(range(100, 250)) * 20)
    for ask in (inspect_model, identify):
        with pytest.raises(UsageProblem, match=f"{name} is {words}.*whatever its name says; get a whole copy"):
            ask(tmp_path / name)

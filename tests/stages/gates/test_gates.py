import dataclasses
import struct

import pytest

from envdoctor.action import StageFailed, StageOutput
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.errors import EnvironmentProblem
from envdoctor.core.finding import Severity
from envdoctor.pipeline.judging import judge
from envdoctor.stages import gates
from envdoctor.stages.gates.invocation import judge_run
from envdoctor.stages.gates.mapping import Judged
from envdoctor.stages.problems import Scope, finding, shared_by
from envdoctor.tflite.quantization import Scheme, classify
from envdoctor.tflite.reader import read_model
from envdoctor.tflite.structure import resizable_inputs
from keras_files import DATA
from shared_data import shared
from stages import stage_context


def no_environment(_):
    raise EnvironmentProblem("no Python fits")


def judged(folder, path, kind, source=None, **options):
    source = Artifact(kind=ArtifactKind.TFLITE_INT8, path=source or path, sha256="0")
    start = Artifact(kind=ArtifactKind.TFLITE_FLOAT, path=folder / "start.tflite", sha256="1")
    given = stage_context(folder / "stage", source, request_source=start, **options)
    context = dataclasses.replace(given, interpreter=no_environment)
    return judge(context, Artifact(kind=kind, path=path, sha256="0"), StageOutput(path=path, summary={"a": 1}))


def failure(folder, path, kind, **options):
    with pytest.raises(StageFailed) as caught:
        judged(folder, path, kind, **options)
    return caught.value.finding


def an_int8_model():
    """A real one of int8 throughout, with a fixed batch."""
    for path in sorted(shared("data/edgetpu/models").glob("*.tflite")):
        model = read_model(path)
        types = {model.main.tensors[index].dtype for index in (*model.main.inputs, *model.main.outputs)}
        if types == {"INT8"} and classify(model) is Scheme.INT8 and not resizable_inputs(model):
            return path
    pytest.skip("no such model among the shared ones")


@pytest.mark.parametrize(
    ("random", "calibrated", "name"),
    [(True, False, "outputs-differ-on-made-up"), (False, False, "outputs-differ"), (True, True, "outputs-differ")],
)
def test_outputs_that_differ_on_made_up_samples_are_a_warning(tmp_path, monkeypatch, random, calibrated, name):
    """A network may answer noise with anything; where samples were given, or calibrated with, it is an error."""
    differs = finding("outputs-differ", "m.tflite", (), output="o", words="off by 60%")
    path = an_int8_model()
    compared = StageOutput(path=path, summary={"comparison": {"random": random}}, findings=(differs,))
    monkeypatch.setattr(gates, "run_once", lambda *_: ())
    monkeypatch.setattr(gates, "compare_with_float", lambda *_: compared)
    source = Artifact(kind=ArtifactKind.TFLITE_FLOAT, path=path, sha256="0")
    context = stage_context(tmp_path / "stage", source)
    if name == "outputs-differ":
        with pytest.raises(StageFailed) as caught:
            gates._run_and_compared(context, StageOutput(path=path), calibrated=calibrated)
        assert caught.value.finding.name == name
    else:
        (told,) = gates._run_and_compared(context, StageOutput(path=path), calibrated=calibrated).findings
        assert (told.name, told.severity) == (name, Severity.WARNING)
        assert "off by 60%" in told.message


@pytest.mark.parametrize("name", ["outputs-differ", "calibration-too-narrow"])
def test_smaller_weights_that_change_the_outputs_have_a_fix_of_their_own(tmp_path, monkeypatch, name):
    """Nothing was calibrated, so that other samples help nobody."""
    differs = finding(name, "m.tflite", (), output="o", words="off by 60%")
    path = DATA / "tflite/layernorm.tflite"
    compared = StageOutput(path=path, summary={"comparison": {"random": False}}, findings=(differs,))
    monkeypatch.setattr(gates, "judge_small", lambda *_: ())
    monkeypatch.setattr(gates, "run_once", lambda *_: ())
    monkeypatch.setattr(gates, "compare_with_float", lambda *_: compared)
    source = Artifact(kind=ArtifactKind.TFLITE_FLOAT, path=path, sha256="0")
    with pytest.raises(StageFailed) as caught:
        gates.small_gate(Scheme.DYNAMIC_RANGE, stage_context(tmp_path / "stage", source), StageOutput(path=path))
    assert caught.value.finding.name == "weights-change-outputs"
    assert "off by 60%" in caught.value.finding.message
    assert "samples" not in caught.value.finding.fix.text.partition("tflite-int8")[0]


def test_kinds_without_a_gate_pass(tmp_path):
    path = DATA / "saved_model/tf1.pb"
    assert judged(tmp_path, path, ArtifactKind.SAVED_MODEL).findings == ()


def test_a_float_model_is_no_int8_product(tmp_path):
    path = DATA / "tflite/layernorm.tflite"
    assert judged(tmp_path, path, ArtifactKind.TFLITE_FLOAT).findings == ()
    assert failure(tmp_path, path, ArtifactKind.TFLITE_INT8).name == "not-quantized"


@pytest.mark.slow
def test_a_good_model_without_reference_is_not_called_right(tmp_path):
    output = judged(tmp_path, an_int8_model(), ArtifactKind.TFLITE_INT8)
    assert [finding.name for finding in output.findings] == ["not-compared"]
    assert output.summary == {"a": 1}


@pytest.mark.slow
def test_a_product_that_the_interpreter_refuses(tmp_path, monkeypatch):
    monkeypatch.setattr(gates, "run_once", lambda *_: judge_run({"plain": "got 7"}, "m.tflite"))
    assert failure(tmp_path, an_int8_model(), ArtifactKind.TFLITE_INT8).name == "interpreter-refused"


@pytest.mark.slow
def test_what_else_is_wrong_is_in_the_evidence(tmp_path):
    found = failure(tmp_path, an_int8_model(), ArtifactKind.TFLITE_INT8, io_type="uint8")
    assert found.name == "wrong-io-type"
    assert "wrong-io-type" in [one.source for one in found.evidence]


def test_a_range_that_ends_at_infinity_is_the_models_fault_and_no_damage(tmp_path):
    data = bytearray(an_int8_model().read_bytes())
    scale = next(
        tensor.quantization.scales[0] for tensor in read_model(an_int8_model()).main.tensors if tensor.quantization
    )
    made = tmp_path / "m.tflite"
    made.write_bytes(bytes(data).replace(struct.pack("<f", scale), struct.pack("<f", float("inf"))))
    found = failure(tmp_path, made, ArtifactKind.TFLITE_INT8)
    assert (found.name, shared_by(found)) == ("ranges-not-finite", Scope.MODEL)
    assert found.message.startswith("tensor ")


def test_a_damaged_product(tmp_path):
    (tmp_path / "m.tflite").write_bytes(b"\x1c\0\0\0TFL3")
    assert failure(tmp_path, tmp_path / "m.tflite", ArtifactKind.TFLITE_INT8).name == "file-truncated"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["vela-tflite", "edgetpu-tflite"])
def test_a_compiler_that_compiled_nothing(tmp_path, kind):
    path = an_int8_model()
    found = failure(tmp_path, path, kind)
    assert found.name == "nothing-on-accelerator"
    assert found.subject == path.name, "the folder is not where the product ends"


def test_that_nothing_ran_a_compiled_file_is_said(tmp_path, monkeypatch):
    path = an_int8_model()
    monkeypatch.setattr(gates, "run_given", lambda _: ())
    context = stage_context(tmp_path / "stage", Artifact(kind=ArtifactKind.TFLITE_INT8, path=path, sha256="0"))
    judged_output = gates.compiled_gate(lambda *_: Judged(summary={}, findings=()), context, StageOutput(path=path))
    assert path.name in judged_output.summary["compiled file"]
    assert judged_output.summary["compiled file"].startswith("not run")


def test_what_an_earlier_look_found_stands_beside_an_error(tmp_path):
    left = finding("mend-left-out", "m.tflite", (), words="dense-one-scale would have changed it")
    wrong = finding("per-channel-dense", "m.tflite", (), count=1, tensor="d")
    with pytest.raises(StageFailed) as caught:
        gates.add_findings(StageOutput(path=tmp_path / "m.tflite", findings=(left,)), [wrong])
    assert [(one.source, one.excerpt) for one in caught.value.finding.evidence] == [("mend-left-out", left.message)]

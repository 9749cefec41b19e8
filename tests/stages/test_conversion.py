import json
from pathlib import Path

import pytest

from envdoctor.action import StageFailed
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.command import CommandResult
from envdoctor.pipeline.actions import mend
from envdoctor.pipeline.tensorflow import convert_with_tensorflow
from envdoctor.stages.conversion import quantize_with_litert
from keras_files import DATA, saved_model, tensor_info, write_saved_model
from stages import stage_context


class WorkerDouble:
    """A test double of a conversion: keeps the request, writes the file that was asked for and perhaps a reference."""

    def __init__(self, values=None, *, reference=False):
        self.values, self.reference, self.request = values or {}, reference, None

    def __call__(self, command):
        self.request = json.loads(Path(command.argv[-1]).read_text())
        Path(self.request["output"]).write_bytes(b"model")
        if self.reference and self.request["reference"]:
            Path(self.request["reference"]).mkdir()
        Path(self.request["result"]).write_text(json.dumps({"values": self.values}))
        return CommandResult(argv=command.argv, returncode=0)


def context(folder, double, kind=ArtifactKind.KERAS, goal="edgetpu", *, program=None, **rest):
    path = folder / "digits.keras"
    if kind == ArtifactKind.SAVED_MODEL:
        write_saved_model(path, program or saved_model({"serving_default": {"x": tensor_info((1, 4))}}))
    source = Artifact(kind=kind, path=path, sha256="0")
    return stage_context(folder / "stage", source, goal, python=Path("python"), run=double, **rest)


def test_what_the_tensorflow_worker_is_asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    double = WorkerDouble(reference=True)
    given = context(tmp_path, double, calibration=Path("x.npz"), io_type="uint8", trust_code=True)
    output = convert_with_tensorflow(given, "int8", unroll=True)
    asked = double.request
    assert (asked["kind"], asked["to"], asked["io_type"], asked["trust_code"], asked["unroll"]) == (
        "keras",
        "int8",
        "uint8",
        True,
        True,
    )
    assert asked["calibration"] == str(tmp_path / "x.npz"), "the worker runs in another folder"
    assert asked["per_tensor_dense"] is True
    assert output.path == tmp_path / "stage/digits_int8.tflite"
    assert output.reference == tmp_path / "stage/reference"


def test_a_reference_is_made_once(tmp_path):
    double = WorkerDouble(reference=True)
    output = quantize_with_litert(context(tmp_path, double, ArtifactKind.TFLITE_FLOAT, reference=tmp_path))
    assert double.request["reference"] is None
    assert output.reference is None


def test_a_program_that_acts_is_not_handed_to_the_worker(tmp_path):
    program = (DATA / "saved_model/branch.pb").read_bytes()
    double = WorkerDouble()
    with pytest.raises(StageFailed) as caught:
        convert_with_tensorflow(context(tmp_path, double, ArtifactKind.SAVED_MODEL, program=program), "int8")
    assert caught.value.finding.name == "code-not-trusted"
    assert "WriteFile" in caught.value.finding.message
    assert double.request is None
    again = stage_context(
        tmp_path / "2",
        Artifact(kind=ArtifactKind.SAVED_MODEL, path=tmp_path / "digits.keras", sha256="0"),
        python=Path("python"),
        run=double,
        trust_code=True,
    )
    convert_with_tensorflow(again, "int8")
    assert double.request["trust_code"] is True


@pytest.mark.parametrize(
    ("kind", "to", "name"),
    [
        (ArtifactKind.SAVED_MODEL, "saved-model", "digits_saved_model"),
        (ArtifactKind.KERAS, "float", "digits_float.tflite"),
    ],
)
def test_other_products(tmp_path, kind, to, name):
    double = WorkerDouble({"samples": 3})
    output = convert_with_tensorflow(context(tmp_path, double, kind, "tflite-int8"), to)
    assert output.path.name == name
    assert double.request["kind"] == kind
    assert double.request["per_tensor_dense"] is False
    assert output.findings == (), "only the int8 conversion speaks of samples"


@pytest.mark.parametrize("form", ["int8", "int16x8", "dynamic", "float16"])
def test_every_form_that_the_litert_quantizer_makes(tmp_path, form):
    double = WorkerDouble({"samples": 3})
    given = context(tmp_path, double, ArtifactKind.TFLITE_FLOAT, f"tflite-{form}")
    output = quantize_with_litert(given, form)
    assert output.path.name == f"digits_{form}.tflite"
    assert double.request["form"] == form
    assert [found.name for found in output.findings] == (["few-samples"] if "int" in form else [])


@pytest.mark.parametrize(("share", "told"), [(0.0, []), (0.5, []), (0.97, ["weights-left-float"])])
def test_weights_that_the_quantizer_passed_over(tmp_path, share, told):
    double = WorkerDouble({"samples": 300, "float_weights_share": share})
    output = quantize_with_litert(context(tmp_path, double, ArtifactKind.TFLITE_FLOAT, "tflite-int8"), "int8")
    assert [one.name for one in output.findings] == told


@pytest.mark.parametrize(("influence", "told"), [("", []), ("x by 12%", ["samples-influence-each-other"])])
def test_samples_that_influence_each_other_are_told(tmp_path, influence, told):
    double = WorkerDouble({"samples": 300, "influence": influence})
    output = quantize_with_litert(context(tmp_path, double, ArtifactKind.TFLITE_FLOAT, "tflite-int8"), "int8")
    assert [one.name for one in output.findings] == told


def test_a_mend_that_is_left_out_is_told(tmp_path):
    tried = [
        {"name": "dense", "verified": False, "changes": ["one scale"], "failure": "it does not run"},
        {"name": "float-io", "verified": True, "far": False, "changes": ["int8"], "failure": ""},
    ]
    output = mend.run(context(tmp_path, WorkerDouble({"tried": tried}), ArtifactKind.TFLITE_INT8))
    (told,) = output.findings
    assert (told.name, told.evidence[0].excerpt) == ("mend-left-out", "one scale; it does not run")


def test_a_mend_that_moves_outputs_further_than_rounding_should_is_told(tmp_path):
    measured = {"identical": False, "steps": 13, "share": 0.0, "random": 500, "given": 0}
    tried = [{"name": "dense", "verified": True, "far": True, "changes": ["one scale"], "measured": measured}]
    double = WorkerDouble({"tried": tried})
    (told,) = mend.run(context(tmp_path, double, ArtifactKind.TFLITE_INT8)).findings
    assert told.name == "mend-moves-outputs"
    assert "dense, without which the goal does not take the file, moves outputs by up to 13 steps" in told.message


def test_the_order_of_an_earlier_stages_inputs_is_handed_on(tmp_path):
    double = WorkerDouble()
    quantize_with_litert(context(tmp_path, double, ArtifactKind.TFLITE_FLOAT, reference=tmp_path / "reference"))
    assert double.request["order_from"] == str(tmp_path / "reference/reference.json")


def test_only_the_source_has_the_signature_that_was_named(tmp_path):
    double = WorkerDouble()
    given = context(tmp_path, double, ArtifactKind.SAVED_MODEL, signature="score")
    convert_with_tensorflow(given, "int8")
    assert double.request["signature"] == "score"
    exported = Artifact(kind=ArtifactKind.SAVED_MODEL, path=given.source.path, sha256="1")
    again = stage_context(
        tmp_path / "2", exported, python=Path("python"), run=double, signature="score", request_source=given.source
    )
    convert_with_tensorflow(again, "int8")
    assert double.request["signature"] is None


def test_what_was_done_to_samples_and_inputs_is_said(tmp_path):
    values = {"samples": 100, "matched": "a feeds 'x'", "stripped": ["ids"]}
    output = convert_with_tensorflow(context(tmp_path, WorkerDouble(values)), "int8")
    assert [found.name for found in output.findings] == ["samples-matched", "input-cast-stripped"]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"samples": 100, "random": False}, []),
        ({"samples": 5, "random": False}, ["few-samples"]),
        ({"samples": 100, "random": True}, ["random-samples"]),
    ],
)
def test_what_is_said_about_samples(tmp_path, values, names):
    output = convert_with_tensorflow(context(tmp_path, WorkerDouble(values)), "int8")
    assert [finding.name for finding in output.findings] == names


def test_samples_that_an_earlier_stage_turned_go_before_the_users(tmp_path):
    double, reference = WorkerDouble({"samples": 30}), tmp_path / "reference"
    reference.mkdir()
    for name in ("reference.json", "samples.npz"):
        (reference / name).write_bytes(b"{}")
    given = context(
        tmp_path,
        double,
        ArtifactKind.TFLITE_FLOAT,
        reference=reference,
        random_calibration=True,
        evaluation=tmp_path / "y.npz",
    )
    output = quantize_with_litert(given)
    assert (double.request["calibration"], double.request["random"]) == (str(reference / "samples.npz"), False)
    assert double.request["evaluation"] is None
    assert output.summary["random"], "they are random all the same"


def test_samples_that_change_each_other_are_told(tmp_path):
    met = WorkerDouble({"influence": "its output 'y' moves by 0.3 of its range"})
    (found,) = convert_with_tensorflow(context(tmp_path, met), "float").findings
    assert (found.name, found.severity.name) == ("samples-influence-each-other", "WARNING")
    assert "asked for one alone, its output 'y' moves by 0.3 of its range" in found.message
    apart = WorkerDouble({"influence": ""})
    assert convert_with_tensorflow(context(tmp_path, apart), "float").findings == ()

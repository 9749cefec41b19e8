"""Bundles as sources and products: what is refused in a sentence, what the gate says, what MediaPipe's answer means."""

import zipfile

import pytest

from compiled_models import compiled_model, float_model, int8_model
from envdoctor.action import StageFailed, StageOutput
from envdoctor.cli import main
from envdoctor.compilers.litert import bundle as building
from envdoctor.compilers.litert.bundle import run
from envdoctor.compilers.litert.bundle_gate import bundle_gate, judge_opening
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.errors import UsageProblem
from envdoctor.core.request import BuildOptions
from envdoctor.doctor.routes import make_request
from envdoctor.pipeline.calibration import check_samples
from envdoctor.pipeline.sources import identify
from envdoctor.tflite.bundles import model_names, pack_bundle, read_bundle
from envdoctor.tflite.containers import model_contents
from stages import stage_context

NAMES = ("face_detector.tflite", "face_landmarks_detector.tflite")


def bundle(path, **members):
    """A bundle of two float models, or of what is given (names without their suffix)."""
    contents = {f"{name}.tflite": data for name, data in members.items()} or dict.fromkeys(NAMES, float_model())
    path.write_bytes(pack_bundle([(zipfile.ZipInfo(name), data) for name, data in contents.items()]))
    return path


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("goal", "kind"), [("tflite-int8", "task-int8"), ("tflite-weight-only", "task-weight-only")])
def test_a_bundle_is_a_source_whose_goal_is_a_bundle(tmp_path, goal, kind):
    request = make_request(bundle(tmp_path / "f.task"), goal, BuildOptions())
    assert (request.source.kind, request.goal.kind) == (ArtifactKind.TASK_BUNDLE, kind)
    assert request.goal.title.startswith("a bundle")


@pytest.mark.parametrize("goal", ["ethos-u55-128", "edgetpu", "tflite-mixed"])
def test_a_compiler_takes_one_model_of_it(tmp_path, goal):
    path = bundle(tmp_path / "f.task")
    with pytest.raises(UsageProblem, match=r"takes one model: name it with --part") as caught:
        make_request(path, goal, BuildOptions())
    assert all(name in str(caught.value) for name in NAMES)
    request = make_request(path, goal, BuildOptions(part="face_detector"))
    assert (request.source.kind, request.source.path.name) == (ArtifactKind.TFLITE_FLOAT, "face_detector.tflite")


def test_a_part_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageProblem, match=r"has no model nose; it has face_detector\.tflite"):
        make_request(bundle(tmp_path / "f.task"), "edgetpu", BuildOptions(part="nose"))
    (tmp_path / "m.tflite").write_bytes(float_model())
    with pytest.raises(UsageProblem, match="is no bundle"):
        make_request(tmp_path / "m.tflite", "edgetpu", BuildOptions(part="nose"))


def test_options_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(UsageProblem, match="keep float inputs"):
        make_request(bundle(tmp_path / "f.task"), "tflite-int8", BuildOptions(io_type="uint8"))
    (tmp_path / "m.tflite").write_bytes(float_model())
    with pytest.raises(UsageProblem, match="--tasks-api opens bundles"):
        make_request(tmp_path / "m.tflite", "tflite-dynamic", BuildOptions(tasks_api=True))


def test_a_members_name_leads_nowhere_else(tmp_path):
    path = bundle(tmp_path / "f.task", **{"../../evil": float_model(), "..\\other": float_model()})
    for part in ("../../evil", "..\\other"):
        request = make_request(path, "edgetpu", BuildOptions(part=part))
        assert request.source.path.parent.parent == tmp_path / "cache/parts"


def spoilt(data):
    spoilt = bytearray(data)
    spoilt[data.index(b"TFL3") + 30] ^= 0xFF
    return bytes(spoilt)


@pytest.mark.parametrize(
    "spoil",
    [
        spoilt,
        lambda data: data[: len(data) // 2],
        lambda data: b"\0\0" + b"no zip at all" * 20,
        lambda data: data.replace(b"TFL3", b"XXXX", 1),
        lambda data: data[:-30],
    ],
    ids=["damaged member", "cut", "no zip", "unknown model", "no end"],
)
def test_a_broken_bundle_is_one_sentence(tmp_path, capsys, spoil):
    path = bundle(tmp_path / "f.task")
    path.write_bytes(spoil(path.read_bytes()))
    assert main(["build", "f.task", "--to", "tflite-dynamic"]) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("envdoctor: ")
    assert "f.task" in said
    assert "\n" not in said


@pytest.mark.slow
def test_a_bomb_is_refused(tmp_path, capsys):
    with zipfile.ZipFile(tmp_path / "f.task", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(NAMES[0], float_model() + bytes(200 << 20))
    assert main(["build", "f.task", "--to", "tflite-dynamic"]) == 2
    assert "would unpack to more than" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ((), "holds no samples"),
        (("face_detector.npy", "nose.npy"), r"nose\.npy names no model of f\.task"),
        (("face_detector.npy",), r"for face_detector\.tflite: "),
    ],
)
def test_samples_are_held_against_their_model(tmp_path, made, words):
    folder = tmp_path / "cal"
    folder.mkdir()
    for name in made:
        (folder / name).write_bytes(b"no array")
    request = make_request(bundle(tmp_path / "f.task"), "tflite-int8", BuildOptions(calibration=folder))
    with pytest.raises(UsageProblem, match=words):
        check_samples(request)


def test_one_array_can_not_be_for_all_models(tmp_path):
    (tmp_path / "cal.npy").write_bytes(b"x")
    request = make_request(bundle(tmp_path / "f.task"), "tflite-int8", BuildOptions(calibration=tmp_path / "cal.npy"))
    with pytest.raises(UsageProblem, match=r"samples of its own: give a folder with face_detector\.npy"):
        check_samples(request)


@pytest.mark.slow
def test_without_samples_static_is_not_open_and_the_others_are_named(tmp_path, capsys):
    bundle(tmp_path / "f.task")
    assert main(["routes", "f.task", "--to", "tflite-int8", "--offline"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "each model needs calibration samples of its own" in said
    assert "face_detector.npy, face_landmarks_detector.npy" in said
    assert "tflite-dynamic or tflite-weight-only" in said


def test_a_bundle_of_which_nothing_can_be_quantized_is_no_result(tmp_path):
    path = bundle(tmp_path / "f.task", one=int8_model(), two=compiled_model("ethos-u"))
    context = stage_context(tmp_path / "stage", identify(path), "tflite-dynamic")
    with pytest.raises(StageFailed) as caught:
        run("dynamic", context)
    assert caught.value.finding.name == "bundle-unchanged"
    assert "one.tflite: it is int8 already" in str(caught.value)
    assert "two.tflite: it is compiled" in str(caught.value)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (dict.fromkeys(reversed(NAMES), float_model()) | {"labels.txt": b"a"}, "in their order"),
        (dict.fromkeys(NAMES, float_model()) | {"labels.txt": b"b"}, "labels.txt has changed"),
        (dict.fromkeys(NAMES, float_model()), "in their order"),
    ],
)
def test_the_gate_reads_the_bundle_back(tmp_path, members, words):
    before = dict.fromkeys(NAMES, float_model()) | {"labels.txt": b"a"}
    for name, contents in (("before", before), ("after", members)):
        packed = pack_bundle([(zipfile.ZipInfo(each), data) for each, data in contents.items()])
        (tmp_path / f"{name}.task").write_bytes(packed)
    context = stage_context(tmp_path / "stage", identify(tmp_path / "before.task"), "tflite-dynamic")
    same = bundle_gate(context, StageOutput(path=tmp_path / "before.task"))
    assert [one.name for one in same.findings] == ["bundle-not-opened"]
    with pytest.raises(StageFailed, match=words) as caught:
        bundle_gate(context, StageOutput(path=tmp_path / "after.task"))
    assert caught.value.finding.name == "bundle-broken"


def test_the_gate_wants_members_stored_and_aligned(tmp_path):
    before = bundle(tmp_path / "before.task")
    after = tmp_path / "after.task"
    with zipfile.ZipFile(after, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in NAMES:
            archive.writestr(name, float_model())
    context = stage_context(tmp_path / "stage", identify(before), "tflite-dynamic")
    with pytest.raises(StageFailed, match="is not stored at a multiple of 4"):
        bundle_gate(context, StageOutput(path=after))


def nested(path):
    """A bundle of a bundle and a file, as the gesture recognizer's."""
    inner = bundle(path.with_name("inner.task")).read_bytes()
    other = bundle(path.with_name("other.task"), gesture_embedder=float_model(), canned_gesture_classifier=int8_model())
    contents = {"hand_landmarker.task": inner, "hand_gesture_recognizer.task": other.read_bytes(), "notes": b"a"}
    path.write_bytes(pack_bundle([(zipfile.ZipInfo(name), data) for name, data in contents.items()]))
    return path


def test_bundles_in_a_bundle_are_opened(tmp_path, monkeypatch):
    path = nested(tmp_path / "g.task")
    names = [f"hand_landmarker.task/{name}" for name in NAMES]
    names += [
        f"hand_gesture_recognizer.task/{name}.tflite" for name in ("gesture_embedder", "canned_gesture_classifier")
    ]
    assert list(model_names(path)) == names
    context = stage_context(tmp_path / "stage", identify(path), "tflite-dynamic")

    def quantized(form, path, context):
        del form, context
        path.write_bytes(path.read_bytes() + b"smaller")
        return StageOutput(path=path)

    monkeypatch.setattr(building, "_quantize", quantized)
    output = run("dynamic", context)
    members = [(one.name, one.is_bundle) for one in read_bundle(output.path).members]
    assert members == [("hand_landmarker.task", True), ("hand_gesture_recognizer.task", True), ("notes", False)]
    after = model_contents(output.path)
    assert list(after) == names
    assert [data.endswith(b"smaller") for data in after.values()] == [True, True, True, False]
    assert [one.name for one in bundle_gate(context, output).findings][-1] == "bundle-not-opened"
    request = make_request(path, "edgetpu", BuildOptions(part="hand_gesture_recognizer.task/gesture_embedder"))
    assert request.source.path.name == "gesture_embedder.tflite"


def test_members_that_were_compressed_are_stored_and_that_is_said(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "f.task", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in NAMES:
            archive.writestr(name, float_model())
    monkeypatch.setattr(building, "_quantize", lambda form, path, context: StageOutput(path=path))
    context = stage_context(tmp_path / "stage", identify(tmp_path / "f.task"), "tflite-dynamic")
    output = bundle_gate(context, run("dynamic", context))
    assert [one.name for one in output.findings] == ["bundle-was-deflated", "bundle-not-opened"]
    assert not any(member.deflated for member in read_bundle(output.path).members)


def test_noise_is_said_of_static_bundles_only(tmp_path, monkeypatch):
    monkeypatch.setattr(building, "_quantize", lambda form, path, context: StageOutput(path=path))
    source = identify(bundle(tmp_path / "f.task"))
    for form, said in (("int8", ["bundle-calibrated-on-noise"]), ("dynamic", [])):
        context = stage_context(tmp_path / form, source, f"tflite-{form}", random_calibration=True)
        assert [one.name for one in run(form, context).findings] == said


def test_a_damaged_bundle_in_a_bundle_is_refused(tmp_path):
    path = nested(tmp_path / "g.task")
    path.write_bytes(spoilt(path.read_bytes()))
    with pytest.raises(UsageProblem, match="Bad CRC-32"):
        identify(path)
    inner = spoilt(bundle(tmp_path / "inner.task").read_bytes())
    path.write_bytes(pack_bundle([(zipfile.ZipInfo("hand_landmarker.task"), inner)]))
    with pytest.raises(UsageProblem, match=r"g\.task!hand_landmarker\.task is damaged: the checksum of face_detector"):
        identify(path)


TAKEN, NOTHING = {"refused": "", "found": 1}, {"refused": "", "found": 0}
REFUSED = {"refused": "Requested one of these types: uint8/float32, got INT8.", "found": 0}


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        (TAKEN, TAKEN, "bundle-opened"),
        (TAKEN, REFUSED, "bundle-refused"),
        (TAKEN, NOTHING, "bundle-refused"),
        (NOTHING, TAKEN, "bundle-refused"),
        (REFUSED, REFUSED, "bundle-was-refused"),
        (REFUSED, TAKEN, "bundle-was-refused"),
    ],
)
def test_what_mediapipe_says_is_held_against_what_it_said_before(before, after, name):
    values = {"task": "FaceLandmarker", "before": before, "after": after}
    assert [one.name for one in judge_opening(values, "f.task")] == [name]


def test_an_unknown_task_is_no_pass():
    assert [one.name for one in judge_opening({"task": ""}, "f.task")] == ["bundle-not-opened"]

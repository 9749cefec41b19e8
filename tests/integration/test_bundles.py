""".task bundles and old float16 files all the way: made of small models, and of those that MediaPipe ships."""

import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from envdoctor.cli import main
from envdoctor.tflite.bundles import data_starts, pack_bundle
from envdoctor.tflite.quantization import Scheme, classify, io_types
from envdoctor.tflite.reader import open_model, read_model
from keras_files import DATA
from stages import environment_python

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
DATE = (2023, 5, 6, 7, 8, 10)


@pytest.fixture(scope="module")
def mediapipe_models(tmp_path_factory):
    """The .tflite files of the wheel of mediapipe 0.10.21, by name; skips where it can't be had."""
    folder = tmp_path_factory.mktemp("mediapipe")
    words = ("download", "-q", "--no-deps", "--only-binary=:all:", "--python-version=3.11", "-d", str(folder))
    platform = "--platform=manylinux_2_28_x86_64"
    pip = (sys.executable, "-m", "pip", *words, platform, "mediapipe==0.10.21")
    done = subprocess.run(pip, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        pytest.skip(f"needs the wheel of mediapipe 0.10.21: {done.stderr.strip()[-200:]}")
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(".tflite")]
        return {name.rpartition("/")[2].removesuffix(".tflite"): archive.read(name) for name in names}


def bundle(path, members):
    path.write_bytes(pack_bundle([(zipfile.ZipInfo(name, DATE), data) for name, data in members.items()]))
    return path


def build(capsys, source, goal, out, *words, code=0):
    """Run `build --json`; returns the last stage's result, and the artifact's path."""
    environment_python("litert")
    assert main(["build", str(source), "--to", goal, "--out", str(out), "--json", *map(str, words)]) == code
    report = json.loads(capsys.readouterr().out)
    artifacts = report["artifacts"]
    return report["attempts"][-1]["results"][-1], Path(artifacts[0]["path"]) if artifacts else None


def found(result):
    return [one["name"] for one in result["findings"]]


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


_RUN = """
import sys, numpy as np
from ai_edge_litert.interpreter import Interpreter
given = np.load(sys.argv[1])
for path in sys.argv[2:4]:
    interpreter = Interpreter(path)
    interpreter.allocate_tensors()
    details = interpreter.get_input_details()
    answers = []
    for sample in given:
        interpreter.set_tensor(details[0]["index"], sample[None])
        interpreter.invoke()
        answers.append([interpreter.get_tensor(one["index"]).ravel() for one in interpreter.get_output_details()])
    np.savez(path + ".npz", *[np.stack(column) for column in zip(*answers)])
"""


def distance(tmp_path, before, after, samples):
    """The relative rms error of each output, measured here and not by envdoctor."""
    paths = []
    for name, data in (("before", before), ("after", after)):
        (tmp_path / f"{name}.tflite").write_bytes(data)
        paths.append(str(tmp_path / f"{name}.tflite"))
    np.save(tmp_path / "given.npy", samples)
    python = environment_python("litert")
    subprocess.run([str(python), "-c", _RUN, str(tmp_path / "given.npy"), *paths], check=True, capture_output=True)
    first, second = (np.load(f"{path}.npz") for path in paths)
    return [float(np.sqrt(((first[n] - second[n]) ** 2).mean() / (first[n] ** 2).mean())) for n in first.files]


def smooth(count, size, channels=3):
    """Pictures that change slowly."""
    generator = np.random.default_rng(5)
    across = np.linspace(0, 3, size)
    waves = generator.uniform(-2, 2, (count, channels, 4))
    rows, columns = across[:, None, None, None], across[None, :, None, None]
    return np.stack(
        [(0.5 + 0.5 * np.sin(rows * w[:, 0] + columns * w[:, 1] + w[:, 2]))[:, :, 0] for w in waves]
    ).astype("float32")


def test_a_bundle_of_small_models_keeps_all_that_is_not_quantized(capsys, tmp_path):
    flatten = (DATA / "tflite/flatten_float16.tflite").read_bytes()
    labels = io.BytesIO(flatten)
    with zipfile.ZipFile(labels, "a") as archive:
        archive.writestr("labels.txt", "left\nright\n")
    source = bundle(
        tmp_path / "two.task",
        {
            "first.tflite": labels.getvalue(),
            "notes.txt": b"as they were",
            "second.tflite": (DATA / "tflite/flatten_dynamic_range.tflite").read_bytes(),
        },
    )
    result, path = build(capsys, source, "tflite-weight-only", tmp_path / "out")
    before, after = members(source), members(path)
    assert list(after) == list(before)
    assert after["notes.txt"] == before["notes.txt"]
    assert after["second.tflite"] == before["second.tflite"], "what is quantized already stays"
    assert "bundle-part-left" in found(result)
    assert classify(open_model(after["first.tflite"], name="first")) is Scheme.WEIGHT_ONLY
    with zipfile.ZipFile(io.BytesIO(after["first.tflite"])) as archive:
        assert archive.read("labels.txt") == b"left\nright\n"
    with zipfile.ZipFile(path) as archive:
        assert {one.date_time for one in archive.infolist()} == {DATE}
    assert {start % 4 for start in data_starts(path).values()} == {0}


def test_a_bundle_of_mediapipe(capsys, tmp_path, mediapipe_models):
    environment_python("mediapipe")
    names = {
        "face_detector.tflite": mediapipe_models["face_detection_short_range"],
        "face_landmarks_detector.tflite": mediapipe_models["face_landmark"],
    }
    source = bundle(tmp_path / "face_landmarker.task", names)
    result, path = build(capsys, source, "tflite-dynamic", tmp_path / "out", "--tasks-api")
    after = members(path)
    assert "bundle-opened" in found(result)
    assert len(after["face_detector.tflite"]) < 0.7 * len(names["face_detector.tflite"])
    assert len(after["face_landmarks_detector.tflite"]) < 0.6 * len(names["face_landmarks_detector.tflite"])
    for name, size, most in (("face_detector.tflite", 128, 0.2), ("face_landmarks_detector.tflite", 192, 0.1)):
        model = open_model(after[name], name=name)
        assert classify(model) is Scheme.DYNAMIC_RANGE
        assert not model.external_buffers
        assert set(sum(io_types(model), ())) == {"FLOAT32"}
        assert max(distance(tmp_path, names[name], after[name], smooth(6, size))) < most


def test_static_with_samples_for_one_model_leaves_the_other(capsys, tmp_path, mediapipe_models):
    source = bundle(
        tmp_path / "face_landmarker.task",
        {
            "face_detector.tflite": mediapipe_models["face_detection_short_range"],
            "face_landmarks_detector.tflite": mediapipe_models["face_landmark"],
        },
    )
    (tmp_path / "cal").mkdir()
    np.save(tmp_path / "cal/face_landmarks_detector.npy", smooth(30, 192))
    result, path = build(capsys, source, "tflite-int8", tmp_path / "out", "--calibration", tmp_path / "cal")
    after = members(path)
    assert after["face_detector.tflite"] == mediapipe_models["face_detection_short_range"]
    model = open_model(after["face_landmarks_detector.tflite"], name="landmarks")
    assert classify(model) is Scheme.INT8
    assert set(sum(io_types(model), ())) == {"FLOAT32"}, "the Tasks API takes no others"
    assert "bundle-part-left" in found(result)


def test_a_model_with_operators_that_nobody_has_stays_and_is_named(capsys, tmp_path, mediapipe_models):
    source = bundle(
        tmp_path / "face_landmarker.task",
        {
            "face_detector.tflite": mediapipe_models["face_detection_short_range"],
            "face_landmarks_detector.tflite": mediapipe_models["face_landmark_with_attention"],
        },
    )
    result, path = build(capsys, source, "tflite-dynamic", tmp_path / "out")
    assert members(path)["face_landmarks_detector.tflite"] == mediapipe_models["face_landmark_with_attention"]
    (left,) = [one for one in result["findings"] if one["name"] == "bundle-part-left"]
    assert "Landmarks2TransformMatrix" in left["message"]


@pytest.mark.parametrize(
    ("name", "warned"),
    [
        ("face_detection_short_range", None),  # operators numbered the old way
        ("iris_landmark", None),  # float32
        ("face_detection_full_range_sparse", "not-smaller"),  # DENSIFY
        ("selfie_segmentation", "default-delegate-needed"),
    ],
)
def test_models_of_mediapipe_alone(capsys, tmp_path, mediapipe_models, name, warned):
    (tmp_path / f"{name}.tflite").write_bytes(mediapipe_models[name])
    result, path = build(capsys, tmp_path / f"{name}.tflite", "tflite-weight-only", tmp_path / "out")
    assert classify(read_model(path)) is Scheme.WEIGHT_ONLY
    assert "constants within half a step" in result["summary"]["weights"]
    assert warned is None or warned in found(result)


def entry(operation, regex=".*", **weights):
    config = {"num_bits": 8, "symmetric": True, "granularity": "CHANNELWISE", "dtype": "INT"} | weights
    return {
        "regex": regex,
        "operation": operation,
        "algorithm_key": "min_max_uniform_quantize",
        "op_config": {"weight_tensor_config": config, "compute_precision": "INTEGER", "explicit_dequantize": False},
    }


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ([entry("*")], ""),
        ([entry("CONV_9")], "'CONV_9' is no operation"),
        ([entry("*", "nothing_of_it")], "matches no operator"),
        ([{"regex": ".*", "operation": "*", "algorithm_key": "no_quantize"}], "no quantized operator"),
    ],
)
def test_a_recipe_is_followed_or_refused(capsys, tmp_path, recipe, words):
    (tmp_path / "r.json").write_text(json.dumps(recipe))
    source = DATA / "tflite/flatten_float16.tflite"
    result, path = build(
        capsys, source, "tflite-mixed", tmp_path / "out", "--recipe", tmp_path / "r.json", code=4 if words else 0
    )
    if words:
        assert words in result["findings"][-1]["message"]
    else:
        assert classify(read_model(path)) is Scheme.DYNAMIC_RANGE


def test_the_guides_commands(capsys, tmp_path, monkeypatch):
    environment_python("litert")
    environment_python("vela")
    page = (Path(__file__).resolve().parents[2] / "docs/guide-bundles.md").read_text("utf-8")
    commands = [line.split()[1:] for line in page.splitlines() if line.startswith("envdoctor ")]
    (recipe,) = re.findall(r"```json recipe\.json\n(.*?)```", page, re.DOTALL)
    assert len(commands) > 5
    monkeypatch.chdir(tmp_path)
    Path("recipe.json").write_text(recipe)
    model = (DATA / "tflite/flatten_float16.tflite").read_bytes()
    Path("old.tflite").write_bytes(model)
    names = ("face_detector", "face_landmarks_detector")
    bundle(Path("face_landmarker.task"), {f"{name}.tflite": model for name in names})
    Path("samples").mkdir()
    for name in names:
        np.save(f"samples/{name}.npy", smooth(40, 8, 1))
    for command in commands:
        assert main(command) == 0, (command, capsys.readouterr().out)
        capsys.readouterr()

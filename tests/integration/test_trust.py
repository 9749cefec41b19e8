"""What a model holds does not run unless it is trusted: code that leaves a mark, the real Keras, every route."""

import subprocess
import sys
from pathlib import Path

import pytest

from envdoctor import registry
from envdoctor.action import StageFailed
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.command import Command
from envdoctor.core.errors import UsageProblem
from envdoctor.executors.local import LocalExecutor
from envdoctor.pipeline.sources import identify
from envdoctor.pipeline.sources.hdf5 import Unfollowed, read_text_attribute
from envdoctor.pipeline.sources.saved_model import read_saved_model
from envdoctor.tflite.reader import map_file
from stages import environment_python, run_stage

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

HELPERS = Path(__file__).resolve().parents[1] / "helpers"
ACTIONS = {action.name: action for action in registry.actions()}
VERSIONS = {"tensorflow": "keras-3", "tensorflow-2.15": "keras-2"}
KERAS_ACTIONS = sorted(name for name, action in ACTIONS.items() if ArtifactKind.KERAS in action.consumes)
LAMBDAS = [
    "lambda.keras",
    "lambda.h5",
    "nested.keras",
    "nested.h5",
    "wrapped.h5",
    "stale.h5",
    "dense.h5",
    "twice.keras",
]
PLAIN = [
    *("keras_export", "keras_trained", "saved_trained", "lstm"),
    *("asset", "mutable", "printing", "tf1", "unreached"),
]
ACTING = [
    *("write", "branch", "loop", "read", "python", "numpy", "print", "matching", "dataset", "filled", "restored"),
    "raw_restore",
]


def make(script, environment, folder, *arguments):
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "KERAS_HOME": str(folder / "keras")}
    argv = (str(environment_python(environment)), str(HELPERS / script), str(folder), *arguments)
    done = LocalExecutor().run(Command(argv=argv, env=quiet, timeout=600))
    assert done.ok, done.stderr[-2000:]
    return folder


@pytest.fixture(scope="module", params=list(VERSIONS))
def sentinels(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sentinels")
    return request.param, make("make_sentinels.py", request.param, folder)


@pytest.fixture(scope="module", params=list(VERSIONS))
def programs(request, tmp_path_factory):
    return make("make_programs.py", request.param, tmp_path_factory.mktemp("programs"))


def unread(path, *traits):
    """The artifact of a file that nobody looked into: whatever the doctor thinks of it, the stage looks itself."""
    return Artifact(kind=ArtifactKind.KERAS, path=path, sha256="0", traits=frozenset(traits))


@pytest.mark.parametrize("action", KERAS_ACTIONS)
def test_no_stage_runs_code_that_is_not_trusted(sentinels, tmp_path, action):
    environment, folder = sentinels
    for name in LAMBDAS:
        source = unread(folder / name, VERSIONS[environment], "recurrent")
        with pytest.raises(StageFailed) as caught:
            run_stage(ACTIONS[action], tmp_path / name, source, random_calibration=True)
        assert caught.value.finding.name in {"code-not-trusted", "keras-file-unreadable"}, name
        assert not (folder / "ran").exists(), f"{name} ran"


def test_no_stage_reads_weights_out_of_another_file(sentinels, tmp_path):
    environment, folder = sentinels
    action = ACTIONS["tf-export" if environment == "tensorflow" else "keras2-export"]
    for name in ("outside_link.h5", "outside_data.h5", "outside_view.h5", "outside_zip.keras"):
        with pytest.raises(StageFailed) as caught:
            run_stage(action, tmp_path / name, unread(folder / name), random_calibration=True)
        assert caught.value.finding.name == "code-not-trusted", name
        assert "elsewhere" in caught.value.finding.message, name


def test_the_mark_is_left_by_code_that_is_trusted(sentinels, tmp_path):
    environment, folder = sentinels
    action = ACTIONS["tf-export" if environment == "tensorflow" else "keras2-export"]
    for name in ("lambda.keras", "stale.h5"):
        run_stage(action, tmp_path / name, unread(folder / name), random_calibration=True, trust_code=True)
        assert (folder / "ran").exists(), name
        (folder / "ran").unlink()


def build(*words):
    argv = [sys.executable, "-m", "envdoctor", "build", *map(str, words), "--to", "tflite-int8"]
    return subprocess.run(argv, capture_output=True, text=True, timeout=900, check=False)


def test_a_build_ends_with_the_first_refusal(sentinels, tmp_path):
    environment, folder = sentinels
    for name in LAMBDAS:
        done = build(folder / name, "--calibration", "random", "--out", tmp_path / name)
        assert done.returncode == (4 if name == "dense.h5" else 2), name
        assert not (folder / "ran").exists(), name
        assert done.stderr.count("route ") <= 2, "one that began, and that it failed"
    assert "--trust-code" in build(folder / "dense.h5", "--calibration", "random", "--out", tmp_path / "d").stdout
    if environment == "tensorflow":
        done = build(folder / "dense_harmless.h5", "--calibration", "random", "--out", tmp_path / "harmless")
        assert done.returncode == 0, done.stdout


def test_plain_saved_models_need_no_trust(programs, tmp_path):
    for name in PLAIN:
        if not (programs / name).is_dir():
            continue
        assert identify(programs / name).kind == ArtifactKind.SAVED_MODEL
    for name in ("string_lookup", "text_vectorization"):  # refused for what they take, and not for want of trust
        if (programs / name).is_dir():
            with pytest.raises(UsageProblem, match="takes text"):
                identify(programs / name)
    for name in ("keras_export", "saved_trained", "unreached"):
        run_stage(ACTIONS["tf-float"], tmp_path / name, identify(programs / name), random_calibration=True)
        assert not (programs / "ran").exists(), name


def test_saved_models_that_act_need_trust(programs, tmp_path):
    for name in ACTING:
        with pytest.raises(UsageProblem, match="--trust-code"):
            identify(programs / name)
        source = Artifact(kind=ArtifactKind.SAVED_MODEL, path=programs / name, sha256="0")
        with pytest.raises(StageFailed) as caught:
            run_stage(ACTIONS["tf-float"], tmp_path / name, source, random_calibration=True)
        assert caught.value.finding.name == "code-not-trusted"
        assert not (programs / "ran").exists(), name


LOAD = """
import sys, tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
model.signatures["serving_default"](x=tf.ones((1, 4)))
"""


def test_what_is_told_of_a_saved_model_is_what_it_does(programs):
    """Loads each one and runs its signature: the mark is left exactly by those that are told to write."""
    python = environment_python("tensorflow")
    for name in ("unreached", "printing", "asset", "write", "filled", "restored", "loop", "print"):
        (programs / "ran").unlink(missing_ok=True)
        env = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_HOME": str(programs)}
        LocalExecutor().run(Command(argv=(str(python), "-c", LOAD, str(programs / name)), env=env, timeout=300))
        writes = any("writes" in effect for effect in read_saved_model(programs / name).effects)
        assert (programs / "ran").exists() == writes, name
    (programs / "ran").unlink(missing_ok=True)


@pytest.mark.parametrize("seed", ["1", "2"])
def test_attributes_are_read_as_h5py_reads_them(tmp_path, seed):
    make("make_h5_files.py", "tensorflow", tmp_path, seed)
    followed = 0
    for path in sorted(tmp_path.glob("random_*.h5")):
        try:
            text = read_text_attribute(map_file(path), "model_config")
        except Unfollowed:
            continue
        followed += 1
        assert text is not None
        assert text.decode() == path.with_suffix(".json").read_text()
    assert followed > 50

"""Actions and gates with the real TensorFlow, LiteRT quantizer and Vela, on models of many kinds."""

from pathlib import Path

import numpy as np
import pytest

from envdoctor import registry
from envdoctor.action import StageFailed
from envdoctor.core.command import Command
from envdoctor.core.errors import UsageProblem
from envdoctor.executors.local import LocalExecutor
from envdoctor.pipeline.sources import identify
from envdoctor.stages.processes import WORKERS
from envdoctor.tflite.quantization import Scheme, classify, io_types, per_channel_dense
from envdoctor.tflite.reader import read_model
from stages import environment_python, run_stage

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

ACTIONS = {action.name: action for action in registry.actions()}
MAKER = Path(__file__).resolve().parents[1] / "helpers/make_models.py"


def make(environment, folder):
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    argv = (str(environment_python(environment)), str(MAKER), str(folder))
    done = LocalExecutor().run(Command(argv=argv, env=quiet, timeout=600))
    assert done.ok, done.stderr[-2000:]
    return folder


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A folder of models that Keras 3 wrote, with samples."""
    return make("tensorflow", tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def old_models(tmp_path_factory):
    """A folder of models that Keras 2 wrote."""
    return make("tensorflow-2.15", tmp_path_factory.mktemp("old"))


def take(route, path, folder, goal="tflite-int8", **options):
    """Run the stages of a route, gates included; returns the last output."""
    source = artifact = identify(path, trust_code=options.get("trust_code", False))
    reference = output = None
    for number, name in enumerate(route.split("+")):
        where = folder / f"{number}-{name}"
        output, artifact = run_stage(
            ACTIONS[name], where, artifact, goal, reference=reference, request_source=source, **options
        )
        reference = output.reference or reference
    return output


def failure(route, path, folder, goal="tflite-int8", **options):
    with pytest.raises(StageFailed) as caught:
        take(route, path, folder, goal, **options)
    return caught.value.finding


@pytest.mark.parametrize("route", ["tf-int8", "tf-float+litert-int8", "tf-export+tf215-int8"])
@pytest.mark.parametrize("io_type", ["int8", "uint8"])
def test_a_convolutional_net_by_every_route(models, tmp_path, route, io_type):
    samples = models / "images.npz"
    output = take(route, models / "conv.keras", tmp_path, calibration=samples, evaluation=samples, io_type=io_type)
    model = read_model(output.path)
    assert classify(model) is Scheme.INT8
    assert io_types(model) == ((io_type.upper(),), (io_type.upper(),))
    assert output.summary["accuracy"]["float"] == 1.0
    assert output.summary["accuracy"]["int8"] > 0.9
    assert output.summary["comparison"]["outputs"][0]["difference"] < 0.1
    assert output.findings == ()


@pytest.mark.parametrize("route", ["tf-int8", "tf-float+litert-int8"])
@pytest.mark.parametrize("name", ["two_inputs", "embedding", "conv1d", "big", "pixels"])
def test_other_nets(models, tmp_path, route, name):
    output = take(route, models / f"{name}.keras", tmp_path, "edgetpu", random_calibration=True)
    model = read_model(output.path)
    assert classify(model) is Scheme.INT8
    assert not per_channel_dense(model)
    assert not model.external_buffers
    assert "random-samples" in [finding.name for finding in output.findings]


@pytest.mark.parametrize("route", ["tf-int8", "tf-float+litert-int8", "tf-export+tf215-int8"])
def test_the_largest_of_the_classes_at_each_pixel(models, tmp_path, route):
    output = take(route, models / "places.keras", tmp_path, calibration=models / "images.npz", evaluation=None)
    assert all(one["agreement"] > 0.95 for one in output.summary["comparison"]["outputs"])


def test_a_recurrent_layer_kills_the_converter_and_is_a_finding(models, tmp_path):
    found = failure("tf-int8", models / "lstm.keras", tmp_path, calibration=models / "steps.npz")
    assert found.name == "recurrent-layer-crash"
    assert "SIGSEGV" in found.message


@pytest.mark.parametrize("name", ["lstm", "gru"])
@pytest.mark.parametrize("route", ["tf-unrolled-int8+vela", "tf-export+tf215-int8+vela"])
def test_a_recurrent_layer_unrolled(models, tmp_path, name, route):
    output = take(route, models / f"{name}.keras", tmp_path, "ethos-u55-128", calibration=models / "steps.npz")
    assert output.summary["mapped_share"] == 1.0
    assert output.summary["cycles"] > 0


@pytest.mark.parametrize(
    ("route", "name", "problem"),
    [
        ("tf-float+litert-int8", "lstm.keras", "quantizer-has-no-ranges"),
        ("tf-int8", "lstm_exported", "tensor-list-not-lowered"),
    ],
)
def test_known_failures(models, tmp_path, route, name, problem):
    assert failure(route, models / name, tmp_path, calibration=models / "steps.npz").name == problem


def test_what_tensorflow_leaves_of_a_layer_normalization_is_written_on_int8(models, tmp_path):
    output = take("tf-int8", models / "layernorm.keras", tmp_path, random_calibration=True)
    made = read_model(output.path)
    assert classify(made) is Scheme.INT8
    assert not {"NEG", "SQUARE", "DEQUANTIZE"} & {operator.name for operator in made.main.operators}


def test_a_layer_normalization_by_the_second_route(models, tmp_path):
    output = take(
        "tf-float+litert-int8+vela", models / "layernorm.keras", tmp_path, "ethos-u55-128", random_calibration=True
    )
    assert output.summary["operators_on_cpu"] == {}


def test_operators_without_an_int8_form(models, tmp_path):
    """What Keras 3 makes of an upsampling is too new for the Edge TPU compiler: both routes write it otherwise."""
    output = take("tf-int8", models / "leaky.keras", tmp_path / "1", "edgetpu", random_calibration=True)
    names = [operator.name for operator in read_model(output.path).main.operators]
    assert ("RESIZE_NEAREST_NEIGHBOR" in names, "TILE" in names) == (True, False)
    output = take("tf-float+litert-int8", models / "leaky.keras", tmp_path / "2", "edgetpu", random_calibration=True)
    assert classify(read_model(output.path)) is Scheme.INT8
    said = " ".join(output.summary["prepared"])
    assert "wrote 1 chain of TILE as RESIZE_NEAREST_NEIGHBOR" in said
    assert "1 LEAKY_RELU, 1 PRELU, 1 REDUCE_MAX" in said


@pytest.mark.parametrize("name", ["conv_open_batch", "conv_float16"])
def test_float_files_as_converters_leave_them(models, tmp_path, name):
    route, samples = "litert-int8+vela", models / "images.npz"
    output = take(route, models / f"{name}.tflite", tmp_path, "ethos-u55-128", calibration=samples)
    assert output.summary["mapped_share"] == 1.0


def test_mixed_precision(models, tmp_path):
    output = take("tf-int8", models / "mixed.keras", tmp_path, random_calibration=True)
    assert output.summary["changes"] == ["computes in float32 instead of mixed precision"]


def test_code_in_a_model_is_run_only_if_trusted(models, tmp_path):
    with pytest.raises(UsageProblem, match="--trust-code"):
        identify(models / "lambda.keras")
    take("tf-int8", models / "lambda.keras", tmp_path, random_calibration=True, trust_code=True)


def test_the_worker_itself_looks_at_what_it_is_about_to_load(models, tmp_path):
    source = identify(models / "lambda.keras", trust_code=True)
    with pytest.raises(StageFailed) as caught:
        run_stage(ACTIONS["tf-int8"], tmp_path / "s", source, random_calibration=True, trust_code=False)
    assert caught.value.finding.name == "code-not-trusted"


def test_samples_that_only_the_worker_can_refuse(models, tmp_path):
    np.save(tmp_path / "half.npy", np.full((3, 12, 12, 1), np.nan, "float16"))
    found = failure("tf-int8", models / "conv.keras", tmp_path, calibration=tmp_path / "half.npy")
    assert found.name == "calibration-not-finite"


def test_a_difference_that_the_user_does_not_accept(models, tmp_path):
    from envdoctor.core.request import Thresholds

    strict = Thresholds(max_difference=1e-6)
    found = failure("tf-int8", models / "conv.keras", tmp_path, calibration=models / "images.npz", thresholds=strict)
    assert found.name == "outputs-differ"


@pytest.mark.parametrize(
    ("route", "name"),
    [
        ("keras2-export+tf215-int8", "old_depthwise.h5"),
        ("keras2-export+tf215-int8", "old_functions.h5"),
        ("keras2-export+tf215-int8", "old_lstm.h5"),
        ("tf-int8", "old_graph"),
        ("tf215-int8", "old_graph"),
        ("tf-float+litert-int8", "old_graph"),
    ],
)
def test_what_keras_2_and_tensorflow_1_wrote(old_models, tmp_path, route, name):
    output = take(route, old_models / name, tmp_path, random_calibration=True)
    assert classify(read_model(output.path)) is Scheme.INT8


@pytest.mark.parametrize("name", ["old_depthwise.h5", "old_functions.h5", "old_lstm.h5"])
def test_what_keras_3_can_not_read(old_models, tmp_path, name):
    assert "keras-2-only" in identify(old_models / name).traits
    assert failure("tf-int8", old_models / name, tmp_path, random_calibration=True).name == "keras-version-mismatch"


def test_vela_on_a_file_that_it_would_compile_to_nothing(models, tmp_path):
    artifact = identify(models / "conv_open_batch.tflite")
    with pytest.raises(StageFailed) as caught:
        run_stage(ACTIONS["vela"], tmp_path / "s", artifact, "ethos-u55-128")
    assert caught.value.finding.name == "nothing-on-accelerator"


def test_workers_start_without_the_users_packages(models, tmp_path):
    """-I: neither PYTHONPATH nor the current folder reaches a stage."""
    (tmp_path / "tensorflow.py").write_text("raise SystemExit('imported from the current folder')")
    python = environment_python("tensorflow")
    argv = (str(python), "-I", str(WORKERS / "__main__.py"), str(tmp_path / "none.json"))
    done = LocalExecutor().run(Command(argv=argv, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}))
    assert "FileNotFoundError" in done.stderr

"""Models of public reports, built as their reporters did: each gate fails the ones it is for, and no others."""

import numpy as np
import pytest

from envdoctor import registry
from envdoctor.action import StageFailed
from envdoctor.core.command import Command
from envdoctor.doctor.trial import try_interpreter
from envdoctor.executors.local import LocalExecutor
from envdoctor.pipeline.sources import identify
from envdoctor.tflite.quantization import Scheme, classify, io_types
from envdoctor.tflite.reader import read_model
from shared_data import shared
from stages import environment_python, run_stage

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

ACTIONS = {action.name: action for action in registry.actions()}
MODELS = "data/reports/models"
MAKER = """
import sys, numpy as np, tensorflow as tf
generator = np.random.default_rng(0)
tf.keras.utils.set_random_seed(1)
class Model(tf.Module):
    def __init__(self):
        self.weights = tf.Variable(generator.normal(size=(8, 4)).astype("float32"))
    @tf.function(input_signature=[tf.TensorSpec([1, 8], tf.float32, name="x")])
    def branch(self, x):
        return {"y": tf.cond(tf.reduce_sum(x) > 0, lambda: tf.matmul(x, self.weights), lambda: x[:, :4] * 2.0)}
    @tf.function(input_signature=[tf.TensorSpec([None, 8], tf.int64, name="x")])
    def counts(self, x):
        return {"y": tf.matmul(tf.cast(x, tf.float32), self.weights)}
    @tf.function(input_signature=[tf.TensorSpec([None, 8], tf.float32, name="x")])
    def best(self, x):
        values, indexes = tf.math.top_k(tf.nn.sigmoid(tf.matmul(x, self.weights)), 3)
        return {"values": values, "indexes": indexes}
    @tf.function(input_signature=[tf.TensorSpec([None, 8], tf.float32, name="x")])
    def score(self, x):
        return {"y": tf.matmul(x, self.weights)}
model, folder = Model(), sys.argv[1]
for name in ("branch", "counts"):
    tf.saved_model.save(model, f"{folder}/{name}", signatures=getattr(model, name))
tf.saved_model.save(model, f"{folder}/two", signatures={"best": model.best, "score": model.score})
np.save(f"{folder}/floats.npy", generator.normal(size=(60, 8)).astype("float32"))
np.save(f"{folder}/counts.npy", generator.integers(0, 9, (60, 8)))
layers = tf.keras.layers
given = layers.Input(batch_shape=(1, 5, 8))
tf.keras.Model(given, layers.Dense(2)(layers.LSTM(4, stateful=True)(given))).save(f"{folder}/stateful.keras")
np.save(f"{folder}/steps.npy", generator.normal(size=(30, 5, 8)).astype("float32"))
given = layers.Input((10, 8))
attended = layers.MultiHeadAttention(2, 8)(given, given, use_causal_mask=True)
tf.keras.Model(given, layers.Dense(5)(given + attended)).save(f"{folder}/causal.keras")
np.save(f"{folder}/causal.npy", generator.normal(size=(60, 10, 8)).astype("float32"))
found = layers.Dense(64)(given[:, 0])
_, places = tf.keras.ops.top_k(found + layers.Dense(64)(given[:, 1]), 3)
best, _ = tf.keras.ops.top_k(found, 3)
tf.keras.Model(given, [places, best]).save(f"{folder}/places.keras")
from types import SimpleNamespace
from keras.src.utils.module_utils import scipy
windows = SimpleNamespace(get_window=lambda name, length, periodic=True: np.hanning(length + periodic)[:length])
scipy.module = SimpleNamespace(signal=windows)
heard = [layers.Input((512, 1)), layers.STFTSpectrogram(mode="log", frame_length=64, frame_step=32, fft_length=64)]
tf.keras.Sequential([*heard, layers.GlobalAveragePooling1D(), layers.Dense(3)]).save(f"{folder}/heard.keras")
np.save(f"{folder}/heard.npy", (generator.normal(size=(60, 512, 1)) * generator.random((60, 1, 1))).astype("float32"))
flat = tf.keras.Sequential([layers.Input((8,)), layers.Dense(1000, activation="softmax")])
flat.layers[0].set_weights([np.zeros((8, 1000)), np.zeros(1000)])
flat.save(f"{folder}/untrained.keras")
offset = [layers.Dense(64, activation="softplus"), layers.Dense(1), layers.Rescaling(0.5, offset=1000.0)]
high = tf.keras.Sequential([layers.Input((8,)), *offset])
open(f"{folder}/high.tflite", "wb").write(tf.lite.TFLiteConverter.from_keras_model(high).convert())
"""


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    argv = (str(environment_python("tensorflow")), "-c", MAKER, str(folder))
    done = LocalExecutor().run(Command(argv=argv, env=quiet, timeout=600))
    assert done.ok, done.stderr[-2000:]
    return folder


def model(name):
    return shared(f"{MODELS}/{name}")


def take(route, path, folder, goal="tflite-int8", **options):
    """Run the stages of a route, gates included; returns the last output."""
    source = artifact = identify(path, signature=options.get("signature"))
    reference = output = None
    for number, name in enumerate(route.split("+")):
        output, artifact = run_stage(
            ACTIONS[name],
            folder / f"{number}-{name}",
            artifact,
            goal,
            reference=reference,
            request_source=source,
            **options,
        )
        reference = output.reference or reference
    return output


def failure(route, path, folder, **options):
    with pytest.raises(StageFailed) as caught:
        take(route, path, folder, **options)
    return caught.value.finding


def names(output):
    return [found.name for found in output.findings]


ROUTES = ("tf-int8", "tf-float+litert-int8")


@pytest.mark.parametrize("route", ROUTES)
def test_scores_beside_boxes_in_pixels_are_lost(tmp_path, route):
    found = failure(route, model("c18.keras"), tmp_path, calibration=model("c18_cal.npz"))
    assert found.name == "channels-lost"
    assert "6 of 10 indexes of axis 2 (4, 5, 6, 7, 8, 9)" in found.message


@pytest.mark.parametrize("name", ["c29_norm.keras", "c29_two.keras"])
@pytest.mark.parametrize("route", ROUTES)
def test_both_ways_out_of_it(tmp_path, route, name):
    assert names(take(route, model(name), tmp_path, calibration=model("c18_cal.npz"))) == []


def test_a_mask_of_a_thousand_million_is_named(tmp_path):
    found = failure("tf-int8", model("c30.keras"), tmp_path, calibration=model("c30_cal.npz"))
    assert found.name == "signal-swallowed"
    assert "from the constant -1e+09" in found.message


def test_a_mask_of_a_thousand_million_becomes_one_that_can_be_quantized(tmp_path):
    samples = {"calibration": model("c30_cal.npz"), "evaluation": model("c30_eval.npz")}
    assert take("tf-float+litert-int8", model("c30.keras"), tmp_path, **samples).summary["accuracy"]["int8"] > 0.98


def test_attention_that_a_causal_mask_flattens_while_the_output_stays_near(made, tmp_path):
    found = failure("tf-int8", made / "causal.keras", tmp_path / "1", calibration=made / "causal.npy")
    assert found.name == "signal-swallowed"
    output = take("tf-float+litert-int8", made / "causal.keras", tmp_path / "2", calibration=made / "causal.npy")
    assert output.summary["comparison"]["outputs"][0]["rms"] < 0.05


@pytest.mark.parametrize("route", ROUTES)
def test_the_places_of_the_best(made, tmp_path, route):
    output = take(route, made / "places.keras", tmp_path, calibration=made / "causal.npy")
    assert set(io_types(read_model(output.path))[1]) == {"INT8", "INT32"}


def test_the_window_of_a_spectrogram_needs_no_scipy(made, tmp_path):
    output = take("tf-float", made / "heard.keras", tmp_path, calibration=made / "heard.npy")
    labels = {one.name for one in read_model(output.path).main.operators}
    assert "CONV_2D" in labels
    assert "RFFT2D" not in labels


@pytest.mark.parametrize("route", ["tf-int8", "tf-export+tf215-int8", "tf-float+litert-int8"])
def test_two_inputs_of_the_same_shape(tmp_path, route):
    """With a mask of -12, and a CAST at one of the inputs."""
    samples = {"calibration": model("c30_cal.npz"), "evaluation": model("c30_eval.npz")}
    output = take(route, model("c35.keras"), tmp_path, **samples)
    assert output.summary["accuracy"]["float"] == 1.0
    assert output.summary["accuracy"]["int8"] > 0.98


@pytest.mark.parametrize("route", ["tf-int8", "tf-export+tf215-int8", "tf-float+litert-int8"])
@pytest.mark.parametrize("named", [True, False])
def test_two_inputs_whose_order_is_not_that_of_their_names(tmp_path, route, named):
    samples = {"calibration": model("c37_cal.npz"), "evaluation": model("c37_eval.npz")}
    if not named:
        for option, path in samples.items():
            with np.load(path) as arrays:
                rest = {"y": arrays["y"]} if "y" in arrays else {}
                np.savez(tmp_path / path.name, arrays["b"], arrays["a"], **rest)
            samples[option] = tmp_path / path.name
    output = take(route, model("c37.keras"), tmp_path / "stages", **samples)
    assert output.summary["accuracy"]["float"] == pytest.approx(0.988)
    assert output.summary["accuracy"]["int8"] > 0.95


def test_accuracy_that_falls_is_no_success(tmp_path):
    samples = {"calibration": model("c06_calbad.npz"), "evaluation": model("c06_eval.npz")}
    assert failure("tf-int8", model("c06.keras"), tmp_path / "1", **samples).name in {
        "accuracy-dropped",
        "calibration-too-narrow",
    }
    samples["calibration"] = model("c06_calgood.npz")
    assert take("tf-int8", model("c06.keras"), tmp_path / "2", **samples).summary["accuracy"]["int8"] == 1.0


def test_a_thousand_probabilities_below_a_step(made, tmp_path):
    found = failure("tf-int8", made / "untrained.keras", tmp_path, calibration=made / "floats.npy")
    assert found.name == "probabilities-below-step"
    assert "none of its 1000 classes more than 0.001" in found.message


def test_augmentation_is_off_in_what_is_exported(tmp_path):
    output = take("tf-int8", model("c17.keras"), tmp_path, calibration=model("c17_cal.npz"))
    assert names(output) == []
    assert {one.name for one in read_model(output.path).main.operators} == {
        "CONV_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX"
    }  # fmt: skip


def test_a_model_that_learnt_its_ranges_needs_no_samples(tmp_path):
    output = take("tf-int8", model("c13_saved"), tmp_path)
    assert names(output) == ["not-compared"]
    quantization = read_model(output.path).main.tensors[read_model(output.path).main.inputs[0]].quantization
    assert quantization.scales[0] == pytest.approx(1 / 255, rel=1e-3)


def test_a_saved_model_in_float16_is_told_from_its_refused_operators(tmp_path):
    found = failure("tf-int8", model("c16_saved"), tmp_path, calibration=model("c16_cal.npz"))
    assert found.name == "element-type-not-in-tflite"
    assert "float16" in found.message


def test_a_branch_is_named_as_such(made, tmp_path):
    found = failure("tf-int8", made / "branch", tmp_path, calibration=made / "floats.npy")
    assert found.name == "control-flow-left"
    assert "tf.cond" in found.message


def test_whole_numbers_at_an_input_become_quantized_ones(made, tmp_path):
    output = take("tf-int8", made / "counts", tmp_path, calibration=made / "counts.npy")
    assert names(output) == ["input-cast-stripped"]
    assert io_types(read_model(output.path))[0] == ("INT8",)


@pytest.mark.parametrize(("signature", "outputs"), [("score", 1), ("best", 2)])
def test_one_signature_of_two(made, tmp_path, signature, outputs):
    output = take("tf-int8", made / "two", tmp_path, calibration=made / "floats.npy", signature=signature)
    assert len(output.summary["comparison"]["outputs"]) == outputs


def test_state_that_lasts_is_named_with_the_ways_out(made, tmp_path):
    found = failure("tf-int8", made / "stateful.keras", tmp_path, calibration=made / "steps.npy")
    assert found.name == "stateful-recurrent"
    assert "stateful=False" in found.fix.text
    assert "initial_state" in found.fix.text


@pytest.mark.parametrize(
    ("form", "scheme"), [("int16x8", Scheme.INT16), ("dynamic", Scheme.DYNAMIC_RANGE), ("float16", Scheme.FLOAT16)]
)
def test_what_people_ask_for_beside_int8(tmp_path, form, scheme):
    samples = {"calibration": model("c01_cal.npz"), "evaluation": model("c01_eval.npz")}
    output = take(f"litert-{form}", model("c01_float.tflite"), tmp_path, f"tflite-{form}", **samples)
    assert classify(read_model(output.path)) is scheme
    assert names(output) == []
    assert output.summary["accuracy"]["int8"] > 0.97


def test_an_output_on_a_large_constant_keeps_what_it_says_in_16x8(made, tmp_path):
    """Its bias has more than 32 bits; the ADD of a softplus has scales that are powers of two."""
    given = {"calibration": made / "floats.npy", "allow_float": True}
    output = take("litert-int16x8", made / "high.tflite", tmp_path, "tflite-int16x8", **given)
    (one,) = output.summary["comparison"]["outputs"]
    assert not one["constant"]
    assert one["difference"] < 0.01


@pytest.mark.parametrize("form", ["dynamic", "float16"])
def test_smaller_weights_need_no_samples(tmp_path, form):
    output = take(f"litert-{form}", model("c01_float.tflite"), tmp_path, f"tflite-{form}")
    assert output.summary["comparison"]["random"]
    assert names(output) == []


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"{MODELS}/c04_16x8.tflite", "interpreter-refused"),
        (f"{MODELS}/c04_int8.tflite", None),
        ("data/edgetpu/models/ac8e1fda9eb1714c.tflite", "default-delegate-refuses"),
    ],
)
def test_a_file_is_run_once(path, name):
    environment_python("litert")
    found, note = try_interpreter(shared(path))
    assert ([one.name for one in found], note) == ([name] if name else [], "")

"""The example of an operator of its own, by each of the ways that it goes."""

import json
from pathlib import Path

import numpy as np
import pytest

from envdoctor.action import StageFailed
from envdoctor.core.command import Command
from envdoctor.executors.local import LocalExecutor
from envdoctor.pipeline.sources import identify
from envdoctor.tflite.reader import read_model
from needs import C_COMPILER, needs
from stages import environment_python
from torch_routes import MODELS, take

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/custom_rms_norm"
RUN = """
import json, sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter, load_delegate
model, samples, library = sys.argv[1:]
with_kernel = Interpreter(model, experimental_delegates=[load_delegate(library)] if library else None)
with_kernel.allocate_tensors()
source, target = with_kernel.get_input_details()[0], with_kernel.get_output_details()[0]
answers = []
for sample in np.load(samples):
    scale, zero = source["quantization"]
    value = np.clip(np.round(sample / scale) + zero, -128, 127) if scale else sample
    with_kernel.set_tensor(source["index"], value[None].astype(source["dtype"]))
    with_kernel.invoke()
    scale, zero = target["quantization"]
    got = with_kernel.get_tensor(target["index"])[0].astype("float64")
    answers.append(((got - zero) * scale if scale else got).tolist())
print(json.dumps(answers))
"""


def answers(model, samples, library=""):
    argv = (str(environment_python("litert")), "-c", RUN, str(model), str(samples), str(library))
    done = LocalExecutor().run(Command(argv=argv, timeout=120))
    return np.array(json.loads(done.stdout)) if done.ok else done.stderr


@pytest.fixture(scope="session")
def kernel(tmp_path_factory):
    """The example's kernel as a library."""
    needs(C_COMPILER)
    library = tmp_path_factory.mktemp("kernel") / "rms_norm.so"
    argv = ("gcc", "-O2", "-shared", "-fPIC", "-o", str(library), str(EXAMPLE / "kernel.c"), "-lm")
    done = LocalExecutor().run(Command(argv=argv, timeout=60))
    assert done.ok, done.stderr
    return library


@pytest.fixture
def samples(tmp_path):
    path = tmp_path / "samples.npy"
    np.save(path, np.random.default_rng(0).normal(size=(40, 16)).astype("float32"))
    return path


@pytest.fixture
def source():
    return identify(Path(f"{EXAMPLE / 'net.py'}:make_model"), given="1x16")


def labels(output):
    return [operator.label for operator in read_model(output.path).main.operators]


def test_written_out_it_needs_nothing(source, samples, tmp_path):
    first, second = take("torch-float+litert-int8", source, tmp_path, calibration=samples)
    assert not {"CUSTOM example.rms_norm", "STABLEHLO_COMPOSITE"} & set(labels(first))
    assert second.summary["comparison"]["outputs"][0]["cosine"] > 0.98


def test_on_the_way_by_onnx_it_is_written_out(source, samples, tmp_path):
    *_, last = take("torch-onnx+onnx2tf-float", source, tmp_path, calibration=samples)
    assert not [one for one in labels(last) if "CUSTOM" in one]


def test_an_operator_without_a_fake_form_is_exported_by_its_body(tmp_path):
    code = (EXAMPLE / "net.py").read_text("utf-8")
    start, end = code.index("@rms_norm.register_fake"), code.index("class Net")
    file = tmp_path / "net.py"
    file.write_text(code[:start] + code[end:], "utf-8")
    (made,) = take("torch-float", identify(Path(f"{file}:make_model"), given="1x16"), tmp_path, random_calibration=True)
    assert not [one for one in labels(made) if "CUSTOM" in one]


@pytest.mark.parametrize(
    "route", ["torch-float+composites-to-custom", "torch-float+litert-int8+int8-composites-to-custom"]
)
def test_as_a_custom_operator_it_runs_with_its_kernel_alone(source, samples, tmp_path, kernel, route):
    *before, custom = take(
        route, source, tmp_path, "tflite-custom-ops", calibration=samples, allow_float="int8" in route
    )
    assert "CUSTOM example.rms_norm" in labels(custom)
    assert "CUSTOM example.rms_norm" not in labels(before[-1])
    assert [found.name for found in custom.findings] == ["kernel-needed"]
    assert "unresolved custom op: example.rms_norm" in answers(custom.path, samples)
    expected, given = answers(before[-1].path, samples), answers(custom.path, samples, kernel)
    step = 0.0 if "int8" not in route else np.ptp(expected) / 100
    np.testing.assert_allclose(given, expected, atol=1e-5 + step)
    assert np.abs(expected).max() > 0.1


def test_a_model_without_such_operators_has_no_way_there(tmp_path):
    plain = identify(Path(f"{MODELS}:Small"), given="1x3x16x16")
    with pytest.raises(StageFailed) as caught:
        take("torch-composite", plain, tmp_path, random_calibration=True)
    assert caught.value.finding.name == "no-custom-operators"

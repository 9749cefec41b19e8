"""From ONNX to int8 and beyond, held against ONNX Runtime."""

import json
from pathlib import Path

import pytest

import envdoctor
from envdoctor.action import StageFailed
from envdoctor.cli import main
from envdoctor.core.command import Command
from envdoctor.executors.local import LocalExecutor
from envdoctor.pipeline.sources import identify
from envdoctor.tflite.reader import read_model
from stages import environment_python
from torch_routes import MODELS, UNTRAINED, images, take

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

REPOSITORY = Path(envdoctor.__file__).parent.parent
MAKER = f"""
import sys
sys.path.insert(0, {str(MODELS.parent)!r})
import onnx, torch, torch_models as t
from torch.nn import functional as F

class Up(torch.nn.Module):
    def forward(self, x): return F.interpolate(x, scale_factor=2)

class Parts(torch.nn.Module):
    def forward(self, x):
        a, b = torch.split(x, [1, 2], dim=1)
        b = b[:, :, 2:, 1:-1:2]
        y = F.pad(b, (1, 1), value=0.5).repeat(1, 2, 1, 1) + a.expand(1, 4, 16, 16)[:, :, :14, :9]
        return y.reshape(x.shape[0], -1)

class Heard(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torch.nn.LSTM(48, 6, bidirectional=True, batch_first=True)

    def forward(self, x): return self.inner(x.flatten(1, 2).permute(0, 2, 1)[:, :5])[0][:, -1]

def save(model, name, size=16, opset=17, **rest):
    torch.onnx.export(model.eval(), (torch.rand(1, 3, size, size),), name, dynamo=False, opset_version=opset,
                      input_names=["image"], output_names=["scores"], **rest)

save(t.mobilenet(), "mobilenet.onnx", 96, dynamic_axes={{"image": {{0: "batch"}}}})
save(t.Small(), "open.onnx", dynamic_axes={{"image": {{0: "b", 2: "h", 3: "w"}}}})
save(Heard(), "heard.onnx")
save(Up(), "up.onnx", opset=13)
save(torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ConvTranspose2d(4, 5, 3, 2, 1, 1)), "turned.onnx")
save(Parts(), "parts.onnx", opset=13, dynamic_axes={{"image": {{0: "b"}}}})
save(t.Small(), "small.onnx")
small = onnx.load("small.onnx")
onnx.save(onnx.version_converter.convert_version(small, 22), "new.onnx")
onnx.save(small, "beside.onnx", save_as_external_data=True, size_threshold=0, location="beside.data")

from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static

class Reader(CalibrationDataReader):
    def __init__(self): self.given = iter([{{"image": torch.rand(1, 3, 16, 16).numpy()}} for _ in range(8)])
    def get_next(self): return next(self.given, None)

for name, form, kind, each in (("pairs", "QDQ", "QUInt8", False), ("channels", "QDQ", "QInt8", True),
                               ("whole", "QOperator", "QUInt8", False)):
    quantize_static("small.onnx", name + ".onnx", Reader(), quant_format=QuantFormat[form], per_channel=each,
                    activation_type=QuantType[kind])
quantize_dynamic("small.onnx", "as_it_runs.onnx")
small.graph.node[0].attribute.append(onnx.helper.make_attribute("auto_pad", "NO_SUCH"))
onnx.save(small, "wrong.onnx")

def write(name, text, opset=21):
    onnx.save(onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : {{opset}}]> g ' + text), name)

write("largest.onnx", "(float[1,50] x) => (float[1,5] y) <int64[1] k = {{5}}> {{ y, i = TopK(x, k) }}")
write("crossed.onnx", "(float[1,4,8,8] x) => (float[1,1,8,8] c, float[1,4,8,8] s, float[1,3,8,8] b) <"
      "int64[2] k = {{3, 1}}, int64 a = {{-1}}> {{ b, c = Split<axis=1>(x, k) "
      "s = CumSum<exclusive=0, reverse=1>(x, a) }}", 17)
write("uneven.onnx", "(float[1,4,8,8] x) => (float[1,4,4,4] y) {{ y = AveragePool"
      "<kernel_shape=[3,3], strides=[2,2], pads=[0,0,1,1]>(x) }}")
write("padded.onnx", "(float[1,3,9,10] x) => (float[1,1,5,5] y) <float[1,3,2,2] k = {{1,2,3,4,5,6,7,8,9,8,7,6}}> {{"
      'c = Conv<auto_pad="SAME_LOWER",strides=[2,2]>(x,k) y = MaxPool<auto_pad="SAME_UPPER", kernel_shape=[2,2]>(c) }}')
flat = "(float[1,3,4,4] x) => (float[1,48] y) <int64[2] k = {{1, 48}}> "
write("flat.onnx", flat + "{{ h = Neg(x) y = Reshape<allowzero=1>(h, k) }}")
write("together.onnx", "(float[4,3] x) => (float[4,3] y) {{ y = Softmax<axis=0>(x) }}")
write("double.onnx", "(double[1,4] x) => (double[1,3] y) <double[4,3] k = {{1,2,3,4,5,6,7,8,9,8,7,6}}> {{"
      "h = MatMul(x, k) y = Tanh(h) }}")
write("half.onnx", "(float16[1,4] x) => (float16[1,4] y) <float[4,4] k = {{1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2}}> {{"
      "h = Cast<to=10>(k) y = MatMul(x, h) }}")
write("open_together.onnx", "(float[n,3] x) => (float[n,3] y) {{ y = Softmax<axis=0>(x) }}")
"""


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A folder of models that PyTorch exported."""
    folder = tmp_path_factory.mktemp("onnx")
    argv = (str(environment_python("torch")), "-c", MAKER)
    done = LocalExecutor().run(Command(argv=argv, cwd=folder, timeout=600))
    assert done.ok, done.stderr[-2000:]
    return folder


def test_a_mobilenet_with_an_open_batch_goes_all_the_way(models, tmp_path):
    source = identify(models / "mobilenet.onnx")
    assert "dynamic-batch" in source.traits
    first, second, compiled = take(
        "torch-float+litert-int8+vela",
        source,
        tmp_path,
        "ethos-u55-128",
        calibration=images(tmp_path),
        thresholds=UNTRAINED,
    )
    made = read_model(first.path)
    assert made.main.tensors[made.main.inputs[0]].shape == (1, 96, 96, 3)
    assert second.summary["comparison"]["by"].startswith("ONNX Runtime")
    assert second.summary["comparison"]["outputs"][0]["cosine"] > 0.98
    assert read_model(compiled.path).main.operators[0].label == "CUSTOM ethos-u"


@pytest.mark.parametrize("name", ["up", "parts", "new", "beside", "turned", "flat", "padded"])
def test_what_onnx2torch_alone_does_not_take(models, tmp_path, name):
    first, second = take(
        "torch-float+litert-int8", identify(models / f"{name}.onnx"), tmp_path, random_calibration=True
    )
    assert list(first.summary["components"])[-1] == "numbers"
    assert second.summary["comparison"]["outputs"][0]["cosine"] > 0.98


@pytest.mark.parametrize("route", ["torch-float", "onnx2tf-float"])
@pytest.mark.parametrize("name", ["double", "half"])
def test_other_precisions_are_written_in_single_precision(models, tmp_path, name, route):
    source = identify(models / f"{name}.onnx")
    (made,) = take(route, source, tmp_path, random_calibration=True)
    assert {str(one.dtype) for one in read_model(made.path).main.tensors} <= {"FLOAT32", "INT32"}
    assert float(made.summary["difference"].split()[0]) < 1e-5


def test_the_other_way_gives_the_same_mobilenet(models, tmp_path):
    source = identify(models / "mobilenet.onnx")
    first, second = take(
        "onnx2tf-float+litert-int8", source, tmp_path, calibration=images(tmp_path), thresholds=UNTRAINED
    )
    made = read_model(first.path)
    assert made.main.tensors[made.main.inputs[0]].shape == (1, 96, 96, 3)
    assert first.summary["layout"] == ["image: channels last"]
    assert second.summary["comparison"]["by"].startswith("ONNX Runtime")
    assert second.summary["comparison"]["outputs"][0]["cosine"] > 0.98
    assert any("before a TRANSPOSE" in change for change in second.summary["prepared"])


@pytest.mark.parametrize(("name", "layout"), [("up", ["image", "output_0"]), ("parts", [])])
def test_the_other_way_says_which_axes_it_moved(models, tmp_path, name, layout):
    first = take("onnx2tf-float", identify(models / f"{name}.onnx"), tmp_path, random_calibration=True)[0]
    assert first.summary["layout"] == [f"{each}: channels last" for each in layout]


def test_the_largest_of_a_stored_count_are_taken(models, tmp_path):
    made = read_model(take("torch-float", identify(models / "largest.onnx"), tmp_path, random_calibration=True)[0].path)
    assert "TOPK_V2" in {one.label for one in made.main.operators}


def test_outputs_of_one_operator_keep_their_places(models, tmp_path):
    made = take("torch-float", identify(models / "crossed.onnx"), tmp_path, random_calibration=True)[0]
    assert list(made.summary["components"])[-1] == "numbers"
    assert len(read_model(made.path).main.outputs) == 3


def test_a_build_falls_back_to_the_other_way(models, tmp_path, capsys):
    environment_python("torch")
    environment_python("onnx2tf")
    words = ["--to", "tflite-int8", "--calibration", "random", "--allow-float", "--out", str(tmp_path), "--json"]
    assert main(["build", str(models / "uneven.onnx"), *words]) == 0
    first, second = json.loads(capsys.readouterr().out)["attempts"]
    assert [result["stage"]["action"] for result in first["results"]] == ["torch-float"]
    assert first["results"][0]["findings"][0]["name"] == "onnx-not-converted"
    assert [result["stage"]["action"] for result in second["results"]] == ["onnx2tf-float", "litert-int8"]


def test_open_sizes_are_fixed_as_the_user_says(models, tmp_path):
    source = identify(models / "open.onnx", given="1x3x24x32")
    first = take("torch-float", source, tmp_path, random_calibration=True, inputs="1x3x24x32")[0]
    made = read_model(first.path)
    assert made.main.tensors[made.main.inputs[0]].shape == (1, 24, 32, 3)


def test_samples_that_meet_in_a_batch_are_told(models, tmp_path):
    with pytest.raises(StageFailed) as caught:
        take("torch-float", identify(models / "together.onnx"), tmp_path / "fixed", random_calibration=True)
    assert caught.value.finding.name == "batch-computed-across"
    output = take("torch-float", identify(models / "open_together.onnx"), tmp_path / "open", random_calibration=True)[0]
    assert "samples-influence-each-other" in [found.name for found in output.findings]


#: The form in floats of each quantized model, held against what ONNX Runtime says of the model itself.
FLOATS = f"""
import sys
sys.path.insert(0, {str(REPOSITORY)!r})
import numpy as np, onnx, onnxruntime as ort
from envdoctor.stages.workers.onnx_floats import WRITTEN, write_in_floats
for name in ("pairs", "channels", "whole", "as_it_runs", "small"):
    model = onnx.load(name + ".onnx")
    count = write_in_floats(model)
    assert not {{node.op_type for node in model.graph.node}} & {{each.split(".")[-1] for each in WRITTEN}}
    onnx.checker.check_model(model)
    first, second = (ort.InferenceSession(each, providers=["CPUExecutionProvider"])
                     for each in (name + ".onnx", model.SerializeToString()))
    images = np.random.default_rng(1).random((20, 1, 3, 16, 16), np.float32)
    before, after = (np.array([one.run(None, {{"image": each}})[0] for each in images]) for one in (first, second))
    print(name, count, float(np.abs(before - after).max() / np.ptp(before)), np.ptp(before - before.mean(0)) > 0)
"""


def test_a_quantized_model_is_the_same_in_floats(models):
    done = LocalExecutor().run(Command(argv=(str(environment_python("torch")), "-c", FLOATS), cwd=models, timeout=300))
    assert done.ok, done.stderr[-2000:]
    rows = {name: (int(count), float(far)) for name, count, far, moves in map(str.split, done.stdout.splitlines())}
    assert rows.pop("small") == (0, 0.0)
    assert all(count > 3 and far < 0.1 for count, far in rows.values()), rows


#: Recurrent layers in every form that is written in steps, held against ONNX Runtime.
STEPS = f"""
import sys
sys.path.insert(0, {str(REPOSITORY)!r})
import numpy as np, onnx, onnxruntime as ort
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info as value
from envdoctor.stages.workers.onnx_recurrent import unroll
random = np.random.default_rng(0)

def make(kind, direction, starts, **rest):
    gates, hidden = dict(LSTM=4, GRU=3, RNN=1)[kind], 5
    ways, cell = 1 + (direction == "bidirectional"), kind == "LSTM"
    sizes = dict(W=(ways, gates * hidden, 3), R=(ways, gates * hidden, hidden), B=(ways, 2 * gates * hidden))
    weights = [onnx.numpy_helper.from_array(random.normal(size=size).astype("float32"), name)
               for name, size in sizes.items()]
    states = ["H", "C"] if cell else ["H"]
    given = dict(X=(4, 1, 3)) | (dict.fromkeys(states, (ways, 1, hidden)) if starts else {{}})
    outputs = ["Y", "Yh", "Yc"] if cell else ["Y", "Yh"]
    node = make_node(kind, ["X", *sizes, *(["", *list(given)[1:]] if starts else [])], outputs,
                     hidden_size=hidden, direction=direction, **rest)
    graph = make_graph([node], "g", [value(name, 1, size) for name, size in given.items()],
                       [value(name, 1, None) for name in outputs], weights)
    made = make_model(graph, opset_imports=[make_opsetid("", 17)], ir_version=8)
    return made, {{name: random.normal(size=size).astype("float32") for name, size in given.items()}}

for kind in ("LSTM", "GRU", "RNN"):
    for direction in ("forward", "reverse", "bidirectional"):
        for rest in ({{}}, {{"linear_before_reset": 1}}) if kind == "GRU" else ({{}},):
            for starts in (True, False):
                model, given = make(kind, direction, starts, **rest)
                before = ort.InferenceSession(model.SerializeToString()).run(None, given)
                assert unroll(model) == 1 and kind not in [node.op_type for node in model.graph.node]
                after = ort.InferenceSession(model.SerializeToString()).run(None, given)
                for first, second in zip(before, after, strict=True):
                    assert first.shape == second.shape and np.abs(first - second).max() < 1e-5, (kind, direction, rest)
"""


def test_recurrent_layers_are_the_same_step_by_step(models):
    done = LocalExecutor().run(Command(argv=(str(environment_python("torch")), "-c", STEPS), cwd=models, timeout=300))
    assert done.ok, done.stderr[-2000:]


def test_a_recurrent_model_takes_the_first_way(models, tmp_path):
    output = take("torch-float", identify(models / "heard.onnx"), tmp_path, random_calibration=True)[0]
    assert "LSTM" not in " ".join(operator.name for operator in read_model(output.path).main.operators)


def test_a_quantized_model_is_calibrated_anew(models, tmp_path):
    first, second = take("torch-float+litert-int8", identify(models / "whole.onnx"), tmp_path, random_calibration=True)
    assert "quantization-taken-out" in [found.name for found in first.findings]
    assert second.summary["comparison"]["outputs"][0]["cosine"] > 0.98


def test_what_onnx_runtime_refuses_goes_no_further(models, tmp_path):
    with pytest.raises(StageFailed) as caught:
        take("torch-float", identify(models / "wrong.onnx"), tmp_path, random_calibration=True)
    assert caught.value.finding.name == "onnx-model-refused"
    assert "AutoPad" in caught.value.finding.message
    assert Path(caught.value.finding.evidence[-1].source).name == "run in ONNX Runtime"

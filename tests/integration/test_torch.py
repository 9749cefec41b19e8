"""From PyTorch to int8 and beyond, with the real torch and litert-torch."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from envdoctor.action import StageFailed
from envdoctor.cli import main
from envdoctor.core.command import Command
from envdoctor.executors.local import LocalExecutor
from envdoctor.pipeline.sources import identify
from envdoctor.tflite.quantization import Scheme, classify
from envdoctor.tflite.reader import read_model
from stages import environment_python
from standin import build_standin
from torch_routes import IMAGE, MODELS, UNTRAINED, convert, factory, failure, images, take

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


def ends(model):
    return {model.main.operators[0].label, model.main.operators[-1].label}


#: Quantizes a model as PyTorch's own tutorials do, and saves it; the weights are integers then.
PT2E = """
import sys, torch
sys.path.insert(0, sys.argv[1])
import torch_models
from litert_torch.quantize.pt2e_quantizer import PT2EQuantizer, get_symmetric_quantization_config
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
x = (torch.rand(1, 3, 16, 16),)
quantizer = PT2EQuantizer().set_global(get_symmetric_quantization_config())
model = prepare_pt2e(torch.export.export(torch_models.Small().eval(), x).module(), quantizer)
model(*x)
torch.export.save(torch.export.export(convert_pt2e(model), x), sys.argv[2])
"""


def test_what_pytorch_quantized_itself_is_taken_in_floats_and_that_is_told(tmp_path):
    file = tmp_path / "small.pt2"
    argv = (str(environment_python("torch")), "-c", PT2E, str(MODELS.parent), str(file))
    done = LocalExecutor().run(Command(argv=argv, timeout=300))
    assert done.ok, done.stderr
    first, second = take("torch-float+litert-int8", identify(file), tmp_path, random_calibration=True)
    assert "cosine 0.99" in first.summary["unquantized"] or "cosine 1.0" in first.summary["unquantized"]
    assert not {"QUANTIZE", "DEQUANTIZE"} & {one.label for one in read_model(first.path).main.operators}
    assert classify(read_model(second.path)) is Scheme.INT8


@pytest.mark.parametrize("end", ["vela", "edgetpu-ready"])
def test_a_mobilenet_goes_all_the_way(tmp_path, end):
    source = factory("mobilenet", "1x3x96x96")
    samples = images(tmp_path)
    if end == "vela":
        first, second, compiled = take(
            "torch-float+litert-int8+vela", source, tmp_path, "ethos-u55-128", calibration=samples, thresholds=UNTRAINED
        )
        assert read_model(compiled.path).main.operators[0].label == "CUSTOM ethos-u"
    else:
        first, second = take(
            "torch-float+litert-int8", source, tmp_path, "edgetpu", calibration=samples, thresholds=UNTRAINED
        )
    made = read_model(first.path)
    assert made.main.tensors[made.main.inputs[0]].shape == (1, 96, 96, 3)
    assert "TRANSPOSE" not in ends(made)
    assert first.summary["layout"] == ["input_0: channels last"]
    quantized = read_model(second.path)
    assert classify(quantized) is Scheme.INT8
    assert not any(one.label == "TRANSPOSE" for one in quantized.main.operators)
    comparison = second.summary["comparison"]
    assert comparison["by"].startswith("PyTorch")
    assert comparison["outputs"][0]["cosine"] > 0.98
    assert not second.summary["random"]


def files_of(folder):
    """Every file below a folder, with its size and time; what Python compiles by itself is no change."""
    return {
        str(path): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in folder.rglob("*")
        if "__pycache__" not in path.parts and not path.is_dir()
    }


def test_a_build_for_the_edge_tpu_leaves_the_users_environment_as_it_is(tmp_path, monkeypatch, capsys):
    environment_python("torch")
    compiler = build_standin(tmp_path / "standin")
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.random.default_rng(1).random((30, 3, 16, 16), dtype="float32"))
    before = files_of(Path(sys.prefix))
    words = ["--to", "edgetpu", "--inputs", IMAGE, "--calibration", "x.npy", "--compiler", str(compiler), "--json"]
    code = main(["build", f"{MODELS}:Small", *words, "--min-agreement", "50%"])
    report = json.loads(capsys.readouterr().out)
    assert code == 0, report["attempts"]
    assert report["attempts"][-1]["results"][0]["stage"]["action"] == "torch-float"
    assert list((tmp_path / "build").glob("torch_models*edgetpu.tflite"))
    assert files_of(Path(sys.prefix)) == before
    assert not list(MODELS.parent.glob("*.tflite"))


def test_an_archive_gives_what_its_module_gives(tmp_path):
    code = (
        f"import sys; sys.path.insert(0, {str(MODELS.parent)!r}); import torch, torch_models as t;"
        "torch.export.save(torch.export.export(t.Small().eval(), (torch.rand(1, 3, 16, 16),)), 'small.pt2')"
    )
    python = str(environment_python("torch"))
    assert LocalExecutor().run(Command(argv=(python, "-c", code), cwd=tmp_path, timeout=300)).ok
    source = identify(tmp_path / "small.pt2")
    assert source.kind == "pt2"
    assert source.inputs == ("'image' (float32, (N, 3, 16, 16))",)
    output = take("torch-float", source, tmp_path, random_calibration=True)[0]
    assert list(output.summary["components"])[-1] == "numbers"
    listed = read_model(output.path)
    assert listed.main.tensors[listed.main.inputs[0]].shape == (1, 16, 16, 3)


def test_an_archive_with_operators_of_its_own_takes_the_code_beside_it_if_that_is_trusted(tmp_path):
    (tmp_path / "extra.py").write_text(
        "import torch\n@torch.library.custom_op('envdoctor_extra::thrice', mutates_args=())\n"
        "def thrice(x: torch.Tensor) -> torch.Tensor:\n    return x * 3\n"
        "thrice.register_fake(lambda x: torch.empty_like(x))\n"
        "class Net(torch.nn.Linear):\n    def forward(self, x): return super().forward(thrice(x))\n"
    )
    code = "import torch, sys; sys.path.insert(0, '.'); import extra as e; torch.export.save(torch.export.export("
    argv = (str(environment_python("torch")), "-c", code + "e.Net(4, 3).eval(), (torch.rand(1, 4),)), 'net.pt2')")
    assert LocalExecutor().run(Command(argv=argv, cwd=tmp_path, timeout=300)).ok
    source = identify(tmp_path / "net.pt2")
    with pytest.raises(StageFailed) as caught:
        take("torch-float", source, tmp_path / "first", random_calibration=True)
    assert caught.value.finding.name == "torch-operator-unregistered"
    assert "envdoctor_extra.thrice, which extra.py beside it may register" in caught.value.finding.message
    output = take("torch-float", source, tmp_path / "second", random_calibration=True, trust_code=True)[0]
    assert output.summary["custom_operators"].keys() == {"envdoctor_extra.thrice.default"}


@pytest.mark.parametrize("name", ["SharedHead", "SharedByOption", "SharedInPairs"])
def test_queries_that_share_a_key_get_what_pytorch_gives(tmp_path, name):
    assert list(convert(name, tmp_path, "1x8x16").summary["components"])[-1] == "numbers"


def test_what_changes_nothing_leaves_no_graph_in_the_graph(tmp_path):
    assert list(convert("Contexts", tmp_path, "1x4").summary["components"])[-1] == "numbers"
    assert failure("HalfInside", tmp_path / "half", "1x4").name == "torch-half-precision"


def test_outputs_and_a_single_channel_are_turned_too(tmp_path):
    maps = convert("Maps", tmp_path / "maps")
    model = read_model(maps.path)
    assert [model.main.tensors[index].shape for index in model.main.outputs] == [(1, 8, 8, 8), (1, 8)]
    assert maps.summary["layout"] == ["input_0: channels last", "output_0: channels last"]
    first = convert("Maps", tmp_path / "first", keep_layout=True)
    model = read_model(first.path)
    assert model.main.tensors[model.main.inputs[0]].shape == (1, 3, 16, 16)
    assert first.summary["layout"] == []


def test_two_inputs_are_called_as_the_user_calls_them(tmp_path):
    given = "picture=1x3x16x16,factor=1x1"
    random = np.random.default_rng(1)
    np.savez(tmp_path / "x.npz", picture=random.random((5, 3, 16, 16)), factor=random.random((5, 1)))
    source = factory("TwoInputs", given)
    first, second = take("torch-float+litert-int8", source, tmp_path, calibration=tmp_path / "x.npz")
    assert second.summary["comparison"]["outputs"][0]["cosine"] > 0.98
    assert first.summary["layout"] == ["picture: channels last"]


@pytest.mark.parametrize(
    "name",
    [
        "OverItsInput",
        "Decoder",
        "Head",
        "Graph",
        "Patches",
        "Causal",
        "exported",
        "exported_module",
        "lazy",
        "compiled",
        "Structured",
    ],
)
def test_a_module_of_another_make_gives_what_pytorch_gives(tmp_path, name):
    first, second = take("torch-float+litert-int8", factory(name), tmp_path, random_calibration=True)
    outputs = second.summary["comparison"]["outputs"]
    assert len(outputs) == {"Structured": 3, "Patches": 2}.get(name, 1)
    assert all(output["cosine"] > 0.98 for output in outputs)
    assert list(first.summary["components"])[-1] == "numbers"


def test_powers_are_products_and_roots(tmp_path):
    made = read_model(convert("Powers", tmp_path).path)
    labels = {one.label for one in made.main.operators}
    assert "POW" not in labels
    assert {"SQRT", "RSQRT", "TANH"} <= labels


def test_what_is_sorted_gives_what_pytorch_gives(tmp_path):
    made = read_model(convert("Ranked", tmp_path).path)
    labels = [one.label for one in made.main.operators]
    assert labels.count("TOPK_V2") == 7, "the quantile's is the sort's"
    assert len(made.main.outputs) == 8


@pytest.mark.parametrize("order", ["offset=1x4,image=1x3x16x16", "image=1x3x16x16,offset=1x4"])
def test_inputs_with_the_names_of_arguments_go_to_those(tmp_path, order):
    np.savez(tmp_path / "x.npz", image=np.zeros((3, 3, 16, 16), "f4"), offset=np.full((3, 4), 1000, "f4"))
    output = take("torch-float", factory("ByName", order), tmp_path, calibration=tmp_path / "x.npz")[0]
    answers = np.load(output.reference / "calibration.npz")["output_0"]
    assert answers.max() < -900


def test_an_operator_of_its_own_is_written_out_of_its_body(tmp_path):
    output = convert("OwnOperator", tmp_path)
    assert output.summary["custom_operators"] == {
        "envdoctor_tests.twice.default": "written out of standard operators, from its body"
    }
    assert "STABLEHLO_COMPOSITE" not in {one.label for one in read_model(output.path).main.operators}


def test_operators_that_are_known_by_name_are_written_out_if_the_numbers_agree(tmp_path):
    output = convert("KnownOperators", tmp_path, "1x8x16")
    told = output.summary["custom_operators"]
    for name, title in (
        ("my_rms_norm", "RMSNorm"),
        ("LayerNorm", "LayerNorm"),
        ("fast_gelu", "GELU"),
        ("silu", "SiLU"),
        ("apply_rope", "RoPE"),
    ):
        assert told[f"envdoctor_tests.{name}.default"].startswith(f"written out as the known {title}, ")
    assert not any("CUSTOM" in one.label for one in read_model(output.path).main.operators)
    assert failure("FalseName", tmp_path / "false", "1x8x16").name == "torch-lowering-missing"


def test_or_stays_a_composite(tmp_path):
    output = take("torch-composite", factory("OwnOperator"), tmp_path, random_calibration=True)[0]
    labels = {one.label for one in read_model(output.path).main.operators}
    assert any(label.startswith("STABLEHLO_COMPOSITE") for label in labels)


@pytest.mark.parametrize(("name", "told"), [("chance", ["1.weight"]), ("lazy", []), ("Small", [])])
def test_weights_that_are_drawn_at_each_call_are_told(tmp_path, name, told):
    made, _ = take("torch-float+litert-int8", factory(name), tmp_path, random_calibration=True)
    found = [one for one in made.findings if one.name == "weights-drawn"]
    assert [one.message.split()[0] for one in found] == told


def test_a_factory_that_prints_disturbs_nothing(tmp_path):
    assert convert("prints", tmp_path).path.is_file()


def test_a_function_of_jax_goes_to_int8(tmp_path):
    source = identify(Path(f"{MODELS.with_name('jax_models.py')}:make_jax"), given="1x16x16x3")
    first, second = take("torch-float+litert-int8", source, tmp_path, random_calibration=True)
    assert first.summary["layout"] == []
    assert second.summary["comparison"]["by"].startswith("JAX")
    assert all(output["cosine"] > 0.98 for output in second.summary["comparison"]["outputs"])

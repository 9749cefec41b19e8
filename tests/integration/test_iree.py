"""IREE's compiler and runtime: a file that runs here, one for a microcontroller's core, and a refusal."""

import platform

import pytest

from envdoctor.action import StageFailed
from envdoctor.compilers.iree.action import ONNX, TFLITE
from envdoctor.compilers.iree.gate import judge_module
from envdoctor.core.command import Command
from envdoctor.executors.local import LocalExecutor
from envdoctor.pipeline.sources import identify
from keras_files import DATA
from stages import environment_python, stage_context

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

MAKER = """
import onnx
from onnx import TensorProto, helper
for kind in ("Erf", "NonZero"):
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])
    made = helper.make_tensor_value_info("y", TensorProto.INT64 if kind == "NonZero" else TensorProto.FLOAT, None)
    graph = helper.make_graph([helper.make_node(kind, ["x"], ["y"])], "net", [given], [made])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), f"{kind}.onnx")
nodes = [helper.make_node("Reshape", ["x", "sizes"], ["f"]), helper.make_node("Mul", ["f", "f"], ["y"])]
given = helper.make_tensor_value_info("x", TensorProto.DOUBLE, [3, 2, 2])  # a batch that the model fixes
sizes = helper.make_tensor("sizes", TensorProto.INT64, [2], [3, 4])
more = helper.make_tensor_value_info("sizes", TensorProto.INT64, [2])
made = helper.make_tensor_value_info("y", TensorProto.DOUBLE, [3, 4])
graph = helper.make_graph(nodes, "net", [given, more], [made], [sizes])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 7)], ir_version=4), "old.onnx")
"""
#: Attention of any length, by the exporter that computes its sizes.
ATTENTION = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torch.nn.MultiheadAttention(8, 2, batch_first=True)
    def forward(self, x): return self.inner(x, x, x, need_weights=False)[0]
rest = dict(dynamo=False, opset_version=14, input_names=["x"], dynamic_axes={"x": {0: "n", 1: "t"}})
torch.onnx.export(Net().eval(), (torch.rand(1, 6, 8),), "attention.onnx", **rest)
"""


def test_a_tflite_model_runs_and_answers_as_litert_does(tmp_path):
    machine = "aarch64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"
    source = identify(DATA / "tflite/layernorm.tflite")
    context = stage_context(tmp_path / "s", source, f"iree-{machine}", python=environment_python("iree"))
    judged = judge_module(context, TFLITE.run(context))
    assert not judged.findings
    assert judged.summary["comparison"]["ran"] == "IREE's runtime"
    assert judged.summary["comparison"]["outputs"][0]["cosine"] > 0.9999


def test_an_onnx_model_for_a_core_of_32_bits_and_what_it_refuses(tmp_path):
    python = environment_python("iree")
    done = LocalExecutor().run(Command(argv=(str(python), "-c", MAKER), cwd=tmp_path, timeout=300))
    assert done.ok, done.stderr
    context = stage_context(tmp_path / "s", identify(tmp_path / "Erf.onnx"), "iree-riscv32", python=python)
    judged = judge_module(context, ONNX.run(context))
    assert judged.summary["target"] == "riscv32-unknown-unknown-eabi-elf"
    assert "compiled by IREE for this machine" in judged.summary["comparison"]["ran"]
    context = stage_context(tmp_path / "t", identify(tmp_path / "NonZero.onnx"), "iree-riscv32", python=python)
    with pytest.raises(StageFailed) as caught:
        ONNX.run(context)
    assert caught.value.finding.name == "iree-refused"
    assert "undefined symbol: __fixsfdi" in caught.value.finding.message


def test_an_old_opset_and_float64_run_as_they_are(tmp_path):
    python = environment_python("iree")
    done = LocalExecutor().run(Command(argv=(str(python), "-c", MAKER), cwd=tmp_path, timeout=300))
    assert done.ok, done.stderr
    machine = "aarch64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"
    context = stage_context(tmp_path / "with spaces", identify(tmp_path / "old.onnx"), f"iree-{machine}", python=python)
    judged = judge_module(context, ONNX.run(context))
    assert judged.summary["comparison"]["ran"] == "IREE's runtime"
    assert judged.summary["comparison"]["outputs"][0]["cosine"] > 0.9999


def test_sizes_that_the_model_computes_are_known_once_its_inputs_are(tmp_path):
    python = environment_python("iree")
    argv = (str(environment_python("torch")), "-c", ATTENTION)
    done = LocalExecutor().run(Command(argv=argv, cwd=tmp_path, timeout=300))
    assert done.ok, done.stderr
    source = identify(tmp_path / "attention.onnx", given="1x6x8")
    context = stage_context(tmp_path / "s", source, "iree-aarch64", python=python)
    judged = judge_module(context, ONNX.run(context))
    assert judged.summary["comparison"]["outputs"][0]["cosine"] > 0.9999

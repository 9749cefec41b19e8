"""Operators that a source is known to become, and what a goal's compiler or the rest's interpreter makes of them."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import mend_models as made
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.goal import parse_goal
from envdoctor.core.request import Request
from envdoctor.core.route import Verdict
from envdoctor.facts import Facts
from envdoctor.pipeline.torch import parse_graph
from envdoctor.stages.foreseen import rest_runs, traits_of_calls
from envdoctor.stages.requirements import all_quantized, all_quantized_by_litert


def reasons(requirement, goal, *operators, kind=ArtifactKind.KERAS, path=Path("m")):
    traits = frozenset(f"stays float {name}" for name in operators)
    source = Artifact(kind=kind, path=path, sha256="0", traits=traits)
    return list(requirement(Facts(), Request(source=source, goal=parse_goal(goal))))


@pytest.mark.parametrize("operator", ["GELU", "EXP", "LOG", "SQRT"])
def test_what_the_compiler_refuses_is_told_before_the_conversion(operator):
    (reason,) = reasons(all_quantized, "edgetpu", operator)
    assert (reason.verdict, reason.code) == (Verdict.UNKNOWN, "RUN021")
    assert reason.text == f"edgetpu_compiler 16.0 refuses {operator} version 2, which this conversion writes"
    assert reason.fix.text.endswith(".")


def test_readers_that_know_it_and_goals_without_one_mind_nothing():
    for goal in ("tflm", "ethos-u55-128", "tflite-int8"):
        assert reasons(all_quantized, goal, "GELU", "EXP") == []
    assert reasons(all_quantized, "edgetpu", "RELU") == []


def test_the_litert_way_leaves_cumsum_in_floats_and_writes_gelu_and_exp():
    found = [reasons(all_quantized_by_litert, "edgetpu", name) for name in ("GELU", "EXP", "CUMSUM")]
    assert [[one.code for one in each] for each in found] == [["RUN021"], ["RUN021"], ["RUN061"]]


def test_what_is_left_to_the_cpu_needs_a_kernel_there():
    requirement = rest_runs({"GELU"})
    (reason,) = reasons(requirement, "ethos-u55-128", "TOPK_V2", "GELU", "EXP")
    assert (reason.verdict, reason.code) == (Verdict.UNKNOWN, "RUN125")
    assert reason.text.startswith("TOPK_V2 would be left to the CPU, where TensorFlow Lite Micro")
    assert reasons(requirement, "ethos-u55-128", "GELU", "EXP") == []
    assert reasons(requirement, "ethos-u85-256", "TOPK_V2") == [], "a Cortex-A beside it runs LiteRT, which has one"
    assert reasons(requirement, "tflite-int8", "TOPK_V2") == []


@pytest.mark.parametrize(("constant", "told"), [(False, ["RUN125"]), (True, [])])
def test_the_operators_of_a_tflite_file_are_its_own(tmp_path, constant, told):
    maker = made.Maker()
    given, out = maker.tensor([1, 4]), maker.tensor([1, 2])
    ranked = maker.constant(np.zeros((1, 4), "int8"), scales=[0.5]) if constant else given
    maker.operator("TOPK_V2", [ranked, maker.constant(np.array([2], "int32"))], [out, maker.tensor([1, 2], made.INT32)])
    path = tmp_path / "m.tflite"
    path.write_bytes(maker.done([given], [out]))
    found = reasons(rest_runs(()), "ethos-u55-128", kind=ArtifactKind.TFLITE_INT8, path=path)
    assert [one.code for one in found] == told
    path.write_bytes(b"no model")
    assert reasons(rest_runs(()), "ethos-u55-128", kind=ArtifactKind.TFLITE_INT8, path=path) == []


@pytest.mark.parametrize(
    ("kind", "names", "expected"),
    [
        ("torch", ("torch.ops.aten.gelu.default", "torch.ops.aten.linear.default"), {"stays float GELU"}),
        ("torch", ("aten.topk.default", "aten.exp.default"), {"stays float TOPK_V2", "stays float EXP"}),
        ("torch", ("aten.sort.default", "aten.median.dim", "aten.kthvalue.default"), {"stays float TOPK_V2"}),
        ("onnx", ("TopK", "Relu", "com.x.Exp"), {"stays float TOPK_V2"}),
    ],
)
def test_what_pytorch_and_onnx_call_it(kind, names, expected):
    assert traits_of_calls(kind, names) == expected


def test_the_exported_graph_tells_it_of_a_factory():
    graph = parse_graph({"called": ["aten.topk.default", "aten.exp.default"]})
    source = Artifact(kind=ArtifactKind.TORCH, path=Path("net.py"), sha256="0")
    request = Request(source=source, goal=parse_goal("ethos-u55-128"))
    assert list(rest_runs(())(Facts(), request)) == []
    (reason,) = rest_runs(())(Facts(), dataclasses.replace(request, graph=graph))
    assert reason.code == "RUN125"

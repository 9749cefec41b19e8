import pytest

from envdoctor.compilers.edgetpu.gate import judge_edgetpu
from envdoctor.compilers.vela.gate import judge_vela
from envdoctor.compilers.vela.placement import placed
from envdoctor.core.finding import Evidence
from envdoctor.core.request import BuildOptions
from envdoctor.stages.gates.mapping import Mapped, judge_mapping, left_to_cpu
from envdoctor.tflite.model import Model, Subgraph
from graphs import Graph

RELU_LEFT = {"reasons": [{"operator": "RELU", "tensor": "t1", "reason": "Unsupported opType"}]}


def model(*names, custom=None):
    graph = Graph()
    tensor = graph.input((1, 8))
    for name in names:
        tensor = graph.op(name, [tensor], (1, 8), custom=custom if name == "CUSTOM" else None)
    main = Subgraph(
        index=0, name="", tensors=tuple(graph.tensors), inputs=(0,), outputs=(tensor,), operators=tuple(graph.operators)
    )
    return Model(name="m.tflite", version=3, description="", operator_codes=(), subgraphs=(main,))


SOURCE = model("CONV_2D", "RELU", "MEAN", "SOFTMAX")


@pytest.mark.parametrize(
    ("packages", "on_cpu", "total", "share"),
    [(1, {}, 4, 1.0), (1, {"RELU": 1}, 4, 0.75), (2, {"RELU": 9}, 4, 0.0), (0, {}, 4, 0.0), (1, {}, 0, 0.0)],
)
def test_the_share(packages, on_cpu, total, share):
    assert Mapped(packages=packages, on_cpu=on_cpu, total=total).share == share


def stateful(*compiled):
    """A model that keeps a state, and what a compiler leaves of it."""

    def build(names):
        graph = Graph()
        taken = graph.input((1, 8))
        handle = graph.op("VAR_HANDLE", [], (1,), outputs=[graph.tensor((1,), "RESOURCE", name="state")])
        given = taken
        for name in names:
            if name in {"CALL_ONCE", "ASSIGN_VARIABLE"}:
                graph.op(name, [handle, given] if name == "ASSIGN_VARIABLE" else [], outputs=[])
            else:
                custom = "ethos-u" if name == "CUSTOM" else None
                given = graph.op(name, [given], outputs=[graph.tensor((1, 8), name=f"{name}-out")], custom=custom)
        return graph.model(given)

    return build(["CALL_ONCE", "CONV_2D", "RELU", "ASSIGN_VARIABLE", "SOFTMAX"]), build(compiled)


def test_an_operator_that_gives_nothing_is_not_on_the_accelerator():
    """CALL_ONCE and ASSIGN_VARIABLE act on the interpreter's state; whatever the compiled file has left of them."""
    for compiled in (["CALL_ONCE", "CUSTOM", "ASSIGN_VARIABLE"], ["CUSTOM"]):
        source, made = stateful(*compiled)
        left = left_to_cpu(source, made, "ethos-u")
        names = sorted(source.main.operators[index].name for index in left)
        assert names == ["ASSIGN_VARIABLE", "CALL_ONCE", "VAR_HANDLE"]


def test_model_and_build_count_the_same():
    source, made = stateful("CALL_ONCE", "CUSTOM", "ASSIGN_VARIABLE", "SOFTMAX")
    mapped = placed(source, made, {}).mapped
    judged = judge_vela(made, source, {}, BuildOptions())
    assert judged.summary["mapped_share"] == round(len(mapped) / len(source.main.operators), 4) == round(2 / 6, 4)


def test_an_operator_whose_output_was_renamed_is_left_too():
    source, _ = stateful()
    graph = Graph()
    made = graph.model(graph.op("RELU", [graph.op("CUSTOM", [graph.input((1, 8))], custom="ethos-u")], (1, 8)))
    left = left_to_cpu(source, made, "ethos-u")
    assert "RELU" in {source.main.operators[index].name for index in left}


def test_alike_reasons_are_told_together():
    compiled = model("RELU", "MEAN", "ELU", "CUSTOM", custom="ethos-u")
    reasons = [
        {"operator": name, "tensor": tensor, "reason": "Operation has a Float32"}
        for name, tensor in (("RELU", "t1"), ("MEAN", "t2"), ("ELU", "t3"))
    ]
    judged = judge_vela(compiled, SOURCE, {"reasons": reasons}, BuildOptions())
    (evidence,) = judged.findings[0].evidence
    assert evidence == Evidence(
        source="1 RELU, 1 MEAN, 1 ELU; the first: RELU -> t1", excerpt="Operation has a Float32"
    )


def test_all_mapped():
    judged = judge_mapping(Mapped(packages=1, on_cpu={}, total=4), "m", 1.0)
    assert judged.findings == ()
    assert judged.summary == {
        "accelerator_packages": 1,
        "operators": 4,
        "operators_on_cpu": {},
        "mapped_share": 1.0,
    }


@pytest.mark.parametrize(
    ("mapped", "required", "name"),
    [
        (Mapped(packages=0, on_cpu={"CONV_2D": 4}, total=4), None, "nothing-on-accelerator"),
        (Mapped(packages=1, on_cpu={"RELU": 1}, total=4), None, "operators-on-cpu"),
        (Mapped(packages=1, on_cpu={"RELU": 1}, total=4), 0.75, "operators-on-cpu"),
        (Mapped(packages=1, on_cpu={"RELU": 1}, total=4), 0.8, "too-few-on-accelerator"),
    ],
)
def test_less_than_all(mapped, required, name):
    (found,) = judge_mapping(mapped, "m", required).findings
    assert found.name == name
    assert "RELU" in found.message or "CONV_2D" in found.message


def test_vela_all_on_the_npu():
    judged = judge_vela(model("CUSTOM", custom="ethos-u"), SOURCE, RELU_LEFT, BuildOptions())
    assert judged.findings == (), "a warning about an operator that is gone is not repeated"


def test_vela_with_a_reason_for_what_is_left():
    compiled = model("RELU", "CUSTOM", custom="ethos-u")
    judged = judge_vela(compiled, SOURCE, RELU_LEFT, BuildOptions())
    assert judged.summary["operators_on_cpu"] == {"RELU": 1}
    assert judged.findings[0].evidence == (Evidence(source="RELU -> t1", excerpt="Unsupported opType"),)


def test_vela_counts_what_its_own_summary_does_not():
    """Vela 5.2.0 calls a file with a STABLEHLO_COMPOSITE 100 % NPU."""
    compiled = model("STABLEHLO_COMPOSITE", "CUSTOM", custom="ethos-u")
    (found,) = judge_vela(compiled, SOURCE, {}, BuildOptions()).findings
    assert found.name == "operators-on-cpu"
    assert found.evidence[0].excerpt == "Vela gave no reason"


def test_vela_left_everything():
    (found,) = judge_vela(model("CONV_2D", "RELU"), SOURCE, {}, BuildOptions()).findings
    assert found.name == "nothing-on-accelerator"


def test_the_edge_tpu_compiler_with_its_table():
    rows = [
        {"operator": "CONV_2D", "count": 1, "status": "Mapped to Edge TPU"},
        {"operator": "RELU", "count": 1, "status": "Operation is working on an unsupported data type"},
    ]
    compiled = model("RELU", "CUSTOM", custom="edgetpu-custom-op")
    judged = judge_edgetpu(compiled, SOURCE, {"log_rows": rows}, BuildOptions())
    assert judged.summary["mapped_share"] == 0.75
    (found,) = judged.findings
    assert found.evidence == (Evidence(source="1 RELU", excerpt="Operation is working on an unsupported data type"),)


def test_the_edge_tpu_compiler_mapped_nothing():
    (found,) = judge_edgetpu(model("CONV_2D"), SOURCE, {}, BuildOptions()).findings
    assert found.name == "nothing-on-accelerator"


def test_dense_weights_that_it_computes_wrong():
    graph = Graph()
    weights = graph.const((4, 8), scales=(0.5, 0.25, 0.5, 0.125))
    given = graph.op("FULLY_CONNECTED", [graph.input((1, 8)), weights], (1, 4))
    main = Subgraph(
        index=0, name="", tensors=tuple(graph.tensors), inputs=(1,), outputs=(given,), operators=tuple(graph.operators)
    )
    source = Model(name="s.tflite", version=3, description="", operator_codes=(), subgraphs=(main,))
    (found,) = judge_edgetpu(model("CUSTOM", custom="edgetpu-custom-op"), source, {}, BuildOptions()).findings
    assert (found.name, found.severity.name) == ("per-channel-dense-compiled", "ERROR")
    assert found.message.startswith("1 dense operator has a scale for each output")

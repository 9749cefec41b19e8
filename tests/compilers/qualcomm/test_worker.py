"""What the worker says where onnxruntime-qnn or the quantizer refuses a model, with stand-ins for ONNX Runtime."""

import sys
import types

import pytest

from envdoctor.compilers.qualcomm.workers import compile_context
from envdoctor.stages.problems import problem_kinds
from envdoctor.stages.workers.stage import Problem


def refused(call):
    with pytest.raises(Problem) as caught:
        call()
    return problem_kinds()[caught.value.name].code, caught.value.message


def raising(error):
    def refuse(*given, **named):
        raise error

    return refuse


@pytest.fixture
def put(monkeypatch):
    def module(name, **members):
        made = types.ModuleType(name)
        vars(made).update(members)
        monkeypatch.setitem(sys.modules, name, made)

    return module


def test_what_is_not_quantized_is_told_in_the_quantizers_words(put, tmp_path):
    put("onnxruntime")
    words = raising(ValueError("Unsupported ONNX model: a Loop"))
    types_of = types.SimpleNamespace(QUInt16=1, QUInt8=2)
    put("onnxruntime.quantization", CalibrationDataReader=object, QuantType=types_of, quantize=words)
    put("onnxruntime.quantization.execution_providers")
    put("onnxruntime.quantization.execution_providers.qnn", get_qnn_qdq_config=lambda *_, **__: None)
    samples = types.SimpleNamespace(one_by_one=lambda: iter(()))
    code, told = refused(lambda: compile_context._quantize(tmp_path / "a", samples, (), tmp_path / "b"))
    assert (code, told) == ("RUN282", "Unsupported ONNX model: a Loop")


@pytest.mark.parametrize(
    ("quantized", "floats", "expected"), [(False, False, "RUN280"), (True, False, "RUN281"), (False, True, "RUN281")]
)
def test_floats_are_the_reason_only_where_the_hexagon_takes_none(quantized, floats, expected, put, tmp_path):
    class Options:
        def add_session_config_entry(self, key, value):
            pass

        def add_provider_for_devices(self, devices, options):
            assert options == {"backend_path": "htp", "soc_model": "35", "htp_arch": "68"}

    device = types.SimpleNamespace(ep_name="QNNExecutionProvider")
    put(
        "onnxruntime",
        SessionOptions=Options,
        get_ep_devices=lambda: [device],
        InferenceSession=raising(RuntimeError("no kernel takes float")),
    )
    put("onnxruntime_qnn", get_qnn_htp_path=lambda: "htp")
    node = types.SimpleNamespace(op_type="Conv")
    model = types.SimpleNamespace(graph=types.SimpleNamespace(node=[node]))
    put("onnx", load=lambda *_, **__: model)
    request = {"soc": 35, "arch": 68, "floats": floats, "work": str(tmp_path)}
    code, told = refused(
        lambda: compile_context._compile(tmp_path / "a", tmp_path / "none", request, quantized=quantized)
    )
    assert code == expected
    assert told == "no kernel takes float (operators: Conv)"


class Stored(list):
    """Constants, added as a protocol buffer's repeated field adds them."""

    def add(self):
        self.append(Constant(""))
        return self[-1]


class Constant:
    def __init__(self, name, value=0):
        self.name, self.value = name, value

    def CopyFrom(self, other):  # noqa: N802  (a protocol buffer's)
        self.name, self.value = other.name, other.value


def node(kind, inputs, output):
    return types.SimpleNamespace(op_type=kind, input=inputs, output=[output])


def test_no_two_nodes_share_a_bias():
    nodes = [
        node("Identity", ["b"], "same"),
        node("Conv", ["x", "w", "b"], "y"),
        node("Conv", ["y", "w", "same"], "z"),
        node("Gemm", ["z", "w", "b"], "u"),
        node("Conv", ["u", "w"], "v"),
    ]
    graph = types.SimpleNamespace(node=nodes, initializer=Stored([Constant("b", 5), Constant("w")]))
    compile_context._give_each_its_bias(types.SimpleNamespace(graph=graph))
    assert [each.op_type for each in graph.node] == ["Conv", "Conv", "Gemm", "Conv"]
    biases = [each.input[2] for each in graph.node[:3]]
    stored = {each.name: each.value for each in graph.initializer}
    assert len(set(biases)) == 3
    assert [stored[each] for each in biases] == [5, 5, 5]
    assert all(each.input[1] == "w" for each in graph.node), "weights may be shared"

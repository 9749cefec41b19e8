"""What the worker says where PyTorch does not export, with a stand-in for it."""

import sys
import types

import pytest

from envdoctor.stages.problems import problem_kinds
from envdoctor.stages.workers import custom_ops, torch_onnx, torch_source
from envdoctor.stages.workers.stage import Problem


def test_what_pytorch_does_not_export_is_told_in_its_words(tmp_path, monkeypatch):
    pytest.importorskip("numpy")

    def refuse_to_change(mode):
        raise NotImplementedError("Calling train() is not supported yet.")

    def refuse(module, *given, **named):
        module.train(False)  # as the exporter does, and what torch.export made refuses it
        raise RuntimeError("Exporting the operator 'aten::fft_rfft' to ONNX opset version 17 is not supported")

    torch, module = types.ModuleType("torch"), types.SimpleNamespace(train=refuse_to_change)
    torch.manual_seed = lambda seed: None
    torch.backends = types.SimpleNamespace(mha=types.SimpleNamespace(set_fastpath_enabled=lambda enabled: None))
    torch.onnx = types.SimpleNamespace(export=refuse)
    for name, stand_in in (("torch", torch), ("onnx", torch), ("onnxruntime", torch)):
        monkeypatch.setitem(sys.modules, name, stand_in)
    monkeypatch.setattr(custom_ops, "give_fakes", lambda: None)
    monkeypatch.setattr(torch_source, "load", lambda *_: types.SimpleNamespace(module=module, inputs=()))
    monkeypatch.setattr(torch_source, "answer", lambda *_: {"y": None})
    monkeypatch.setattr(torch_source, "as_tensors", lambda *_: ())
    request = {
        "components": str(tmp_path / "rows"),
        "inputs": [["x", [1, 4], "float32"]],
        "output": str(tmp_path / "o"),
    }
    with pytest.raises(Problem) as caught:
        torch_onnx.run(request)
    assert problem_kinds()[caught.value.name].code == "RUN290"
    assert "aten::fft_rfft" in caught.value.message


def test_an_environment_of_the_users_own_may_lack_what_only_this_way_needs(tmp_path, monkeypatch):
    torch = types.ModuleType("torch")
    torch.manual_seed = lambda seed: None
    torch.backends = types.SimpleNamespace(mha=types.SimpleNamespace(set_fastpath_enabled=lambda enabled: None))
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "onnx", torch)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(Problem, match="needs onnxruntime") as caught:
        torch_onnx.run({"components": str(tmp_path / "rows")})
    assert problem_kinds()[caught.value.name].code == "RUN163"

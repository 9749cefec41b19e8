"""A small ONNX model, compiled for a Hexagon by the real onnxruntime-qnn and run in its emulator."""

import pytest

from envdoctor.action import StageFailed
from envdoctor.compilers.qualcomm.action import ACTION
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.support.hashing import hash_path
from onnx_bytes import model, nested, node, value
from stages import run_stage
from torch_routes import take

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def licence(tmp_path, monkeypatch):
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: tmp_path / "config")
    from envdoctor.environments.licenses import accept

    accept(("qualcomm",))


def onnx_model(file, operator, *sizes):
    output = nested(12, *[value("y", *sizes)[2:]])
    file.write_bytes(model(nested(2, "g"), node(operator, takes=("x",), gives="y"), value("x", *sizes), output))
    return Artifact(kind=ArtifactKind.ONNX, path=file, sha256=hash_path(file))


@pytest.mark.timeout(900)
def test_a_model_is_compiled_run_and_read_back(tmp_path):
    source = onnx_model(tmp_path / "m.onnx", "Softmax", "N", 10)
    output, _ = run_stage(ACTION, tmp_path / "s", source, "qualcomm-sm8750")
    assert (output.summary["chip"], output.summary["hexagon"]) == ("SM8750", "v79")
    assert output.summary["context_sdk"].startswith(f"v{output.summary['sdk']}.")
    (compared,) = output.summary["comparison"]["outputs"]
    assert compared["cosine"] > 0.999
    assert output.summary["mapped_share"] == 1.0
    assert [file.suffix for file in output.files] == [".bin"]


@pytest.mark.timeout(900)
def test_a_model_of_which_nothing_is_taken_is_no_success(tmp_path):
    source = onnx_model(tmp_path / "m.onnx", "Hardmax", 1, 10)
    with pytest.raises(StageFailed) as caught:
        run_stage(ACTION, tmp_path / "s", source, "qualcomm-sm8750")
    assert caught.value.finding.name == "qualcomm-refused"
    assert "Hardmax" in caught.value.finding.message


@pytest.mark.timeout(900)
def test_a_net_in_pytorch_goes_there_by_onnx(tmp_path):
    file = tmp_path / "net.py"
    file.write_text("import torch\n\n\ndef make():\n    torch.manual_seed(0)\n    return torch.nn.Linear(4, 3)\n")
    source = Artifact(kind=ArtifactKind.TORCH, path=file, sha256=hash_path(file), factory="make", given="1x4")
    exported, compiled = take("torch-onnx+qualcomm-context", source, tmp_path / "build", "qualcomm-sm8650")
    assert float(str(exported.summary["difference"]).split()[0]) < 1e-4
    assert compiled.summary["chip"] == "SM8650"
    (compared,) = compiled.summary["comparison"]["outputs"]
    assert compared["cosine"] > 0.999

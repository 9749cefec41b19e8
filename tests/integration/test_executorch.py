"""A small net in PyTorch, built for XNNPACK and for an Ethos-U with the real ExecuTorch."""

import pytest

from envdoctor.compilers.executorch.action import ETHOS_U, XNNPACK
from envdoctor.compilers.executorch.pte import read_program
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.support.hashing import hash_path
from stages import run_stage

pytestmark = pytest.mark.integration

NET = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv = torch.nn.Conv2d(3, 8, 3, padding=1, stride=2)
        self.dense = torch.nn.Linear(8, 10)

    def forward(self, x):
        return self.dense(torch.relu(self.conv(x)).mean((2, 3)))

def make():
    return Net()
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    file = tmp_path_factory.mktemp("net") / "net.py"
    file.write_text(NET)
    return Artifact(kind=ArtifactKind.TORCH, path=file, sha256=hash_path(file), factory="make", given="1x3x16x16")


@pytest.mark.timeout(900)
def test_a_net_runs_in_xnnpack_as_in_torch(source, tmp_path):
    output, artifact = run_stage(XNNPACK, tmp_path / "s", source, "executorch-xnnpack")
    assert float(str(output.summary["difference"]).split()[0]) < 1e-4
    assert output.summary["delegated_share"] == 0.75
    assert output.summary["portable_kernels"] == {"aten::mean.out": 1}
    assert [one.name for one in output.findings] == ["executorch-portable-kernels"]
    assert read_program(artifact.path).inputs == ("float32 [1, 3, 16, 16]",)


@pytest.mark.timeout(900)
def test_a_net_is_quantized_and_goes_to_an_ethos_u_as_a_whole(source, tmp_path):
    output, artifact = run_stage(ETHOS_U, tmp_path / "s", source, "executorch-ethos-u55-128", random_calibration=True)
    (compared,) = output.summary["comparison"]["outputs"]
    assert compared["cosine"] > 0.99
    assert output.summary["delegated_share"] == 1.0
    assert read_program(artifact.path).chip == "ethos-u55-128"

"""Archives of torch.export.save, told without torch."""

import pytest

from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.errors import UsageProblem
from envdoctor.pipeline.sources import identify, model_inputs
from envdoctor.pipeline.sources.pt2 import read_pt2
from pt2_files import write


def test_the_inputs_are_those_of_the_user(tmp_path):
    artifact = identify(write(tmp_path, "torch.ops.aten.relu.default"))
    assert artifact.kind == ArtifactKind.PT2
    assert artifact.inputs == ("'x' (float32, (N, 3, 8, 8))",)
    assert model_inputs(artifact)[0].shape == (None, 3, 8, 8)
    assert "open-sizes" not in artifact.traits


def test_an_open_size_is_open(tmp_path):
    artifact = identify(write(tmp_path, shape=("s77", 3, "s12", 8)))
    assert artifact.inputs == ("'x' (float32, (N, 3, any, 8))",)
    assert "open-sizes" in artifact.traits


@pytest.mark.parametrize(
    "rest",
    [
        {"targets": ("torch.load",)},
        {"targets": ("torch.hub.load",)},
        {"targets": ("torch.ops.load_library",)},
        {"targets": ("torch.ops.aten.from_file.default",)},
        {"targets": ("#torchvision:read",)},
        {"shape": ("__import__('os').abort()", 3)},
        {"pickled": True},
    ],
)
def test_what_would_run_is_not_loaded_untrusted(tmp_path, rest):
    path = write(tmp_path, *rest.pop("targets", ()), **rest)
    with pytest.raises(UsageProblem, match="--trust-code"):
        identify(path)
    assert identify(path, trust_code=True).kind == ArtifactKind.PT2


def test_operators_of_somebodys_own(tmp_path):
    assert "own-operators" not in identify(write(tmp_path, "torch.ops.aten.relu.default")).traits
    assert "own-operators" in identify(write(tmp_path, "torch.ops.mylib.norm.default")).traits
    read = read_pt2(write(tmp_path, "torch.ops.aten.relu.default", "torch.ops.mylib.norm.default", "_operator.add"))
    assert read.custom_operators == ("mylib.norm.default",)
    assert read.code == ()


@pytest.mark.parametrize("rest", [{"models": 0}, {"models": 2}, {"text": "{}"}, {"text": "{"}, {"dtype": 99}])
def test_a_damaged_archive_is_one_sentence(tmp_path, rest):
    with pytest.raises(UsageProblem) as caught:
        identify(write(tmp_path, **rest))
    assert str(caught.value).endswith("get a whole copy of it.")

"""What the gate says of real files, and of others that are told to it."""

import dataclasses
from pathlib import Path

import pytest

from envdoctor.action import StageFailed, StageOutput
from envdoctor.compilers.executorch import gate
from envdoctor.compilers.executorch.pte import read_program
from envdoctor.core.artifact import Artifact, ArtifactKind
from stages import stage_context

DATA = Path(__file__).parents[2] / "data/executorch"
NUMBERS = {
    "name": "output_0", "finite": True, "difference": 0.01, "rms": 0.01, "cosine": 1.0, "agreement": 1.0,
    "still": False, "constant": False, "lost": None, "drowned": None, "flat": None,
}  # fmt: skip
#: Of a file that was run here and answers as the model does.
SAME = {"difference": "1e-07 of the outputs' range"}


@pytest.fixture
def judge(tmp_path):
    def run(goal, name, summary=(), content=None, **options):
        source = Artifact(kind=ArtifactKind.TORCH, path=tmp_path / "net.py", sha256="0", factory="make")
        file = tmp_path / "m.pte"
        file.write_bytes((DATA / name).read_bytes() if content is None else content)
        context = stage_context(tmp_path / "stage", source, goal, **options)
        return gate.judge_program(context, StageOutput(path=file, summary=dict(summary)))

    return run


def test_what_stays_on_portable_kernels_is_said(judge):
    output = judge(
        "executorch-xnnpack", "xnnpack.pte", SAME | {"delegated": {"convolution": 1, "relu": 1, "linear": 1}}
    )
    (found,) = output.findings
    assert found.name == "executorch-portable-kernels"
    assert "75.0%" in found.message
    assert "aten::mean" in found.message
    assert output.summary["delegated_share"] == 0.75


def test_less_than_is_required_is_a_failure(judge):
    with pytest.raises(StageFailed) as caught:
        judge("executorch-xnnpack", "xnnpack.pte", require_mapped=0.99)
    assert caught.value.finding.name == "executorch-too-few-delegated"


def test_the_conversions_at_the_edges_are_no_fall_back(judge):
    output = judge("executorch-ethos-u55-128", "ethos-u55-128.pte", SAME | {"delegated": {"convolution": 1}})
    assert output.findings == ()
    assert output.summary["delegated_share"] == 1.0


def test_numbers_that_nothing_compared_are_told_as_such(judge):
    output = judge("executorch-ethos-u55-128", "ethos-u55-128.pte", {"delegated": {"convolution": 1}})
    assert [one.name for one in output.findings] == ["not-compared"]


def test_a_file_for_another_chip_is_refused(judge):
    with pytest.raises(StageFailed) as caught:
        judge("executorch-ethos-u85-256", "ethos-u55-128.pte")
    assert caught.value.finding.name == "executorch-other-chip"


def test_a_file_of_which_nothing_is_delegated_is_refused(judge):
    with pytest.raises(StageFailed) as caught:
        judge("executorch-xnnpack", "ethos-u55-128.pte")
    assert caught.value.finding.name == "executorch-nothing-delegated"


def test_a_file_without_any_delegate_is_for_no_other_chip(judge, monkeypatch):
    plain = dataclasses.replace(gate.read_program(DATA / "ethos-u55-128.pte"), delegates=())
    monkeypatch.setattr(gate, "read_program", lambda _: plain)
    with pytest.raises(StageFailed) as caught:
        judge("executorch-ethos-u55-128", "ethos-u55-128.pte")
    assert caught.value.finding.name == "executorch-nothing-delegated"
    assert "executorch-other-chip" not in {one.source for one in caught.value.finding.evidence}


@pytest.mark.parametrize("content", [b"", b"placeholder" * 20])
def test_a_file_that_is_none_is_no_success(judge, content):
    with pytest.raises(StageFailed):
        judge("executorch-xnnpack", "xnnpack.pte", content=content)


def test_a_quantized_model_that_answers_otherwise_is_refused(judge):
    wrong = {"comparison": {"samples": 4, "outputs": [NUMBERS | {"difference": 0.9, "cosine": 0.0}]}}
    with pytest.raises(StageFailed) as caught:
        judge("executorch-ethos-u55-128", "ethos-u55-128.pte", wrong)
    assert caught.value.finding.name == "outputs-differ"


def test_more_conversions_than_edges_are_left():
    program = read_program(DATA / "ethos-u55-128.pte")
    more = dict.fromkeys(program.kernels, 3)
    assert gate.left_to_kernels(dataclasses.replace(program, kernels=more)) == dict.fromkeys(program.kernels, 2)

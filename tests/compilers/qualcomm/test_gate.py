"""What the gate says of a real context, and of others that are told to it."""

import dataclasses
import lzma
from pathlib import Path

import pytest

from envdoctor.action import StageFailed, StageOutput
from envdoctor.compilers.qualcomm import gate
from envdoctor.compilers.qualcomm.context import ContextBinary, ContextModel
from envdoctor.core.artifact import Artifact, ArtifactKind
from stages import stage_context

DATA = Path(__file__).parents[2] / "data/qualcomm/sm8750.onnx.xz"
OPERATORS = {"Conv": 1, "Relu": 1, "MatMul": 1, "Softmax": 1}
NUMBERS = {
    "name": "y", "finite": True, "difference": 0.001, "rms": 0.001, "cosine": 1.0, "agreement": 1.0, "still": False,
    "constant": False, "lost": None, "drowned": None, "flat": None,
}  # fmt: skip
SUMMARY = {"sdk": "2.51.0", "operators": OPERATORS, "said": [], "comparison": {"samples": 4, "outputs": [NUMBERS]}}
MADE = ContextModel(contexts=(ContextBinary(sdk="v2.51.0.26", soc=69, arch=79),), data=(b"",), on_cpu={})


@pytest.fixture
def judge(tmp_path):
    def run(goal="qualcomm-sm8750", summary=SUMMARY, content=None, **options):
        source = Artifact(kind=ArtifactKind.ONNX, path=tmp_path / "m.onnx", sha256="0")
        file = tmp_path / "m_qnn.onnx"
        file.write_bytes(lzma.decompress(DATA.read_bytes()) if content is None else content)
        context = stage_context(tmp_path / "stage", source, goal, **options)
        return gate.judge_context(context, StageOutput(path=file, summary=summary))

    return run


def test_a_context_that_is_right_is_told(judge):
    output = judge()
    assert output.findings == ()
    assert output.summary["chip"] == "SM8750"
    assert output.summary["mapped_share"] == 1.0


def test_a_context_for_another_chip_is_refused(judge):
    with pytest.raises(StageFailed) as caught:
        judge("qualcomm-sm8650")
    assert caught.value.finding.name == "qualcomm-other-chip"


@pytest.mark.parametrize("content", [b"", b"\x08\x0a", b"placeholder" * 100])
def test_a_file_that_is_none_is_no_success(judge, content):
    with pytest.raises(StageFailed):
        judge(content=content)


def test_another_sdk_than_the_plug_in_is_said(judge):
    output = judge(summary=SUMMARY | {"sdk": "2.50.0"})
    assert [one.name for one in output.findings] == ["qualcomm-version-differs"]


def test_what_is_left_to_the_cpu_is_said_in_the_compilers_words(judge, monkeypatch):
    partly = dataclasses.replace(MADE, on_cpu={"Softmax": 1, "QuantizeLinear": 1})
    monkeypatch.setattr(gate, "read_contexts", lambda _: partly)
    words = "Unsupported nodes in QNN EP: { name: , type: Softmax },"
    output = judge(summary=SUMMARY | {"said": [words]})
    (found,) = output.findings
    assert found.name == "operators-on-cpu"
    assert found.evidence[0].excerpt == words
    with pytest.raises(StageFailed) as caught:
        judge(require_mapped=0.9)
    assert caught.value.finding.name == "too-few-on-accelerator"


def test_numbers_that_differ_are_no_success(judge):
    outputs = [NUMBERS | {"difference": 0.9, "cosine": 0.1}]
    with pytest.raises(StageFailed) as caught:
        judge(summary=SUMMARY | {"comparison": {"samples": 4, "outputs": outputs}})
    assert caught.value.finding.name == "outputs-differ"


def test_what_could_not_be_run_is_no_pass_in_silence(judge):
    summary = {key: value for key, value in SUMMARY.items() if key != "comparison"} | {"not_run": "no emulator"}
    assert [one.name for one in judge(summary=summary).findings] == ["not-compared"]

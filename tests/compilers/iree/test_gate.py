"""What the gate says of real .vmfb files, and of numbers that are told to it."""

import gzip

import pytest

from envdoctor.action import StageFailed, StageOutput
from envdoctor.compilers.iree.gate import judge_module
from envdoctor.compilers.iree.targets import target_of
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.data import load_file
from envdoctor.core.goal import goal_names, parse_goal
from keras_files import DATA
from stages import stage_context

NUMBERS = {
    "name": "y", "finite": True, "difference": 0.001, "rms": 0.001, "cosine": 1.0, "agreement": 1.0, "still": False,
    "constant": False, "lost": None, "drowned": None, "flat": None,
}  # fmt: skip
SUMMARY = {"iree": "3.13.0", "comparison": {"samples": 4, "ran": "IREE's runtime", "outputs": [NUMBERS]}}
FILE = gzip.decompress((DATA / "compiled/tiny_riscv32.vmfb.gz").read_bytes())


@pytest.fixture
def judge(tmp_path):
    def run(goal="iree-riscv32", summary=SUMMARY, content=FILE, **options):
        source = Artifact(kind=ArtifactKind.ONNX, path=tmp_path / "m.onnx", sha256="0")
        file = tmp_path / "m.vmfb"
        file.write_bytes(content)
        context = stage_context(tmp_path / "stage", source, goal, **options)
        return judge_module(context, StageOutput(path=file, summary=summary))

    return run


def test_a_file_for_the_goals_target_is_told(judge):
    output = judge()
    assert output.findings == ()
    assert output.summary["target"] == "riscv32-unknown-unknown-eabi-elf"
    assert output.summary["bytes"] == len(FILE)


def test_a_file_for_another_target_is_refused(judge):
    with pytest.raises(StageFailed) as caught:
        judge("iree-aarch64")
    assert caught.value.finding.name == "iree-other-target"


def test_a_file_without_machine_code_is_for_every_target(judge):
    content = gzip.decompress((DATA / "compiled/no_code.vmfb.gz").read_bytes())
    output = judge("iree-riscv32", content=content)
    assert output.findings == ()
    assert output.summary["target"].startswith("any")


@pytest.mark.parametrize("content", [b"", b"placeholder" * 100, FILE[:-1], FILE[: len(FILE) // 2]])
def test_a_placeholder_and_a_file_that_is_cut_short_are_refused(judge, content):
    with pytest.raises(StageFailed) as caught:
        judge(content=content)
    assert caught.value.finding.name == "file-truncated"


def test_numbers_that_were_not_compared_are_told(judge):
    output = judge(summary={"iree": "3.13.0"})
    assert [one.name for one in output.findings] == ["not-compared"]


def test_numbers_that_differ_are_an_error(judge):
    wrong = SUMMARY["comparison"] | {"outputs": [NUMBERS | {"cosine": 0.2, "difference": 0.9, "rms": 1.2}]}
    with pytest.raises(StageFailed) as caught:
        judge(summary=SUMMARY | {"comparison": wrong})
    assert caught.value.finding.name == "outputs-differ"


def test_every_goal_has_a_target():
    goals = [goal for goal in map(parse_goal, goal_names()) if goal.compiler == "iree"]
    assert {target_of(goal.accelerator).triple.partition("-")[0] for goal in goals} == {
        goal.accelerator for goal in goals
    }
    table = load_file(DATA.parents[1] / "envdoctor/compilers/iree/targets.toml")
    assert table.keys() == {goal.accelerator for goal in goals}

"""What the worker is asked, and what is said where it fails."""

import json
from pathlib import Path

import pytest

from envdoctor.action import StageFailed
from envdoctor.compilers.executorch.action import ETHOS_U, XNNPACK, run
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.command import CommandResult
from stages import stage_context

SOURCE = Artifact(kind=ArtifactKind.TORCH, path=Path("net.py"), sha256="0", factory="make", given="1x3x8x8")


def double(answer, rows=()):
    """Stands in for the worker's process; what it was asked is in `asked`."""
    asked = {}

    def run_command(command):
        asked.update(json.loads(Path(command.argv[-1]).read_text()))
        Path(asked["components"]).write_text(json.dumps(rows))
        Path(asked["result"]).write_text(json.dumps(answer))
        return CommandResult(argv=command.argv, returncode=0 if "values" in answer else 1)

    return run_command, asked


def test_what_the_worker_is_asked(tmp_path):
    command, asked = double({"values": {"delegated": {"conv": 1}}})
    context = stage_context(tmp_path / "s", SOURCE, "executorch-xnnpack", python=Path("python"), run=command)
    assert run(context).summary == {"delegated": {"conv": 1}}
    assert (asked["task"], asked["accelerator"], asked["factory"]) == ("lower", None, "make")
    assert asked["inputs"] == [["input_0", [1, 3, 8, 8], "float32"]]
    flags = ("--verbose-all",)
    context = stage_context(
        tmp_path / "t", SOURCE, "executorch-ethos-u85-256", python=Path("python"), run=command, compiler_args=flags
    )
    run(context)
    assert (asked["accelerator"], asked["flags"]) == ("ethos-u85-256", ["--verbose-all"])


def test_a_refusal_is_told_in_the_words_of_executorch(tmp_path):
    words = "InternalError: operator aten.foo has no out variant"
    command, _ = double(
        {"problem": {"name": "executorch-not-lowered", "message": words}},
        [
            {"component": "export", "status": "ok", "seconds": 1},
            {"component": "lowering", "status": "failed", "error": words},
        ],
    )
    with pytest.raises(StageFailed) as caught:
        run(stage_context(tmp_path / "s", SOURCE, "executorch-xnnpack", python=Path("python"), run=command))
    found = caught.value.finding
    assert found.name == "executorch-not-lowered"
    assert words in found.message
    assert found.fix is not None
    assert [one.source for one in found.evidence[-2:]] == ["export", "lowering"]


def test_only_what_is_quantized_needs_samples():
    names = [{requirement.__name__ for requirement in action.requires} for action in (XNNPACK, ETHOS_U)]
    assert ["needs_samples" in one for one in names] == [False, True]

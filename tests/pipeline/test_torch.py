"""What an action that starts from PyTorch needs, and what is said where it fails."""

import json
from pathlib import Path

import pytest

from envdoctor.action import StageFailed
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.command import CommandResult
from envdoctor.core.request import Request
from envdoctor.core.route import Verdict
from envdoctor.environments.status import EnvironmentStatus, State
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.facts.environments import Environments
from envdoctor.facts.host import Host
from envdoctor.pipeline.sources import identify
from envdoctor.pipeline.torch import OF_THE_MODEL, convert_with_torch
from envdoctor.stages.torch import needs_cpu_build, tell_code
from onnx_bytes import model, node
from onnx_bytes import value as onnx_input
from stages import stage_context

SOURCE = Artifact(kind=ArtifactKind.TORCH, path=Path("net.py"), sha256="0", factory="make", given="1x3x8x8")


@pytest.fixture
def links(tmp_path, monkeypatch):
    """A folder that is all that pip looks at."""
    folder = tmp_path / "links"
    folder.mkdir()
    for name, value in (("FIND_LINKS", str(folder)), ("NO_INDEX", "1"), ("CONFIG_FILE", "/dev/null")):
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "cache"))
    return folder


def reasons(state=State.MAKEABLE, system="linux"):
    status = EnvironmentStatus(name="torch", title="PyTorch", state=state)
    facts = Facts(environments=Environments(statuses={"torch": status}), host=Host(system=system))
    return list(needs_cpu_build("torch")(facts, Request(source=SOURCE)))


def test_the_cpu_build_is_looked_for_where_pip_looks(links):
    (found,) = reasons()
    assert found.verdict is Verdict.BLOCKED
    assert "torch 2.13.0+cpu" in found.text
    (links / "torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl").touch()
    assert reasons(), "the build with CUDA is none"
    (links / "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl").touch()
    assert reasons() == []


@pytest.mark.usefixtures("links")
def test_it_is_not_looked_for_where_it_does_not_matter():
    assert reasons(State.MADE) == []
    assert reasons(system="macos") == []


def test_what_a_factory_made_is_never_used_again():
    assert tell_code(Request(source=SOURCE), "local", LocalExecutor()) is None
    archive = Artifact(kind=ArtifactKind.PT2, path=Path("net.pt2"), sha256="0")
    assert tell_code(Request(source=archive), "local", LocalExecutor()) == {}


def test_what_the_worker_is_asked(tmp_path):
    asked = {}

    def double(command):
        asked.update(json.loads(Path(command.argv[-1]).read_text()))
        Path(asked["output"]).write_bytes(b"model")
        Path(asked["result"]).write_text(json.dumps({"values": {}}))
        return CommandResult(argv=command.argv, returncode=0)

    context = stage_context(tmp_path / "s", SOURCE, python=Path("python"), run=double, keep_layout=True)
    convert_with_torch(context)
    assert (asked["kind"], asked["factory"], asked["composites"], asked["keep_layout"]) == (
        "torch",
        "make",
        False,
        True,
    )
    assert asked["inputs"] == [["input_0", [1, 3, 8, 8], "float32"]]
    convert_with_torch(stage_context(tmp_path / "t", SOURCE, "tflite-custom-ops", python=Path("python"), run=double))
    assert asked["composites"]


def test_a_process_that_is_ended_shows_how_far_it_got(tmp_path):
    def double(command):
        asked = json.loads(Path(command.argv[-1]).read_text())
        rows = [{"component": "model", "status": "ok", "seconds": 1.5}, {"component": "export", "status": "running"}]
        Path(asked["components"]).write_text(json.dumps(rows))
        return CommandResult(argv=command.argv, returncode=None, ended="time")

    with pytest.raises(StageFailed) as caught:
        convert_with_torch(stage_context(tmp_path / "s", SOURCE, python=Path("python"), run=double))
    assert [(one.source, one.excerpt) for one in caught.value.finding.evidence[-2:]] == [
        ("model", "ok, 1.5 s"),
        ("export", "not finished"),
    ]


def test_an_onnx_operator_that_onnx2torch_does_not_know_is_named_before_anything_runs(tmp_path):
    path = tmp_path / "net.onnx"
    image = onnx_input("image", 1, 3, 8, 8)
    path.write_bytes(model(node("Relu"), node("Fancy", "mylib"), image))
    knows = OF_THE_MODEL[-1]
    (reason,) = knows(Facts(), Request(source=identify(path)))
    assert reason.verdict is Verdict.BLOCKED
    assert "no form of mylib.Fancy" in reason.text
    path.write_bytes(model(node("Relu"), image))
    assert not list(knows(Facts(), Request(source=identify(path))))

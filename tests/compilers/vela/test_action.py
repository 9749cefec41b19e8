from pathlib import Path

import pytest

from envdoctor.action import StageFailed
from envdoctor.compilers.vela.action import ACTION
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.command import CommandResult
from shared_data import shared
from stages import stage_context

RECORDED = Path(__file__).resolve().parents[2] / "data/stages"


class VelaDouble:
    """A test double of Vela's process: writes what the real one writes, with its recorded output."""

    def __init__(self, printed="", *, writes=True, **ended):
        self.printed, self.writes, self.ended, self.command = printed, writes, ended, None

    def __call__(self, command):
        self.command = command
        folder = Path(command.argv[command.argv.index("--output-dir") + 1])
        if self.writes:
            stem = Path(command.argv[command.argv.index("ethosu.vela") + 1]).stem
            (folder / f"{stem}_vela.tflite").write_bytes(b"compiled")
            (folder / f"{stem}_summary_Ethos_U55.csv").write_bytes((RECORDED / "vela_summary.csv").read_bytes())
        return CommandResult(argv=command.argv, **{"returncode": 0, "stdout": self.printed, **self.ended})


def run(folder, double, path=None, **options):
    path = path or min(shared("data/edgetpu/models").glob("*.tflite"))
    source = Artifact(kind=ArtifactKind.TFLITE_INT8, path=path, sha256="0")
    python = Path("/env/bin/python")
    return ACTION.run(stage_context(folder / "stage", source, "ethos-u55-128", python=python, run=double, **options))


def failure(folder, double, path=None):
    with pytest.raises(StageFailed) as caught:
        run(folder, double, path)
    return caught.value.finding


def test_what_vela_is_asked_and_what_it_tells(tmp_path):
    double = VelaDouble((RECORDED / "vela_embedding.txt").read_text())
    output = run(tmp_path, double, compiler_args=("--optimise", "Size"))
    assert double.command.argv[-2:] == ("--optimise", "Size")
    assert double.command.argv[double.command.argv.index("--accelerator-config") + 1] == "ethos-u55-128"
    assert output.path.name.endswith("_vela.tflite")
    assert [file.name for file in output.files] == [f"{output.path.stem}_summary.csv"]
    assert output.summary["cycles"] == 25918
    assert [one["operator"] for one in output.summary["reasons"]] == ["GATHER", "SELECT", "LESS"]


def test_a_truncated_file_never_reaches_vela(tmp_path):
    (tmp_path / "cut.tflite").write_bytes(b"\x1c\0\0\0TFL3" + bytes(20))
    double = VelaDouble()
    found = failure(tmp_path, double, tmp_path / "cut.tflite")
    assert found.name == "model-refused"
    assert double.command is None


@pytest.mark.parametrize(
    ("recorded", "ended", "name"),
    [
        ("vela_truncated", {"returncode": -11}, "stage-crashed"),
        ("vela_refused", {"returncode": 1}, "tool-refused-arguments"),
    ],
)
def test_failures(tmp_path, recorded, ended, name):
    assert failure(tmp_path, VelaDouble((RECORDED / f"{recorded}.txt").read_text(), writes=False, **ended)).name == name


def test_success_without_a_file(tmp_path):
    assert failure(tmp_path, VelaDouble(writes=False)).name == "compiled-file-missing"

import errno
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from envdoctor.action import StageFailed
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.command import Command, CommandResult
from envdoctor.stages import processes
from envdoctor.stages.processes import run_logged, run_worker
from stages import stage_context

SOURCE = Artifact(kind=ArtifactKind.KERAS, path=Path("model.keras"), sha256="0")


class WorkerDouble:
    """A test double of a worker's process: it sees the command, and answers what a test wants."""

    def __init__(self, answer=None, **ended):
        self.answer, self.ended, self.command, self.request = answer, ended, None, None

    def __call__(self, command):
        self.command = command
        self.request = json.loads(Path(command.argv[-1]).read_text())
        if self.answer is not None:
            Path(self.request["result"]).write_text(json.dumps(self.answer))
        return CommandResult(argv=command.argv, **{"returncode": 0, **self.ended})


def context(folder, double):
    return stage_context(folder / "stage", SOURCE, python=Path("/env/bin/python"), run=double)


def failure(folder, double):
    with pytest.raises(StageFailed) as caught:
        run_worker(context(folder, double), "litert_compare", {})
    return caught.value.finding


def test_what_a_worker_is_told(tmp_path):
    double = WorkerDouble({"values": {"a": 1}})
    values = run_worker(context(tmp_path, double), "tf_convert", {"source": Path("x"), "random": True, "none": None})
    assert values == {"a": 1}
    assert double.command.argv[:6] == ("/env/bin/python", "-I", "-X", "utf8", "-X", "faulthandler")
    assert (double.request["task"], double.request["source"], double.request["none"]) == ("tf_convert", "x", None)
    assert double.command.env["TF_USE_LEGACY_KERAS"] is None
    assert double.command.env["KERAS_HOME"] == double.request["work"]


def test_of_the_work_stays_what_was_asked_alone(tmp_path):
    double = WorkerDouble({"values": {}})
    run_worker(context(tmp_path, double), "tf_convert", {})
    assert [path.name for path in (tmp_path / "stage").iterdir()] == ["requests"]
    assert Path(double.command.argv[-1]) == tmp_path / "stage" / "requests" / "1-tf_convert.json"
    assert json.loads(Path(double.command.argv[-1]).read_text()) == double.request


def test_a_full_disk_that_a_process_cannot_even_tell_of(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=4096))
    with pytest.raises(OSError, match="No space left") as caught:
        run_worker(context(tmp_path, WorkerDouble(returncode=120)), "tf_convert", {})
    assert caught.value.errno == errno.ENOSPC
    known = {"problem": {"name": "text-input", "message": "the input 'x' takes text."}}
    assert failure(tmp_path / "known", WorkerDouble(known, returncode=1)).name == "text-input"


def test_a_known_problem_keeps_its_words(tmp_path):
    problem = {"problem": {"name": "text-input", "message": "the input 'x' takes text."}}
    found = failure(tmp_path, WorkerDouble(problem, returncode=1))
    assert (found.name, found.message) == ("text-input", "the input 'x' takes text.")


def test_a_crash_is_explained_by_the_sources_traits(tmp_path):
    source = Artifact(kind=ArtifactKind.KERAS, path=Path("m"), sha256="0", traits=frozenset({"recurrent"}))
    made = stage_context(tmp_path / "stage", source, python=Path("p"), run=WorkerDouble(returncode=-11))
    with pytest.raises(StageFailed) as caught:
        run_worker(made, "tf_convert", {})
    assert caught.value.finding.name == "recurrent-layer-crash"


@pytest.mark.parametrize("answer", [None, [], {"values": 3}])
def test_no_answer_is_a_failure_whatever_the_status(tmp_path, answer):
    double = WorkerDouble(answer, returncode=0 if answer is None or answer == [] else 1, stderr="last words")
    assert "last words" in failure(tmp_path, double).message


def test_only_what_this_command_printed_is_judged(tmp_path):
    made = stage_context(tmp_path / "stage", SOURCE)
    made.log.write_text("Tensor data is null. Run allocate_tensors() first\n")
    result, printed = run_logged(made, Command(argv=("sh", "-c", "echo hello; echo oops >&2")))
    assert result.ok
    assert printed == "hello\noops\n"


def test_of_a_flood_the_end_is_judged(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "OUTPUT_LIMIT", 6)
    made = stage_context(tmp_path / "stage", SOURCE)
    _, printed = run_logged(made, Command(argv=("sh", "-c", "echo a flood; echo oops")))
    assert printed == "\noops\n"


def test_of_a_flood_beginning_and_end_are_kept(tmp_path, monkeypatch):
    for name, value in (("OUTPUT_LIMIT", 6), ("_BEGINNING", 8), ("_LARGEST_LOG", 200)):
        monkeypatch.setattr(processes, name, value)
    made = stage_context(tmp_path / "stage", SOURCE)
    flood = "echo a flood; for one in $(seq 100); do echo more; done; echo oops"
    _, printed = run_logged(made, Command(argv=("sh", "-c", flood)))
    assert printed == "\noops\n"
    assert made.log.read_text() == "a flood\n\n... 499 bytes left out ...\n\noops\n"

"""Workers in processes: a poisoned item costs itself alone."""

import errno
import multiprocessing.connection
import os
import shutil
import signal
import tempfile

import pytest

from envdoctor.core.errors import EnvDoctorError
from envdoctor.core.sweep import Ending
from envdoctor.sweeps.processes import in_processes
from envdoctor.sweeps.work import Limits
from sweep_judges import item, judge

LIMITS = Limits(seconds=60, memory=1 << 30)


def endings(questions, workers=2, limits=LIMITS):
    return {item.name: done for item, done in in_processes(judge, [item(one) for one in questions], workers, limits)}


@pytest.mark.slow
def test_what_kills_its_worker_stops_nothing_else():
    fine = [f"fine:{number}" for number in range(6)]
    found = endings([fine[0], "exit", "unreadable", "unanswered", "bug", *fine[1:]])
    assert {found[one].ending for one in fine} == {Ending.JUDGED}
    assert found["exit"].ending is Ending.CRASHED
    assert "exit code 3" in found["exit"].message
    assert (found["unreadable"].ending, found["unreadable"].message) == (Ending.UNREADABLE, "it is none")
    assert found["unanswered"].ending is Ending.UNANSWERED
    assert found["bug"].ending is Ending.CRASHED
    assert "KeyError" in found["bug"].message
    assert found[fine[0]].judgments[0].verdict == "SOUND"


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="Windows has no signals that kill")
def test_a_signal_is_named():
    found = endings(["segfault", "fine"], workers=1)
    assert "SIGSEGV" in found["segfault"].message
    assert found["fine"].ending is Ending.JUDGED


@pytest.mark.slow
def test_what_hangs_or_grows_is_ended():
    found = endings(["hang", "fine"], workers=1, limits=Limits(seconds=0.3, memory=1 << 30))
    assert found["hang"].ending is Ending.TIMED_OUT
    assert found["fine"].ending is Ending.JUDGED
    found = endings(["bomb", "fine"], workers=1, limits=Limits(seconds=60, memory=300 << 20))
    assert found["bomb"].ending is Ending.OUT_OF_MEMORY
    assert found["bomb"].memory > 300 << 20
    assert found["fine"].ending is Ending.JUDGED


@pytest.mark.slow
def test_temporary_files_go_with_a_worker_however_it_ends(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    endings([f"{word}:littering" for word in ("fine", "exit", "hang", "bug")], limits=Limits(seconds=1, memory=1 << 30))
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_while_a_worker_is_started_leaves_no_folder(tmp_path, monkeypatch):
    def interrupted(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("multiprocessing.context.SpawnProcess.start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(in_processes(judge, [item("fine")], 1, LIMITS))
    assert list(tmp_path.iterdir()) == []


def test_a_worker_that_can_not_be_started_holds_no_file_open(tmp_path, monkeypatch):
    def refused(self):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("multiprocessing.context.SpawnProcess.start", refused)
    removed, pipes = [], []
    remove, pipe = shutil.rmtree, multiprocessing.connection.Pipe
    monkeypatch.setattr("multiprocessing.connection.Pipe", lambda duplex: pipes.append(pipe(duplex)) or pipes[-1])
    monkeypatch.setattr(
        tempfile._shutil,
        "rmtree",
        lambda *args, **rest: removed.append([end.closed for ends in pipes for end in ends]) or remove(*args, **rest),
    )
    with pytest.raises(EnvDoctorError, match="No worker can be started: Too many open files"):
        list(in_processes(judge, [item("fine")], 1, LIMITS))
    assert removed[-1] == [True, True]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_workers_end_when_the_caller_stops_asking():
    before = signal.getsignal(signal.SIGINT)
    results = in_processes(judge, [item("fine"), item("hang")], 2, LIMITS)
    assert next(results)[0].name == "fine"
    results.close()
    assert multiprocessing.active_children() == []
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.slow
def test_workers_that_can_not_begin_are_told_and_not_started_for_ever():
    with pytest.raises(EnvDoctorError, match="before they start to work"):
        list(in_processes(Unpicklable(), [item("fine")], 1, LIMITS))


class Unpicklable:
    """Reaches a worker and breaks there."""

    def __reduce__(self):
        return os._exit, (1,)

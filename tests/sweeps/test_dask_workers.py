"""A real scheduler with a real worker on loopback, where Dask is installed."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest

from envdoctor.core.errors import EnvDoctorError, UsageProblem
from envdoctor.sweeps import dask_workers
from envdoctor.sweeps.dask_workers import in_dask
from envdoctor.sweeps.work import Limits
from index_wheels import wheel
from sweep_judges import item

LIMITS = Limits(seconds=60, memory=1 << 30)
needs_dask = pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="Dask is not installed")


def test_without_dask_it_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageProblem, match=r"envdoctor\[dask\]"):
        list(in_dask(None, [], "tcp://127.0.0.1:1", LIMITS))


@pytest.fixture
def cluster(tmp_path):
    """The processes of a scheduler and of its worker, and the address; both are ended."""
    base = [sys.executable, "-W", "ignore", "-m"]
    file = tmp_path / "scheduler.json"
    environ = {**os.environ, "DASK_TEMPORARY_DIRECTORY": str(tmp_path)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environ}
    words = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    scheduler = subprocess.Popen([*base, *words, "--scheduler-file", str(file)], **quiet)
    words = ["distributed.cli.dask_worker", "--scheduler-file", str(file), "--no-dashboard", "--no-nanny"]
    worker = subprocess.Popen([*base, *words, "--local-directory", str(tmp_path / "scratch")], **quiet)
    try:
        for _ in range(600):
            if file.exists() and (text := file.read_text()):
                break
            time.sleep(0.1)
        yield scheduler, worker, json.loads(text)["address"]
    finally:
        for process in (worker, scheduler):
            process.kill()
            process.wait()


def swept(tmp_path, address):
    words = ["sweep", "wheels", str(tmp_path / "wheels"), "--scheduler", address, "--alone", "--offline", "--json"]
    argv = [sys.executable, "-W", "ignore", "-m", "envdoctor", *words, "--db", str(tmp_path / "h")]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@needs_dask
@pytest.mark.slow
def test_workers_elsewhere_judge_and_a_scheduler_that_goes_away_loses_nothing(tmp_path, cluster):
    scheduler, _, address = cluster
    (tmp_path / "wheels").mkdir()
    for number in range(3):
        filename, content = wheel(f"pkg{number}", "1.0")
        (tmp_path / "wheels" / filename).write_bytes(content)
    for _ in range(60):  # until the worker has come
        process = swept(tmp_path, address)
        out, err = process.communicate(timeout=120)
        if "no workers" not in err:
            break
    assert process.returncode == 0, err
    assert {row["found"]["state"] for row in json.loads(out)["rows"]} == {"fine"}

    scheduler.kill()
    scheduler.wait()
    filename, content = wheel("late", "1.0")
    (tmp_path / "wheels" / filename).write_bytes(content)
    process = swept(tmp_path, address)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out, len(err.splitlines())) == (2, "", 1)
    assert "does not answer" in err


@needs_dask
@pytest.mark.slow
@pytest.mark.parametrize(
    ("lost", "how", "said"),
    [(0, "SIGSTOP", "no longer answers"), (1, "SIGKILL", "has lost all its workers"), (0, "SIGKILL", "went away")],
)
def test_nobody_is_waited_for_who_is_gone_without_a_word(cluster, monkeypatch, lost, how, said):
    monkeypatch.setattr(dask_workers, "_ROUND", 0.5)
    monkeypatch.setattr(dask_workers, "_WITHOUT", 1.0)
    *processes, address = cluster
    hanging = replace(item("hang"), question=60.0)
    client = dask_workers._connected(address)
    client.wait_for_workers(1, timeout=60)
    client.close()
    monkeypatch.setattr(dask_workers, "_PATIENCE", 5.0)
    ending = threading.Timer(2, processes[lost].send_signal, [getattr(signal, how)])
    ending.start()
    with pytest.raises(EnvDoctorError, match=said):
        list(in_dask(time.sleep, [hanging], address, LIMITS))

"""Two processes that make the same environment, and one that is killed or interrupted; with the real uv."""

import os
import signal
import subprocess
import sys
import time

import pytest

from envdoctor.environments.store import MARKER
from made_environments import environments, make
from tiny_wheels import pin, tiny_wheel

pytestmark = pytest.mark.slow

POSIX = pytest.mark.skipif(os.name == "nt", reason="links and signals as POSIX has them")
#: A module that says that it is imported, and waits as long as a file is there.
WAITING = b"""
import os, pathlib, time
gate = os.environ.get("TINY_WAITS")
if gate:
    pathlib.Path(gate + ".reached").touch()
    while os.path.exists(gate):
        time.sleep(0.02)
"""
PROCESS = """
import sys
from pathlib import Path
from tiny_wheels import tiny_spec
from envdoctor.core.request import Request
from envdoctor.environments.making import ensure
from envdoctor.executors.local import LocalExecutor
lock, cache, platform = sys.argv[1:]
say = lambda text: print(text, flush=True)
made = ensure(tiny_spec(Path(lock), platform=platform), Request(cache=Path(cache)), LocalExecutor(), say)
print("MADE", made.python, flush=True)
"""


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def waiting(spec, index, tmp_path, monkeypatch):
    """A tiny package whose import waits for a file to go; that file."""
    name, content = tiny_wheel(files={"tiny.py": WAITING})
    index.add("tiny", name, content)
    spec.lock.write_text(pin("tiny", "1.0", content))
    gate = tmp_path / "gate"
    gate.touch()
    monkeypatch.setenv("TINY_WAITS", str(gate))
    yield gate
    gate.unlink(missing_ok=True)


@pytest.fixture
def start(spec, request_, platform, pytestconfig, tmp_path):
    """Start a process of its own that makes the environment; its output goes to a file."""
    started = []

    def run(name):
        log = tmp_path / name
        path = os.pathsep.join(map(str, (pytestconfig.rootpath, pytestconfig.rootpath / "tests" / "helpers")))
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-c", PROCESS, str(spec.lock), str(request_.cache), platform],
                env=dict(os.environ, PYTHONPATH=path),
                stdout=stream,
                stderr=stream,
            )
        started.append(process)
        return process, log

    yield run
    for process in started:
        process.kill()
        process.wait()


def reached(gate):
    return gate.with_name(gate.name + ".reached").exists()


def test_two_processes_make_it_once_and_the_second_says_that_it_waits(start, waiting, index):
    first, first_log = start("first")
    until(lambda: reached(waiting))
    second, second_log = start("second")
    until(lambda: "another envdoctor is making Tiny 1.0; waiting for it" in second_log.read_text())
    waiting.unlink()
    assert first.wait(60) == 0, first_log.read_text()
    assert second.wait(60) == 0, second_log.read_text()
    assert first_log.read_text().splitlines()[-1] == second_log.read_text().splitlines()[-1]
    assert "Installed" not in second_log.read_text()


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """The folder for temporary files of the processes that are started."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@POSIX
@pytest.mark.usefixtures("index")
def test_killed_in_the_middle_it_is_made_anew_and_leaves_nothing(start, waiting, spec, request_, scratch):
    process, _ = start("killed")
    until(lambda: reached(waiting))
    process.kill()
    process.wait()
    (left,) = environments(request_)
    assert not (request_.cache / "environments" / left / MARKER).exists()
    waiting.unlink()
    said = []
    assert make(spec, request_, said).problem == ""
    assert "it was never finished" in said[0]
    assert list(scratch.iterdir()) == []


@POSIX
def test_an_interrupt_leaves_nothing_and_ends_the_children(start, waiting, request_):
    process, log = start("interrupted")
    until(lambda: reached(waiting))
    process.send_signal(signal.SIGINT)
    assert process.wait(60) != 0
    assert "KeyboardInterrupt" in log.read_text()
    until(lambda: environments(request_) == [])  # what was made is removed behind it

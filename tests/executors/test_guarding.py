"""What becomes of commands whose envdoctor was killed; on real processes."""

import os
import signal
import subprocess
import sys
import time

import pytest

from envdoctor.core.command import Command
from envdoctor.executors.guard import left_over
from envdoctor.executors.guarding import Guardian
from envdoctor.executors.local import LocalExecutor
from processes import assert_gone

#: Runs a command that starts another one, in an executor, in a process of its own.
PARENT = """
import sys
from envdoctor.core.command import Command
from envdoctor.executors.local import LocalExecutor
LocalExecutor().run(Command(argv=(sys.executable, "-c", sys.argv[1], sys.argv[2]), timeout=float(sys.argv[3])))
"""
CHILD = """
import os, signal, subprocess, sys, time
if "stubborn" in sys.argv[1]:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[1] + ".new", "w").write(f"{os.getpid()} {sleeper.pid}")
os.replace(sys.argv[1] + ".new", sys.argv[1])
time.sleep(600)
"""


def wait_for(note):
    for _ in range(600):
        if note.exists():
            return note.read_text()
        time.sleep(0.05)
    pytest.fail(f"{note} was not written")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("name", ["willing", "stubborn"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGHUP])
def test_a_killed_parent_takes_its_command_and_its_commands_children_along(tmp_path, name, how):
    note = tmp_path / name
    with subprocess.Popen([sys.executable, "-c", PARENT, CHILD, str(note), "600"]) as parent:
        pids = [int(word) for word in wait_for(note).split()]
        parent.send_signal(how)
        assert parent.wait(10) == -how
    start = time.monotonic()
    for pid in pids:
        assert_gone(pid, 20)  # a busy machine takes its time
    assert time.monotonic() - start < 20


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_so_does_a_command_with_a_short_limit_once_it_hangs(tmp_path):
    note = tmp_path / "willing"
    with subprocess.Popen([sys.executable, "-c", PARENT, CHILD, str(note), "20"]) as parent:
        pids = [int(word) for word in wait_for(note).split()]
        time.sleep(0.5)
        parent.kill()
    for pid in pids:
        assert_gone(pid)


def test_a_command_that_ended_is_forgotten():
    assert left_over([b"+12\n", b"+7\n", b"-12\n", b"+\n", b"", b"+9x\n"]) == {7}


@pytest.mark.slow
def test_one_guard_serves_all_commands_and_ends_with_us(tmp_path):
    script = (
        "import sys\nfrom envdoctor.core.command import Command\nfrom envdoctor.executors.guarding import GUARDIAN\n"
        "from envdoctor.executors.local import LocalExecutor\n"
        "for _ in range(3):\n"
        "    assert LocalExecutor().run(Command(argv=(sys.executable, '-c', 'pass'))).ok\n"
        "    print(GUARDIAN._guard.pid)\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    (pid,) = {int(line) for line in result.stdout.split()}
    assert result.stderr == ""
    assert_gone(pid)


def test_without_a_guard_a_command_runs_all_the_same(tmp_path, monkeypatch):
    python = sys.executable
    monkeypatch.setattr(sys, "executable", str(tmp_path / "absent"))
    with Guardian().guarding(1 << 30):
        pass
    assert LocalExecutor().run(Command(argv=(python, "-c", "pass"))).ok


@pytest.mark.slow
def test_a_short_question_needs_no_guard():
    script = (
        "import sys\nfrom envdoctor.core.command import Command\nfrom envdoctor.executors.guarding import GUARDIAN\n"
        "from envdoctor.executors import local\nlocal.POLL = 20\n"  # however busy the machine is, it ends within that
        "local.LocalExecutor().run(Command(argv=(sys.executable, '-c', 'pass'), timeout=20))\nprint(GUARDIAN._guard)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "None\n"

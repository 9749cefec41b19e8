import io
import os
import shutil
import subprocess
import sys
import threading

import pytest

from envdoctor.core.finding import Outcome
from envdoctor.facts import Facts
from envdoctor.probing import Probe, run_probes
from envdoctor.support.containment import contained

CRASH = """
import ctypes
from envdoctor.support.containment import contained
with contained():
    ctypes.string_at(0)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="reads the address that no process has")
def test_a_guest_that_crashes_the_interpreter_is_named_first():
    done = subprocess.run([sys.executable, "-c", CRASH], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode < 0
    assert "Fatal Python error" in done.stderr
    assert 'File "<string>", line 5' in done.stderr


STUCK = """
import ctypes
from envdoctor.facts import Facts
from envdoctor.facts.python import Python
from envdoctor.probing import Probe, run_probes
from envdoctor.support import containment
containment._STUCK = 1.0

def check(facts):
    yield ctypes.PyDLL(None).pause()

check.__module__ = "somebody.tea001_x"
run_probes([Probe(code="TEA001", name="x", check=check, title="t", explanation="e")], Facts(python=Python()))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="calls a function of the C library")
def test_a_guest_that_never_lets_python_go_on_is_ended_and_named():
    """A thread that waits can't do it: no line of Python is run any more."""
    done = subprocess.run([sys.executable, "-c", STUCK], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert 'File "<string>", line 10 in check' in done.stderr


HEALTHY = """
import time
from envdoctor.facts import Facts
from envdoctor.facts.python import Python
from envdoctor.probing import Probe, run_probes
from envdoctor.support import containment
containment._STUCK = 1.0

def probe(code, seconds, module, timeout=60.0):
    def check(facts):
        time.sleep(seconds)
        yield from ()
    check.__module__ = module
    return Probe(code=code, name="x", check=check, title="t", explanation="e", timeout=timeout)

def judge(*probes):
    print([one.outcome.name for one in run_probes(probes, Facts(python=Python()))])
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("with containment.contained(): time.sleep(2)", ""),  # a long import of a plug-in, in the only thread
        ("with containment.contained(): pass\ntime.sleep(2)", ""),  # a long build after it
        ('judge(probe("TEA001", 2, "somebody.a"))', "['PASSED']"),
        ('judge(probe("TEA001", 0, "somebody.a"), probe("TEA002", 2, "envdoctor_probes.b"))', "['PASSED', 'PASSED']"),
        ('judge(probe("TEA001", 9, "somebody.a", 0.3))\ntime.sleep(2)\nimport os; os._exit(0)', "['TIMED_OUT']"),
    ],
)
def test_what_lets_python_go_on_is_not_ended(lines, said):
    argv = [sys.executable, "-uc", HEALTHY + lines]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, said), done.stderr


def test_the_limit_of_recursion_is_put_back_and_told():
    before = sys.getrecursionlimit()
    with contained() as changed:
        sys.setrecursionlimit(before + 7)
    assert (sys.getrecursionlimit(), changed) == (before, ["the limit of Python's recursion"])


@pytest.mark.parametrize("limits", [{"timeout": 0.1}, {}])
def test_a_guest_that_nobody_waits_for_puts_nothing_back_when_it_ends(monkeypatch, limits):
    """The program that asked goes on, and what differs by then is its own doing: `monkeypatch` is that program here."""
    monkeypatch.setenv("OURS", "1")
    depth, goes_on, guests = sys.getrecursionlimit(), threading.Event(), []

    def check(facts):
        guests.append(threading.current_thread())
        goes_on.wait(30)
        return ()

    guest = Probe(code="TEA001", name="x", check=check, title="t", explanation="e", **limits)
    (result,) = run_probes([guest], Facts(), within=None if limits else 0.2)
    assert result.outcome is Outcome.TIMED_OUT
    monkeypatch.setenv("OURS", "2")
    mine = io.StringIO()
    monkeypatch.setattr(sys, "stdout", mine)
    monkeypatch.setattr(shutil, "which", mine.write)
    sys.setrecursionlimit(depth + 1)
    goes_on.set()
    guests[0].join(30)
    kept = (os.environ["OURS"], sys.stdout, shutil.which, sys.getrecursionlimit())
    sys.setrecursionlimit(depth)
    assert kept == ("2", mine, mine.write, depth + 1)

import subprocess
import sys

import pytest

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

"""Limits that a shell sets on a process (`ulimit`), and what a variable takes away from Python."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="limits as Linux has them")
MEMORY = "envdoctor: it may use less memory than it needs (see 'ulimit -v'); allow it more\n"
TIME = "envdoctor: it may use less processor time than it needs (see 'ulimit -t'); allow it more\n"


def limited(limit, *words):
    """A command as a shell starts it below a limit."""
    script = f'ulimit {limit} && exec "$0" "$@"'
    argv = ["sh", "-c", script, sys.executable, *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)


@on_linux
@pytest.mark.parametrize("kilobytes", [30_000, 50_000, 75_000, 100_000])
def test_where_python_may_die_for_want_of_memory_that_is_told_before(kilobytes):
    ended = limited(f"-v {kilobytes}", "-m", "envdoctor", "explain", "PKG001")
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", MEMORY)


BUSY = """
import sys
from envdoctor import cli
from envdoctor.cli import _run

def reckon(**_):
    try:
        while True:
            sum(range(1000))
    finally:
        print("tidied", flush=True)

_run.group.main = reckon
sys.argv = ["envdoctor", "check"]
cli.main()
"""


@on_linux
def test_processor_time_that_is_used_up_is_told_before_the_kernel_kills():
    ended = limited("-t 2", "-c", BUSY)
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "tidied\n", TIME)


@pytest.mark.parametrize("words", [["explain", "PKG001"], ["check", "--only", "PKG001"]])
def test_without_docstrings_checks_are_no_bug(words):
    ended = subprocess.run(
        [sys.executable, "-OO", "-m", "envdoctor", *words], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("envdoctor: Python leaves docstrings out (-OO, PYTHONOPTIMIZE=2)")
    assert ended.stderr.count("\n") == 1

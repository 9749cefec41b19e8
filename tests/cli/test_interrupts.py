"""Signals that come while a command ends."""

import os
import signal
import subprocess
import sys
import tempfile
import time

import pytest

from envdoctor.cli import _run
from envdoctor.core.errors import ExitCode
from envdoctor.support import interruption

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")

ENDING = """
import atexit, sys, time
from envdoctor import cli
from envdoctor.cli import _run

def slowly(word):
    print(word, flush=True)
    time.sleep(0.3)
    print(word, "done", file=sys.stderr, flush=True)

def waiting(**_):
    try:
        print("ready", flush=True)
        time.sleep(60)
    finally:
        slowly("ending")

atexit.register(slowly, "leaving")
_run.group.main = waiting
sys.argv = ["envdoctor", "check"]
cli.main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("second", ["ending", "leaving"])
def test_a_second_signal_breaks_nothing_off(second):
    with subprocess.Popen(
        [sys.executable, "-c", ENDING], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        said = ""
        while "leaving" not in said:
            line = process.stdout.readline() or process.stderr.readline()
            if line.strip() == second or (second == "leaving" and "interrupted" in line):
                process.send_signal(signal.SIGTERM)
            said += line
        rest = process.stderr.read()
        assert process.wait(30) == 130
        assert "ending done" in said + rest
        assert "leaving done" in said + rest


EARLY = """
import os, signal, sys
class Finder:
    def find_spec(name, path=None, target=None):
        if name == "envdoctor.support.collector":
            os.kill(os.getpid(), getattr(signal, sys.argv[1]))
from envdoctor import cli
sys.meta_path.insert(0, Finder)
sys.exit(cli.main())
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_that_comes_at_the_first_import_ends_as_a_later_one(name):
    done = subprocess.run([sys.executable, "-c", EARLY, name], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 130
    assert done.stderr == ""


class Leaving:
    """Is signalled while Python lets it go."""

    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.001)


def test_a_signal_that_comes_while_an_object_goes_is_heeded_after_it():
    def command():
        with _run._signals_interrupt(is_process=False):
            Leaving()
            time.sleep(10)

    interruption.begin()
    with pytest.raises(KeyboardInterrupt):
        command()
    interruption.begin()


@pytest.mark.parametrize("step", ["mkdir", "rmdir"])
def test_no_signal_leaves_half_of_a_temporary_folder(step, tmp_path, monkeypatch):
    real = getattr(os, step)

    def interrupted(*words, **named):
        os.kill(os.getpid(), signal.SIGTERM)
        return real(*words, **named)

    def command():
        with _run._signals_interrupt(is_process=False):
            tempfile.TemporaryDirectory(dir=tmp_path).cleanup()
            time.sleep(10)

    interruption.begin()
    monkeypatch.setattr(os, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        command()
    interruption.begin()
    assert list(tmp_path.iterdir()) == []


def test_what_an_interrupt_breaks_is_told_as_an_interrupt(monkeypatch, capsys):
    def broken(**_):
        interruption.interrupt()
        raise RuntimeError("release unlocked lock")

    monkeypatch.setattr(_run.group, "main", broken)
    assert _run.run(["check"]) == ExitCode.INTERRUPTED
    assert "interrupted" in capsys.readouterr().err
    interruption.begin()

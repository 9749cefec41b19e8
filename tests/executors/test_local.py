"""The local executor on real processes."""

import os
import sys
import threading
import time

import pytest

from envdoctor.core.command import Command
from envdoctor.executors import local
from envdoctor.executors.local import LocalExecutor
from processes import assert_gone

RUN = LocalExecutor().run


def python(code, **rest):
    return Command(argv=(sys.executable, "-c", code), **rest)


def test_output_status_and_time_are_told():
    result = RUN(python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"))
    assert (result.returncode, result.stdout, result.stderr) == (3, "out\n", "err\n")
    assert not result.ok
    assert 0 < result.seconds < 30
    assert result.describe_failure() == "exited with status 3"
    assert result.last_line == "err"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs wait4(2) for the peak memory")
def test_peak_memory_is_that_of_the_child():
    ballast = bytearray(300 << 20)  # what this process holds must not count
    ballast[::4096] = b"1" * len(ballast[::4096])
    small = RUN(python("import time; time.sleep(0.5)")).peak_memory
    large = RUN(python("import time; x = b'1' * (80 << 20); time.sleep(0.5)")).peak_memory
    assert small < 80 << 20 < large < 200 << 20


def test_input_reaches_the_program_and_is_empty_otherwise():
    echo = "import sys; print(len(sys.stdin.read()))"
    assert RUN(python(echo, stdin=b"12345")).stdout.strip() == "5"
    assert RUN(python(echo)).stdout.strip() == "0"


def test_variables_are_set_and_removed(monkeypatch):
    monkeypatch.setenv("ED_GONE", "1")
    result = RUN(
        python(
            "import os; print(os.environ.get('ED_SET'), 'ED_GONE' in os.environ)", env={"ED_SET": "a", "ED_GONE": None}
        )
    )
    assert result.stdout.strip() == "a False"


def test_a_program_that_is_not_there_is_a_result():
    result = RUN(Command(argv=("/nonexistent/program",)))
    assert result.returncode is None
    assert "could not be started" in result.describe_failure()
    assert "/nonexistent/program" in result.error


def test_a_folder_that_is_not_there_is_named(tmp_path):
    result = RUN(python("pass", cwd=tmp_path / "gone"))
    assert str(tmp_path / "gone") in result.error


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_the_signal_that_killed_it_is_named():
    result = RUN(python("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"))
    assert result.signal == "SIGSEGV"
    assert result.describe_failure() == "was killed by SIGSEGV (signal 11)"


@pytest.mark.slow
def test_a_time_limit_ends_the_children_too(tmp_path):
    note = tmp_path / "pid"
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(note)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)"
    )
    result = RUN(python(code, timeout=1.5))
    assert result.ended == "time"
    assert result.seconds < 20
    assert "time limit" in result.describe_failure()
    assert_gone(int(note.read_text()))


@pytest.mark.slow
def test_a_memory_limit_ends_it():
    result = RUN(
        python(
            "import time; x = bytearray(300 << 20); x[::4096] = b'1' * len(x[::4096]); time.sleep(60)", memory=100 << 20
        )
    )
    assert result.ended == "memory"
    assert "memory limit" in result.describe_failure()


@pytest.mark.slow
def test_a_flood_of_output_ends_it(monkeypatch):
    monkeypatch.setattr(local, "FLOOD", 1 << 20)
    flood = "while True: print('x' * 4096)"
    result = LocalExecutor().run(Command(argv=(sys.executable, "-c", flood), timeout=60))
    assert (result.ok, result.ended) == (False, "output")
    assert "passed its output limit" in result.describe_failure()


def test_a_log_gets_both_streams_and_is_appended_to(tmp_path):
    log = tmp_path / "log"
    log.write_text("before\n")
    RUN(python("import sys; print('out', flush=True); print('err', file=sys.stderr)", log=log))
    assert log.read_text() == "before\nout\nerr\n"


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_an_interrupt_ends_the_child_and_is_passed_on(tmp_path):
    note = tmp_path / "pid"
    code = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"

    def interrupt():
        while not note.exists() or not note.read_text():
            time.sleep(0.02)
        os.kill(os.getpid(), 2)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        RUN(python(code))
    assert_gone(int(note.read_text()))

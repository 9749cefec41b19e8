"""Streams of the command line that are closed, full, or read by nobody."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")


@pytest.mark.slow
@pytest.mark.parametrize("words", [["--help"], ["explain", "--help"], ["explain", "PKG003"], ["--version"]])
def test_a_reader_that_goes_away_is_no_error(monkeypatch, words):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # the interpreter's last flush is looked at too
    code = f"import sys; from envdoctor.cli import main; sys.exit(main({words!r}))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="closes descriptors with a shell")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_a_closed_stream_is_no_error(closed):
    ended = subprocess.run(["sh", "-c", f'"$0" -m envdoctor check --only HST001 {closed}', sys.executable], check=False)
    assert ended.returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="closes descriptors with a shell")
def test_what_is_started_finds_no_file_of_ours_where_a_closed_stream_was():
    child = "import os, stat; assert all(stat.S_ISCHR(os.fstat(number).st_mode) for number in range(3))"
    code = (
        "import subprocess, sys\n"
        "from envdoctor.cli._run import _replace_closed_streams\n"
        "_replace_closed_streams()\n"
        "assert sys.stdin.read() == '' and not sys.stdin.isatty()\n"
        "with open(sys.executable, 'rb'):\n"
        f"    sys.exit(subprocess.run([sys.executable, '-c', {child!r}]).returncode)"
    )
    words = ["sh", "-c", '"$0" -c "$1" <&- >&- 2>&-', sys.executable, code]
    assert subprocess.run(words, check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", [("--version",), ("--help",), ("check", "--only", "HST001"), ("explain", "PKG003")])
def test_output_that_finds_no_room_is_told_in_a_sentence(words):
    with FULL.open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "envdoctor", *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (ended.returncode, ended.stderr) == (1, "envdoctor: output: No space left on device\n")


@pytest.mark.slow
@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_the_exit_code_is_right_though_nobody_can_be_told():
    with FULL.open("wb") as full:
        ended = subprocess.run([sys.executable, "-m", "envdoctor", "chek"], stderr=full, check=False)
    assert ended.returncode == 2


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="pipes as on POSIX")
def test_a_reader_that_goes_away_is_no_problem():
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "envdoctor", "explain"]
    ended = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(write)
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="opens descriptors with a shell")
@pytest.mark.parametrize("words", [["explain", "PKG003"], ["check", "--only", "HST001"], ["--help"]])
def test_a_stream_that_can_only_be_read_from_is_as_one_that_is_closed(words):
    script = '"$0" -m envdoctor "$@" 1</dev/null 2>&1'
    assert subprocess.run(["sh", "-c", script, sys.executable, *words], check=False).returncode == 0
    ended = subprocess.run(
        ["sh", "-c", '"$0" -m envdoctor "$@" 1</dev/null', sys.executable, *words], capture_output=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, b"")

"""How far something has got, on a terminal and elsewhere."""

from __future__ import annotations

import io
import time

import pytest

from envdoctor.cli import _tables
from envdoctor.support.streams import guarded_streams


class Terminal(io.StringIO):
    encoding = "ascii"

    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(_tables, "_BEAT", 0.01)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")


def test_a_terminal_is_told_how_far_it_is_and_left_clean():
    stream = Terminal()
    with _tables.progress("matrix of \x1b[2Jé" + "x" * 40, stream) as count:
        count(3, 70)
        deadline = time.monotonic() + 10
        while not stream.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
    written = stream.getvalue()
    first = written.split("\x1b[K")[0]
    assert first.startswith("\r  0 s  matrix of ")
    assert len(first) <= 40
    assert "\x1b[2J" not in written
    assert written.endswith("\r\x1b[K")


def test_what_is_quick_shows_nothing(monkeypatch):
    monkeypatch.setattr(_tables, "_BEAT", 60)
    stream = Terminal()
    with _tables.progress("a", stream) as count:
        count(1, 2)
    assert stream.getvalue() == ""


def test_a_pipe_gets_nothing():
    stream = io.StringIO()
    with _tables.progress("a", stream) as count:
        count(1, 2)
        time.sleep(0.05)
    assert stream.getvalue() == ""


def test_a_pipe_is_told_when_much_is_left_and_not_too_often(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(_tables.time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    with _tables.progress("matrix of a\x1b[2J", stream) as count:
        for done in range(1, 31):
            now[0] += 10
            count(done, 30)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "matrix of a\\x1b[2J: 5 of 30 done, about 4 min 10 s left"
    assert len(lines) == 4
    assert lines[-1].endswith("23 of 30 done, about 70.0 s left")


def test_the_first_step_tells_nothing_of_the_others(monkeypatch):
    """It fetches what they share: from the first alone, 135 cells of a minute were said to take two hours."""
    now = [100.0]
    monkeypatch.setattr(_tables.time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    with _tables.progress("a", stream) as count:
        now[0] += 61
        count(1, 135)
        for done in range(2, 136):
            now[0] += 0.1
            count(done, 135)
    assert stream.getvalue() == "a: 1 of 135 done\n"


def test_a_terminal_is_told_what_is_left(monkeypatch):
    monkeypatch.setenv("COLUMNS", "90")
    stream = Terminal()
    with _tables.progress("a", stream) as count:
        for done in range(1, 6):
            time.sleep(0.02)
            count(done, 1000)
        deadline = time.monotonic() + 10
        while "left" not in stream.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
    assert ", 5 of 1000 done, about " in stream.getvalue()


def test_a_sentence_on_a_terminal_clears_the_line_and_brings_no_escapes_of_its_own(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    with guarded_streams():
        _tables.say("reading \x1b[2Jit")
    assert stream.getvalue().startswith("\r\x1b[Kenvdoctor: reading ")
    assert "\x1b[2J" not in stream.getvalue()

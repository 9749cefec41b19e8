"""What a running build shows: a live line on a terminal, little elsewhere."""

from __future__ import annotations

import dataclasses
import io
import re

import pytest

import sample_reports as samples
from envdoctor.cli._progress import display
from envdoctor.core import events


class Stream(io.TextIOWrapper):
    """A text stream that may claim to be a terminal; it keeps the bytes."""

    def __init__(self, encoding="utf-8", *, tty=True):
        super().__init__(io.BytesIO(), encoding=encoding, newline="")
        self._tty = tty

    def isatty(self):
        return self._tty

    def content(self):
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)


@pytest.fixture(autouse=True)
def terminal(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")


def play(listener):
    """All that happens in a build that falls back."""
    report = samples.fell_back()
    for number, attempt in enumerate(report.attempts, start=1):
        listener(events.RouteStarted(route=attempt.route, number=number))
        for place, result in enumerate(attempt.results, start=1):
            listener(events.StageStarted(route=attempt.route, stage=result.stage, number=place))
            listener(events.EnvironmentProgress(name="tensorflow", text="downloading \x1b[31m512 MiB"))
            listener(events.StageEnded(result=result))
        if not attempt.succeeded:
            listener(events.RouteFailed(attempt=attempt))
    listener(events.Note(text="mind the [bold]gap[/bold] \x07"))


def shown(stream):
    with display(stream) as listener:
        play(listener)
    return stream.content()


def test_without_a_terminal_every_stage_says_that_it_begins_and_how_it_ended():
    lines = shown(Stream(tty=False)).splitlines()
    assert lines[:4] == [
        "route 1: tf-int8+vela",
        "  1/2 tf-int8: Keras to int8 by the TensorFlow converter ...",
        "    environment tensorflow: downloading \\x1b[31m512 MiB",
        "  tf-int8: failed (12.5 s)",
    ]
    assert lines[4] == "route tf-int8+vela failed: The TensorFlow converter was killed by SIGSEGV (signal 11)."
    assert "  tf-float: reused" in lines
    assert lines[-1] == "mind the [bold]gap[/bold] \\x07"


def test_without_a_terminal_a_line_is_out_before_the_next_event():
    stream = Stream(tty=False)
    with display(stream) as listener:
        listener(events.EnvironmentProgress(name="tensorflow", text="resolving"))
        assert stream.buffer.getvalue() == b"    environment tensorflow: resolving\n"


@pytest.mark.slow
def test_a_terminal_sees_every_stage_and_where_it_ended():
    text = re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", shown(Stream())).replace("\r", "\n")
    lines = [line.rstrip() for line in text.split("\n")]
    assert "route 1: tf-int8+vela" in lines
    assert "  ✗ tf-int8: failed (12.5 s)" in lines
    assert "  ✓ tf-float: reused" in lines
    assert "  ✓ vela: done (0.60 s)" in lines
    assert "mind the [bold]gap[/bold] \\x07" in lines
    assert max(len(line) for line in lines) <= 60


def test_evidence_never_reaches_the_terminal_as_an_escape():
    text = shown(Stream())
    assert "\x1b[31m512" not in text
    assert "\x07" not in text


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437"])
def test_a_terminal_that_knows_no_symbols_gets_letters(encoding):
    text = shown(Stream(encoding))
    assert "  ok tf-float: reused" in text
    assert "  x tf-int8: failed" in text


def test_no_colours_where_nobody_wants_them(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[3\dm", shown(Stream()))


def test_a_closed_stream_ends_no_build():
    stream = Stream(tty=False)
    with display(stream) as listener:
        stream.close()
        listener(events.Note(text="too late"))


def test_a_failed_route_without_a_stage_is_told_too():
    attempt = dataclasses.replace(samples.all_failed().attempts[0], results=())
    stream = Stream(tty=False)
    with display(stream) as listener:
        listener(events.RouteFailed(attempt=attempt))
    assert stream.content() == "route tf-int8+vela failed\n"


def test_an_error_in_the_build_goes_through_and_leaves_the_cursor_shown():
    stream = Stream()
    with pytest.raises(KeyboardInterrupt), display(stream):
        raise KeyboardInterrupt
    assert stream.content().rstrip().endswith("\x1b[?25h") or "\x1b[?25h" in stream.content()

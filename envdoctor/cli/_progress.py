"""What a running build shows on standard error: a live line on a terminal, and a line for each event elsewhere.

Without a terminal nothing moves: each stage says that it begins and how it ended, and each environment that has to be
made what is done for it now, at once, so that a log that somebody follows is never silent for minutes.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING, TextIO

from envdoctor.core import events
from envdoctor.core.route import StageStatus
from envdoctor.support.streams import safe_words, unguarded
from envdoctor.support.text import duration, encodable, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, RenderableType

#: Changes of the live line per second.
_RATE = 8

_MARKS = {
    StageStatus.DONE: ("✓", "ok", "green"),
    StageStatus.REUSED: ("✓", "ok", "green"),
    StageStatus.FAILED: ("✗", "x", "red"),
    StageStatus.WAITING: ("!", "!", "yellow"),
    StageStatus.CANCELLED: ("-", "-", "yellow"),
}


@contextlib.contextmanager
def display(stream: TextIO | None = None) -> Iterator[events.Listener]:
    """A listener that shows a build on standard error (or on `stream`) while the context is open."""
    guarded = sys.stderr if stream is None else stream
    target = unguarded(guarded)
    if not target.isatty() or os.environ.get("TERM") == "dumb":
        yield _Plain(guarded)
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(file=target, highlight=False, markup=False, emoji=False)
    shown = _Live(console)
    with Live(shown, console=console, refresh_per_second=_RATE, transient=True, redirect_stdout=False):
        yield shown


def beginning(event: events.StageStarted) -> str:
    """A stage that begins, in a line: its place in the route, and what it does."""
    return one_line(f"{event.number}/{len(event.route.stages)} {event.stage.action}: {event.stage.title} ...")


def environment_line(event: events.EnvironmentProgress) -> str:
    """What is done for an environment now, in a line."""
    return one_line(f"environment {event.name}: {event.text}")


def stage_line(event: events.StageEnded) -> str:
    """A finished stage in a line: what it was, how it ended, how long it took."""
    result = event.result
    took = "" if result.status is StageStatus.REUSED else f" ({duration(result.seconds)})"
    return one_line(f"{result.stage.action}: {result.status.value}{took}")


def failure_line(event: events.RouteFailed) -> str:
    """A failed route in a line, with the reason of its last stage."""
    results = event.attempt.results
    findings = results[-1].findings if results else ()
    reason = f": {findings[-1].message}" if findings else ""
    return one_line(f"route {event.attempt.route.name} failed{reason}")


class _Plain:
    """Prints a line for each event."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, event: events.Event) -> None:
        if isinstance(event, events.RouteStarted):
            self._say(one_line(f"route {event.number}: {event.route.name}"))
        elif isinstance(event, events.StageStarted):
            self._say(beginning(event), indent=2)
        elif isinstance(event, events.EnvironmentProgress):
            self._say(environment_line(event), indent=4)
        elif isinstance(event, events.StageEnded):
            self._say(stage_line(event), indent=2)
        elif isinstance(event, events.RouteFailed):
            self._say(failure_line(event))
        else:
            self._say(one_line(event.text))

    def _say(self, text: str, *, indent: int = 0) -> None:
        with contextlib.suppress(OSError, ValueError):  # a closed stream must not end a build
            self._stream.write(" " * indent + encodable(safe_words(text), self._stream.encoding or "ascii") + "\n")
            self._stream.flush()


class _Live:
    """Keeps one moving line with the stage at work, and prints what is finished above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._encoding = console.encoding
        self._frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏" if self._encoding.startswith("utf") else "-\\|/"
        self._doing = ""
        self._detail = ""
        self._since = time.monotonic()

    def __rich__(self) -> RenderableType:
        from rich.text import Text

        if not self._doing:
            return Text("")
        took = int(time.monotonic() - self._since)
        frame = self._frames[int(time.monotonic() * _RATE) % len(self._frames)]
        words = self._safe(f"{took:>3} s  {self._doing}: {self._detail}")
        return Text(f"{frame} {words}", no_wrap=True, overflow="crop")

    def __call__(self, event: events.Event) -> None:
        if isinstance(event, events.RouteStarted):
            self._say(f"route {event.number}: {event.route.name}", style="bold")
        elif isinstance(event, events.StageStarted):
            self._begin(f"{event.number}/{len(event.route.stages)} {event.stage.action}", event.stage.title)
        elif isinstance(event, events.EnvironmentProgress):
            self._detail = environment_line(event)
        elif isinstance(event, events.StageEnded):
            self._end(event)
        else:
            self._say(failure_line(event) if isinstance(event, events.RouteFailed) else event.text, style="yellow")

    def _begin(self, doing: str, detail: str) -> None:
        self._doing, self._detail, self._since = doing, detail, time.monotonic()

    def _end(self, event: events.StageEnded) -> None:
        self._begin("", "")
        mark, plain, style = _MARKS[event.result.status]
        self._say(f"  {mark if self._encoding.startswith('utf') else plain} {stage_line(event)}", style=style)

    def _say(self, text: str, *, style: str) -> None:
        from rich.text import Text

        self._console.print(Text(self._safe(text), style=style))

    def _safe(self, text: str) -> str:
        indent = text[: len(text) - len(text.lstrip())]
        return indent + encodable(safe_words(text), self._encoding)

"""The one place where words leave the program: control characters are made visible and secrets hidden.

A stream is guarded for the whole of a command. What brings its own escape sequences (pages with colours, a live line)
or is a document of its own (JSON) has made every word safe already, and writes to the stream behind the guard, which
`unguarded` gives.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any, TextIO, cast

from envdoctor.support.text import encodable, one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def safe_words(text: str) -> str:
    """A text from anywhere, on one line, without secrets and without effect on a terminal."""
    return one_line(_without_secrets(text))


class GuardedStream:
    """A text stream on which nothing but text has an effect; everything else is the stream's behind it.

    It has no `buffer`, so that no library goes round it.
    """

    def __init__(self, stream: TextIO) -> None:
        self.behind = stream

    def write(self, text: str) -> int:
        """Write a text: secrets hidden, control characters and what the encoding lacks as escapes."""
        if text and not text.isspace():
            text = visible(_without_secrets(text))
        self.behind.write(encodable(text, self.behind.encoding or "ascii"))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (whatever a stream has)
        if name in {"buffer", "detach", "reconfigure"}:
            raise AttributeError(name)
        return getattr(self.behind, name)


def unguarded(stream: TextIO) -> TextIO:
    """The stream behind the guard, for text that is safe as it is; the stream itself if it has no guard."""
    return stream.behind if isinstance(stream, GuardedStream) else stream


@contextlib.contextmanager
def guarded_streams() -> Iterator[None]:
    """Guard standard output and standard error while the context is open."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast("TextIO", GuardedStream(unguarded(stream))) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _without_secrets(text: str) -> str:
    from envdoctor.support.redaction import Redactor

    return Redactor.here().text(text)

"""How far a model got on its way through a converter: one row for each component, written down as it goes.

The file outlives a process that crashes or is ended, so that the component at fault is known then too.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from typing import TYPE_CHECKING

from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_LONGEST = 600


class Components:
    """The rows: `component`, `status` (`running`, `ok` or `failed`), `seconds`, and of a failure its `error`.

    Args:
        file: where they are written.
        known: what is known of failures, tried in order: a pattern, searched in the error, and the problem's name.
        instead: the names of problems that are others for this source.
    """

    def __init__(self, file: Path, known: Sequence[tuple[str, str]], instead: Mapping[str, str] | None = None) -> None:
        self.rows: list[dict[str, object]] = []
        self._file, self._known, self._instead = file, known, instead or {}

    @contextlib.contextmanager
    def step(self, component: str, problem: str = "", then: tuple[str, str] = ("", "")) -> Iterator[None]:
        """Do the work of a component.

        Args:
            component: its name.
            problem: the problem's name where it fails; empty where that would be a bug of envdoctor's.
            then: a part of a path and the component that follows: an error is that one's, if the path is nowhere in it.

        Raises:
            Problem: it failed: the known one that fits the error, else `problem`.
        """
        row: dict[str, object] = {"component": component, "status": "running"}
        self.rows.append(row)
        self._write()
        start = time.monotonic()
        try:
            yield
        except BaseException as error:  # what somebody's code raises: SystemExit, KeyboardInterrupt and their kin too
            words = error.message if isinstance(error, Problem) else _verbatim(error)
            failed = {"status": "failed", "seconds": round(time.monotonic() - start, 1), "error": words}
            if then[0] and not _came_from(error, then[0]):
                row["status"] = "ok"
                self.rows.append({"component": then[1], **failed})
            else:
                row |= failed
            self._write()
            if isinstance(error, Problem) or not problem:
                raise
            name = self._name(words) or problem
            raise Problem(self._instead.get(name, name), _first_line(words)) from error
        row |= {"status": "ok", "seconds": round(time.monotonic() - start, 1)}
        self._write()

    def _name(self, words: str) -> str:
        return next((name for pattern, name in self._known if re.search(pattern, words)), "")

    def _write(self) -> None:
        self._file.write_text(json.dumps(self.rows), encoding="utf-8")


def _verbatim(error: BaseException) -> str:
    import traceback

    traceback.print_exception(error)  # the log has it whole
    text = f"{type(error).__name__}: {error}".strip().rstrip(":")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _came_from(error: BaseException, path: str) -> bool:
    import traceback

    return any(path in frame.filename.replace("\\", "/") for frame in traceback.extract_tb(error.__traceback__))


def _first_line(words: str) -> str:
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    head = lines[0] if lines else "no message"
    return f"{head} {lines[1]}" if head.endswith(":") and len(lines) > 1 else head

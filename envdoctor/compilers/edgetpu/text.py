"""Texts of the Edge TPU compiler as people paste them -> the lines that the compiler printed.

Log files need none of this. Console texts come out of notebooks (as JSON or as list items), terminals (colours,
carriage returns, folded lines), issue trackers (quoted, commented, or with all line ends lost) and container logs.
"""

from __future__ import annotations

import contextlib
import functools
import json
import re
from collections.abc import Iterator  # noqa: TC003
from pathlib import Path

from envdoctor.compilers.edgetpu.result import OpStatus
from envdoctor.core.data import load_file

#: What the compiler says, as patterns.
TABLE = Path(__file__).with_name("log.toml")
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]",
)
# Quotes and comments, docker compose's names, time stamps.
_DECORATION = (
    r"[>│•]|#(?!!)|[a-z0-9._-]{1,60}[-_]\d+\s+\|(?=\s)"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^\s|]*|\[\d\d:\d\d:\d\d[^\]]*\]"
)
_PREFIX = re.compile(rf"^(?:\s*(?:{_DECORATION}))+[ \t]?")
_LIST_ITEM = re.compile(r'^\s*("(?:[^"\\]|\\.)*")\s*,?\s*$')

#: The statuses, longest first, so that none hides behind a shorter one.
STATUSES: tuple[str, ...] = tuple(sorted((s.value for s in OpStatus if s.value), key=len, reverse=True))
_STATUS = "|".join(re.escape(status) for status in STATUSES)
_MAX_ESCAPED_LINE = 100_000


@functools.lru_cache(maxsize=1)
def _lost_line_end() -> re.Pattern[str]:
    """Matches, in a text that lost its line ends, the gap before a place where the compiler starts a line."""
    starts = "|".join(load_file(TABLE)["starts"])
    row = rf"[A-Z][A-Z0-9_]*[ \t]+\d+[ \t]+(?:{_STATUS})"
    return re.compile(rf"(?<=\S)[ \t]*(?={starts})|(?:(?<=Status)|(?<=TPU)|(?<=[a-z)]))[ \t]*(?={row})")


def compiler_lines(text: str) -> Iterator[str]:
    """The compiler's lines, without decoration, in order; blank lines are left out."""
    pending = ""
    for raw in _notebook_text(text).replace("\r\n", "\n").split("\n"):
        for line in _clean(raw):
            joined = _unfold(pending, line)
            if joined is not None:
                pending = joined
                continue
            if pending:
                yield pending
            pending = line
    if pending:
        yield pending


def _notebook_text(text: str) -> str:
    """The printed outputs of a notebook's cells, if the text is one; the text itself otherwise."""
    if not text.lstrip().startswith("{"):
        return text
    try:
        cells = json.loads(text)["cells"]
        outputs = [output for cell in cells for output in cell.get("outputs", ())]
        return "\n".join("".join(output.get("text", ())) for output in outputs)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return text


def _clean(raw: str) -> Iterator[str]:
    item = _LIST_ITEM.match(raw[:_MAX_ESCAPED_LINE])
    if item:
        with contextlib.suppress(ValueError):
            raw = json.loads(item.group(1))
    # A terminal shows what follows the last carriage return.
    raw = _ESCAPES.sub("", raw.rstrip("\r\n").rsplit("\r", 1)[-1])
    line = _PREFIX.sub("", raw).strip().strip("`*").strip()  # Markdown's code and emphasis
    for part in _lost_line_end().sub("\n", line).split("\n"):
        if part.strip():
            yield part.strip()


def _unfold(first: str, second: str) -> str | None:
    """The two lines as one, if the second ends a status that a narrow terminal folded; None otherwise."""
    row = re.match(r"[A-Z][A-Z0-9_]*[ \t|]+\d+[ \t|]+(\S.*)$", first)
    if not row:
        return None
    begun = row.group(1)
    for status in STATUSES:
        if status.startswith(begun) and status != begun and second:
            rest = status[len(begun) :]
            if second == rest.strip():
                return first + rest
    return None

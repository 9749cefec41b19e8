"""What rknn-toolkit2 prints: its errors, and the table of which operator runs where.

Read off logs of rknn-toolkit2 2.5.0. A message begins with a letter (D, I, W, E), coloured when Python writes it, and
goes on over lines without one. The compiler's own are `E RKNN: [12:00:00.123] words`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COLOURED_HEAD = re.compile(r"\x1b\[[\d;]*m([DIWE])\x1b\[[\d;]*m ")
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_HEAD = re.compile(r"^(?P<level>[DIWE]) (?P<words>.*)$")
_COMPILERS_OWN = re.compile(r"^RKNN: (?:\[[\d:.]+\] )?")
_TRACE = "Traceback (most recent call last):"
_ROW = re.compile(r"^\d+ +(?P<op>\w+) +\w+ +(?P<target>CPU|GPU|NPU) ")
_TABLE = "Network Layer Information Table"
_EDGES = frozenset({"InputOperator", "OutputOperator"})
#: Said of operators that the compiler moves to the CPU, of files that are whole (issues 353, 408 and 559 of
#: github.com/airockchip/rknn-toolkit2; the numbers of nets with a Flatten, 2.5.0).
_MOVED = "Unkown op target"
#: Put behind an error of its own.
_SIGNATURE = "rknn-toolkit2 version"
_MOST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a step printed.

    Attributes:
        errors: the first of its errors.
        moved: how often it says that an operator has no place on the NPU.
        on_npu, on_cpu: operators by the table, by name; nothing where none was printed.
    """

    errors: tuple[str, ...]
    moved: int
    on_npu: Mapping[str, int]
    on_cpu: Mapping[str, int]


def read_log(printed: str) -> Said:
    """What the toolkit said in some of its output."""
    messages = list(_messages(printed))
    said = [_short(words) for level, words in messages if level == "E"]
    errors: list[str] = []
    for words in said:
        known = words.startswith((_MOVED, _SIGNATURE)) or any(words.endswith(_told(each)) for each in errors)
        errors += [] if known else [words]
    rows = Counter(_rows(messages))
    return Said(
        errors=tuple(errors[:_MOST]),
        moved=sum(each.startswith(_MOVED) for each in said),
        on_npu={name: count for (name, target), count in rows.items() if target == "NPU"},
        on_cpu={name: count for (name, target), count in rows.items() if target != "NPU"},
    )


def last_words(text: str) -> str:
    """A message without the way to it: the last line of a traceback."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not any(line.endswith(_TRACE) for line in lines):
        return " ".join(lines)
    step = lines[0].partition(_TRACE)[0] if lines[0].endswith(_TRACE) else ""
    return f"{step}{lines[-1]}"


def _told(words: str) -> str:
    """An error without the step that it is of: what is raised after it was printed repeats it."""
    return words.partition(": ")[2] or words


def _messages(printed: str) -> Iterator[tuple[str, str]]:
    """Each message's letter and its lines."""
    level, lines = "", list[str]()
    text = _COLOUR.sub("", _COLOURED_HEAD.sub(r"\n\1 ", printed))
    for line in re.split(r"[\r\n]+", text):
        head = _HEAD.match(line)
        if head is None:
            lines.append(line)
            continue
        if level:
            yield level, "\n".join(lines)
        level, lines = head["level"], [head["words"]]
    if level:
        yield level, "\n".join(lines)


def _short(words: str) -> str:
    return last_words(_COMPILERS_OWN.sub("", words)).rstrip(".")


def _rows(messages: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Name and target of each operator of the last table, but for what stands for inputs and outputs."""
    lines = [_COMPILERS_OWN.sub("", words) for _, words in messages]
    starts = [number for number, line in enumerate(lines) if line.strip() == _TABLE]
    for line in lines[starts[-1] + 1 :] if starts else ():
        row = _ROW.match(line)
        if row is not None and row["op"] not in _EDGES:
            yield row["op"], row["target"]
        elif line.startswith("<<<"):
            return

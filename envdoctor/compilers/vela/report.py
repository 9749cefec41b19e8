"""What Vela says: the warnings on its standard output, and the summary that it writes as CSV. Pure."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_WARNING = re.compile(r"^Warning \((?P<kind>[^)]*)\) operator: (?P<op>\w+)(?:, ofm: '(?P<tensor>.*?)')?\s*$")
_REASON = re.compile(r"^\s*Reason: (?P<text>.*)$")
_TENSOR = re.compile(r" \([^()]*\)$")
_KIB = 1024
#: What a person wants to know, under our own names: column, and what makes it a plain number or text.
_NUMBERS = {
    "cycles": ("cycles_total", 1),
    "npu_cycles": ("cycles_npu", 1),
    "macs": ("nn_macs", 1),
    "sram_bytes": ("sram_memory_used", _KIB),
    "dram_bytes": ("dram_memory_used", _KIB),
    "on_chip_flash_bytes": ("on_chip_flash_memory_used", _KIB),
    "off_chip_flash_bytes": ("off_chip_flash_memory_used", _KIB),
    "clock_hz": ("core_clock", 1),
}
_WORDS = {
    "accelerator": "accelerator_configuration",
    "system_config": "system_config",
    "memory_mode": "memory_mode",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Why Vela leaves an operator to the CPU.

    Attributes:
        operator: its name (`MEAN`).
        tensor: the tensor that it writes, by which the compiled file tells it from others of its name.
        reason: in Vela's words, sentences joined.
    """

    operator: str
    tensor: str
    reason: str


def parse_warnings(printed: str) -> tuple[Placement, ...]:
    """The `Warning (supported operators)` and their `Reason` lines."""
    found: list[Placement] = []
    lines = printed.splitlines()
    for number, line in enumerate(lines):
        match = _WARNING.match(line)
        if match:
            reasons = _reasons(lines, number + 1)
            found.append(
                Placement(operator=match["op"], tensor=match["tensor"] or "", reason=" ".join(reasons) or match["kind"])
            )
    return tuple(dict.fromkeys(found))


def without_tensor(reason: str) -> str:
    """A reason without the name of the tensor, which stands last and in brackets: alike ones are then equal."""
    return _TENSOR.sub("", reason)


def _reasons(lines: list[str], start: int) -> list[str]:
    """The reason below a warning; its sentences go on over indented lines."""
    reasons: list[str] = []
    for line in lines[start:]:
        match = _REASON.match(line)
        if match:
            reasons.append(" ".join(match["text"].split()))
        elif reasons and line.startswith("  ") and line.strip():
            reasons.append(" ".join(line.split()))
        else:
            break
    return reasons


def parse_summary(text: str) -> Mapping[str, object]:
    """The last row of the summary: cycles, bytes of each memory, seconds of one inference, and what was assumed.

    Returns:
        What is there and can be read; nothing if there is no row.
    """
    rows = list(csv.DictReader(io.StringIO(text)))
    if not rows:
        return {}
    row = rows[-1]
    values: dict[str, object] = {name: row[column] for name, column in _WORDS.items() if row.get(column)}
    for name, (column, unit) in _NUMBERS.items():
        number = _number(row.get(column))
        if number is not None:
            values[name] = round(number * unit)
    seconds = _number(row.get("inference_time"))
    return values if seconds is None else values | {"inference_seconds": seconds}


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None

"""Rockchip's chips; the table is chips.toml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.data import load_file

if TYPE_CHECKING:
    from envdoctor.core.goal import Goal

_TABLE = Path(__file__).resolve().with_name("chips.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A chip.

    Attributes:
        target: what the toolkit calls it.
        same: chips whose files run on it, by the same kind of name.
        floats: whether its NPU computes float16, so that a model need not be quantized.
    """

    target: str
    floats: bool
    same: tuple[str, ...] = ()


def chip_of(goal: Goal | None) -> Chip:
    """The chip of one of the compiler's goals."""
    row = load_file(_TABLE)["" if goal is None else goal.accelerator or ""]
    return Chip(target=row["target"], floats=row["floats"], same=tuple(row.get("same", ())))

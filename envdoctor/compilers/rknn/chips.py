"""Rockchip's chips; the table is chips.toml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from envdoctor.core.data import load_file

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
    same: tuple[str, ...] = ()
    floats: bool = True


def chip_of(name: str) -> Chip:
    """The chip of one of the compiler's goals."""
    row = load_file(_TABLE)[name]
    return Chip(target=name, **{**row, "same": tuple(row.get("same", ()))})

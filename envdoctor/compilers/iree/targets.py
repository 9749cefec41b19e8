"""What IREE's code is made for; the table is targets.toml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from envdoctor.core.data import load_file

_TABLE = Path(__file__).resolve().with_name("targets.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeTarget:
    """A target.

    Attributes:
        name: what goals call it.
        triple: LLVM's name.
        options: what iree-compile is called with beside it.
        machines: what a machine that runs such files calls itself.
    """

    name: str
    triple: str
    options: tuple[str, ...]
    machines: tuple[str, ...]


def target_of(name: str) -> CodeTarget:
    """The target of one of the compiler's goals."""
    row = load_file(_TABLE)[name]
    return CodeTarget(name=name, triple=row["triple"], options=tuple(row["options"]), machines=tuple(row["machines"]))

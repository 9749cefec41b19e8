"""Qualcomm's chips, as the table socs.toml has them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from envdoctor.core.data import load_file
from envdoctor.core.errors import UsageProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class Soc:
    """A chip.

    Attributes:
        name: Qualcomm's (`SM8750`).
        model: its number (`soc_model`).
        arch: the version of its Hexagon.
        floats: whether that computes in float16.
    """

    name: str
    model: int
    arch: int
    floats: bool = True


def socs() -> tuple[Soc, ...]:
    """All that are known."""
    return tuple(Soc(name=name, **row) for name, row in load_file(Path(__file__).with_name("socs.toml")).items())


def soc_of(name: str) -> Soc:
    """A chip by its name.

    Raises:
        UsageProblem: it is not known.
    """
    found = next((one for one in socs() if one.name == name), None)
    if found is None:
        raise UsageProblem(
            f"'{name}' is no chip that envdoctor knows; they are {', '.join(one.name for one in socs())}."
        )
    return found


def name_of(model: int) -> str:
    """What a chip with that number is called."""
    return next((one.name for one in socs() if one.model == model), f"chip {model}")

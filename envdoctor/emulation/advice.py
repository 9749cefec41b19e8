"""The commands that set emulation right, for each distribution."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from envdoctor.core.data import load_table

#: Debian's family has apt, out of which envdoctor takes QEMU without root.
_APT = frozenset({"debian", "raspbian", "ubuntu"})
_UNPACK = ("envdoctor", "toolchain", "install", "qemu-x86_64")
_CONTAINER = ("docker", "run", "--privileged", "--rm", "tonistiigi/binfmt", "--install", "amd64")


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Commands for one distribution; empty where none is known.

    Attributes:
        unpack: gets QEMU without root.
        install: installs QEMU and its registration.
        register: registers what is installed.
        register_from_container: registers on the host of containers, from a privileged one.
    """

    unpack: tuple[tuple[str, ...], ...] = ()
    install: tuple[tuple[str, ...], ...] = ()
    register: tuple[tuple[str, ...], ...] = ()
    register_from_container: tuple[tuple[str, ...], ...] = (_CONTAINER,)


def advise(distribution: str, version: str) -> Advice:
    """The commands for a distribution.

    Args:
        distribution: ID of os-release(5).
        version: VERSION_ID; may be empty, which means the newest.
    """
    digits = re.match(r"\d+", version)
    number = int(digits.group()) if digits else None
    row = next(row for row in load_table("emulation")["systems"] if _fits(row, distribution, number))
    return Advice(
        unpack=(_UNPACK,) if distribution in _APT else (),
        install=tuple(map(tuple, row["install"])),
        register=tuple(map(tuple, row["register"])),
    )


def _fits(row: dict[str, Any], distribution: str, number: int | None) -> bool:
    if row["distributions"] and distribution not in row["distributions"]:
        return False
    if number is None:
        return "below" not in row
    return bool(row.get("from", 0) <= number < row.get("below", 1 << 30))

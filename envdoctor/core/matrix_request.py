"""What `envdoctor matrix` was asked, as one value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003  (part of a value)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRequest:
    """What is asked; texts are as typed.

    Attributes:
        requirements: PEP 508 lines; the versions of the first are the rows, the others must hold beside it.
        platforms: names joined by commas; empty for the one that `explain` names, else this one.
        pythons: names and ranges; empty for those that a platform's name says, else the supported ones.
        as_of: a day or a time; empty for now.
        explain: the target whose requirement trees are wanted.
        constraints: files in pip's constraints format.
        resolve_only: stay with resolution, look into no wheel.
        verify: install the good cells of this machine's own platform and import them.
        pre_releases: make rows of pre-releases too.
        time_limit: seconds after which no further cell is begun.
        max_download: bytes that may be read over the network; None for any number.
        offline: ask no network.
        cache: the folder to keep answers in.
    """

    requirements: tuple[str, ...]
    platforms: str = ""
    pythons: str = ""
    as_of: str = ""
    explain: str = ""
    constraints: tuple[Path, ...] = ()
    resolve_only: bool = False
    verify: bool = False
    pre_releases: bool = False
    time_limit: float = math.inf
    max_download: int | None = None
    offline: bool = False
    cache: Path | None = None

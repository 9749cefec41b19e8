"""One format that the campaign damages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import mutations

from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

JUDGE = "judge:"


class Target(NamedTuple):
    """One format.

    Attributes:
        seeds: makes sound inputs; none where a tool is absent.
        read: reads a damaged input (its bytes, and a folder for scratch); what it returns was read as fine.
        mutate: damages a seed.
        errors: the room's own errors.
        dispute: says why what was read as fine is not (the bytes, (what the sound seed gave, the seed),
            what was read, the folder).
            A dispute that begins with JUDGE is listed for a person to judge, and fails nothing.
    """

    seeds: Callable[[], list[mutations.Seed]]
    read: Callable[[bytes, Path], object]
    mutate: Callable[[mutations.Seed, random.Random], bytes] = mutations.mutate
    errors: tuple[type[Exception], ...] = (Unreadable,)
    dispute: Callable[[bytes, object, object, Path], str] = lambda *_: ""

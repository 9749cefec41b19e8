"""What is said of a resolved set by whoever looks into its wheels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from envdoctor.core.availability import CellReason, CellVerdict  # noqa: TC001  (resolved at run time to be kept)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.core.availability import Pin
    from envdoctor.core.target import Target


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgment:
    """Whether a set works.

    Attributes:
        verdict: SOUND, SOUND-IF, BROKEN, CONFLICTS or UNKNOWN.
        reasons: why, and what else is worth knowing, the worst first.
        remedies: constraints, such as ``numpy<2``, each of which takes one culprit out of the set.
    """

    verdict: CellVerdict
    reasons: tuple[CellReason, ...] = ()
    remedies: tuple[str, ...] = ()


class SetJudge(Protocol):
    """Who looks into the wheels of a resolved set."""

    def judge(self, pins: Sequence[Pin], target: Target) -> Judgment:
        """Judges a set; what can't be looked into makes it UNKNOWN, never SOUND."""
        ...

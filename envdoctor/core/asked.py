"""What `check -r` found of a requirements file or a lock, as values."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from envdoctor.core.availability import SCHEMA, CellReason, CellVerdict, Effort


class Presence(enum.Enum):
    """What an environment has of something that is asked for."""

    INSTALLED = "installed"
    OTHER_VERSION = "other version"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One requirement or pin that applies here, and the version that is installed; empty if none is."""

    requirement: str
    presence: Presence
    installed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetVerdict:
    """What is asked for, on one target.

    Attributes:
        target: its printed name.
        verdict: of the set as a whole.
        reasons: why, the worst first.
        pins: the set, name==version.
    """

    target: str
    verdict: CellVerdict
    reasons: tuple[CellReason, ...] = ()
    pins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedReport:
    """A file that asks for packages, held against an environment and against targets.

    Attributes:
        file: as named; `kind` is `lock` or `requirements`.
        environment: the examined environment's folder; empty if none was asked about.
        wanted: what applies there.
        sets: one for each target.
        created_by: the program that wrote a lock, as it says.
        notes: sentences that a reader should not miss.
    """

    file: str
    kind: str
    environment: str = ""
    wanted: tuple[Wanted, ...] = ()
    sets: tuple[SetVerdict, ...] = ()
    created_by: str = ""
    notes: tuple[str, ...] = ()
    effort: Effort = field(default_factory=Effort)
    schema: int = SCHEMA

    @property
    def is_fine(self) -> bool:
        """Whether everything is installed that is asked for, and every set is good."""
        here = all(one.presence is Presence.INSTALLED for one in self.wanted)
        return here and all(one.verdict.is_good and one.verdict is not CellVerdict.SOUND_IF for one in self.sets)

"""A compiled file that is no .tflite file, and what is asked of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply, FactUnavailable
from envdoctor.core.file_identity import FileIdentity

if TYPE_CHECKING:
    from envdoctor.core.request import Request
    from envdoctor.executors import Executor
    from envdoctor.facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A file and what it is.

    Attributes:
        path: where it is.
        identity: what it is.
        kind: of the artifact at the end of the goal that it is wanted for; empty if none is named.
        accelerator: of that goal.
        wanted: what it is wanted for, in words; empty if nothing is named.
    """

    path: Path = Path()
    identity: FileIdentity = field(default_factory=lambda: FileIdentity(format="", what="a file"))
    kind: str = ""
    accelerator: str = ""
    wanted: str = ""

    @property
    def fits(self) -> bool | None:
        """Whether it is what the goal wants; None where the file does not tell for what it is."""
        if not self.wanted:
            return True
        if self.kind != self.identity.kind or not self.kind:
            return False
        if not self.accelerator:
            return True
        return self.accelerator in self.identity.targets if self.identity.targets else None


def compiled_of(facts: Facts) -> Compiled:
    """The compiled file that is looked at.

    Raises:
        DoesNotApply: none is: it is a model, or nothing.
    """
    try:
        return facts.compiled
    except FactUnavailable:
        raise DoesNotApply("no compiled file of another format was given") from None


def collect(request: Request, executor: Executor) -> Compiled:
    """Nothing: who looks at a file hands over what it is.

    Raises:
        FactUnavailable: always.
    """
    del request, executor
    raise FactUnavailable("compiled", "no compiled file was given")
